import pytest

from codedeploy.appspec import EcsAppSpec
from codedeploy.errors import DeploymentFailure
from codedeploy.task_definition import Container, TaskDefinition, check_task_definition

ARN = "arn:aws:ecs:us-east-1:111122223333:task-definition/shop:7"
APPSPEC = EcsAppSpec(task_definition=ARN, container_name="web", container_port=8080)
PROXY, WEB = Container(name="proxy", ports=(80,)), Container(name="web", ports=(8081, 8080))


def definition(*containers: Container, status: str = "ACTIVE") -> TaskDefinition:
    return TaskDefinition(arn=ARN, status=status, containers=containers)


def test_a_task_definition_with_the_container_and_its_port_is_accepted() -> None:
    check_task_definition(definition(PROXY, WEB), APPSPEC)


WRONG = {
    "taken back": (definition(WEB, status="INACTIVE"), "shop:7 is INACTIVE: expected ACTIVE"),
    "another container": (definition(PROXY), "has no container web: expected one of proxy"),
    "another port": (
        definition(WEB.model_copy(update={"ports": (8081,)})),
        "web of shop:7 maps no port 8080: found 8081",
    ),
    "no port": (definition(Container(name="web")), "maps no port 8080: found none"),
}


@pytest.mark.parametrize(("found", "said"), WRONG.values(), ids=WRONG)
def test_a_task_definition_that_cannot_take_the_traffic_is_refused(
    found: TaskDefinition, said: str
) -> None:
    with pytest.raises(DeploymentFailure, match=said) as refused:
        check_task_definition(found, APPSPEC)

    assert refused.value.code == "INVALID_ECS_SERVICE"
