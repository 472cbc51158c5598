"""A load balancer of the emulator, made real: what AWS would do with traffic, HAProxy does.

    with data_plane(site) as plane, Load(plane.address(site.production_listener)) as load:
        site.route(site.production_listener, blue=90, green=10)
        plane.catch_up()
        load.take(2000)

A thread reads what the emulator says of the listeners, the health of targets and the tasks, over
and over, and programs HAProxy and the servers that answer for the tasks, each with its definition
(`shop:2`). It is behind by a moment, as AWS's own data plane is, and tells the emulator how far:
targets drain at least until it has heard that they leave. Let it be behind by more with
`lag_seconds`: tasks that do not drain end before it has heard of it, and lose requests. The target
groups must be of `Checks.PROBED`: then a target is healthy when somebody answers for it.

Differs from AWS: unhealthy targets get nothing even if no target is healthy.
"""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from tests.aws import hearing
from tests.aws.ecs_site import Site
from tests.aws.endpoint import Endpoint
from tests.aws.haproxy import Haproxy
from tests.aws.program import ROOT, tethered
from tests.aws.site_parts import CONTAINER_PORT
from tests.aws.waiting import until

_PAUSE_SECONDS = 0.1
_STATES = {"healthy": "ready", "draining": "drain"}

Weights = Mapping[str, Mapping[str, int]]
"""Of target groups, by listener; both by ARN."""

Server = tuple[str, str]
"""A back end, and an address in it."""


class Containers:
    """The process that answers for running tasks."""

    def __init__(self) -> None:
        self._answers: dict[str, str] = {}
        self._process = subprocess.Popen(
            tethered(sys.executable, "-m", "tests.aws.target_servers"),
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def answer(self, answers: dict[str, str]) -> None:
        """Let exactly these addresses answer, each with its words."""
        if answers == self._answers:
            return
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(answers) + "\n")
        self._process.stdin.flush()
        if not self._process.stdout.readline():
            raise RuntimeError("the servers of the tasks have ended; see standard error")
        self._answers = answers

    def stop(self) -> None:
        """End them all."""
        self._process.kill()
        self._process.communicate()


