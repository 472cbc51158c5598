from functools import partial

import pytest

from activities.aws import Aws
from activities.target_groups import TargetGroups
from codedeploy.ecs_service import TaskSet
from tests.aws.ecs_site import Site, build_site
from tests.aws.emulator import Emulator
from tests.aws.site_parts import Plan
from tests.aws.target_health import HEALTH_TAG, Checks
from tests.aws.waiting import until

FIRST, SECOND = ({"Id": f"127.3.0.{number}", "Port": 8080} for number in (1, 2))


@pytest.fixture
def site(aws: Emulator) -> Site:
    return build_site(aws, Plan(desired_count=0, drain_seconds=60))


@pytest.fixture
def groups(clients: Aws) -> TargetGroups:
    return TargetGroups(clients, None)


def running(count: int) -> TaskSet:
    return TaskSet(id="ecs-svc/1", arn="arn", running_count=count, desired_count=count)


def register(site: Site, *targets: dict[str, object]) -> None:
    site.aws.client("elbv2").register_targets(TargetGroupArn=site.green.arn, Targets=list(targets))


def attach(site: Site) -> None:
    site.route(site.production_listener, blue=100, green=0)


def are(site: Site, *states: str) -> bool:
    return site.health(site.green) == list(states)


def test_healthy_targets_for_all_tasks_are_fit(site: Site, groups: TargetGroups) -> None:
    attach(site)
    register(site, FIRST, SECOND)
    until(partial(are, site, "healthy", "healthy"))

    assert groups.unfit(site.green.arn, running(2)) == ""


def test_targets_are_fit_while_nobody_checks_them(site: Site, groups: TargetGroups) -> None:
    register(site, FIRST)

    assert are(site, "unused")
    assert groups.unfit(site.green.arn, running(1)) == ""


def test_targets_that_fail_their_checks_are_unfit(site: Site, groups: TargetGroups) -> None:
    sick = {"Key": HEALTH_TAG, "Value": str(Checks.UNHEALTHY)}
    site.aws.client("elbv2").add_tags(ResourceArns=[site.green.arn], Tags=[sick])
    attach(site)
    register(site, FIRST, SECOND)
    until(partial(are, site, "unhealthy", "unhealthy"))

    assert groups.unfit(site.green.arn, running(2)) == (
        "target 127.3.0.1:8080 is unhealthy (Health checks failed), and 1 more"
    )


def test_fewer_targets_than_tasks_are_unfit(site: Site, groups: TargetGroups) -> None:
    attach(site)
    register(site, FIRST)
    until(partial(are, site, "healthy"))

    assert groups.unfit(site.green.arn, running(2)) == (
        "1 of the 2 running tasks are registered in the target group shop-green"
    )


def test_targets_that_drain_do_not_count(site: Site, groups: TargetGroups) -> None:
    attach(site)
    register(site, FIRST, SECOND)
    until(partial(are, site, "healthy", "healthy"))
    site.aws.client("elbv2").deregister_targets(TargetGroupArn=site.green.arn, Targets=[FIRST])

    assert are(site, "draining", "healthy")
    assert groups.unfit(site.green.arn, running(1)) == ""
    assert groups.unfit(site.green.arn, running(2)) != ""


def test_no_tasks_need_no_targets(site: Site, groups: TargetGroups) -> None:
    assert groups.unfit(site.green.arn, running(0)) == ""


def test_groups_are_found_in_the_order_of_their_names(site: Site, groups: TargetGroups) -> None:
    found = groups.named(("shop-green", "nowhere", "shop-blue"))

    assert [group.arn for group in found] == [site.green.arn, site.blue.arn]
    assert [len(group.load_balancer_arns) for group in found] == [0, 1]
