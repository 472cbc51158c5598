import pytest
from temporalio.exceptions import ApplicationError

from activities.aws import Aws
from activities.task_definitions import TaskDefinitions
from codedeploy.task_definition import Container
from tests.aws.emulator import Emulator
from tests.aws.site_parts import CONTAINER, CONTAINER_PORT, Parts, Plan


@pytest.fixture
def definitions(clients: Aws) -> TaskDefinitions:
    return TaskDefinitions(clients, None)


def test_a_task_definition_is_described_with_its_containers_and_their_ports(
    aws: Emulator, definitions: TaskDefinitions
) -> None:
    arn = Parts(aws, Plan()).task_definition(1)

    found = definitions.described(arn)

    assert (found.arn, found.label, found.status) == (arn, "shop:1", "ACTIVE")
    assert found.containers == (Container(name=CONTAINER, ports=(CONTAINER_PORT,)),)


def test_a_task_definition_that_was_taken_back_is_inactive(
    aws: Emulator, definitions: TaskDefinitions
) -> None:
    arn = Parts(aws, Plan()).task_definition(1)
    aws.client("ecs").deregister_task_definition(taskDefinition=arn)

    assert definitions.described(arn).status == "INACTIVE"


def test_a_task_definition_that_does_not_exist_is_refused_by_name(
    aws: Emulator, definitions: TaskDefinitions
) -> None:
    arn = "arn:aws:ecs:us-east-1:123456789012:task-definition/nobody:1"

    with pytest.raises(ApplicationError, match="nobody:1") as refused:
        definitions.described(arn)

    assert refused.value.type == "INVALID_ECS_SERVICE"
    assert refused.value.non_retryable
