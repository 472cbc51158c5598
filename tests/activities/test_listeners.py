from collections.abc import Iterator
from typing import Any

import pytest
from temporalio.exceptions import ApplicationError

from activities.aws import Aws
from activities.listeners import RULES_GONE, Listeners, acceptable
from codedeploy.ecs_service import Action, ListenerRoute
from tests.aws.ecs_site import Site, build_site, forward
from tests.aws.emulator import Emulator
from tests.aws.faults import Faults, faults
from tests.aws.site_parts import Plan
from tests.aws.snapshot import Snapshot, difference, snapshot

SIGN_IN: Action = {
    "Type": "authenticate-cognito",
    "Order": 1,
    "AuthenticateCognitoConfig": {
        "UserPoolArn": "arn:aws:cognito-idp:us-east-1:123456789012:userpool/us-east-1_1",
        "UserPoolClientId": "shop",
        "UserPoolDomain": "shop",
    },
}
EMPTY = Plan(desired_count=0)


@pytest.fixture
def site(aws: Emulator) -> Site:
    return build_site(aws, EMPTY)


@pytest.fixture
def listeners(clients: Aws) -> Listeners:
    return Listeners(clients)


class Shift:
    """Traffic of a site's production listener, as a deployment moves it."""

    def __init__(self, site: Site, listeners: Listeners) -> None:
        self._site = site
        self._listeners = listeners
        self._before = listeners.describe(site.production_listener, None)

    def to(self, percent: int, *, keeps_both: bool = False, only_detaches: bool = False) -> None:
        self._listeners.route(
            ListenerRoute(
                before=self._before,
                blue_arn=self._site.blue.arn,
                green_arn=self._site.green.arn,
                green_percent=percent,
                keeps_both=keeps_both,
                only_detaches=only_detaches,
            )
        )


def add_rule(site: Site, path: str, *actions: Action) -> str:
    """Add a rule to the production listener, and return its ARN."""
    elb = site.aws.client("elbv2")
    priority = len(elb.describe_rules(ListenerArn=site.production_listener)["Rules"])
    (rule,) = elb.create_rule(
        ListenerArn=site.production_listener,
        Priority=priority,
        Conditions=[{"Field": "path-pattern", "Values": [path]}],
        Actions=list(actions),
    )["Rules"]
    return str(rule["RuleArn"])


def actions_of(site: Site, rule: str) -> list[dict[str, Any]]:
    (found,) = site.aws.client("elbv2").describe_rules(RuleArns=[rule])["Rules"]
    return list(found["Actions"])


def listening(site: Site) -> Snapshot:
    return {"listeners": snapshot(site.aws)["listeners"]}


def to(group: str, **more: Any) -> Action:
    return {"Type": "forward", "TargetGroupArn": group, **more}


# --- describing


def test_a_listener_is_described_with_its_rules(site: Site, listeners: Listeners) -> None:
    rule = add_rule(site, "/api/*", to(site.blue.arn))

    found = listeners.describe(site.production_listener, None)

    assert (found.arn, found.port) == (site.production_listener, 80)
    assert found.load_balancer_type == "application"
    assert [each.arn for each in found.rules] == [rule]
    assert found.actions[0]["TargetGroupArn"] == site.blue.arn


def test_a_network_load_balancer_is_told_from_others(aws: Emulator, listeners: Listeners) -> None:
    site = build_site(aws, Plan(desired_count=0, balancer="network", has_test_listener=False))

    found = listeners.describe(site.production_listener, None)

    assert (found.load_balancer_type, found.is_weighted) == ("network", False)


def test_a_listener_that_does_not_exist_is_named(site: Site, listeners: Listeners) -> None:
    gone = f"{site.production_listener[:-4]}0000"

    with pytest.raises(ApplicationError, match=gone) as error:
        listeners.describe(gone, None)

    assert error.value.type == "ELASTIC_LOAD_BALANCING_INVALID"
    assert error.value.non_retryable


# --- routing


@pytest.mark.parametrize(
    ("percent", "keeps_both", "expected"),
    [
        (0, True, {"shop-blue": 100, "shop-green": 0}),
        (10, False, {"shop-blue": 90, "shop-green": 10}),
        (100, False, {"shop-green": 1}),
    ],
    ids=["attached", "a canary", "the whole"],
)
def test_a_listener_divides_its_traffic_as_it_is_told(
    site: Site, listeners: Listeners, percent: int, keeps_both: bool, expected: dict[str, int]
) -> None:
    Shift(site, listeners).to(percent, keeps_both=keeps_both)

    assert site.weights(site.production_listener) == expected


