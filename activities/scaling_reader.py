"""Looking at Auto Scaling groups, and what Auto Scaling says when it refuses.

Source: Amazon EC2 Auto Scaling API Reference, DescribeAutoScalingGroups, DescribeLifecycleHooks and
DescribeScalingActivities.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from temporalio.exceptions import ApplicationError

from activities.aws import Aws, asking
from activities.translation import final
from codedeploy.auto_scaling import ScalingGroup, ScalingInstance
from codedeploy.errors import DeploymentFailure, ErrorCode

Described = Mapping[str, Any]

_NAMES_A_CALL = 50
_LATEST = 20
_ADVICE = "Correct the Auto Scaling group, or what it names."
_DELETING = "Delete in progress"
_BUSY = frozenset({"ResourceContention", "ResourceInUse", "ScalingActivityInProgress"})
"""What passes when Auto Scaling has finished what it is at."""

_GONE = re.compile(r"\bnot found\b|\bno (active )?lifecycle (action|hook) found", re.IGNORECASE)

_FAILURES = ("Failed", "Cancelled")


class ScalingReader:
    """Reads Auto Scaling groups in one role; changes nothing.

    Attributes:
        client: What it asks, which acts in that role.
    """

    def __init__(self, aws: Aws, role_arn: str | None) -> None:
        self.client = aws.client("autoscaling", role_arn)

    def find(self, name: str) -> Described | None:
        """Return a group as Auto Scaling describes it, or None; one that is deleted has a `Status`.

        Source: Amazon EC2 Auto Scaling API Reference, AutoScalingGroup (Status).
        """
        return self.named([name]).get(name)

    def found(self, name: str) -> Described:
        """Return a group as Auto Scaling describes it.

        Raises:
            ApplicationError: AUTO_SCALING_CONFIGURATION, it does not exist, or not for long; final.
        """
        return _existing(self.find(name), name)

    def all_of(self, names: Sequence[str]) -> tuple[Described, ...]:
        """Return groups as Auto Scaling describes them, in the order of their names.

        Raises:
            ApplicationError: AUTO_SCALING_CONFIGURATION, one of them does not exist; final.
        """
        found: dict[str, Described] = {}
        for start in range(0, len(names), _NAMES_A_CALL):
            found |= self.named(names[start : start + _NAMES_A_CALL])
        return tuple(_existing(found.get(name), name) for name in names)

    def named(self, names: Sequence[str]) -> dict[str, Described]:
        """Return those groups that exist, by name; at most fifty can be asked for."""
        if not names:
            return {}  # Auto Scaling takes no names for all names.
        with asking_scaling("DescribeAutoScalingGroups", ", ".join(names)):
            pages = self.client.get_paginator("describe_auto_scaling_groups")
            answer = pages.paginate(AutoScalingGroupNames=list(names)).build_full_result()
        return {one["AutoScalingGroupName"]: one for one in answer["AutoScalingGroups"]}

    def hooks(self, name: str) -> list[Described] | None:
        """Return the lifecycle hooks of a group; None if it does not exist."""
        shown, named = f"the Auto Scaling group {name}", {"AutoScalingGroupName": name}
        answer = unless_gone(self.client, "DescribeLifecycleHooks", shown, **named)
        return None if answer is None else list(answer["LifecycleHooks"])

    def trouble(self, name: str) -> str:
        """Return what a group failed to do last, in the words of Auto Scaling; empty if nothing."""
        try:
            answer = ask(self.client, "DescribeScalingActivities", name, MaxRecords=_LATEST)
        except ApplicationError as refusal:
            # Reasons are welcome, but a role that may not read them can deploy all the same.
            if refusal.type != ErrorCode.IAM_ROLE_PERMISSIONS:
                raise
            return refusal.message
        failed = (one for one in answer["Activities"] if one["StatusCode"] in _FAILURES)
        return next((str(said) for one in failed if (said := one.get("StatusMessage"))), "")


def ask(client: Any, action: str, group: str, **request: Any) -> Any:
    """Return what Auto Scaling answers to an action on one group; see `asking_scaling`."""
    from botocore import xform_name

    with asking_scaling(action, group):
        return getattr(client, xform_name(action))(AutoScalingGroupName=group, **request)


def unless_gone(client: Any, action: str, resource: str, **request: Any) -> Any:
    """Return what Auto Scaling answers; None if it knows no such group, hook or action (any more).

    It has one code for whatever is not valid, so its words must tell.

    Args:
        client: Auto Scaling's.
        action: Such as `DeleteLifecycleHook`.
        resource: Whom it is asked of, as the user knows it.
        request: What to ask for.
    """
    from botocore import xform_name

    with asking_scaling(action, resource):
        try:
            return getattr(client, xform_name(action))(**request)
        except client.exceptions.ClientError as error:
            said = error.response["Error"]
            if said["Code"] == "ValidationError" and _GONE.search(said.get("Message", "")):
                return None
            raise


def ask_if_there(reader: ScalingReader, action: str, group: str, **request: Any) -> None:
    """Ask for an action on one group, and mind no refusal if that is gone, or on its way out."""
    try:
        unless_gone(reader.client, action, group, AutoScalingGroupName=group, **request)
    except ApplicationError:
        found = reader.find(group)
        if found is not None and not is_being_deleted(found):
            raise


def listed(client: Any, action: str, group: str, member: str) -> list[Described]:
    """Return all that an action lists of one group, which its answers have in `member`."""
    from botocore import xform_name

    with asking_scaling(action, group):
        pages = client.get_paginator(xform_name(action)).paginate(AutoScalingGroupName=group)
        found: list[Described] = pages.build_full_result().get(member, [])
    return found


@contextmanager
def asking_scaling(action: str, resource: str) -> Iterator[None]:
    """Turn what Auto Scaling refuses in the block into errors of the domain.

    Args:
        action: Of Auto Scaling, such as `SuspendProcesses`.
        resource: Whom it is asked of, as the user knows it.

    Raises:
        ApplicationError: As `asking` raises it; to be retried if the group is busy.
    """
    from botocore.exceptions import ClientError

    whole = f"autoscaling:{action}"
    with asking(whole, resource, otherwise=ErrorCode.AUTO_SCALING_CONFIGURATION, advice=_ADVICE):
        try:
            yield
        except ClientError as error:
            if error.response["Error"]["Code"] not in _BUSY:
                raise
            raise ApplicationError(
                f"{whole} on {resource} has to wait: {error.response['Error'].get('Message')}",
                type=ErrorCode.AUTO_SCALING_CONFIGURATION,
            ) from None


def group_of(described: Described) -> ScalingGroup:
    """Return the group that Auto Scaling describes."""
    return ScalingGroup(
        name=described["AutoScalingGroupName"],
        instances=tuple(_instance_of(one) for one in described["Instances"]),
        suspended=suspended_in(described),
        target_group_arns=tuple(described.get("TargetGroupARNs", ())),
        load_balancer_names=tuple(described.get("LoadBalancerNames", ())),
    )


def suspended_in(described: Described) -> tuple[str, ...]:
    """Return the processes of a group that are suspended, sorted."""
    return tuple(sorted(one["ProcessName"] for one in described.get("SuspendedProcesses", ())))


def is_being_deleted(described: Described) -> bool:
    """Whether somebody has let a group go, and its instances are on their way out."""
    return str(described.get("Status", "")).startswith(_DELETING)


def states_of(group: ScalingGroup) -> str:
    """Return how many instances are in which state: `2 InService, 1 Pending:Wait`."""
    states = (one.state if one.is_healthy else f"{one.state}, unhealthy" for one in group.instances)
    counted = sorted(Counter(states).items())
    return ", ".join(f"{count} {state}" for state, count in counted) or "no instances"


def _instance_of(described: Described) -> ScalingInstance:
    return ScalingInstance(
        name=described["InstanceId"],
        zone=described.get("AvailabilityZone", ""),
        state=described["LifecycleState"],
        is_healthy=described.get("HealthStatus", "").lower() == "healthy",
    )


def _existing(described: Described | None, name: str) -> Described:
    if described is not None and not is_being_deleted(described):
        return described
    happened = "There is no Auto Scaling group" if described is None else "Somebody deletes"
    raise final(
        DeploymentFailure(
            ErrorCode.AUTO_SCALING_CONFIGURATION,
            f"{happened} {name}. Correct autoScalingGroups of the deployment group, its "
            "serviceRoleArn or AWS_REGION of the worker, or create the Auto Scaling group.",
        )
    )
