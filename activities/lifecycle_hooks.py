"""The lifecycle hooks that Auto Scaling groups keep for deployment groups.

Source: Amazon EC2 Auto Scaling API Reference, PutLifecycleHook, DescribeLifecycleHooks and
DeleteLifecycleHook.
"""

from collections.abc import Mapping
from typing import Any

from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.aws import Aws
from activities.scaling_reader import ScalingReader, asking_scaling, unless_gone
from activities.translation import final
from codedeploy.auto_scaling import HooksOrder
from codedeploy.errors import InvalidAutoScalingGroup, LifecycleHookLimitExceeded
from codedeploy.lifecycle_hook import HookDrift, LifecycleHook, drifts, has_room


class LifecycleHooks:
    """The lifecycle hooks of deployment groups."""

    def __init__(self, aws: Aws) -> None:
        self._aws = aws

    @activity.defn(name="repair_lifecycle_hooks")
    def repair(self, order: HooksOrder) -> tuple[str, ...]:
        """Bring the hooks of all groups into order; return a sentence for each that was not.

        All groups are read before the first is changed. If AWS refuses a change for good, hooks
        that this call has added are deleted again: nobody would answer for them. A second call
        changes nothing.

        Raises:
            ApplicationError: InvalidAutoScalingGroupException, a group does not exist;
                LifecycleHookLimitExceededException, it can have no more hooks. Final.
        """
        found = {name: self._existing(name, order) for name in order.names}
        wrong = [drift for name, hooks in found.items() for drift in drifts(order, name, hooks)]
        self._put_right([drift for drift in wrong if drift.is_ours], order)
        return tuple(drift.repaired for drift in wrong)

    @activity.defn(name="keep_lifecycle_hooks")
    def keep(self, order: HooksOrder) -> tuple[str, ...]:
        """Repair the hooks of each group for itself; return why that cannot be, a sentence a group.

        Raises:
            ApplicationError: AWS is busy or was not reached; to be retried.
        """
        return tuple(filter(None, (self._refusal(name, order) for name in order.names)))

    @activity.defn(name="check_lifecycle_hooks")
    def check(self, order: HooksOrder) -> tuple[str, ...]:
        """Return a sentence for everything that is not in order; reads only."""
        return tuple(sentence for name in order.names for sentence in self._problems(name, order))

    @activity.defn(name="check_room_for_lifecycle_hooks")
    def check_room(self, order: HooksOrder) -> None:
        """Refuse groups that cannot be given the hooks; reads only.

        Raises:
            ApplicationError: As `repair`.
        """
        for name in order.names:
            if not has_room(order, self._existing(name, order)):
                raise _too_many_hooks(name, order.launch_hook)

    @activity.defn(name="remove_lifecycle_hooks")
    def remove(self, order: HooksOrder) -> None:
        """Delete our hooks, whoever they hold; what is gone already is fine.

        Launches that a deleted hook holds are abandoned, terminations go on.
        """
        for name in order.names:
            for hook in self._hooks(name, order) or ():
                if hook.name in (order.launch_hook, order.termination_hook):
                    self._delete(name, hook.name, order)

    def _refusal(self, name: str, order: HooksOrder) -> str:
        try:
            self.repair(order.model_copy(update={"names": (name,)}))
        except ApplicationError as error:
            if not error.non_retryable:
                raise
            return error.message
        return ""

    def _problems(self, name: str, order: HooksOrder) -> list[str]:
        hooks = self._hooks(name, order)
        if hooks is None:
            return [_no_group(name).message]
        return [drift.sentence for drift in drifts(order, name, hooks)]

    def _put_right(self, wrong: list[HookDrift], order: HooksOrder) -> None:
        added: list[HookDrift] = []
        try:
            for drift in wrong:
                self._correct(drift, order)
                added += [drift] if drift.is_new else []
        except ApplicationError as error:
            if error.non_retryable:
                for drift in reversed(added):
                    self._delete(drift.auto_scaling_group, drift.name, order)
            raise

    def _correct(self, drift: HookDrift, order: HooksOrder) -> None:
        if drift.wanted is None:
            self._delete(drift.auto_scaling_group, drift.name, order)
        else:
            self._put(drift.auto_scaling_group, drift.wanted, order)

    def _existing(self, name: str, order: HooksOrder) -> list[LifecycleHook]:
        """Return all hooks of a group, or refuse one that does not exist."""
        hooks = self._hooks(name, order)
        if hooks is None:
            raise _no_group(name)
        return hooks

    def _hooks(self, name: str, order: HooksOrder) -> list[LifecycleHook] | None:
        """Return all hooks of a group; None if there is no such group."""
        found = ScalingReader(self._aws, order.role_arn).hooks(name)
        return None if found is None else [_hook_of(one) for one in found]

    def _put(self, name: str, hook: LifecycleHook, order: HooksOrder) -> None:
        client = self._client(order)
        with asking_scaling("PutLifecycleHook", _shown(name, hook.name)):
            try:
                client.put_lifecycle_hook(AutoScalingGroupName=name, **_request_of(hook))
            except client.exceptions.LimitExceededFault:
                raise _too_many_hooks(name, hook.name) from None

    def _delete(self, name: str, hook: str, order: HooksOrder) -> None:
        named = {"AutoScalingGroupName": name, "LifecycleHookName": hook}
        unless_gone(self._client(order), "DeleteLifecycleHook", _shown(name, hook), **named)

    def _client(self, order: HooksOrder) -> Any:
        return self._aws.client("autoscaling", order.role_arn)


def _hook_of(described: Mapping[str, Any]) -> LifecycleHook:
    return LifecycleHook(
        name=described["LifecycleHookName"],
        transition=described["LifecycleTransition"],
        heartbeat_seconds=described["HeartbeatTimeout"],
        default_result=described["DefaultResult"],
        queue_arn=described.get("NotificationTargetARN") or None,
        queue_role_arn=described.get("RoleARN"),
        metadata=described.get("NotificationMetadata"),
    )


def _request_of(hook: LifecycleHook) -> dict[str, Any]:
    request = {
        "LifecycleHookName": hook.name,
        "LifecycleTransition": hook.transition,
        "HeartbeatTimeout": hook.heartbeat_seconds,
        "DefaultResult": hook.default_result,
        # What is left out stays as it is; an empty target takes the target away.
        "NotificationTargetARN": hook.queue_arn or "",
        "NotificationMetadata": hook.metadata,
        "RoleARN": hook.queue_role_arn,
    }
    return {name: value for name, value in request.items() if value is not None}


def _shown(name: str, hook: str) -> str:
    return f"the lifecycle hook {hook} of the Auto Scaling group {name}"


def _no_group(name: str) -> ApplicationError:
    return final(
        InvalidAutoScalingGroup(
            f"There is no Auto Scaling group {name} in the account and region of the deployment "
            "group's role. Create it, or correct autoScalingGroups of the deployment group, its "
            "serviceRoleArn, or AWS_REGION of the worker."
        )
    )


def _too_many_hooks(name: str, hook: str) -> ApplicationError:
    return final(
        LifecycleHookLimitExceeded(
            f"The Auto Scaling group {name} has as many lifecycle hooks as it may have, so that "
            f"{hook} cannot be put. Delete one that nobody needs: aws autoscaling "
            f"describe-lifecycle-hooks --auto-scaling-group-name {name}"
        )
    )
