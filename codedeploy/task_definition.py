"""Task definitions: what an ECS deployment brings, and whether it can take the traffic.

Source: CodeDeploy User Guide, AppSpec 'resources' section for Amazon ECS deployments; ECS API
Reference, TaskDefinition.
"""

from typing import NoReturn

from codedeploy.appspec import EcsAppSpec
from codedeploy.errors import DeploymentFailure, ErrorCode
from codedeploy.wire import Model

ACTIVE = "ACTIVE"


class Container(Model):
    """A container of a task, and the ports it maps."""

    name: str
    ports: tuple[int, ...] = ()


class TaskDefinition(Model):
    """A revision of a task definition.

    Attributes:
        status: Only ACTIVE ones can be deployed.
    """

    arn: str
    status: str = ACTIVE
    containers: tuple[Container, ...] = ()

    @property
    def label(self) -> str:
        """`family:revision`."""
        return self.arn.rpartition("/")[2]


def check_task_definition(found: TaskDefinition, appspec: EcsAppSpec) -> None:
    """Accept a task definition with the container that the AppSpec file sends traffic to.

    Differs from AWS: CodeDeploy leaves it to ECS to refuse, in the middle of Install.

    Raises:
        DeploymentFailure: INVALID_ECS_SERVICE, it cannot be deployed, or has no such container.
    """
    if found.status != ACTIVE:
        _refuse(
            f"The task definition {found.label} is {found.status}: expected ACTIVE. Register it "
            "again (aws ecs register-task-definition), and name the new revision in the AppSpec "
            "file."
        )
    container = next((one for one in found.containers if one.name == appspec.container_name), None)
    if container is None:
        names = ", ".join(one.name for one in found.containers)
        _refuse(
            f"The task definition {found.label} has no container {appspec.container_name}: "
            f"expected one of {names}. Correct ContainerName in the AppSpec file."
        )
    if appspec.container_port not in container.ports:
        ports = ", ".join(map(str, container.ports)) or "none"
        _refuse(
            f"The container {container.name} of {found.label} maps no port "
            f"{appspec.container_port}: found {ports}. Correct ContainerPort in the AppSpec file, "
            "or portMappings of the container."
        )


def _refuse(message: str) -> NoReturn:
    raise DeploymentFailure(ErrorCode.INVALID_ECS_SERVICE, message)
