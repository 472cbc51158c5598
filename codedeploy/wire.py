"""The one base class of every model: snake_case in Python, CodeDeploy's camelCase on the wire."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict
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


def sayable(text: str) -> str:
    """Return `text` with what UTF-8 has no bytes for spelt out: a file's name may hold anything."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


Sayable = Annotated[str, AfterValidator(sayable)]
"""A text that may quote names of files, and can go on the wire for all that."""
