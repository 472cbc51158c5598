"""What a snapshot holds, and what it leaves out."""

from collections.abc import Callable

import pytest

from tests.aws.ecs_site import Site, build_site
from tests.aws.emulator import Emulator
from tests.aws.functions import publish
from tests.aws.site_parts import Plan
from tests.aws.snapshot import difference, snapshot
from tests.aws.waiting import until

SOURCE = "def handler(event, context): return {n}"


@pytest.fixture
def site(aws: Emulator) -> Site:
    return build_site(aws)


def test_there_is_no_difference_after_a_deployment_that_was_undone(site: Site) -> None:
    aws, ecs = site.aws, site.aws.client("ecs")
    before = snapshot(aws)
    site.route(site.production_listener, blue=100, green=0)
    arn = str(site.create_task_set(2, site.green, externalId="d-1")["taskSetArn"])
    until(lambda: site.is_steady(arn))

    ecs.delete_task_set(cluster=site.cluster, service=site.service, taskSet=arn, force=True)
    aws.client("elbv2").modify_listener(
        ListenerArn=site.production_listener,
        DefaultActions=[{"Type": "forward", "TargetGroupArn": site.blue.arn}],
    )

    assert difference(before, snapshot(aws)) == []
    assert before == snapshot(aws)


def test_a_weight_is_a_difference_that_can_be_read(site: Site) -> None:
    site.route(site.production_listener, blue=100, green=0)
    before = snapshot(site.aws)

    site.route(site.production_listener, blue=90, green=10)

    where = "listeners / shop:80 / rule default / then / 0 / ForwardConfig / TargetGroups"
    assert difference(before, snapshot(site.aws)) == [
        f"{where} / 0 / Weight: 100 became 90",
        f"{where} / 1 / Weight: 0 became 10",
    ]


def scale_down(site: Site) -> None:
    site.aws.client("ecs").update_task_set(
        cluster=site.cluster,
        service=site.service,
        taskSet=site.primary()["taskSetArn"],
        scale={"value": 50, "unit": "PERCENT"},
    )


def deregister_a_target(site: Site) -> None:
    client = site.aws.client("elbv2")
    found = client.describe_target_health(TargetGroupArn=site.blue.arn)
    target = found["TargetHealthDescriptions"][0]["Target"]
    client.deregister_targets(TargetGroupArn=site.blue.arn, Targets=[target])


def add_a_rule(site: Site) -> None:
    site.aws.client("elbv2").create_rule(
        ListenerArn=site.production_listener,
        Priority=1,
        Conditions=[{"Field": "path-pattern", "Values": ["/"]}],
        Actions=[{"Type": "forward", "TargetGroupArn": site.blue.arn}],
    )


def split_the_alias(site: Site) -> None:
    site.aws.client("lambda").update_alias(
        FunctionName="price",
        Name="live",
        RoutingConfig={"AdditionalVersionWeights": {"2": 0.1}},
    )


def use_green_in_the_test_listener(site: Site) -> None:
    site.aws.client("elbv2").modify_listener(
        ListenerArn=site.test_listener,
        DefaultActions=[{"Type": "forward", "TargetGroupArn": site.green.arn}],
    )


@pytest.mark.parametrize(
    ("change", "where"),
    [
        (scale_down, "services / shop/shop / task sets / 0 / scale / value"),
        (deregister_a_target, "target groups / shop-blue / targets"),
        (add_a_rule, "listeners / shop:80 / rule 1 / then"),
        (split_the_alias, "aliases / price:live / weights"),
        (use_green_in_the_test_listener, "target groups / shop-green / used by"),
    ],
)
def test_each_change_is_a_difference(
    site: Site, change: Callable[[Site], None], where: str
) -> None:
    for number in (1, 2):
        publish(site.aws, "price", SOURCE.format(n=number))
    site.aws.client("lambda").create_alias(FunctionName="price", Name="live", FunctionVersion="1")
    before = snapshot(site.aws)

    change(site)

    assert any(line.startswith(where) for line in difference(before, snapshot(site.aws)))


def test_two_places_built_alike_differ_in_identities_only(aws: Emulator) -> None:
    build_site(aws, Plan())
    first, first_named = snapshot(aws, with_identities=False), snapshot(aws)
    aws.reset()
    build_site(aws, Plan())

    again = snapshot(aws, with_identities=False)

    assert difference(first, again) == []
    assert difference(first_named, snapshot(aws)) != []
