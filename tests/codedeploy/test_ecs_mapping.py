import pytest

from codedeploy.deployment_group import DeploymentGroup, ECSService
from codedeploy.ecs_mapping import check_service_is_free
from codedeploy.errors import ECSServiceMappingLimitExceeded

ARN = "arn:aws:ecs:eu-west-1:111122223333"
ROLE = "arn:aws:iam::{}:role/deployer"


def group(
    name: str, service: str, cluster: str = "default", role: str | None = None
) -> DeploymentGroup:
    return DeploymentGroup(
        application_name="shop",
        deployment_group_name=name,
        ecs_services=(ECSService(service_name=service, cluster_name=cluster),),
        service_role_arn=role,
    )


@pytest.mark.parametrize(
    "other",
    [
        group("b", "web", "prod"),
        group("b", f"{ARN}:service/prod/web", "prod"),
        group("b", f"{ARN}:service/prod/web"),
        group("b", f"{ARN}:service/web", f"{ARN}:cluster/prod"),
        group("b", "web", f"{ARN}:cluster/prod"),
    ],
    ids=["names", "ARN with the cluster", "ARN alone", "old ARN", "ARN of the cluster"],
)
def test_a_service_belongs_to_one_group_however_it_is_spelled(other: DeploymentGroup) -> None:
    with pytest.raises(ECSServiceMappingLimitExceeded, match="shop/b deploys to the ECS service"):
        check_service_is_free(group("a", "web", "prod"), [other])


@pytest.mark.parametrize(
    ("mine", "other"),
    [
        (group("a", "web"), group("b", "api")),
        (group("a", "web", "prod"), group("b", "web", "staging")),
        (
            group("a", f"{ARN}:service/prod/web"),
            group("b", f"{ARN.replace('eu', 'us')}:service/prod/web"),
        ),
        (
            group("a", f"{ARN}:service/prod/web"),
            group("b", f"{ARN.replace('1111', '9999')}:service/prod/web"),
        ),
        (
            group("a", "web", role=ROLE.format("111122223333")),
            group("b", "web", role=ROLE.format("444455556666")),
        ),
        (group("a", "web"), group("a", "web")),
    ],
    ids=["service", "cluster", "region", "account", "account of the role", "the same group"],
)
def test_another_service_is_free(mine: DeploymentGroup, other: DeploymentGroup) -> None:
    check_service_is_free(mine, [other])


def test_a_group_without_a_service_meets_none() -> None:
    lone = DeploymentGroup(application_name="shop", deployment_group_name="a")

    check_service_is_free(lone, [group("b", "web")])
