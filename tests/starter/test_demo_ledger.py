import pytest

from starter.demo.ledger import Ledger, Second, ledger_document


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def ledger(clock: Clock) -> Ledger:
    return Ledger(clock)


def test_requests_are_counted_by_the_release_that_answered(ledger: Ledger) -> None:
    for release in ("v1", "v2", "v1"):
        ledger.answered(release)

    assert ledger.total.answered == {"v1": 2, "v2": 1}


def test_a_request_that_was_lost_is_counted_with_its_cause(ledger: Ledger) -> None:
    ledger.lost("connection refused")

    assert (ledger.total.lost, ledger.why_lost) == (1, {"connection refused": 1})


def test_the_second_that_is_not_over_is_not_among_the_seconds(ledger: Ledger, clock: Clock) -> None:
    ledger.answered("v1")
    clock.now += 1
    ledger.answered("v2")

    assert [second.answered for second in ledger.seconds] == [{"v1": 1}]


def test_a_second_without_requests_is_there_all_the_same(ledger: Ledger, clock: Clock) -> None:
    ledger.answered("v1")
    clock.now += 3

    assert [second.requests for second in ledger.seconds] == [1, 0, 0]


def test_time_stands_still_when_the_ledger_is_closed(ledger: Ledger, clock: Clock) -> None:
    clock.now += 2
    ledger.close()
    clock.now += 60

    assert len(ledger.seconds) == 2


def test_the_rate_is_that_of_whole_seconds(ledger: Ledger, clock: Clock) -> None:
    for _ in range(10):
        ledger.answered("v1")
    clock.now += 2.5
    ledger.answered("v1")

    assert ledger.requests_per_second == 5


def test_a_ledger_that_has_just_begun_has_no_rate(ledger: Ledger) -> None:
    assert ledger.requests_per_second == 0


def test_the_document_has_every_figure(ledger: Ledger, clock: Clock) -> None:
    ledger.answered("v2")
    ledger.answered("v1")
    ledger.lost("answered 503")
    clock.now += 1

    assert ledger_document(ledger) == {
        "seconds": 1,
        "requests": 3,
        "requestsPerSecond": 3,
        "answered": {"v1": 1, "v2": 1},
        "lost": 1,
        "whyLost": {"answered 503": 1},
    }


def test_the_sum_of_no_seconds_is_empty() -> None:
    assert sum([], Second()) == Second()
