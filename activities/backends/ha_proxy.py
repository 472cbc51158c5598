"""Instances behind a HAProxy, whose servers are called as they are; over its runtime API.

A server that leaves is drained, and closed (`maint`) once it has no session left: until then,
clients that stick to it by cookie or table still reach it. A server that comes back from there
would get traffic before any check, because HAProxy takes it for healthy; so it is declared down
first, and its checks decide.

Source: HAProxy 2.8 management guide, 9.3, "set server".

Differs from AWS: nothing is cut off when a deregistration delay is over; there is none.
"""

from collections.abc import Callable, Mapping, Sequence

from temporalio.exceptions import ApplicationError

from activities.backends.ha_proxy_servers import Server, Unreadable, servers_of
from activities.backends.ha_proxy_socket import HAProxySocket
from activities.balancer import Refusals
from activities.translation import final
from codedeploy.errors import DeploymentFailure, ErrorCode
from codedeploy.load_balancing import HAProxyInfo
from codedeploy.traffic_control import Reachability, Standing

_MOST_NAMES = 10
_DRAIN, _CLOSE, _OPEN = ("state drain",), ("state maint",), ("state ready",)
_OPEN_WHEN_HEALTHY = ("state drain", "health down", "state ready")

Orders = Mapping[str, Sequence[str]]
"""What is to be set at each server, in order."""


class HAProxy:
    """A backend of a HAProxy."""

    def __init__(self, info: HAProxyInfo) -> None:
        self.name = f"backend {info.backend} of the HAProxy at {info.socket}"
        self._backend = info.backend
        self._place = info.socket
        self._socket = HAProxySocket(info)

    def standings(self, targets: Sequence[str]) -> dict[str, Standing]:
        """Return how the servers stand that are called as the targets are."""
        servers = self._servers()
        unknown = Standing(reachability=Reachability.UNKNOWN, reason=self._why_unknown(servers))
        return {
            target: servers[target].standing if target in servers else unknown for target in targets
        }

    def deregister(self, targets: Sequence[str]) -> Refusals:
        """Drain servers that do not, and close those that have nothing left."""
        refused = self._set(targets, lambda one: () if one.is_leaving else _DRAIN)
        return refused | self._set(targets, _to_close)

    def register(self, targets: Sequence[str]) -> Refusals:
        """Open servers: those that were closed get traffic after their checks have passed."""
        return self._set(targets, _to_open)

    def _set(self, targets: Sequence[str], wanted: Callable[[Server], Sequence[str]]) -> Refusals:
        """Set what is wanted of each server as it is now; return what HAProxy objects to."""
        servers = self._servers()
        orders = {name: wanted(servers[name]) for name in targets if name in servers}
        commands = [(name, order) for name, all_of in orders.items() for order in all_of]
        answers = self._socket.ask(
            [f"set server {self._backend}/{name} {order}" for name, order in commands]
        )
        return {name: answer for (name, _), answer in zip(commands, answers, strict=True) if answer}

    def _servers(self) -> dict[str, Server]:
        states, statistics = self._socket.ask(
            [f"show servers state {self._backend}", f"show stat {self._backend} 4 -1"]
        )
        if "find backend" in states:
            raise self._no_backend()
        try:
            return servers_of(states, statistics)
        except Unreadable as error:
            raise self._invalid(
                f"does not describe its servers as HAProxy 2 and 3 do: {error}"
            ) from None

    def _no_backend(self) -> ApplicationError:
        (said,) = self._socket.ask(["show backend"])
        return self._invalid(
            f"has no backend {self._backend}; it has {_some(said.splitlines()[1:])}. Correct "
            "haProxyInfoList of the deployment group, or HAProxy's configuration."
        )

    def _invalid(self, why: str) -> ApplicationError:
        return final(
            DeploymentFailure(
                ErrorCode.ELASTIC_LOAD_BALANCING_INVALID, f"The HAProxy at {self._place} {why}"
            )
        )

    def _why_unknown(self, servers: Mapping[str, Server]) -> str:
        return (
            f"No server of it is called as the instance is; it has {_some(servers)}. Name the "
            "instance's server so in HAProxy's configuration."
        )


def _to_close(one: Server) -> Sequence[str]:
    return _CLOSE if one.standing.reachability is Reachability.DRAINED else ()


def _to_open(one: Server) -> Sequence[str]:
    # One that only drains has been checked all the time.
    return _OPEN_WHEN_HEALTHY if one.is_closed and one.is_checked else _OPEN


def _some(names: Sequence[str] | Mapping[str, Server]) -> str:
    first = list(names)[:_MOST_NAMES]
    more = f" and {len(names) - len(first)} more" if len(names) > len(first) else ""
    return f"{', '.join(first)}{more}" if first else "none"
