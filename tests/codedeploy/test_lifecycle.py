import pytest

from codedeploy.lifecycle import (
    ECS,
    ECS_HOOKS,
    IGNORABLE,
    LAMBDA,
    LAMBDA_HOOKS,
    RESERVED,
    SERVER_HOOKS,
    LifecycleEvent,
    in_place_flow,
    script_source,
)
from tests.paths import INSTALL as SEVEN

BLOCK = ["BeforeBlockTraffic", "BlockTraffic", "AfterBlockTraffic"]
ALLOW = ["BeforeAllowTraffic", "AllowTraffic", "AfterAllowTraffic"]
FLOWS = {
    "in place": (in_place_flow(), SEVEN),
    "in place behind a load balancer": (
        in_place_flow(with_traffic_control=True),
        [*BLOCK, *SEVEN, *ALLOW],
    ),
    "Lambda": (LAMBDA, ALLOW),
    "ECS": (
        ECS,
        [
            "BeforeInstall",
            "Install",
            "AfterInstall",
            "AllowTestTraffic",
            "AfterAllowTestTraffic",
            *ALLOW,
        ],
    ),
}


@pytest.mark.parametrize(("flow", "expected"), FLOWS.values(), ids=FLOWS)
def test_the_order_of_a_flow(flow: tuple[LifecycleEvent, ...], expected: list[str]) -> None:
    assert [event.value for event in flow] == expected


HOOKS = {
    "Server": (
        SERVER_HOOKS,
        {
            *("BeforeBlockTraffic", "AfterBlockTraffic", "ApplicationStop", "BeforeInstall"),
            *("AfterInstall", "ApplicationStart", "ValidateService"),
            *("BeforeAllowTraffic", "AfterAllowTraffic"),
        },
    ),
    "Lambda": (LAMBDA_HOOKS, {"BeforeAllowTraffic", "AfterAllowTraffic"}),
    "ECS": (
        ECS_HOOKS,
        {
            *("BeforeInstall", "AfterInstall", "AfterAllowTestTraffic"),
            *("BeforeAllowTraffic", "AfterAllowTraffic"),
        },
    ),
}


@pytest.mark.parametrize(("hooks", "expected"), HOOKS.values(), ids=HOOKS)
def test_which_events_may_have_hooks(hooks: tuple[LifecycleEvent, ...], expected: set[str]) -> None:
    assert {event.value for event in hooks} == expected


def test_every_event_is_a_hook_or_reserved_but_the_answer_to_a_failure() -> None:
    hooks = {*SERVER_HOOKS, *LAMBDA_HOOKS, *ECS_HOOKS}

    assert {*LifecycleEvent} - hooks - RESERVED == {LifecycleEvent.DEPLOYMENT_FAILED}


def test_no_reserved_event_has_hooks() -> None:
    assert RESERVED.isdisjoint((*SERVER_HOOKS, *LAMBDA_HOOKS, *ECS_HOOKS))


def test_failures_that_can_be_ignored_are_those_of_the_old_revisions_scripts() -> None:
    assert {event.value for event in IGNORABLE} == {
        "ApplicationStop",
        "BeforeBlockTraffic",
        "AfterBlockTraffic",
    }


SOURCES = {
    # event: whose scripts, and whose in the rollback of a blue/green deployment
    "BeforeBlockTraffic": ("last-successful", "most-recent"),
    "AfterBlockTraffic": ("last-successful", "most-recent"),
    "ApplicationStop": ("last-successful", "last-successful"),
    "BeforeInstall": ("current", "current"),
    "AfterInstall": ("current", "current"),
    "ApplicationStart": ("current", "current"),
    "ValidateService": ("current", "current"),
    "BeforeAllowTraffic": ("current", "last-successful"),
    "AfterAllowTraffic": ("current", "last-successful"),
}


@pytest.mark.parametrize("event", SOURCES)
def test_whose_scripts_an_event_runs(event: str) -> None:
    assert script_source(LifecycleEvent(event)) == SOURCES[event][0]


@pytest.mark.parametrize("event", SOURCES)
def test_whose_scripts_an_event_runs_in_a_blue_green_rollback(event: str) -> None:
    source = script_source(LifecycleEvent(event), is_blue_green_rollback=True)

    assert source == SOURCES[event][1]


def test_every_server_hook_has_a_row() -> None:
    assert {*SOURCES} == {event.value for event in SERVER_HOOKS}
