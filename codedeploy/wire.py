"""The one base class of every model: snake_case in Python, CodeDeploy's camelCase on the wire."""

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel


class Model(BaseModel):
    """An immutable value that is at once manifest, domain value and Temporal message.

    Unknown members are ignored, so that a newer worker can talk to an older agent; manifests are
    read with `extra="forbid"` instead (see `codedeploy.manifest`).
    """

    model_config = ConfigDict(
        frozen=True,
        alias_generator=to_camel,
        populate_by_name=True,
        serialize_by_alias=True,
    )
