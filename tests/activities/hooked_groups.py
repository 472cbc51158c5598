"""Auto Scaling groups without load balancers, whose lifecycle hooks are tested."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

from codedeploy.auto_scaling import HooksOrder
from tests.aws.fleet_parts import FleetPlan
from tests.aws.fleet_site import FleetSite, build_fleet
from tests.aws.lifecycle_actions import LAUNCHING
from tests.aws.waiting import until

GROUP_ID = "4f5c1ff1-7b2e-4b6a-9f0e-1d2c3b4a5968"
ANOTHER_ID = "00000000-7b2e-4b6a-9f0e-1d2c3b4a5968"
MOST_HOOKS = 50
ROLE = "arn:aws:iam::123456789012:role/hooks"


def order_for(*names: str, **said: Any) -> HooksOrder:
    named = {"deployment_group_name": "prod", "deployment_group_id": GROUP_ID}
    return HooksOrder(**named | {"names": names or ("web",)} | said)


@dataclass(frozen=True)
class HookedGroup:
    """An Auto Scaling group that is empty at first."""

    site: FleetSite

    @property
    def client(self) -> Any:
        return self.site.aws.client("autoscaling")

    def put(self, name: str, transition: str = LAUNCHING, **members: Any) -> None:
        self.client.put_lifecycle_hook(
            AutoScalingGroupName=self.site.group,
            LifecycleHookName=name,
            LifecycleTransition=transition,
            **members,
        )

    def fill(self) -> None:
        """Have as many hooks as a group may have."""
        for number in range(len(self.hooks()), MOST_HOOKS):
            self.put(f"hook-{number}")

    def hooks(self) -> dict[str, dict[str, Any]]:
        """Return the hooks by name."""
        found = self.client.describe_lifecycle_hooks(AutoScalingGroupName=self.site.group)
        return {one["LifecycleHookName"]: one for one in found["LifecycleHooks"]}

    def wait_for(self, *, waiting: int = 0, in_service: int = 0) -> list[str]:
        """Wait until so many instances are held and in service; return who is held."""
        wanted = Counter({"Pending:Wait": waiting, "InService": in_service})
        until(lambda: Counter(self.site.states().values()) == wanted)
        return [one for one, state in self.site.states().items() if state == "Pending:Wait"]

    def launch(self, count: int = 1) -> list[str]:
        """Become so many, and return who is held once all are."""
        self.site.resize(count)
        return self.wait_for(waiting=count)

    def delete(self) -> None:
        """Delete the group with its instances, and wait until it is gone."""
        self.client.delete_auto_scaling_group(
            AutoScalingGroupName=self.site.group, ForceDelete=True
        )
        named = {"AutoScalingGroupNames": [self.site.group]}
        until(lambda: not self.client.describe_auto_scaling_groups(**named)["AutoScalingGroups"])


def build_group(aws: Any, name: str = "web") -> HookedGroup:
    plan = FleetPlan(name=name, size=0, most=5, target_groups=0)
    return HookedGroup(build_fleet(aws, plan))
