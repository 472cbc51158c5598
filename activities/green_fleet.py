"""The copy of an Auto Scaling group that a deployment makes for itself.

Each step looks at what is there and adds what is missing, so that whoever is interrupted can begin
again. The copy is created without an instance, and gets its size when everything else is in place:
no instance is launched that a hook or topic of the original would miss.

Source: Amazon EC2 Auto Scaling API Reference, CreateAutoScalingGroup, UpdateAutoScalingGroup and
the actions that put what belongs to a group.

Nothing is in front of the copy: what it launches gets no traffic before it has been deployed to.
Scaling policies that follow the requests of a target group come when it is settled, as AWS takes
them only once that is attached. Alarms that start other policies name the policy of the original,
may watch anything, and are not ours to change: whoever makes the copy is told. VPC Lattice is not
attached, and an original that is protected from deletion has a copy that is when it is settled.
"""

from collections.abc import Callable, Mapping
from typing import Any

from temporalio.exceptions import ApplicationError

from activities.aws import Aws
from activities.scaling_belongings import Belongings, needs_load_balancer
from activities.scaling_copy import (
    OWNER,
    TO_PROTECT,
    TO_RESUME,
    TO_SUSPEND,
    UNTIL_SETTLED,
    Request,
    capacity_in_service,
    clamped,
    missing,
    request_of,
    sizes_of,
    suspended_meanwhile,
    tags_in,
    tags_of,
)
from activities.scaling_reader import (
    Described,
    ScalingReader,
    ask,
    asking_scaling,
    group_of,
    is_being_deleted,
    states_of,
    suspended_in,
)
from activities.translation import final
from codedeploy.auto_scaling import GreenFleetOrder, ScalingGroup
from codedeploy.errors import DeploymentFailure, ErrorCode

_PUTS: tuple[tuple[Callable[[Belongings], list[Request]], str], ...] = (
    (Belongings.hooks, "PutLifecycleHook"),
    (Belongings.notifications, "PutNotificationConfiguration"),
    (Belongings.scheduled_actions, "PutScheduledUpdateGroupAction"),
)
"""What is put on a copy before it has instances."""


