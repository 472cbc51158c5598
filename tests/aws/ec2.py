"""What moto lacks of EC2: instances that are asked for twice and launched once, and speed.

Source: Amazon EC2 API Reference, RunInstances; Amazon EC2 Developer Guide, "Ensuring idempotency".

Differs from AWS: instances are running and terminated at once; RunInstances launches `MinCount`.
"""

from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.exceptions import EC2ClientError, InvalidInstanceIdError
from moto.ec2.models.amis import Ami, AmiBackend
from moto.ec2.models.core import TaggedEC2Resource
from moto.ec2.models.instances import Instance, InstanceBackend
from moto.ec2.responses.instances import InstanceResponse

from tests.aws.extension import Method, replace


def install() -> None:
    """Add it to moto, in this process."""
    replace(InstanceResponse, "run_instances", _run_once)
    replace(InstanceBackend, "get_instance_by_id", lambda _: _find_instance)
    replace(InstanceBackend, "get_instance", lambda _: _get_instance)
    replace(AmiBackend, "describe_images", _find_image_by_id)
    replace(TaggedEC2Resource, "get_tags", lambda _: _tags_of)


def _run_once(original: Method) -> Method:
    """botocore makes a client token for each call that has none."""

    def run_instances(response: InstanceResponse) -> ActionResult:
        token = response._get_param("ClientToken")
        launches = vars(response.ec2_backend).setdefault("launches", {})
        if token not in launches:
            answer: ActionResult = original(response)
            launches[token] = (_wanted(response), answer)
        wanted, answer = launches[token]
        if wanted != _wanted(response):
            raise EC2ClientError(
                "IdempotentParameterMismatch",
                "Arguments on this idempotent request are inconsistent with arguments used in "
                "previous request(s).",
            )
        return answer

    return run_instances


def _wanted(response: InstanceResponse) -> dict[str, Any]:
    return dict(response._get_params())


# --- speed: moto goes through copies of everything for each instance


def _find_instance(backend: InstanceBackend, instance_id: str) -> Instance | None:
    for reservation in list(backend.reservations.values()):
        for instance in reservation.instances:
            if instance.id == instance_id:
                return instance
    return None


def _get_instance(backend: InstanceBackend, instance_id: str) -> Instance:
    found = _find_instance(backend, instance_id)
    if found is None:
        raise InvalidInstanceIdError(instance_id)
    return found


def _find_image_by_id(original: Method) -> Method:
    def describe_images(backend: AmiBackend, *arguments: Any, **named: Any) -> list[Ami]:
        wanted = named.get("filters") or {}
        if not arguments and wanted.keys() == {"image-id"} and isinstance(wanted["image-id"], str):
            image = backend.amis.get(wanted["image-id"])
            return [image] if image else []
        found: list[Ami] = original(backend, *arguments, **named)
        return found

    return describe_images


def _tags_of(resource: Any) -> list[dict[str, str]]:
    tags = resource.ec2_backend.tags.get(resource.id, {}) if resource.id else {}
    return [{"resource_id": resource.id, "key": key, "value": value} for key, value in tags.items()]
