"""Models as documents for programs: camelCase, in the order of the model, in plain ASCII."""

import json
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

from codedeploy.wire import Model

Documentable = Model | Mapping[str, "Documentable"] | Sequence["Documentable"] | str | int | None


class OutputFormat(StrEnum):
    """How a command prints what it read."""

    TABLE = "table"
    JSON = "json"
    YAML = "yaml"


def document(value: Documentable, form: OutputFormat) -> str:
    """Return `value` as one JSON or YAML document that ends with a newline."""
    plain_value = _plain(value)
    if form is OutputFormat.YAML:
        import yaml

        return yaml.safe_dump(plain_value, sort_keys=False, width=100)
    return json.dumps(plain_value, indent=2) + "\n"


def _plain(value: Documentable) -> Any:
    if isinstance(value, Model):
        return value.model_dump(mode="json", by_alias=True)
    if isinstance(value, Mapping):
        return {key: _plain(member) for key, member in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(member) for member in value]
    return value
