"""The book of the customers' requests: who answered each, second by second, and which were lost."""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Second:
    """What became of the requests that ended in one second.

    Attributes:
        answered: Requests by the release that answered.
        lost: Requests that nobody answered as he should.
    """

    answered: Counter[str] = field(default_factory=Counter)
    lost: int = 0

    @property
    def requests(self) -> int:
        """All of them."""
        return self.answered.total() + self.lost

    def __add__(self, other: "Second") -> "Second":
        return Second(self.answered + other.answered, self.lost + other.lost)


class Ledger:
    """Counts requests; a second without any counts, too.

    Args:
        clock: Says what time it is, in seconds; the ledger begins when it is made.

    Attributes:
        why_lost: Lost requests by the cause.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._began = clock()
        self._ended: float | None = None
        self._seconds: list[Second] = []
        self.why_lost: Counter[str] = Counter()

    def answered(self, release: str) -> None:
        """Enter a request that `release` answered."""
        self._now().answered[release] += 1

    def lost(self, why: str) -> None:
        """Enter a request that was lost."""
        self._now().lost += 1
        self.why_lost[why] += 1

    def close(self) -> None:
        """Let the last second be this one."""
        self._ended = self._clock()

    def _now(self) -> Second:
        moment = self._clock() if self._ended is None else self._ended
        elapsed = int(moment - self._began)
        while len(self._seconds) <= elapsed:
            self._seconds.append(Second())
        return self._seconds[elapsed]

    @property
    def seconds(self) -> Sequence[Second]:
        """The seconds that are over, oldest first."""
        self._now()
        return self._seconds[:-1]

    @property
    def total(self) -> Second:
        """What became of all requests until now."""
        return sum(self._seconds, Second())

    @property
    def requests_per_second(self) -> int:
        """Requests in a second that is over, on average."""
        seconds = self.seconds
        return round(sum(one.requests for one in seconds) / max(1, len(seconds)))


def ledger_document(ledger: Ledger) -> dict[str, Any]:
    """Return the figures for programs."""
    total = ledger.total
    return {
        "seconds": len(ledger.seconds),
        "requests": total.requests,
        "requestsPerSecond": ledger.requests_per_second,
        "answered": dict(sorted(total.answered.items())),
        "lost": total.lost,
        "whyLost": dict(ledger.why_lost),
    }
