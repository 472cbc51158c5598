"""The servers of a HAProxy backend, as its runtime API describes them.

Source: HAProxy 2.8 management guide, 9.1 (CSV format) and 9.3, "show servers state", "show stat".
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass

from codedeploy.traffic_control import Reachability, Standing

_FORMAT = "1"
_CLOSED = 0x01  # HAProxy closes so what its configuration disables, too; 0x04 tells that for ever
_DRAIN = 0x08
_CHECK_ENABLED = 0x04
_PASSING = ("", "INI", "L4OK", "L6OK", "L7OK", "L7OKC")
_SERVER_TYPE = "2"


class Unreadable(ValueError):
    """HAProxy describes its servers otherwise than expected."""


@dataclass(frozen=True, kw_only=True)
class Server:
    """A server, from both of its descriptions.

    Attributes:
        admin_state: Bits; what operators have decided.
        status: In HAProxy's words, as `UP` or `DOWN 1/2`.
        sessions: Requests that are being answered or wait for it; in mode tcp, connections.
        check_status: Of the last health check, as `L7STS`; empty if there is none.
        check: What that found, in words.
        is_checked: Whether it has health checks of its own.
    """

    name: str
    admin_state: int
    status: str
    sessions: int
    weight: int
    check_status: str
    check: str
    is_checked: bool

    @property
    def is_closed(self) -> bool:
        """Whether it gets nothing at all, sticky clients included."""
        return bool(self.admin_state & _CLOSED)

    @property
    def is_leaving(self) -> bool:
        """Whether it gets nothing, or only what sticks to it."""
        return self.is_closed or bool(self.admin_state & _DRAIN)

    @property
    def standing(self) -> Standing:
        """How it stands, and what says so."""
        return Standing(reachability=self._reachability, reason=self._reason)

    @property
    def _reachability(self) -> Reachability:
        if self.is_leaving:
            if self.sessions:
                return Reachability.DRAINING
            return Reachability.OUT if self.is_closed else Reachability.DRAINED
        if self.status == "no check" or self.status.startswith("UP"):
            return Reachability.IN if self.weight else Reachability.FAILING
        if self.status.startswith("DOWN") and self.check_status in _PASSING and self.is_checked:
            return Reachability.STARTING
        return Reachability.FAILING

    @property
    def _reason(self) -> str:
        if self.is_leaving:
            busy = f", with {self.sessions} still on it" if self.sessions else ""
            return f"It is {'closed' if self.is_closed else 'draining'}{busy}."
        if not self.weight:
            return "Its weight is 0: HAProxy sends it nothing."
        return f"{self.status}: {self.check}" if self.check else self.status


def servers_of(states: str, statistics: str) -> dict[str, Server]:
    """Return the servers of one backend by name.

    Args:
        states: What `show servers state BACKEND` says.
        statistics: What `show stat BACKEND 4 -1` says.

    Raises:
        Unreadable: One of them is not what HAProxy says; in words.
    """
    try:
        by_name = {row["srv_name"]: row for row in _states(states)}
        return {
            row["svname"]: _server(row, by_name[row["svname"]])
            for row in _statistics(statistics)
            if row["type"] == _SERVER_TYPE
        }
    except Unreadable:
        raise
    except (KeyError, TypeError, ValueError, csv.Error) as error:
        raise Unreadable(f"a server is described without, or with an odd, value: {error}") from None


def _states(said: str) -> Iterator[dict[str, str]]:
    version, header, *lines = [*said.splitlines(), "", ""]
    if version != _FORMAT or not header.startswith("# "):
        raise Unreadable(f"expected states of servers in format {_FORMAT}, found {said[:80]!r}")
    names = header.removeprefix("# ").split()
    for line in filter(None, lines):
        yield dict(zip(names, line.split(" "), strict=True))


def _statistics(said: str) -> Iterator[dict[str, str]]:
    if not said.startswith("# pxname,svname,"):
        raise Unreadable(f"expected statistics as CSV, found {said[:80]!r}")
    yield from csv.DictReader(said.removeprefix("# ").splitlines())


def _server(row: dict[str, str], state: dict[str, str]) -> Server:
    return Server(
        name=row["svname"],
        admin_state=int(state["srv_admin_state"]),
        status=row["status"],
        sessions=int(row["scur"]) + int(row["qcur"]),
        weight=int(row["weight"]),
        check_status=row["check_status"].removeprefix("* "),
        check=_check(row),
        is_checked=bool(int(state["srv_check_state"]) & _CHECK_ENABLED),
    )


def _check(row: dict[str, str]) -> str:
    code = f", code {row['check_code']}" if row["check_code"] else ""
    details = f" ({row['last_chk']})" if row["last_chk"] else ""
    return f"{row['check_desc']}{code}{details}"
