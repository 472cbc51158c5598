import asyncio
from collections.abc import Iterator
from contextlib import nullcontext
from datetime import timedelta
from itertools import repeat
from typing import Any

import pytest
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.aws import Aws
from activities.ecs_services import EcsServices
from codedeploy.appspec import EcsAppSpec
from codedeploy.ecs_rules import Expectation, judged, replacement_of
from codedeploy.ecs_service import ReplacementOrder, ServiceQuestion, TaskSet, TaskSetQuestion
from tests.activities.looks import looks
from tests.aws.ecs_site import Site, build_site
from tests.aws.emulator import Emulator
from tests.aws.site_parts import CONTAINER, CONTAINER_PORT, Plan
from tests.aws.target_health import Checks
from tests.aws.waiting import until

DEPLOYMENT = "d-ABCDEF123"
NAMES = ("shop-blue", "shop-green")


def often() -> Iterator[float]:
    return repeat(0.02)


@pytest.fixture
def services(clients: Aws) -> EcsServices:
    return EcsServices(clients, pauses=often, late_listing=timedelta(seconds=0.2))


@pytest.fixture
def site(aws: Emulator) -> Site:
    """A site whose green group is attached already, as before a replacement is created."""
    return attached(build_site(aws))


def attached(site: Site) -> Site:
    site.route(site.production_listener, blue=100, green=0)
    return site


def question_about(site: Site, **changed: Any) -> ServiceQuestion:
    asked = {
        "cluster": site.cluster,
        "service": site.service,
        "target_groups": NAMES,
        "production_listener": site.production_listener,
        "test_listener": site.test_listener,
    }
    return ServiceQuestion(**asked | changed)


def order_for(site: Site, services: EcsServices, version: int = 2, **said: Any) -> ReplacementOrder:
    found = services.look(question_about(site))
    appspec = EcsAppSpec(
        task_definition=site.task_definitions[version - 1],
        container_name=CONTAINER,
        container_port=CONTAINER_PORT,
        **said,
    )
    return replacement_of(judged(found, Expectation(NAMES, is_gradual=True)), appspec, DEPLOYMENT)


def replacement(site: Site, **more: Any) -> TaskSetQuestion:
    """Ask for the task set of the deployment."""
    asked = {"cluster": site.cluster, "service": site.service, "external_id": DEPLOYMENT}
    return TaskSetQuestion(**asked | more)


def original(site: Site) -> TaskSetQuestion:
    """Ask for the task set that has the traffic."""
    named = site.primary()["taskSetArn"]
    return replacement(site, task_set=named, external_id=None)


def statuses(site: Site) -> list[str]:
    return [each["status"] for each in site.task_sets()]


# --- looking


def test_a_service_is_found_with_all_that_a_deployment_must_know(
    site: Site, services: EcsServices
) -> None:
    found = services.look(question_about(site))

    assert found.service.full_name == "shop:shop"
    assert found.service.deployment_controller == "EXTERNAL"
    assert [group.name for group in found.target_groups] == list(NAMES)
    assert found.production.arn == site.production_listener
    assert found.test is not None
    assert found.test.arn == site.test_listener


def test_a_task_set_is_described_with_all_that_a_replacement_takes_over(
    site: Site, services: EcsServices
) -> None:
    (found,) = services.look(question_about(site)).service.task_sets

    assert found.arn == site.primary()["taskSetArn"]
    assert found.task_definition == site.task_definitions[0]
    assert (found.status, found.stability_status) == ("PRIMARY", "STEADY_STATE")
    assert (found.desired_count, found.pending_count, found.running_count) == (2, 0, 2)
    assert found.target_group_arns == (site.blue.arn,)
    assert (found.launch_type, found.platform_version) == ("FARGATE", "1.4.0")
    assert found.network is not None
    assert found.network.model_dump(mode="json") == site.network["awsvpcConfiguration"]


def test_a_target_group_that_does_not_exist_is_left_out(site: Site, services: EcsServices) -> None:
    found = services.look(question_about(site, target_groups=("nowhere", "shop-green")))

    assert [group.name for group in found.target_groups] == ["shop-green"]


@pytest.mark.parametrize("missing", ["cluster", "service"])
def test_a_service_that_does_not_exist_is_named(
    site: Site, services: EcsServices, missing: str
) -> None:
    with pytest.raises(ApplicationError, match="nowhere") as error:
        services.look(question_about(site, **{missing: "nowhere"}))

    assert error.value.type == "INVALID_ECS_SERVICE"
    assert error.value.non_retryable


# --- creating