def test_a_group_that_is_no_longer_needed_is_detached(site: Site, listeners: Listeners) -> None:
    rule = add_rule(site, "/api/*", to(site.blue.arn))
    shift = Shift(site, listeners)
    shift.to(100, keeps_both=True)

    shift.to(100, only_detaches=True)

    assert site.weights(site.production_listener) == {"shop-green": 1}
    assert actions_of(site, rule)[0]["TargetGroupArn"] == site.green.arn


def test_sticky_sessions_outlast_a_deployment(site: Site, listeners: Listeners) -> None:
    elb, listener = site.aws.client("elbv2"), site.production_listener
    config = {"TargetGroups": [{"TargetGroupArn": site.blue.arn}]} | {
        "TargetGroupStickinessConfig": STICKY
    }
    action = {"Type": "forward", "ForwardConfig": config}
    elb.modify_listener(ListenerArn=listener, DefaultActions=[action])
    shift = Shift(site, listeners)

    shift.to(100, keeps_both=True)
    shift.to(100, only_detaches=True)

    (found,) = listeners.describe(listener, None).actions
    assert site.weights(listener) == {"shop-green": 100}
    assert found["ForwardConfig"]["TargetGroupStickinessConfig"] == STICKY


def test_a_listener_that_somebody_has_changed_since_is_not_detached_from_anything(
    site: Site, listeners: Listeners
) -> None:
    shift = Shift(site, listeners)
    shift.to(100, keeps_both=True)
    site.route(site.production_listener, blue=1, green=99)

    shift.to(100, only_detaches=True)

    assert site.weights(site.production_listener) == {"shop-blue": 1, "shop-green": 99}


def test_a_rule_that_is_gone_needs_no_detaching(site: Site, listeners: Listeners) -> None:
    rule = add_rule(site, "/api/*", to(site.blue.arn))
    shift = Shift(site, listeners)
    shift.to(100, keeps_both=True)
    site.aws.client("elbv2").delete_rule(RuleArn=rule)

    shift.to(100, only_detaches=True)

    assert site.weights(site.production_listener) == {"shop-green": 1}


def test_a_network_load_balancer_moves_at_once_and_back(
    aws: Emulator, listeners: Listeners
) -> None:
    site = build_site(aws, Plan(desired_count=0, balancer="network", has_test_listener=False))
    before, shift = listening(site), Shift(site, listeners)

    shift.to(100)
    moved = site.weights(site.production_listener)
    shift.to(0)

    assert moved == {"shop-green": 1}
    assert difference(before, listening(site)) == []


def test_rules_that_forward_to_the_pair_move_with_the_listener(
    site: Site, listeners: Listeners
) -> None:
    rule = add_rule(site, "/api/*", to(site.blue.arn))

    Shift(site, listeners).to(100)

    assert actions_of(site, rule)[0]["TargetGroupArn"] == site.green.arn


def test_rules_that_do_something_else_stay_as_they_are(site: Site, listeners: Listeners) -> None:
    redirect = {"Type": "redirect", "RedirectConfig": {"StatusCode": "HTTP_301", "Port": "443"}}
    rule = add_rule(site, "/old/*", redirect)
    before = actions_of(site, rule)

    Shift(site, listeners).to(50)

    assert actions_of(site, rule) == before


@pytest.mark.parametrize("percent", [0, 10, 100])
def test_whatever_was_moved_is_put_back_exactly(
    site: Site, listeners: Listeners, percent: int
) -> None:
    sticky = forward({site.blue.arn: 5})
    sticky["ForwardConfig"]["TargetGroupStickinessConfig"] = {
        "Enabled": True,
        "DurationSeconds": 60,
    }
    add_rule(site, "/api/*", SIGN_IN, to(site.blue.arn, Order=2))
    add_rule(site, "/sticky/*", sticky)
    before, shift = listening(site), Shift(site, listeners)

    shift.to(percent, keeps_both=percent == 0)
    moved = listening(site)
    shift.to(0)

    assert difference(before, moved) != []
    assert difference(before, listening(site)) == []


@pytest.fixture(scope="module")
def proxy(running_emulator: Emulator) -> Iterator[Faults]:
    with faults(running_emulator) as proxy:
        yield proxy


@pytest.fixture
def failing(proxy: Faults, monkeypatch: pytest.MonkeyPatch) -> Faults:
    proxy.clear()
    for name, value in proxy.environment.items():
        monkeypatch.setenv(name, value)
    return proxy


@pytest.fixture
def exposed(failing: Faults) -> Iterator[Listeners]:
    """Listeners that meet failures on their way to AWS."""
    clients = Aws()
    yield Listeners(clients)
    clients.close()


