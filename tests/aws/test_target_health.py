"""The life of a target, told without a clock."""

from tests.aws.target_health import (
    DRAINING,
    NOT_IN_USE,
    NOT_REGISTERED,
    REGISTERING,
    Registrations,
    Target,
)

WEB = Target("127.2.0.1", 8080)


def in_use(now: float) -> Registrations:
    targets = Registrations()
    targets.add(WEB)
    targets.look(now, in_use=True)
    return targets


def test_a_stranger_is_not_registered() -> None:
    assert Registrations().health_before_checks(WEB, checks_before=0) == NOT_REGISTERED


def test_checks_decide_once_the_target_is_no_longer_new() -> None:
    targets = in_use(10)

    assert targets.health_before_checks(WEB, checks_before=9) == REGISTERING
    assert targets.health_before_checks(WEB, checks_before=10) is None


def test_looking_again_does_not_make_it_new() -> None:
    targets = in_use(10)

    targets.look(12, in_use=True)

    assert targets.health_before_checks(WEB, checks_before=11) is None


def test_it_is_new_again_when_its_group_was_out_of_use() -> None:
    targets = in_use(10)

    targets.look(11, in_use=False)
    unused = targets.health_before_checks(WEB, checks_before=100)
    targets.look(12, in_use=True)

    assert unused == NOT_IN_USE
    assert targets.health_before_checks(WEB, checks_before=11) == REGISTERING


def test_it_drains_until_its_time_has_come() -> None:
    targets = in_use(10)
    targets.remove(WEB, gone_at=15)

    targets.look(14, in_use=True)
    before = targets.health_before_checks(WEB, checks_before=100)
    targets.look(15, in_use=True)

    assert before == DRAINING
    assert targets.targets() == []


def test_removing_twice_does_not_prolong_it() -> None:
    targets = in_use(10)
    targets.remove(WEB, gone_at=15)

    targets.remove(WEB, gone_at=25)
    targets.look(15, in_use=True)

    assert targets.targets() == []


def test_it_drains_until_a_load_balancer_that_is_behind_has_heard_of_it() -> None:
    targets = in_use(10)
    targets.remove(WEB, gone_at=15, left_at=13)

    targets.look(20, in_use=True, heard_until=12)
    before = targets.health_before_checks(WEB, checks_before=100)
    targets.look(20, in_use=True, heard_until=13)

    assert before == DRAINING
    assert targets.targets() == []
