"""Failures between a client and the emulator: a proxy that follows rules.

    with faults(aws) as failing:
        failing.throttle("lambda", "UpdateAlias")
        with pytest.raises(ClientError, match="Throttling"):
            failing.client("lambda").update_alias(...)

A rule is about one operation of one service and ends after a number of calls. Services are named
as boto3 names them, the classic load balancers excepted, which nothing here matches. Rules of the
same operation apply in the order they were made, one a call.
"""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from starter.processes import free_port
from tests.aws.endpoint import LOOPBACK, Endpoint
from tests.aws.program import Program

_THROTTLED = {
    "ec2": "RequestLimitExceeded",
    "ecs": "ThrottlingException",
    "lambda": "TooManyRequestsException",
    "s3": "SlowDown",
}
"""How services say it that do not say "Throttling"."""

_RULES = "/_microburst/rules"
_HEALTH = "/_microburst/health"
_STATS = "/_microburst/stats"


class Faults(Endpoint):
    """A running proxy: point at it whoever shall meet failures.

    Whoever is pointed at the emulator itself meets none.
    """

    def __init__(self, emulator: Endpoint) -> None:
        port = free_port()
        super().__init__(f"http://{LOOPBACK}:{port}")
        command = (
            *(sys.executable, "-m", "microburst", "--host", LOOPBACK, "--port", str(port)),
            *("--upstream", emulator.url, "--no-resign"),
        )
        self._program = Program(command, {})
        self._program.until_ready(self._healthy)
        # Its first call reads all models of botocore, which takes seconds.
        self.client("sts").get_caller_identity()

    def _healthy(self) -> str | None:
        try:
            return str(self.ask(_HEALTH)["status"])
        except OSError:
            return None

    # --- rules

    def throttle(self, service: str, operation: str, *, times: int = 1) -> int:
        """Refuse calls as too many, without executing them; return the rule's number."""
        error = {"code": _THROTTLED.get(service, "Throttling"), "message": "Rate exceeded"}
        return self._add(service, operation, {"error": error, "times": times})

    def server_error(self, service: str, operation: str, *, times: int = 1) -> int:
        """Answer 500 without executing; return the rule's number."""
        error = {"code": "InternalFailure", "status": 500, "message": "Something broke"}
        return self._add(service, operation, {"error": error, "times": times})

    def lose_call(self, service: str, operation: str, *, times: int = 1) -> int:
        """Reset the connection without executing; return the rule's number."""
        return self._add(service, operation, {"reset": True, "times": times})

    def lose_answer(self, service: str, operation: str, *, times: int = 1) -> int:
        """Reset the connection after executing; return the rule's number.

        A client of Invoke or GetObject has the status by then, and fails to read the payload.
        """
        return self._add(service, operation, {"response": {"abort_bytes": 0}, "times": times})

    def delay(self, service: str, operation: str, *, milliseconds: int, times: int = 1) -> int:
        """Execute late; return the rule's number."""
        return self._add(service, operation, {"latency": milliseconds, "times": times})

    def _add(self, service: str, operation: str, effect: dict[str, Any]) -> int:
        rule = {"service": service, "operation": operation, **effect}
        (added,) = self.ask(_RULES, method="PATCH", body=json.dumps([rule]).encode())
        return int(added["id"])

    def fired(self, rule: int) -> int:
        """Return how often a rule has met a call."""
        counts = {one["id"]: one["fired"] for one in self.ask(_STATS)["by_rule"]}
        return int(counts.get(rule, 0))

    def clear(self) -> None:
        """Drop all rules; what they counted stays."""
        self.ask(_RULES, method="POST", body=b"[]")

    def stop(self) -> None:
        """End the proxy."""
        self.close()
        self._program.stop()


@contextmanager
def faults(emulator: Endpoint) -> Iterator[Faults]:
    """Run a proxy in front of an emulator for the length of the block."""
    proxy = Faults(emulator)
    try:
        yield proxy
    finally:
        proxy.stop()
