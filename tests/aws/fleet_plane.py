"""A target group of instances made real: what AWS would do with their traffic, HAProxy does.

    with fleet_plane(aws, site.target_groups[0], lag_seconds=0.3) as plane, Load(plane.address):
        ...

As in `data_plane`, a thread reads what the emulator says, is behind by a moment, and tells the
emulator how far. Who answers on the addresses of the instances is not its business: those are
servers that deployments start. The target group must be of `Checks.PROBED`.

Differs from AWS: unhealthy targets get nothing even if no target is healthy.
"""

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from tests.aws import hearing
from tests.aws.endpoint import Endpoint
from tests.aws.fleet_parts import INSTANCE_PORT
from tests.aws.fleet_site import addresses_of
from tests.aws.haproxy import Haproxy
from tests.aws.site_parts import TargetGroup
from tests.aws.waiting import until

_PAUSE_SECONDS = 0.1
_FRONT, _BACK = "front", "targets"
_STATES = {"healthy": "ready", "draining": "drain"}
_CLOSED = "maint"


class FleetPlane:
    """HAProxy before the instances of a target group, kept as the emulator says.

    Attributes:
        address: Where clients ask.
        socket: Of HAProxy's runtime API.
    """

    def __init__(self, aws: Endpoint, group: TargetGroup, *, lag_seconds: float = 0) -> None:
        self._aws = Endpoint(aws.url)
        self._group = group
        self._lag_seconds = lag_seconds
        self._haproxy = Haproxy([_FRONT], [_BACK])
        self._haproxy.turn(_FRONT, {_BACK: 1})
        self.address, self.socket = self._haproxy.addresses[_FRONT], self._haproxy.socket
        self._addresses: dict[str, str] = {}
        self._ill: set[str] = set()
        self._states: dict[str, str] = {}
        self._rounds = 0
        self._turn = threading.Lock()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._keep_up)
        self._thread.start()

    def catch_up(self) -> None:
        """Wait until everything that the emulator says now is so."""
        # The round that is under way may have read already, and one check that fails is not enough.
        enough = self._rounds + 3
        until(lambda: self._rounds >= enough or not self._thread.is_alive())

    @contextmanager
    def deaf(self) -> Iterator[None]:
        """Let HAProxy go on as it does, whatever the emulator says, for the length of the block."""
        with self._turn:
            yield

    def stop(self) -> None:
        """End it, with everything it has started.

        Raises:
            RuntimeError: It had stopped keeping up before; why is on standard error.
        """
        kept_up = self._thread.is_alive()
        self._over.set()
        self._thread.join()
        self._haproxy.stop()
        hearing.end(self._aws, [self._group.arn])
        self._aws.close()
        if not kept_up:
            raise RuntimeError("the data plane did not keep up; see standard error")

    def _keep_up(self) -> None:
        while not self._over.wait(_PAUSE_SECONDS):
            begun, states = time.monotonic(), self._read()
            self._over.wait(self._lag_seconds)
            with self._turn:
                self._apply(states)
            hearing.tell(self._aws, [self._group.arn], begun)
            self._rounds += 1

    def _read(self) -> dict[str, str]:
        """Return the state that each instance shall have at HAProxy."""
        found = self._aws.client("elbv2").describe_target_health(TargetGroupArn=self._group.arn)
        health = {
            one["Target"]["Id"]: str(one["TargetHealth"]["State"])
            for one in found["TargetHealthDescriptions"]
        }
        states = {target: _STATES.get(state, _CLOSED) for target, state in health.items()}
        ill = {target for target, state in health.items() if state == "unhealthy"}
        # One check that fails is not enough, as at AWS.
        states |= {target: self._states.get(target, _CLOSED) for target in ill - self._ill}
        self._ill = ill
        return states

    def _apply(self, states: Mapping[str, str]) -> None:
        """Open servers before others are closed."""
        for target, state in sorted(states.items(), key=lambda one: one[1] != "ready"):
            self._set(target, state)
        for target in self._states.keys() - states.keys():
            self._set(target, _CLOSED)

    def _set(self, target: str, state: str) -> None:
        address = self._address(target)
        if self._states.get(target, _CLOSED) != state:
            self._haproxy.set_server(_BACK, address, state)
        self._states[target] = state

    def _address(self, target: str) -> str:
        if target not in self._addresses:
            (found,) = addresses_of(self._aws, [target]).values()
            self._addresses[target] = f"{found}:{INSTANCE_PORT}"
            self._haproxy.add_server(_BACK, self._addresses[target])
        return self._addresses[target]


@contextmanager
def fleet_plane(
    aws: Endpoint, group: TargetGroup, *, lag_seconds: float = 0
) -> Iterator[FleetPlane]:
    """Make a target group real for the length of the block."""
    plane = FleetPlane(aws, group, lag_seconds=lag_seconds)
    try:
        yield plane
    finally:
        plane.stop()
