"""A whole Rollway of real processes: server, worker, and hosts whose scripts keep a record."""

import asyncio
import os
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from codedeploy.application import Application
from codedeploy.deployment import DeploymentInfo
from codedeploy.deployment_group import DeploymentGroup, TagFilter
from codedeploy.deployment_request import DeploymentRequest
from codedeploy.errors import Refused
from codedeploy.lifecycle import SERVER_HOOKS, LifecycleEvent
from starter.client import Rollway
from starter.control_plane import ControlPlane, Home, control_plane
from starter.locations import local
from starter.processes import Child, Program
from starter.server import NAMESPACE
from starter.service import Service

HOSTS = tuple(f"host-{number}" for number in range(1, 7))
HOOKS = tuple(event for event in SERVER_HOOKS if not event.endswith("Traffic"))
"""The scriptable events of a deployment without a load balancer."""

SCRIPT = """\
#!/bin/sh
echo "$DEPLOYMENT_ID $LIFECYCLE_EVENT" >> "$RECORD"
echo $$ > "$RECORD.pid"
echo "this is $LIFECYCLE_EVENT"
if [ "$LIFECYCLE_EVENT" = ApplicationStart ]; then
    touch "$RECORD.started"
    while [ ! -e "$RECORD.go" ]; do sleep 0.1; done
fi
"""


@dataclass
class Machine:
    """Everything that runs, and what may be killed of it."""

    home: Path
    plane: ControlPlane
    agents: dict[str, Service]
    rollway: Rollway

    # --- given

    async def define_group(self, *, agent_timeout_seconds: int = 60) -> None:
        """Apply the application and the group of all hosts."""
        group = DeploymentGroup(
            application_name="shop",
            deployment_group_name="all",
            on_premises_instance_tag_filters=(TagFilter(key="role", value="host"),),
            agent_timeout_seconds=agent_timeout_seconds,
        )
        await self.rollway.apply([Application(application_name="shop"), group])

    async def until_registered(self) -> None:
        """Wait until every agent is listed and asks for work."""
        seen = 0
        while seen < len(HOSTS):
            instances = await self.rollway.instances()
            seen = len([one for one in instances if one.last_seen is not None])
            await asyncio.sleep(0.1)

    # --- when

    async def deploy(self, *, config: str = "AllAtOnce") -> str:
        """Start a deployment and return its id; its scripts wait in ApplicationStart."""
        for path in (*self.home.glob("*.go"), *self.home.glob("*.started")):
            path.unlink()
        request = DeploymentRequest(
            application_name="shop",
            deployment_group_name="all",
            revision=local(self._bundle()),
            deployment_config_name=f"CodeDeployDefault.{config}",
        )
        return await self.rollway.deploy(request)

    def _bundle(self) -> Path:
        bundle = self.home / "bundle"
        bundle.mkdir(exist_ok=True)
        script = bundle / "note.sh"
        script.write_text(SCRIPT)
        script.chmod(0o755)
        hooks = "\n".join(
            f"  {event}:\n    - location: note.sh\n      timeout: 120" for event in HOOKS
        )
        (bundle / "appspec.yml").write_text(f"version: 0.0\nos: linux\nhooks:\n{hooks}\n")
        return bundle

    async def until_started(self, host: str) -> None:
        """Wait until the host is in the middle of ApplicationStart."""
        await until((self.home / f"{host}.started").exists)

    def script_of(self, host: str) -> Path:
        """Return what exists as long as the host's present script runs."""
        return Path("/proc") / (self.home / f"{host}.pid").read_text().strip()

    def let_go(self, *hosts: str) -> None:
        """Let ApplicationStart end on these hosts, or on all."""
        for host in hosts or HOSTS:
            (self.home / f"{host}.go").touch()

    async def ended(self, deployment_id: str) -> DeploymentInfo:
        """Wait for the end, asking again while parts of the machine are down."""
        while True:
            try:
                async for info in self.rollway.watch(deployment_id):
                    last = info
            except Refused:
                await asyncio.sleep(0.2)
            else:
                return last

    # --- then

    def runs(self, host: str, deployment_id: str) -> Counter[str]:
        """How often each script of a deployment ran on a host."""
        record = self.home / host
        lines = record.read_text().split("\n") if record.exists() else []
        return Counter(line.partition(" ")[2] for line in lines if line.startswith(deployment_id))


EXACTLY_ONCE = Counter(event for event in HOOKS if event is not LifecycleEvent.APPLICATION_STOP)
"""What a first deployment runs: there is no old revision to stop."""


@asynccontextmanager
async def machine(home: Path) -> AsyncIterator[Machine]:
    """Run everything for the length of the block; what is killed is started again."""
    async with AsyncExitStack() as running:
        plane = await running.enter_async_context(control_plane(Home(home), report=print))
        agents = {
            host: Service(host, partial(_start_agent, home, host, plane.address), print)
            for host in HOSTS
        }
        running.push_async_callback(_stop_all, agents.values())
        await asyncio.gather(*(agent.start() for agent in agents.values()))
        rollway = await Rollway.connect(address=plane.address)
        whole = Machine(home, plane, agents, rollway)
        await whole.define_group()
        await whole.until_registered()
        yield whole


async def _stop_all(agents: Iterable[Service]) -> None:
    await asyncio.gather(*(agent.stop() for agent in agents))


async def _start_agent(home: Path, host: str, address: str) -> Child:
    command = (
        *(sys.executable, "-P", "-m", "agent.cli", "run", "--name", host, "--tag", "role=host"),
        *("--root", str(home / "agents" / host), "--env", f"RECORD={home / host}"),
        *("--address", address, "--namespace", NAMESPACE),
    )
    return await Child.start(Program(host, command, home / "logs" / f"{host}.log"))


async def until(condition: Callable[[], bool]) -> None:
    """Wait until `condition` holds; the test's own timeout is the limit."""
    while not condition():
        await asyncio.sleep(0.05)


async def kill(service: Service) -> None:
    """Kill a process and its group at once, as a power cut would, and wait until it is gone."""
    pid = service.pid
    assert pid is not None
    os.killpg(pid, signal.SIGKILL)
    await until(lambda: service.pid != pid)