class DataPlane:
    """HAProxy and the servers behind it, kept as the emulator says.

    Args:
        lag_seconds: How long what is said of listeners and targets is on its way to HAProxy. Tasks
            start and end meanwhile.
    """

    def __init__(self, site: Site, *, lag_seconds: float = 0) -> None:
        self._site = site
        self._lag_seconds = lag_seconds
        self._aws = Endpoint(site.aws.url)
        listeners = [site.production_listener, site.test_listener]
        self._listeners = [listener for listener in listeners if listener is not None]
        self._groups = [site.blue.arn, site.green.arn]
        self._haproxy = Haproxy(map(_name, self._listeners), map(_name, self._groups))
        self._containers = Containers()
        self._weights: Weights = {}
        self._states: dict[Server, str] = {}
        self._rounds = 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._keep_up)
        self._thread.start()

    def address(self, listener: str) -> tuple[str, int]:
        """Return where a listener listens."""
        return self._haproxy.addresses[_name(listener)]

    def catch_up(self) -> None:
        """Wait until everything that the emulator says now is so."""
        # The round that is under way may have read already.
        enough = self._rounds + 2
        until(lambda: self._rounds >= enough or not self._thread.is_alive())

    def stop(self) -> None:
        """End it, with everything it has started.

        Raises:
            RuntimeError: It had stopped keeping up before; why is on standard error.
        """
        kept_up = self._thread.is_alive()
        self._over.set()
        self._thread.join()
        self._haproxy.stop()
        self._containers.stop()
        hearing.end(self._aws, self._groups)
        self._aws.close()
        if not kept_up:
            raise RuntimeError("the data plane did not keep up; see standard error")

    def _keep_up(self) -> None:
        while not self._over.wait(_PAUSE_SECONDS):
            self._keep_up_once()

    def _keep_up_once(self) -> None:
        begun = time.monotonic()
        self._containers.answer(dict(self._running_tasks()))
        weights, health = self._read_weights(), dict(self._read_health())
        # Traffic may have been shifted and its old targets drained since the first reading: then
        # that reading would send it to targets that are no longer there.
        if self._read_weights() == weights:
            self._lag()
            self._apply(weights, health)
            hearing.tell(self._aws, self._groups, begun)
            self._rounds += 1

    def _lag(self) -> None:
        arrival = time.monotonic() + self._lag_seconds
        while time.monotonic() < arrival and not self._over.wait(_PAUSE_SECONDS):
            self._containers.answer(dict(self._running_tasks()))

    def _apply(self, weights: Weights, health: Mapping[Server, str]) -> None:
        """Open new servers before traffic goes there, and close old ones when it has left."""
        states = dict.fromkeys(self._states, "maint") | dict(health)
        self._set_states({server: one for server, one in states.items() if one == "ready"})
        self._turn(weights)
        self._set_states(states)

    def _running_tasks(self) -> Iterator[tuple[str, str]]:
        """Yield the address of each task that runs or drains, and its definition."""
        containers, cluster = self._aws.client("ecs"), self._site.cluster
        states = ("RUNNING", "STOPPED")
        arns = [
            arn
            for state in states
            for arn in containers.list_tasks(cluster=cluster, desiredStatus=state)["taskArns"]
        ]
        found = containers.describe_tasks(cluster=cluster, tasks=arns)["tasks"] if arns else []
        for task in found:
            if task["lastStatus"] in ("RUNNING", "DEACTIVATING"):
                definition = task["taskDefinitionArn"].rpartition("/")[-1]
                yield f"{_address(task)}:{CONTAINER_PORT}", definition

    def _read_weights(self) -> Weights:
        found = self._aws.client("elbv2").describe_listeners(ListenerArns=self._listeners)
        return {
            listener["ListenerArn"]: {
                group["TargetGroupArn"]: group.get("Weight", 1)
                for group in listener["DefaultActions"][0]["ForwardConfig"]["TargetGroups"]
            }
            for listener in found["Listeners"]
        }

    def _read_health(self) -> Iterator[tuple[Server, str]]:
        for group in self._groups:
            found = self._aws.client("elbv2").describe_target_health(TargetGroupArn=group)
            for one in found["TargetHealthDescriptions"]:
                address = f"{one['Target']['Id']}:{one['Target']['Port']}"
                yield (_name(group), address), _STATES.get(one["TargetHealth"]["State"], "maint")

    def _set_states(self, states: Mapping[Server, str]) -> None:
        for server, state in states.items():
            if server not in self._states:
                self._haproxy.add_server(*server)
            if self._states.get(server) != state:
                self._haproxy.set_server(*server, state)
            self._states[server] = state

    def _turn(self, weights: Weights) -> None:
        for listener, shares in weights.items():
            if self._weights.get(listener) != shares:
                by_name = {_name(group): weight for group, weight in shares.items()}
                self._haproxy.turn(_name(listener), by_name)
        self._weights = weights


@contextmanager
def data_plane(site: Site, *, lag_seconds: float = 0) -> Iterator[DataPlane]:
    """Make the load balancer of a site real for the length of the block; wait until it serves."""
    plane = DataPlane(site, lag_seconds=lag_seconds)
    try:
        until(lambda: site.is_steady(site.primary()["taskSetArn"]))
        plane.catch_up()
        yield plane
    finally:
        plane.stop()


def _name(arn: str) -> str:
    """Return the last part of an ARN, which is different for each resource."""
    return arn.rpartition("/")[-1]


def _address(task: dict[str, Any]) -> str:
    (attachment,) = task["attachments"]
    details = {detail["name"]: detail["value"] for detail in attachment["details"]}
    return str(details["privateIPv4Address"])
