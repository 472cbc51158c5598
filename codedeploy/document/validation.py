"""Documents as models: pydantic judges, and its errors are reworded for people."""

import json
from collections.abc import Mapping
from typing import Any, TypeVar, get_args

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from codedeploy.document.findings import Findings, alternatives, did_you_mean
from codedeploy.document.node import Node, Path
from codedeploy.wire import Model

M = TypeVar("M", bound=Model)

_EXCEPTIONS = {
    "alarmConfiguration": "InvalidAlarmConfig",
    "applicationName": "InvalidApplicationName",
    "autoRollbackConfiguration": "InvalidAutoRollbackConfig",
    "autoScalingGroups": "InvalidAutoScalingGroup",
    "blueGreenDeploymentConfiguration": "InvalidBlueGreenDeploymentConfiguration",
    "computePlatform": "InvalidComputePlatform",
    "deploymentConfigName": "InvalidDeploymentConfigName",
    "deploymentGroupName": "InvalidDeploymentGroupName",
    "deploymentStyle": "InvalidDeploymentStyle",
    "ec2DeploymentOptions": "InvalidAutoScalingGroupProcessToSuspend",
    "ec2TagFilters": "InvalidEC2Tag",
    "ec2TagSet": "InvalidEC2Tag",
    "ecsServices": "InvalidECSService",
    "loadBalancerInfo": "InvalidLoadBalancerInfo",
    "minimumHealthyHosts": "InvalidMinimumHealthyHostValue",
    "onPremisesInstanceTagFilters": "InvalidTag",
    "onPremisesTagSet": "InvalidTag",
    "serviceRoleArn": "InvalidRole",
    "trafficRoutingConfig": "InvalidTrafficRoutingConfiguration",
    "triggerConfigurations": "InvalidTriggerConfig",
    "zonalConfig": "InvalidZonalDeploymentConfiguration",
}
_REQUIRED = {
    "applicationName": "ApplicationNameRequired",
    "deploymentConfigName": "DeploymentConfigNameRequired",
    "deploymentGroupName": "DeploymentGroupNameRequired",
}
_WANTED = {
    "bool": "true or false",
    "dict": "a map",
    "float": "a number",
    "int": "a whole number",
    "list": "a list",
    "model": "a map",
    "string": "text",
    "tuple": "a list",
}
_LIMITS = {
    "greater_than": ("more than {gt}", ""),
    "greater_than_equal": ("{ge} or more", ""),
    "less_than": ("less than {lt}", ""),
    "less_than_equal": ("{le} or less", ""),
    "string_too_long": ("at most {max_length} characters", ""),
    "string_too_short": ("at least {min_length} characters", ""),
    "too_long": ("at most {max_length} items", "{actual_length}"),
    "too_short": ("at least {min_length} items", "{actual_length}"),
}


def validated(
    node: Node, model: type[M], *, members: Mapping[str, Any], findings: Findings
) -> M | None:
    """Return `members` as a `model`; everything wrong with them becomes a finding.

    Wire names only, no unknown members, and no conversions: text is no number.

    Args:
        node: Where the members stand.
        model: What they are to be.
        members: As plain values.
        findings: Takes what is wrong.
    """
    try:
        return model.model_validate_json(
            json.dumps(members), strict=True, extra="forbid", by_alias=True, by_name=False
        )
    except ValidationError as error:
        for details in error.errors(include_url=False):
            note(node, details["loc"], _reworded(node, model, details), findings=findings)
    return None


def note(node: Node, path: Path, sentence: str, *, findings: Findings) -> None:
    """Note a problem at `path` inside `node`, unless a problem is known there already."""
    place = node.nearest(path)
    if not place.is_refused:
        findings.problem(place, sentence, *path[len(place.path) - len(node.path) :])


def _reworded(node: Node, model: type[Model], details: ErrorDetails) -> str:
    path, context = details["loc"], details.get("ctx", {})
    key = str(path[0]) if path else ""
    match details["type"]:
        case "missing":
            return "is required and missing" + _code(_REQUIRED, str(path[-1]))
        case "extra_forbidden":
            return _unknown_key(str(path[-1]), _model_at(model, path[:-1]))
        case "value_error":
            return str(context["error"]) + (_code(_EXCEPTIONS, key) if path else "")
        case "enum" | "literal_error":
            return _no_choice(node.nearest(path), context["expected"]) + _code(_EXCEPTIONS, key)
        case kind if kind in _LIMITS:
            wanted, found = (text.format(**context) for text in _LIMITS[kind])
            found = found or node.nearest(path).described
        case kind:
            wanted = _WANTED.get(kind.partition("_")[0], details["msg"])
            found = node.nearest(path).described
    hint = "; put it in quotes" if wanted == "text" else ""
    return f"expected {wanted}, found {found}{hint}" + _code(_EXCEPTIONS, key)


def _code(codes: Mapping[str, str], key: str) -> str:
    """Return the name of CodeDeploy's exception for `key`, in brackets."""
    return f" ({codes[key]}Exception)" if key in codes else ""


def _no_choice(found: Node, expected: str) -> str:
    """Return what is wrong with a value that is none of those in pydantic's list of them."""
    choices = expected.replace(" or ", ", ").replace("'", "").split(", ")
    meant = did_you_mean(str(found.value), choices)
    return f"expected {alternatives(choices)}, found {found.described}{meant}"


def _unknown_key(key: str, model: type[Model]) -> str:
    known = [field.alias or name for name, field in model.model_fields.items()]
    meant = did_you_mean(key, known)
    return f"unknown key{meant}" if meant else f"unknown key; known here: {', '.join(known)}"


def _model_at(model: type[Model], path: Path) -> type[Model]:
    """Return the model that stands at `path` inside `model`."""
    for key in path:
        fields = {field.alias or name: field for name, field in model.model_fields.items()}
        if key in fields:
            model = _model_in(fields[str(key)].annotation) or model
    return model


def _model_in(annotation: Any) -> type[Model] | None:
    """Return the model that an annotation such as `tuple[TagFilter, ...]` names."""
    if isinstance(annotation, type) and issubclass(annotation, Model):
        return annotation
    found = (_model_in(argument) for argument in get_args(annotation))
    return next((model for model in found if model is not None), None)
