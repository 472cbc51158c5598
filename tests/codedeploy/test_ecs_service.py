from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codedeploy.ecs_service import (
    Action,
    Listener,
    ListenerRoute,
    Service,
    is_of_pair,
    routed,
    target_groups_of,
)

BLUE, GREEN, OTHER = (f"arn:aws:elasticloadbalancing:::targetgroup/{n}/1" for n in "bgo")
TO_BLUE: Action = {"Type": "forward", "TargetGroupArn": BLUE}
TO_OTHER: Action = {"Type": "forward", "TargetGroupArn": OTHER}
SIGN_IN: Action = {"Type": "authenticate-cognito", "Order": 1, "AuthenticateCognitoConfig": {}}
REDIRECT: Action = {"Type": "redirect", "RedirectConfig": {"StatusCode": "HTTP_301"}}


def forward(*weights: tuple[str, int], **more: Any) -> Action:
    groups = [{"TargetGroupArn": arn, "Weight": weight} for arn, weight in weights]
    return {"Type": "forward", "ForwardConfig": {"TargetGroups": groups, **more}}


def route(green_percent: int, *, keeps_both: bool = False) -> ListenerRoute:
    return ListenerRoute(
        before=Listener(arn="listener", load_balancer_arn="balancer", actions=(TO_BLUE,)),
        blue_arn=BLUE,
        green_arn=GREEN,
        green_percent=green_percent,
        keeps_both=keeps_both,
    )


ROUTES = {
    "a canary divides": (route(10), forward((BLUE, 90), (GREEN, 10))),
    "the whole needs no weights": (route(100), {"Type": "forward", "TargetGroupArn": GREEN}),
    "attaching gives green nothing": (
        route(0, keeps_both=True),
        forward((BLUE, 100), (GREEN, 0)),
    ),
    "nothing for green is what was before": (route(0), TO_BLUE),
}


@pytest.mark.parametrize(("wanted", "expected"), ROUTES.values(), ids=ROUTES)
def test_a_forward_to_blue_divides_as_the_route_says(
    wanted: ListenerRoute, expected: Action
) -> None:
    assert routed((TO_BLUE,), wanted) == (expected,)


@pytest.mark.parametrize("action", [TO_OTHER, SIGN_IN, REDIRECT], ids=lambda one: one["Type"])
def test_what_does_not_forward_to_the_pair_stays(action: Action) -> None:
    assert routed((action,), route(50)) == (action,)


def test_a_forward_keeps_its_place_behind_an_authentication() -> None:
    actions = (SIGN_IN, {**TO_BLUE, "Order": 2})

    assert routed(actions, route(100)) == (
        SIGN_IN,
        {"Type": "forward", "Order": 2, "TargetGroupArn": GREEN},
    )


def test_sticky_sessions_are_kept_while_traffic_is_divided() -> None:
    sticky = {"Enabled": True, "DurationSeconds": 60}
    action = forward((BLUE, 1), TargetGroupStickinessConfig=sticky)

    (found,) = routed((action,), route(10))

    assert found["ForwardConfig"]["TargetGroupStickinessConfig"] == sticky


def test_sticky_sessions_are_kept_when_all_traffic_has_moved() -> None:
    sticky = {"Enabled": True, "DurationSeconds": 60}
    action = forward((BLUE, 1), TargetGroupStickinessConfig=sticky)

    (found,) = routed((action,), route(100))

    assert found == forward((GREEN, 100), TargetGroupStickinessConfig=sticky)


def test_a_listener_that_stands_at_green_already_is_divided_all_the_same() -> None:
    to_green = {"Type": "forward", "TargetGroupArn": GREEN}

    assert routed((to_green,), route(10)) == (forward((BLUE, 90), (GREEN, 10)),)


@given(st.integers(1, 99))
def test_the_weights_of_a_division_are_a_hundred(percent: int) -> None:
    (found,) = routed((TO_BLUE,), route(percent))

    weights = {
        one["TargetGroupArn"]: one["Weight"] for one in found["ForwardConfig"]["TargetGroups"]
    }
    assert weights == {BLUE: 100 - percent, GREEN: percent}


@given(st.integers(0, 100), st.booleans())
def test_routing_what_is_routed_changes_nothing(percent: int, attaches: bool) -> None:
    wanted = route(percent, keeps_both=attaches)
    once = routed((SIGN_IN, TO_BLUE, TO_OTHER), wanted)

    assert routed(once, wanted) == once


def test_target_groups_are_found_wherever_an_action_names_them() -> None:
    described = {**TO_BLUE, **forward((BLUE, 1))}
    actions = (SIGN_IN, described, forward((GREEN, 0), (OTHER, 1)))

    assert target_groups_of(actions) == {BLUE, GREEN, OTHER}


@pytest.mark.parametrize(
    ("action", "expected"),
    [(TO_BLUE, True), (forward((OTHER, 1), (GREEN, 0)), True), (TO_OTHER, False)],
    ids=["to blue", "to green among others", "to another"],
)
def test_an_action_is_of_the_pair_if_it_forwards_to_either(action: Action, expected: bool) -> None:
    assert is_of_pair((action,), route(10)) is expected


@pytest.mark.parametrize(
    ("kind", "expected"), [("application", True), ("network", False), ("gateway", False)]
)
def test_only_an_application_load_balancer_divides_traffic(kind: str, expected: bool) -> None:
    listener = Listener(arn="l", load_balancer_arn="b", load_balancer_type=kind, actions=())

    assert listener.is_weighted is expected


def test_a_service_is_named_with_its_cluster() -> None:
    service = Service(cluster_arn="c", service_arn="s", name="web", cluster="shop")

    assert service.full_name == "shop:web"