def test_a_replacement_is_created_like_the_original(site: Site, services: EcsServices) -> None:
    created = services.create_replacement(order_for(site, services))

    (described,) = [each for each in site.task_sets() if each["taskSetArn"] == created.arn]
    expected = site.primary() | {"loadBalancers": [site.load_balancer(site.green)]}
    kept = ("launchType", "platformVersion", "networkConfiguration", "loadBalancers", "scale")
    assert {key: described[key] for key in kept} == {key: expected[key] for key in kept}
    assert described["externalId"] == DEPLOYMENT
    assert described["taskDefinition"] == site.task_definitions[1]


def test_a_second_call_creates_no_second_replacement(site: Site, services: EcsServices) -> None:
    order = order_for(site, services)

    first, second = services.create_replacement(order), services.create_replacement(order)

    assert first.arn == second.arn
    assert len(site.task_sets()) == 2


def test_a_capacity_provider_strategy_takes_the_place_of_the_launch_type(
    aws: Emulator, services: EcsServices
) -> None:
    site = attached(build_site(aws, Plan(desired_count=0, capacity_providers=("FARGATE_SPOT",))))

    created = services.create_replacement(order_for(site, services))

    assert created.launch_type is None
    assert [one.capacity_provider for one in created.capacity_provider_strategy] == ["FARGATE_SPOT"]


def test_what_ecs_says_to_a_replacement_that_cannot_be_is_told(
    site: Site, services: EcsServices
) -> None:
    order = order_for(site, services).model_copy(update={"container_name": "nobody"})

    with pytest.raises(ApplicationError) as error:
        services.create_replacement(order)

    assert error.value.type == "ECS_UPDATE_ERROR"
    assert error.value.non_retryable
    assert "ecs:CreateTaskSet on shop:shop is refused" in error.value.message
    assert "container nobody does not exist in the task definition" in error.value.message


# --- waiting until it is steady


async def test_a_replacement_is_steady_when_its_tasks_run_and_are_healthy(
    site: Site, services: EcsServices
) -> None:
    services.create_replacement(order_for(site, services))

    steady = await ActivityEnvironment().run(
        services.until_steady, replacement(site, target_group_arn=site.green.arn)
    )

    assert (steady.running_count, steady.desired_count) == (2, 2)
    assert site.health(site.green) == ["healthy", "healthy"]


async def test_each_look_is_told_with_the_counts(aws: Emulator, services: EcsServices) -> None:
    site = attached(build_site(aws, Plan(broken=(2,))))
    services.create_replacement(order_for(site, services))

    async with looks(services.until_steady, replacement(site)) as told:
        seen = [await told.get() for _ in range(2)]

    assert [(look.pending_count, look.running_count) for look in seen] == [(2, 0)] * 2


async def test_the_last_look_is_told_as_well(site: Site, services: EcsServices) -> None:
    services.create_replacement(order_for(site, services))
    watching, seen = ActivityEnvironment(), list[TaskSet]()
    watching.on_heartbeat = seen.append

    steady = await watching.run(services.until_steady, replacement(site))

    assert seen[-1] == steady


async def test_a_service_that_wants_no_tasks_is_steady_without_any(
    aws: Emulator, services: EcsServices
) -> None:
    site = attached(build_site(aws, Plan(desired_count=0)))
    services.create_replacement(order_for(site, services))

    steady = await ActivityEnvironment().run(
        services.until_steady, replacement(site, target_group_arn=site.green.arn)
    )

    assert steady.running_count == 0


async def first_trouble(services: EcsServices, question: TaskSetQuestion) -> str:
    """Return the first trouble that is told of a task set that never gets steady."""
    told: asyncio.Queue[TaskSet]
    async with looks(services.until_steady, question) as told:
        while not (trouble := (await told.get()).trouble):
            pass
    return trouble


async def test_targets_that_fail_their_checks_are_told(
    aws: Emulator, services: EcsServices
) -> None:
    site = attached(build_site(aws, Plan(desired_count=1)))
    aws.client("elbv2").add_tags(
        ResourceArns=[site.green.arn],
        Tags=[{"Key": "emulator:health", "Value": str(Checks.UNHEALTHY)}],
    )
    services.create_replacement(order_for(site, services))
    until(lambda: site.health(site.green) == ["unhealthy"])

    trouble = await first_trouble(services, replacement(site, target_group_arn=site.green.arn))

    assert "8080 is unhealthy (Health checks failed)" in trouble


async def test_a_replacement_that_disappears_ends_the_wait(
    aws: Emulator, services: EcsServices
) -> None:
    site = attached(build_site(aws, Plan(desired_count=1, broken=(2,))))
    services.create_replacement(order_for(site, services))
    waiting = asyncio.create_task(
        ActivityEnvironment().run(services.until_steady, replacement(site))
    )

    await ActivityEnvironment().run(services.delete, replacement(site))

    with pytest.raises(ApplicationError, match=f"shop:shop has no task set of {DEPLOYMENT}") as end:
        await waiting
    assert end.value.type == "ECS_UPDATE_ERROR"
    assert end.value.non_retryable