class GreenFleet:
    """Makes and finishes one copy.

    Args:
        aws: Whose clients to use.
        order: What is copied, for whom.
    """

    def __init__(self, aws: Aws, order: GreenFleetOrder) -> None:
        self._order = order
        self._reader = ScalingReader(aws, order.role_arn)
        self._green = Belongings(self._reader, order.name)
        self._blue = Belongings(self._reader, order.source)

    def find(self) -> Described | None:
        """Return the copy as it is; None if there is none, or the group is somebody else's."""
        found = self._reader.find(self._order.name)
        return found if found is not None and self._is_ours(found) else None

    def found(self) -> Described:
        """Return the copy as it is.

        Raises:
            ApplicationError: It does not exist, is being deleted, or is not ours; final.
        """
        found = self._reader.find(self._order.name)
        if found is None or is_being_deleted(found):
            raise _gone(self._order)
        if not self._is_ours(found):
            raise _foreign(self._order, tags_in(found).get(OWNER))
        return found

    def watched(self) -> ScalingGroup:
        """Return the copy with its `trouble`: what keeps it from being complete; else empty."""
        found = self.found()
        wanted = max(found["DesiredCapacity"], clamped(self._order.size, found))
        have, group = capacity_in_service(found), group_of(found)
        if have >= wanted:
            return group
        trouble = f"{have} of {wanted} are in service and healthy ({states_of(group)})"
        failed = self._reader.trouble(self._order.name)
        told = f"{trouble}; what failed last: {failed}" if failed else trouble
        return group.model_copy(update={"trouble": told})

    def copy(self) -> dict[str, tuple[str, ...]]:
        """Make the copy, or what is missing of it; return the alarms that will not start it."""
        source = self._reader.found(self._order.source)
        if self._reader.find(self._order.name) is None:
            self._create(source)
        green = self.found()
        self._add_tags(green, source)
        self._suspend(green, suspended_meanwhile(source))
        self._enable_metrics(green, source)
        for kind, action in _PUTS:
            self._put_missing(kind, action)
        self._put_policies(with_load_balancer=False)
        self._resize(green, sizes_of(source, self._order))
        self._put_missing(Belongings.warm_pool, "PutWarmPool")
        return self._blue.alarms()

    def settle(self) -> None:
        """Let the copy be as the original was."""
        green = self.found()
        tags = tags_in(green)
        self._suspend(green, set(tags.get(TO_SUSPEND, "").split()))
        if TO_RESUME in tags:
            self._ask("ResumeProcesses", ScalingProcesses=tags[TO_RESUME].split())
        if TO_PROTECT in tags:
            self._ask("UpdateAutoScalingGroup", DeletionProtection=tags[TO_PROTECT])
        self._remove_tags([key for key in UNTIL_SETTLED if key in tags])
        # Last, as a policy that is refused must not keep anything suspended.
        source = self._reader.find(self._order.source)
        if source is not None and not is_being_deleted(source):
            self._put_policies(with_load_balancer=True)

    # --- its parts

    def _create(self, source: Described) -> None:
        client = self._reader.client
        with asking_scaling("CreateAutoScalingGroup", self._order.name):
            try:
                client.create_auto_scaling_group(**request_of(source, self._order))
            except client.exceptions.AlreadyExistsFault:
                return  # By whoever tried before us; whose it is, is looked at next.

    def _add_tags(self, green: Described, source: Described) -> None:
        there = tags_in(green)
        absent = [one for one in tags_of(source, self._order) if one["Key"] not in there]
        if absent:
            self._change_tags("CreateOrUpdateTags", absent)

    def _remove_tags(self, keys: list[str]) -> None:
        if keys:
            self._change_tags("DeleteTags", [{"Key": key} for key in keys])

    def _change_tags(self, action: str, tags: list[Request]) -> None:
        of_group = {"ResourceId": self._order.name, "ResourceType": "auto-scaling-group"}
        client = self._reader.client
        change = client.delete_tags if action == "DeleteTags" else client.create_or_update_tags
        with asking_scaling(action, self._order.name):
            change(Tags=[{**of_group, **one} for one in tags])

    def _suspend(self, green: Described, processes: set[str]) -> None:
        absent = processes - set(suspended_in(green))
        if absent:
            self._ask("SuspendProcesses", ScalingProcesses=sorted(absent))

    def _enable_metrics(self, green: Described, source: Described) -> None:
        absent = missing(source.get("EnabledMetrics", ()), green.get("EnabledMetrics", ()))
        for granularity in sorted({one["Granularity"] for one in absent}):
            metrics = [one["Metric"] for one in absent if one["Granularity"] == granularity]
            self._ask("EnableMetricsCollection", Metrics=metrics, Granularity=granularity)

    def _resize(self, green: Described, sizes: Mapping[str, int]) -> None:
        if any(green[name] != size for name, size in sizes.items()):
            self._ask("UpdateAutoScalingGroup", **sizes)

    def _put_missing(self, kind: Callable[[Belongings], list[Request]], action: str) -> None:
        for request in missing(kind(self._blue), kind(self._green)):
            self._ask(action, **request)

    def _put_policies(self, *, with_load_balancer: bool) -> None:
        for request in missing(self._blue.policies(), self._green.policies()):
            if with_load_balancer or not needs_load_balancer(request):
                self._ask("PutScalingPolicy", **request)

    def _ask(self, action: str, **request: Any) -> None:
        ask(self._reader.client, action, self._order.name, **request)

    def _is_ours(self, found: Described) -> bool:
        return tags_in(found).get(OWNER) == self._order.owner


def _gone(order: GreenFleetOrder) -> ApplicationError:
    return final(
        DeploymentFailure(
            ErrorCode.AUTO_SCALING_CONFIGURATION,
            f"There is no Auto Scaling group {order.name} any more, which the deployment "
            f"{order.owner} made as its copy of {order.source}: somebody else deletes it. Find out "
            "who (CloudTrail, DeleteAutoScalingGroup), then deploy again.",
        )
    )


def _foreign(order: GreenFleetOrder, owner: str | None) -> ApplicationError:
    whose = f"the deployment {owner}" if owner else "somebody else"
    return final(
        DeploymentFailure(
            ErrorCode.AUTO_SCALING_CONFIGURATION,
            f"The Auto Scaling group {order.name} belongs to {whose}; the deployment {order.owner} "
            f"needs that name for its copy of {order.source}. It bears no tag {OWNER} = "
            f"{order.owner} and is left alone: delete it if nobody needs it, then deploy again.",
        )
    )
