"""Real hosts: agents in processes of their own, whose scripts start and kill real servers.

    async with real_fleet(rollway, home) as fleet:
        await fleet.launch({"host-1": ("127.0.0.1", 8081)}, role="web")
        await fleet.deploy("v1", {"onPremisesInstanceTagFilters": [...]})

A release whose label begins with `bad` fails in ValidateService, on every host.
"""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

from codedeploy.application import Application
from codedeploy.deployment import DeploymentInfo
from codedeploy.deployment_group import DeploymentGroup
from codedeploy.deployment_request import DeploymentRequest
from starter.client import Rollway
from starter.locations import local
from starter.processes import Child, Program
from starter.server import NAMESPACE
from starter.service import Service
from tests.aws.program import ROOT
from tests.end_to_end.shop_front import Address
from tests.scenario import AUTO_ROLLBACK
from workflows.instance import InstanceWorkflow

_APPSPEC = """\
version: 0.0
os: linux
files:
  - source: VERSION
    destination: /shop
file_exists_behavior: OVERWRITE
hooks:
  ApplicationStop:
    - location: stop.sh
      timeout: 30
  ApplicationStart:
    - location: start.sh
      timeout: 30
  ValidateService:
    - location: validate.sh
      timeout: 30
"""
_START = """\
#!/bin/sh
set -eu
cd "$CHECKOUT"
setsid "$PYTHON" -m tests.end_to_end.shop_program "$ADDRESS" "$(cat "$SHOP/VERSION")" "$TESTS" \
    </dev/null >>"$SHOP/log" 2>&1 &
echo $! >"$SHOP/pid"
"""
_STOP = """\
#!/bin/sh
set -eu
pid=$(cat "$SHOP/pid")
kill -KILL "$pid"
while kill -0 "$pid" 2>/dev/null; do sleep 0.02; done
rm "$SHOP/pid"
"""
_VALIDATE = """\
#!/bin/sh
! grep '^bad' "$SHOP/VERSION"
"""
_SCRIPTS = {"start.sh": _START, "stop.sh": _STOP, "validate.sh": _VALIDATE}


@dataclass(frozen=True)
class RealHost:
    """A directory that an agent takes for a whole machine, and where its server listens."""

    name: str
    home: Path
    address: Address

    @property
    def shop(self) -> Path:
        """Where releases are installed."""
        return self.home / "root" / "shop"

    def agent(self, server: str, tags: Mapping[str, str]) -> Program:
        """Return the host's agent, which connects to the Temporal server at that address."""
        listens = f"{self.address[0]}:{self.address[1]}"
        variables = {
            "SHOP": self.shop,
            "ADDRESS": listens,
            "CHECKOUT": ROOT,
            "PYTHON": sys.executable,
            "TESTS": os.getpid(),
        }
        command = (
            *(sys.executable, "-P", "-m", "agent.cli", "run", "--name", self.name),
            *(word for pair in tags.items() for word in ("--tag", "=".join(pair))),
            *("--root", str(self.home / "agent"), "--destination-root", str(self.home / "root")),
            *(word for name, it in variables.items() for word in ("--env", f"{name}={it}")),
            *("--address", server, "--namespace", NAMESPACE),
        )
        return Program(f"agent of {self.name}", command, self.home / "agent.log")

    def kill_server(self) -> None:
        """Kill the server if it runs."""
        with suppress(FileNotFoundError, ProcessLookupError):
            os.kill(int((self.shop / "pid").read_text()), signal.SIGKILL)


class RealFleet:
    """Hosts, an application, and a deployment group for some of them or for all.

    Attributes:
        hosts: By name.
    """

    def __init__(self, rollway: Rollway, home: Path) -> None:
        self._rollway, self._home = rollway, home
        self._application = f"shop-{uuid4().hex[:8]}"
        self._agents: list[Service] = []
        self.hosts: dict[str, RealHost] = {}

    async def launch(self, addresses: Mapping[str, Address], **tags: str) -> None:
        """Start a host with these tags for each name; return when all agents ask for work."""
        server = self._rollway.temporal.service_client.config.target_host
        for name, address in addresses.items():
            host = RealHost(name, self._home / name, address)
            self.hosts[name] = host
            start = partial(Child.start, host.agent(server, tags))
            self._agents.append(Service(f"Agent of {name}", start, print))
        await asyncio.gather(*(one.start() for one in self._agents[-len(addresses) :]))
        while not addresses.keys() <= await self._asking():
            await asyncio.sleep(0.1)

    async def _asking(self) -> set[str]:
        instances = await self._rollway.instances()
        return {one.registration.name for one in instances if one.last_seen is not None}

    async def deploy(self, label: str, group: Mapping[str, Any], **request: Any) -> DeploymentInfo:
        """Deploy a release, and return the deployment when its rollback has ended too.

        Args:
            label: What its servers answer.
            group: Members of the deployment group, as CodeDeploy writes them.
            request: More members of the request, written so too.
        """
        deployment_id = await self._start(label, group, request)
        async for _ in self._rollway.watch(deployment_id):
            pass
        return await self._rollway.deployment(deployment_id)

    async def _start(self, label: str, group: Mapping[str, Any], request: Mapping[str, Any]) -> str:
        name = {"applicationName": self._application, "deploymentGroupName": "all"}
        rules = {"autoRollbackConfiguration": AUTO_ROLLBACK}
        patience = {"agentTimeoutSeconds": 30, "trafficTimeoutSeconds": 30}
        definition = DeploymentGroup.model_validate({**name, **rules, **patience, **group})
        await self._rollway.apply([Application(application_name=self._application), definition])
        revision = {"revision": local(self._bundle(label))}
        return await self._rollway.deploy(
            DeploymentRequest.model_validate({**name, **revision, **request})
        )

    def _bundle(self, label: str) -> Path:
        bundle = self._home / "releases" / label
        bundle.mkdir(parents=True, exist_ok=True)
        (bundle / "appspec.yml").write_text(_APPSPEC)
        (bundle / "VERSION").write_text(label)
        for name, text in _SCRIPTS.items():
            (bundle / name).write_text(text)
            (bundle / name).chmod(0o755)
        return bundle

    async def close(self) -> None:
        """Stop every agent, kill every server, and forget the hosts."""
        await asyncio.gather(*(agent.stop() for agent in self._agents))
        for host in self.hosts.values():
            host.kill_server()
            instance = self._rollway.temporal.get_workflow_handle(f"instance/{host.name}")
            await instance.execute_update(InstanceWorkflow.deregister)


@asynccontextmanager
async def real_fleet(rollway: Rollway, home: Path) -> AsyncIterator[RealFleet]:
    """Let hosts be launched for the length of the block."""
    fleet = RealFleet(rollway, home)
    try:
        yield fleet
    finally:
        await fleet.close()
