"""Two servers, one to replace the other, and the load balancer before them: calls take no time."""

from typing import Any

from temporalio import activity

from activities.directory import HostQuestion, HostsFound
from codedeploy.deployment_group import TagFilter
from codedeploy.instances import Host
from codedeploy.revision import BundleType, PinnedRevision, Revision
from codedeploy.target_instances import TargetInstances
from codedeploy.traffic_control import TrafficCommand, TrafficReport
from tests.workflows.fake_fleets import followed

REPLACEMENT = TargetInstances(tag_filters=(TagFilter(key="fleet", value="green"),))
BLUE_GREEN: dict[str, Any] = {
    "computePlatform": "Server",
    "onPremisesInstanceTagFilters": [{"Key": "fleet", "Value": "blue"}],
    "deploymentStyle": {
        "deploymentType": "BLUE_GREEN",
        "deploymentOption": "WITH_TRAFFIC_CONTROL",
    },
    "loadBalancerInfo": {"targetGroupInfoList": [{"name": "web"}]},
    "blueGreenDeploymentConfiguration": {
        "greenFleetProvisioningOption": {"action": "DISCOVER_EXISTING"},
        "terminateBlueInstancesOnDeploymentSuccess": {"action": "KEEP_ALIVE"},
    },
}
"""The settings of a group whose original is blue, and whose replacement exists."""


class FakeServers:
    """A blue and a green server, whose load balancer always follows."""

    @activity.defn
    async def pin(self, revision: Revision) -> PinnedRevision:
        return PinnedRevision(
            revision=revision,
            label="shop.tgz",
            location="s3://shop/shop.tgz",
            bundle_type=BundleType.TGZ,
            sha256="0" * 64,
            size_bytes=1,
        )

    @activity.defn
    async def find_hosts(self, question: HostQuestion) -> HostsFound:
        name = "green-1" if question.target_instances else "blue-1"
        return HostsFound(hosts=(Host(name=name),))

    @activity.defn
    async def look_at_load_balancers(self, command: TrafficCommand) -> dict[str, str]:
        return {}

    @activity.defn
    async def block_traffic(self, command: TrafficCommand) -> TrafficReport:
        return followed(command)
