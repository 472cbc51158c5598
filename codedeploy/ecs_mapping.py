"""Which ECS service a deployment group means, whether it spells it by names or by ARNs.

Source: Amazon ECS Developer Guide, Amazon Resource Names (ARNs) and IDs; CodeDeploy API Reference,
ECSServiceMappingLimitExceededException.
"""

from collections.abc import Iterable
from typing import NamedTuple

from codedeploy.deployment_group import DeploymentGroup, ECSService
from codedeploy.errors import ECSServiceMappingLimitExceeded


class _Identity(NamedTuple):
    """A service; an empty region or account is any."""

    region: str
    account: str
    cluster: str
    service: str

    def is_same(self, other: "_Identity") -> bool:
        """Whether both may mean one service."""
        return (self.cluster, self.service) == (other.cluster, other.service) and all(
            not mine or not others or mine == others
            for mine, others in ((self.region, other.region), (self.account, other.account))
        )


def check_service_is_free(group: DeploymentGroup, others: Iterable[DeploymentGroup]) -> None:
    """Accept a group whose service no other group deploys to.

    Raises:
        ECSServiceMappingLimitExceeded: `others` holds a group with the same service.
    """
    for other in others:
        service = _shared(group, other)
        if service is not None and other.full_name != group.full_name:
            raise ECSServiceMappingLimitExceeded(
                f"{group.full_name}: {other.full_name} deploys to the ECS service "
                f"{service.service_name} of the cluster {service.cluster_name} already, and a "
                "service belongs to one group. Nothing was applied."
            )


def _shared(group: DeploymentGroup, other: DeploymentGroup) -> ECSService | None:
    taken = [_identity(service, other) for service in other.ecs_services]
    for service in group.ecs_services:
        if any(_identity(service, group).is_same(one) for one in taken):
            return service
    return None


def _identity(service: ECSService, group: DeploymentGroup) -> _Identity:
    region, account, path = _parts(service.service_name)
    cluster_region, cluster_account, cluster_path = _parts(service.cluster_name)
    _, role_account, _ = _parts(group.service_role_arn or "")
    names = path.split("/")
    cluster = names[1] if len(names) == 3 else cluster_path.rpartition("/")[2]
    return _Identity(
        region=region or cluster_region,
        account=account or cluster_account or role_account,
        cluster=cluster,
        service=names[-1],
    )


def _parts(name: str) -> tuple[str, str, str]:
    """Return region, account and resource of an ARN; a bare name is a resource."""
    if not name.startswith("arn:"):
        return "", "", name
    fields = (name.split(":", 5) + [""] * 6)[:6]
    return fields[3], fields[4], fields[5]
