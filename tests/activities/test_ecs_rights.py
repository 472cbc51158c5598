"""The rights that each activity of an ECS deployment needs: all of these, and no others."""

import itertools
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.aws import Aws
from activities.ecs_services import EcsServices
from activities.listeners import Listeners
from codedeploy.ecs_service import (
    Listener,
    ListenerRoute,
    ReplacementOrder,
    ServiceQuestion,
    TaskSetQuestion,
)
from tests.activities.looks import looks
from tests.aws.authorization import allowing, assume, authorization
from tests.aws.ecs_site import Site, build_site
from tests.aws.emulator import Emulator
from tests.aws.site_parts import CONTAINER, CONTAINER_PORT, Plan

DEPLOYMENT = "d-ABCDEF123"
READ_SERVICE = "ecs:DescribeServices"
BALANCING = "elasticloadbalancing"


@dataclass(frozen=True)
class World:
    """A site with a replacement task set, and a rule that forwards to the original one."""

    site: Site
    before: Listener
    percents: Iterator[int] = field(default_factory=lambda: itertools.count(10))

    def order(self, deployment: str) -> ReplacementOrder:
        return ReplacementOrder(
            cluster=self.site.cluster,
            service=self.site.service,
            external_id=deployment,
            task_definition=self.site.task_definitions[1],
            target_group_arn=self.site.green.arn,
            container_name=CONTAINER,
            container_port=CONTAINER_PORT,
            launch_type="FARGATE",
            network=self.site.network["awsvpcConfiguration"],
        )

    def service(self) -> ServiceQuestion:
        return ServiceQuestion(
            cluster=self.site.cluster,
            service=self.site.service,
            target_groups=("shop-blue", "shop-green"),
            production_listener=self.site.production_listener,
        )

    def next_route(self) -> ListenerRoute:
        """Return a route that the listener has not been given before."""
        return ListenerRoute(
            before=self.before,
            blue_arn=self.site.blue.arn,
            green_arn=self.site.green.arn,
            green_percent=next(self.percents),
        )

    def replacement(self, **more: Any) -> TaskSetQuestion:
        named = {"cluster": self.site.cluster, "service": self.site.service}
        return TaskSetQuestion(**named | {"external_id": DEPLOYMENT} | more)


@pytest.fixture
def world(aws: Emulator, clients: Aws) -> World:
    site = build_site(aws, Plan(desired_count=0))
    forward = {"Type": "forward", "TargetGroupArn": site.blue.arn}
    aws.client("elbv2").create_rule(
        ListenerArn=site.production_listener,
        Priority=1,
        Conditions=[{"Field": "path-pattern", "Values": ["/api/*"]}],
        Actions=[forward],
    )
    before = Listeners(clients).describe(site.production_listener, None)
    site.route(site.production_listener, blue=100, green=0)
    site.create_task_set(2, site.green, externalId=DEPLOYMENT)
    return World(site, before)


Activity = Callable[[Aws, World], Awaitable[Any]]


async def look(aws: Aws, world: World) -> None:
    EcsServices(aws).look(world.service())


async def create(aws: Aws, world: World) -> None:
    EcsServices(aws).create_replacement(world.order("d-NEWER1234"))


async def await_steady_state(aws: Aws, world: World) -> None:
    question = world.replacement(target_group_arn=world.site.green.arn)
    await ActivityEnvironment().run(EcsServices(aws).until_steady, question)


async def make_primary(aws: Aws, world: World) -> None:
    EcsServices(aws).make_primary(world.replacement())


async def delete(aws: Aws, world: World) -> None:
    await ActivityEnvironment().run(EcsServices(aws).delete, world.replacement())


async def route(aws: Aws, world: World) -> None:
    Listeners(aws).route(world.next_route())


NEEDED: dict[str, tuple[Activity, tuple[str, ...]]] = {
    "look_at_service": (
        look,
        (
            READ_SERVICE,
            f"{BALANCING}:DescribeTargetGroups",
            f"{BALANCING}:DescribeListeners",
            f"{BALANCING}:DescribeRules",
            f"{BALANCING}:DescribeLoadBalancers",
        ),
    ),
    "create_replacement": (create, (READ_SERVICE, "ecs:CreateTaskSet")),
    "await_steady_state": (await_steady_state, (READ_SERVICE, f"{BALANCING}:DescribeTargetHealth")),
    "make_task_set_primary": (make_primary, (READ_SERVICE, "ecs:UpdateServicePrimaryTaskSet")),
    "delete_task_set": (delete, (READ_SERVICE, "ecs:DeleteTaskSet")),
    "route_listener": (
        route,
        (
            f"{BALANCING}:DescribeListeners",
            f"{BALANCING}:DescribeRules",
            f"{BALANCING}:ModifyListener",
            f"{BALANCING}:ModifyRule",
        ),
    ),
}


class Roles:
    """Workers that may do this and that, on an emulator that then checks it."""

    def __init__(self, aws: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
        self._aws = aws
        self._monkeypatch = monkeypatch

    @contextmanager
    def worker(self, *actions: str) -> Iterator[Aws]:
        role = f"worker-{len(self._aws.client('iam').list_roles()['Roles'])}"
        credentials = assume(self._aws, role, allowing(*actions))
        self._monkeypatch.setenv("AWS_ACCESS_KEY_ID", credentials.access_key_id)
        self._monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", credentials.secret_access_key)
        self._monkeypatch.setenv("AWS_SESSION_TOKEN", str(credentials.session_token))
        worker = Aws()
        with authorization(self._aws):
            yield worker
        worker.close()


@pytest.fixture
def roles(aws: Emulator, monkeypatch: pytest.MonkeyPatch) -> Roles:
    return Roles(aws, monkeypatch)


@pytest.mark.parametrize(("activity", "needed"), NEEDED.values(), ids=NEEDED)
async def test_these_rights_are_enough(
    world: World, roles: Roles, activity: Activity, needed: tuple[str, ...]
) -> None:
    with roles.worker(*needed) as worker:
        await activity(worker, world)


@pytest.mark.parametrize(("activity", "needed"), NEEDED.values(), ids=NEEDED)
async def test_a_right_that_is_missing_is_named(
    world: World, roles: Roles, activity: Activity, needed: tuple[str, ...]
) -> None:
    for missing in needed:
        with (
            roles.worker("sns:Publish", *(each for each in needed if each != missing)) as worker,
            pytest.raises(ApplicationError, match=f"Allow {missing} ") as error,
        ):
            await activity(worker, world)

        assert error.value.type == "IAM_ROLE_PERMISSIONS"
        assert error.value.non_retryable


async def test_reasons_that_may_not_be_read_are_no_reason_to_fail(
    aws: Emulator, clients: Aws, roles: Roles
) -> None:
    site = build_site(aws, Plan(desired_count=1, broken=(2,)))
    site.route(site.production_listener, blue=100, green=0)
    site.create_task_set(2, site.green, externalId=DEPLOYMENT)
    asked = TaskSetQuestion(cluster=site.cluster, service=site.service, external_id=DEPLOYMENT)

    with roles.worker(READ_SERVICE) as worker:
        services = EcsServices(worker, pauses=lambda: itertools.repeat(0.02))
        async with looks(services.until_steady, asked) as told:
            seen = await told.get()

    assert "Allow ecs:ListTasks" in seen.trouble