# --- changing who is primary


def test_a_replacement_becomes_primary_once(site: Site, services: EcsServices) -> None:
    created = services.create_replacement(order_for(site, services))

    for _ in range(2):
        services.make_primary(replacement(site))

    assert site.primary()["taskSetArn"] == created.arn


def test_a_task_set_that_is_gone_does_not_become_primary(site: Site, services: EcsServices) -> None:
    with pytest.raises(ApplicationError, match=DEPLOYMENT) as error:
        services.make_primary(replacement(site))

    assert error.value.type == "ECS_UPDATE_ERROR"


# --- deleting


async def test_a_deleted_task_set_has_gone_with_its_tasks(
    site: Site, services: EcsServices
) -> None:
    services.create_replacement(order_for(site, services))
    await ActivityEnvironment().run(services.until_steady, replacement(site))

    await ActivityEnvironment().run(services.delete, replacement(site))

    assert statuses(site) == ["PRIMARY"]
    assert site.health(site.green) == []


async def test_the_original_is_deleted_by_its_name_when_it_is_no_longer_primary(
    site: Site, services: EcsServices
) -> None:
    question, created = original(site), services.create_replacement(order_for(site, services))
    services.make_primary(replacement(site))

    await ActivityEnvironment().run(services.delete, question)

    assert [each["taskSetArn"] for each in site.task_sets()] == [created.arn]


@pytest.mark.parametrize("missing", ["external_id", "service", "cluster"])
async def test_what_is_not_there_is_as_good_as_deleted(
    site: Site, services: EcsServices, missing: str
) -> None:
    await ActivityEnvironment().run(services.delete, replacement(site, **{missing: "nowhere"}))

    assert statuses(site) == ["PRIMARY"]


async def test_a_replacement_that_is_listed_late_is_deleted(site: Site, clients: Aws) -> None:
    services = EcsServices(clients, pauses=often, late_listing=timedelta(seconds=30))
    environment, looked = ActivityEnvironment(), asyncio.Event()
    environment.on_heartbeat = lambda *_: looked.set()
    deleting = asyncio.create_task(environment.run(services.delete, replacement(site)))
    await looked.wait()

    services.create_replacement(order_for(site, services))
    await deleting

    assert statuses(site) == ["PRIMARY"]


async def test_the_primary_task_set_is_never_deleted(site: Site, services: EcsServices) -> None:
    with pytest.raises(ApplicationError, match="is not deleted: it is the primary one") as error:
        await ActivityEnvironment().run(services.delete, original(site))

    assert not error.value.non_retryable
    assert statuses(site) == ["PRIMARY"]


@pytest.mark.parametrize("blue", [0, 1])
async def test_an_original_that_has_traffic_again_is_spared(
    site: Site, services: EcsServices, blue: int
) -> None:
    question, _ = original(site), services.create_replacement(order_for(site, services))
    services.make_primary(replacement(site))
    site.route(site.production_listener, blue=blue, green=100)
    spared = question.model_copy(update={"spared_by": site.production_listener})

    with (
        pytest.raises(ApplicationError, match="sends it production traffic")
        if blue
        else nullcontext()
    ):
        await ActivityEnvironment().run(services.delete, spared)

    assert len(site.task_sets()) == 1 + blue


async def test_an_original_whose_listener_tells_late_is_deleted(site: Site, clients: Aws) -> None:
    services = EcsServices(clients, pauses=often, late_listing=timedelta(seconds=30))
    question, _ = original(site), services.create_replacement(order_for(site, services))
    services.make_primary(replacement(site))
    environment, looked = ActivityEnvironment(), asyncio.Event()
    environment.on_heartbeat = lambda *_: looked.set()
    spared = question.model_copy(update={"spared_by": site.production_listener})
    deleting = asyncio.create_task(environment.run(services.delete, spared))
    await looked.wait()

    site.route(site.production_listener, blue=0, green=100)
    await deleting

    assert len(site.task_sets()) == 1


async def test_a_task_set_that_drains_for_long_is_tried_again(aws: Emulator, clients: Aws) -> None:
    impatient = EcsServices(clients, pauses=often, longest_drain=timedelta(seconds=0.5))
    site = attached(build_site(aws, Plan(desired_count=1, drain_seconds=60)))
    impatient.create_replacement(order_for(site, impatient))
    await ActivityEnvironment().run(impatient.until_steady, replacement(site))

    with pytest.raises(ApplicationError, match="was not gone after 0:00:00") as error:
        await ActivityEnvironment().run(impatient.delete, replacement(site))

    assert not error.value.non_retryable
    assert statuses(site) == ["PRIMARY", "DRAINING"]
