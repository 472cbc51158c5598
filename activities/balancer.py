"""The port to whatever sends traffic to instances, and one rule for all who are behind it."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from codedeploy.traffic_control import Standing

Refusals = dict[str, str]
"""Why an instance cannot be registered or deregistered, in the words of the load balancer."""


class Balancer(Protocol):
    """One load balancer, or one target group or backend of it.

    Every call is for a whole batch, and blocks. They raise `ApplicationError`: a final one if the
    load balancer is not there or does not let itself be asked, else one to be tried again.
    """

    @property
    def name(self) -> str:
        """What it is called in messages."""

    def standings(self, targets: Sequence[str]) -> dict[str, Standing]:
        """Return how each of the targets stands; reads only."""

    def deregister(self, targets: Sequence[str]) -> Refusals:
        """Let targets leave: no new requests for them, and time for those they have.

        Who is leaving or out is left alone; who has drained is closed.
        """

    def register(self, targets: Sequence[str]) -> Refusals:
        """Let targets come into service, once they are healthy."""


def by_halves(
    call: Callable[[Sequence[str]], Any], targets: Sequence[str], refusal: type[Exception]
) -> Refusals:
    """Make a call for all targets; if it is refused, find out because of whom.

    AWS refuses the whole call for one instance that has been terminated, and need not say which:
    then it is made for either half. One call if all is well, about 2 log2(n) for one bad target.
    """
    if not targets:
        return {}
    try:
        call(targets)
    except refusal as error:
        if len(targets) == 1:
            return {targets[0]: words_of(error)}
        middle = len(targets) // 2
        first, second = targets[:middle], targets[middle:]
        return by_halves(call, first, refusal) | by_halves(call, second, refusal)
    return {}


def words_of(error: Exception) -> str:
    """Return what AWS says, without what the SDK adds."""
    response: Mapping[str, Any] = getattr(error, "response", {})
    return str(response.get("Error", {}).get("Message") or error)