def test_what_is_routed_already_is_not_touched(
    site: Site, failing: Faults, exposed: Listeners
) -> None:
    add_rule(site, "/api/*", SIGN_IN, to(site.blue.arn, Order=2))
    shift = Shift(site, exposed)
    shift.to(10)
    refused = [failing.server_error("elbv2", each) for each in ("ModifyListener", "ModifyRule")]

    shift.to(10)

    assert [failing.fired(rule) for rule in refused] == [0, 0]


def test_a_change_whose_answer_was_lost_is_found_done(
    site: Site, failing: Faults, exposed: Listeners
) -> None:
    shift = Shift(site, exposed)
    failing.lose_answer("elbv2", "ModifyListener")
    with pytest.raises(ApplicationError) as lost:
        shift.to(10)
    refused = failing.server_error("elbv2", "ModifyListener")

    shift.to(10)

    assert not lost.value.non_retryable
    assert failing.fired(refused) == 0
    assert site.weights(site.production_listener) == {"shop-blue": 90, "shop-green": 10}


def test_what_can_be_done_is_done_though_another_call_fails(
    site: Site, failing: Faults, exposed: Listeners
) -> None:
    rule = add_rule(site, "/api/*", to(site.blue.arn))
    shift = Shift(site, exposed)
    failing.throttle("elbv2", "ModifyListener")

    with pytest.raises(ApplicationError, match="elasticloadbalancing:ModifyListener") as error:
        shift.to(100)

    assert not error.value.non_retryable
    assert actions_of(site, rule)[0]["TargetGroupArn"] == site.green.arn


def test_a_rule_that_was_deleted_meanwhile_is_named_and_the_rest_put_back(
    site: Site, listeners: Listeners
) -> None:
    deleted = add_rule(site, "/api/*", to(site.blue.arn))
    shift = Shift(site, listeners)
    shift.to(100)
    site.aws.client("elbv2").delete_rule(RuleArn=deleted)

    with pytest.raises(ApplicationError, match=deleted) as error:
        shift.to(0)

    assert error.value.type == "ELASTIC_LOAD_BALANCING_INVALID"
    assert error.value.non_retryable
    assert error.value.details == (RULES_GONE,)
    assert site.weights(site.production_listener) == {"shop-blue": 1}


def test_a_listener_that_was_deleted_meanwhile_is_named(site: Site, listeners: Listeners) -> None:
    shift = Shift(site, listeners)
    site.aws.client("elbv2").delete_listener(ListenerArn=site.production_listener)

    with pytest.raises(ApplicationError, match=site.production_listener) as error:
        shift.to(0)

    assert error.value.type == "ELASTIC_LOAD_BALANCING_INVALID"


# --- what can be given back

ARN = "arn:aws:elasticloadbalancing:::targetgroup/shop/1"
STICKY = {"Enabled": True, "DurationSeconds": 60}
NOT_STICKY = {"Enabled": False}


def in_config(weight: int | None = None, **more: Any) -> Action:
    group = {"TargetGroupArn": ARN} if weight is None else {"TargetGroupArn": ARN, "Weight": weight}
    return {"Type": "forward", "ForwardConfig": {"TargetGroups": [group], **more}}


FORWARDS = {
    "told in two ways": to(ARN) | in_config(1, TargetGroupStickinessConfig=NOT_STICKY),
    "told without a weight": in_config(),
    "told by its name": to(ARN),
}


@pytest.mark.parametrize("described", FORWARDS.values(), ids=FORWARDS)
def test_forwards_to_one_group_look_equal_however_they_are_told(described: Action) -> None:
    assert acceptable((described,)) == (to(ARN),)


@pytest.mark.parametrize(
    "described",
    [in_config(5), in_config(1, TargetGroupStickinessConfig=STICKY)],
    ids=["weighted", "sticky"],
)
def test_a_forward_to_one_group_keeps_what_only_its_configuration_tells(described: Action) -> None:
    assert acceptable((to(ARN) | described,)) == (described,)


def test_a_client_secret_that_is_not_told_stays_the_one_there_is() -> None:
    told = {"Issuer": "https://id.example.com", "ClientId": "shop"}

    (found,) = acceptable(({"Type": "authenticate-oidc", "AuthenticateOidcConfig": told},))

    assert found["AuthenticateOidcConfig"] == told | {"UseExistingClientSecret": True}


def test_what_does_not_forward_is_given_back_as_it_was_told() -> None:
    assert acceptable((SIGN_IN,)) == (SIGN_IN,)
