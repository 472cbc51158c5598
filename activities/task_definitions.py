"""Task definitions as ECS describes them.

Source: ECS API Reference, DescribeTaskDefinition.
"""

from collections.abc import Mapping
from typing import Any

from activities.aws import Aws, asking
from codedeploy.errors import ErrorCode
from codedeploy.task_definition import Container, TaskDefinition

_ADVICE = (
    "Register it (aws ecs register-task-definition) in the worker's account and region, or correct "
    "TaskDefinition in the AppSpec file."
)


class TaskDefinitions:
    """Reads task definitions in one role."""

    def __init__(self, aws: Aws, role_arn: str | None) -> None:
        self._client = aws.client("ecs", role_arn)

    def described(self, arn: str) -> TaskDefinition:
        """Return a task definition; reads only.

        Raises:
            ApplicationError: INVALID_ECS_SERVICE, it does not exist; final.
        """
        with asking(
            "ecs:DescribeTaskDefinition",
            f"task definition {arn}",
            otherwise=ErrorCode.INVALID_ECS_SERVICE,
            advice=_ADVICE,
        ):
            found = self._client.describe_task_definition(taskDefinition=arn)["taskDefinition"]
        return TaskDefinition(
            arn=found["taskDefinitionArn"],
            status=found["status"],
            containers=tuple(_container(one) for one in found["containerDefinitions"]),
        )


def _container(described: Mapping[str, Any]) -> Container:
    mapped = (mapping.get("containerPort") for mapping in described.get("portMappings", ()))
    return Container(name=described["name"], ports=tuple(port for port in mapped if port))
