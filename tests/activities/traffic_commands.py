"""The activities of traffic control, as batches run them."""

import itertools
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from temporalio.testing import ActivityEnvironment

from activities.load_balancers import LoadBalancers
from codedeploy.load_balancing import LoadBalancerInfo, TargetGroupInfo
from codedeploy.traffic_control import TrafficCommand, TrafficReport
from tests.activities.proxied_servers import Proxied

LONG = 300


def often() -> Iterator[float]:
    """Look again at once."""
    return itertools.repeat(0.02)


def command(*targets: str, seconds: int = 30, **info: Any) -> TrafficCommand:
    """Return what a batch is told, by the members of `LoadBalancerInfo`."""
    return TrafficCommand(
        deployment_id="d-ABCDEF123",
        targets=targets,
        load_balancer_info=LoadBalancerInfo(**info),
        timeout_seconds=seconds,
    )


def behind(*names: str) -> dict[str, Any]:
    """Name target groups."""
    return {"target_group_info_list": tuple(TargetGroupInfo(name=name) for name in names)}


def at(proxied: Proxied) -> dict[str, Any]:
    """Name a HAProxy."""
    return {"ha_proxy_info_list": (proxied.info(),)}


def environment(*, ago: timedelta = timedelta()) -> ActivityEnvironment:
    """Return an activity that was scheduled a while ago."""
    made = ActivityEnvironment()
    made.info = replace(made.info, scheduled_time=datetime.now(UTC) - ago)
    return made


async def block(balancers: LoadBalancers, wanted: TrafficCommand) -> TrafficReport:
    """Take a batch out of service."""
    return await environment().run(balancers.block, wanted)


async def allow(balancers: LoadBalancers, wanted: TrafficCommand) -> TrafficReport:
    """Bring a batch into service."""
    return await environment().run(balancers.allow, wanted)
