"""Auto Scaling groups that are deleted with all their instances.

Source: Amazon EC2 Auto Scaling API Reference, DeleteAutoScalingGroup (ForceDelete) and
AutoScalingGroup (DeletionProtection, Status).
"""

from collections.abc import Callable

from temporalio.exceptions import ApplicationError

from activities.scaling_reader import (
    Described,
    ScalingReader,
    ask_if_there,
    group_of,
    is_being_deleted,
    states_of,
)
from activities.translation import final
from codedeploy.auto_scaling import ScalingGroup
from codedeploy.errors import DeploymentFailure, ErrorCode

_PROTECTED = ("prevent-force-deletion", "prevent-all-deletion")


class GroupRemoval:
    """Deletes one group.

    Args:
        reader: Whose client is asked.
        find: Returns the group as it is described now; None if it is gone, or not to be deleted.
    """

    def __init__(self, reader: ScalingReader, find: Callable[[], Described | None]) -> None:
        self._reader, self._find = reader, find

    def begin(self) -> None:
        """Let the group go with its instances, unless somebody has already.

        Raises:
            ApplicationError: It is protected from that; final.
        """
        found = self._find()
        if found is None or is_being_deleted(found):
            return
        if found.get("DeletionProtection") in _PROTECTED:
            raise _protected(found)
        name = found["AutoScalingGroupName"]
        ask_if_there(self._reader, "DeleteAutoScalingGroup", name, ForceDelete=True)

    def left(self) -> ScalingGroup | None:
        """Return the group while it, or an instance of it, is there; its `trouble` says so."""
        found = self._find()
        if found is None:
            return None
        group = group_of(found)
        trouble = f"{group.name} is deleted, but not gone yet: {states_of(group)}"
        return group.model_copy(update={"trouble": trouble})


def _protected(found: Described) -> ApplicationError:
    name = found["AutoScalingGroupName"]
    return final(
        DeploymentFailure(
            ErrorCode.AUTO_SCALING_CONFIGURATION,
            f"The Auto Scaling group {name} is not deleted: its deletion protection is "
            f"{found['DeletionProtection']}. If nobody needs it, lift that (aws autoscaling "
            f"update-auto-scaling-group --auto-scaling-group-name {name} --deletion-protection "
            "none) and delete it.",
        )
    )
