"""As much of AWS as a deployment that moves traffic asks for, in memory: calls take no time."""

import asyncio
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from temporalio import activity
from temporalio.exceptions import ApplicationError

from codedeploy.alarm import AlarmQuestion, AlarmReport
from codedeploy.appspec import EcsAppSpec, LambdaAppSpec, parse
from codedeploy.configs import DeploymentConfig
from codedeploy.ecs_service import (
    EXTERNAL,
    Listener,
    ListenerRoute,
    ReplacementOrder,
    Service,
    ServiceDescription,
    ServiceQuestion,
    TargetGroup,
    TaskSet,
    TaskSetQuestion,
)
from codedeploy.hook import HookAnswer, HookCall
from codedeploy.lambda_alias import AliasQuestion, AliasRoute, AliasState
from codedeploy.revision import BundleType, PinnedRevision
from codedeploy.traffic_plan import AppSpecQuestion, PinnedAppSpec, label_of

ORIGINAL, REPLACEMENT = "ecs-svc/1", "ecs-svc/2"
BLUE, GREEN = (TargetGroup(name=name, arn=f"arn/{name}") for name in ("blue", "green"))


class Told(NamedTuple):
    """That AWS was told, and when, to give so many percent of the traffic to the replacement.

    The activity that told it is named, since its time here and in the history may differ by a bit.
    """

    time: datetime
    percent: int
    activity_id: str


class FakeFiles:
    """AppSpec files, and custom configurations by their names."""

    def __init__(self) -> None:
        self.configs: dict[str, DeploymentConfig] = {}

    @activity.defn
    async def load_config(self, name: str) -> DeploymentConfig:
        return self.configs[name]

    @activity.defn
    async def pin_appspec(self, question: AppSpecQuestion) -> PinnedAppSpec:
        text = question.revision.app_spec_content
        assert text is not None
        assert text.content is not None
        appspec = parse(text.content, question.platform)
        assert isinstance(appspec, LambdaAppSpec | EcsAppSpec)
        pinned = PinnedRevision(
            revision=question.revision,
            label=label_of(appspec),
            location="file:///store/appspec",
            bundle_type=BundleType.JSON,
            sha256="0" * 64,
            size_bytes=1,
        )
        if isinstance(appspec, LambdaAppSpec):
            return PinnedAppSpec(pinned=pinned, lambda_=appspec)
        return PinnedAppSpec(pinned=pinned, ecs=appspec)


class FakeFunctions:
    """Functions whose aliases point to version 1, and hooks that say nothing.

    Attributes:
        aliases: Where they point, by function.
        told: Where they were pointed to, by function, in order.
        refusals: What AWS says to the percentages that it refuses.
        asked: The hook calls, in order.
    """

    def __init__(self) -> None:
        self.aliases: dict[str, AliasState] = {}
        self.told: dict[str, list[Told]] = defaultdict(list)
        self.refusals: dict[int, ApplicationError] = {}
        self.asked: list[HookCall] = []

    @activity.defn
    async def look_at_alias(self, question: AliasQuestion) -> AliasState:
        name, alias = question.function_name, question.alias
        unmoved = AliasState(function_name=name, alias=alias, version="1")
        return self.aliases.setdefault(name, unmoved)

    @activity.defn
    async def route_alias(self, route: AliasRoute) -> None:
        if route.target_percent in self.refusals:
            raise self.refusals[route.target_percent]
        self.told[route.function_name].append(_told(route.target_percent))
        moved = {"version": route.version, "weights": route.weights}
        state = self.aliases[route.function_name]
        self.aliases[route.function_name] = state.model_copy(update=moved)

    @activity.defn
    async def call_hook(self, call: HookCall) -> HookAnswer:
        self.asked.append(call)
        return HookAnswer()


class FakeAlarms:
    """Alarms that are quiet until they fire.

    Attributes:
        firing: Those that fire, with the reason.
        are_watched: Whether a watch goes on; no time is skipped while one does.
    """

    def __init__(self) -> None:
        self.firing: dict[str, str] = {}
        self.are_watched = False

    @activity.defn(name="look_at_alarms")
    async def look(self, question: AlarmQuestion) -> AlarmReport:
        return AlarmReport(firing=self.firing)

    @activity.defn(name="watch_alarms")
    async def watch(self, question: AlarmQuestion) -> AlarmReport:
        while self.are_watched and not self.firing:
            activity.heartbeat()
            await asyncio.sleep(0.02)
        return AlarmReport(firing=self.firing if self.are_watched else {})


@dataclass
class ServiceState:
    """A service that can be compared with how it was.

    Attributes:
        green: Percent of a listener's traffic that goes to the replacement.
    """

    task_sets: list[str] = field(default_factory=lambda: [ORIGINAL])
    primary: str = ORIGINAL
    green: dict[str, int] = field(default_factory=lambda: {"production": 0, "test": 0})


class FakeServices:
    """Services with one task set, whose replacements are steady at once.

    Attributes:
        states: How they stand, by the service's name.
        stuck: What AWS answers to whoever gives a production listener back to the original; None
            does it.
        told: What their production listeners were told, by the service's name, in order.
    """

    def __init__(self) -> None:
        self.told: dict[str, list[Told]] = defaultdict(list)
        self.states: dict[str, ServiceState] = defaultdict(ServiceState)
        self.stuck: ApplicationError | None = None

    @activity.defn
    async def look_at_service(self, question: ServiceQuestion) -> ServiceDescription:
        test = question.test_listener
        service = Service(
            cluster_arn="cluster",
            service_arn=question.service,
            name=question.service,
            cluster=question.cluster,
            deployment_controller=EXTERNAL,
            task_sets=(_task_set(ORIGINAL, BLUE.arn),),
        )
        return ServiceDescription(
            service=service,
            target_groups=(BLUE, GREEN),
            production=_listener(question.production_listener),
            test=None if test is None else _listener(test),
        )

    @activity.defn
    async def create_replacement(self, order: ReplacementOrder) -> TaskSet:
        self.states[order.service].task_sets.append(REPLACEMENT)
        return _task_set(REPLACEMENT, GREEN.arn)

    @activity.defn
    async def await_steady_state(self, question: TaskSetQuestion) -> TaskSet:
        return _task_set(REPLACEMENT, GREEN.arn)

    @activity.defn
    async def make_task_set_primary(self, question: TaskSetQuestion) -> None:
        assert question.task_set is not None
        self.states[question.service].primary = question.task_set

    @activity.defn
    async def delete_task_set(self, question: TaskSetQuestion) -> None:
        state, doomed = self.states[question.service], question.task_set or REPLACEMENT
        if state.primary == doomed:
            raise ApplicationError(f"{doomed} is the primary one", non_retryable=True)
        state.task_sets.remove(doomed)

    @activity.defn
    async def route_listener(self, route: ListenerRoute) -> None:
        service, _, listener = route.before.arn.partition("/")
        if self.stuck is not None and listener == "production" and route.green_percent == 0:
            raise self.stuck
        if listener == "production" and not route.only_detaches:
            self.told[service].append(_told(route.green_percent))
        self.states[service].green[listener] = route.green_percent


def _told(percent: int) -> Told:
    info = activity.info()
    return Told(time=info.scheduled_time, percent=percent, activity_id=info.activity_id)


def _task_set(name: str, group: str) -> TaskSet:
    return TaskSet(id=name, arn=name, task_definition="web:1", target_group_arns=(group,))


def _listener(arn: str) -> Listener:
    forward = {"Type": "forward", "TargetGroupArn": BLUE.arn}
    return Listener(arn=arn, load_balancer_arn="balancer", actions=(forward,))
