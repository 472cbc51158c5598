"""What deployments of several sizes ask of a target group, counted at the worker's client."""

import os
import tempfile
from collections.abc import AsyncIterator, Iterable
from pathlib import Path

from activities.aws import Aws
from activities.load_balancers import LoadBalancers
from bench.ceiling import batches
from tests.activities.balanced_instances import TargetGroupSite, counted, launch
from tests.activities.traffic_commands import allow, behind, block, command, often
from tests.aws.emulator import Emulator, emulator
from tests.aws.sessions import session_of

_AT_ONCE = {"EMULATED_TARGET_SECONDS": "0"}


async def at_target_group(sizes: Iterable[int]) -> AsyncIterator[int]:
    """Yield how many calls a deployment to each number of instances makes.

    The target group drains at once, and calls instances healthy at once.
    """
    os.environ.update(_AT_ONCE)
    with emulator() as aws, tempfile.TemporaryDirectory() as scratch:
        clients = Aws(session_of(aws, Path(scratch)))
        for size in sizes:
            yield await _calls(aws, clients, size)
        clients.close()


async def _calls(aws: Emulator, clients: Aws, size: int) -> int:
    """Do what a deployment does: look at all instances, and move each batch twice."""
    name = f"of-{size}"
    group, instances = TargetGroupSite(aws, name), launch(aws, size)
    group.register(*instances)
    balancers = LoadBalancers(clients, pauses=often)
    with counted(clients, "elbv2") as calls:
        balancers.look(command(*instances, **behind(name)))
        for batch in batches(instances):
            wanted = command(*batch, **behind(name))
            for report in (await block(balancers, wanted), await allow(balancers, wanted)):
                assert not report.failures, report.failures
    return len(calls)
