from datetime import timedelta
from typing import Any

import pytest

from codedeploy.application import ComputePlatform
from codedeploy.appspec import EcsAppSpec, LambdaAppSpec
from codedeploy.configs import PREDEFINED
from codedeploy.ecs_service import EcsFacts, Listener, Service, TargetGroup, TaskSet
from codedeploy.lifecycle import ECS, ECS_HOOKS, LAMBDA, LifecycleEvent
from codedeploy.revision import AppSpecContent, BundleType, PinnedRevision, Revision, RevisionType
from codedeploy.traffic import Shift
from codedeploy.traffic_plan import PinnedAppSpec, TrafficPlan, changes_between, label_of
from codedeploy.waves import Known
from tests.codedeploy.fleets import hosts, plan

DEFINITION = "arn:aws:ecs:us-east-1:111122223333:task-definition/web:42"
ALL_HOOKS = dict.fromkeys(ECS_HOOKS, "check")
FUNCTION = LambdaAppSpec(
    function_name="arn:aws:lambda:us-east-1:111122223333:function:checkout",
    alias="live",
    current_version=1,
    target_version=5,
    hooks={LifecycleEvent.AFTER_ALLOW_TRAFFIC: "check"},
)
TASKS = EcsAppSpec(
    task_definition=DEFINITION, container_name="web", container_port=80, hooks=ALL_HOOKS
)
CANARY = (Shift(percent=10), Shift(percent=100, wait=timedelta(minutes=5)))
BLUE, GREEN = (TargetGroup(name=name, arn=name) for name in ("blue", "green"))


def pinned(appspec: LambdaAppSpec | EcsAppSpec, *, sha256: str = "0" * 64) -> PinnedAppSpec:
    revision = PinnedRevision(
        revision=Revision(
            revision_type=RevisionType.APP_SPEC_CONTENT,
            app_spec_content=AppSpecContent(sha256=sha256),
        ),
        label=label_of(appspec),
        location="file:///store/appspec",
        bundle_type=BundleType.JSON,
        sha256=sha256,
        size_bytes=1,
    )
    if isinstance(appspec, LambdaAppSpec):
        return PinnedAppSpec(pinned=revision, lambda_=appspec)
    return PinnedAppSpec(pinned=revision, ecs=appspec)


def of_lambda(**changed: Any) -> TrafficPlan:
    appspec = changed.pop("appspec", pinned(FUNCTION))
    members = {
        "application_name": "shop",
        "deployment_group_name": "prod",
        "deployment_config_name": "CodeDeployDefault.LambdaCanary10Percent5Minutes",
        "compute_platform": ComputePlatform.LAMBDA,
        "revision": appspec.pinned,
        "target": "checkout:live",
        "original": "1",
        "replacement": "5",
        "appspec": appspec,
        "schedule": CANARY,
    }
    return TrafficPlan.model_validate(members | changed)


def listener(name: str) -> Listener:
    return Listener(arn=name, load_balancer_arn="balancer", actions=())


def facts(*, has_test: bool = True, **counts: int) -> EcsFacts:
    original = TaskSet(id="ecs-svc/1", arn="ecs-svc/1", **counts)
    return EcsFacts(
        service=Service(
            cluster_arn="main", service_arn="web", name="web", cluster="main", task_sets=(original,)
        ),
        original=original,
        blue=BLUE,
        green=GREEN,
        production=listener("production"),
        test=listener("test") if has_test else None,
    )


def of_ecs(found: EcsFacts) -> TrafficPlan:
    return of_lambda(
        appspec=pinned(TASKS),
        compute_platform=ComputePlatform.ECS,
        target="main:web",
        original="web:41",
        replacement="web:42",
        ecs=found,
    )


@pytest.mark.parametrize(
    ("appspec", "label"), [(FUNCTION, "checkout:5"), (TASKS, "web:42")], ids=["Lambda", "ECS"]
)
def test_a_revision_is_called_by_what_it_brings(
    appspec: LambdaAppSpec | EcsAppSpec, label: str
) -> None:
    assert label_of(appspec) == label


def test_a_function_has_three_events() -> None:
    assert of_lambda().events == LAMBDA


def test_a_service_with_a_test_listener_has_all_events() -> None:
    assert of_ecs(facts()).events == ECS


def test_a_service_without_a_test_listener_has_no_events_of_test_traffic() -> None:
    left_out = set(ECS) - set(of_ecs(facts(has_test=False)).events)

    assert left_out == {LifecycleEvent.ALLOW_TEST_TRAFFIC, LifecycleEvent.AFTER_ALLOW_TEST_TRAFFIC}


def test_a_hook_of_an_event_that_does_not_happen_is_not_asked() -> None:
    hooks = of_ecs(facts(has_test=False)).hooks

    assert LifecycleEvent.AFTER_ALLOW_TEST_TRAFFIC not in hooks
    assert len(hooks) == len(ALL_HOOKS) - 1


def test_shifting_takes_from_the_first_shift_to_the_last() -> None:
    assert of_lambda().shifting_time == timedelta(minutes=5)


def test_a_plan_that_is_made_again_holds() -> None:
    assert changes_between(of_lambda(plan_id="p-1"), of_lambda(plan_id="p-2")) == ()


def test_the_counts_of_a_living_service_do_not_break_a_plan() -> None:
    before = of_ecs(facts(running_count=2, pending_count=0))
    now = of_ecs(facts(running_count=1, pending_count=1))

    assert changes_between(before, now) == ()


def forwarding(**weights: int) -> EcsFacts:
    """Return what is known of a service whose production listener has these weights."""
    groups = [{"TargetGroupArn": name, "Weight": weight} for name, weight in weights.items()]
    action = {"Type": "forward", "ForwardConfig": {"TargetGroups": groups}}
    production = listener("production").model_copy(update={"actions": (action,)})
    green = GREEN.model_copy(update={"load_balancer_arns": ("balancer",) * ("green" in weights)})
    return facts().model_copy(update={"production": production, "green": green})


def test_a_group_that_is_detached_meanwhile_does_not_break_a_plan() -> None:
    before = of_ecs(forwarding(blue=100, green=0))

    assert changes_between(before, of_ecs(forwarding(blue=1))) == ()


def test_traffic_that_is_divided_meanwhile_breaks_a_plan() -> None:
    before = of_ecs(forwarding(blue=1))

    (found,) = changes_between(before, of_ecs(forwarding(blue=90, green=10)))

    assert "its load balancer" in found


CHANGES = {
    "moved": ({"original": "3"}, "what has the traffic was 1, now 3"),
    "retargeted": ({"target": "checkout:beta"}, "the target was checkout:live, now checkout:beta"),
    "reconfigured": ({"deployment_config_name": "fast"}, "the configuration was "),
    "rerouted": ({"schedule": CANARY[1:]}, "the service, its load balancer or the group's rules"),
    "rewritten": (
        {"appspec": pinned(FUNCTION, sha256="1" * 64)},
        "the content of checkout:5 changed",
    ),
}


@pytest.mark.parametrize(("change", "said"), CHANGES.values(), ids=CHANGES)
def test_a_plan_no_longer_holds_when_what_it_stands_on_changed(
    change: dict[str, Any], said: str
) -> None:
    (found,) = changes_between(of_lambda(), of_lambda(**change))

    assert said in found


def test_a_plan_does_not_outlive_a_change_of_the_platform() -> None:
    servers = plan(hosts(2), PREDEFINED["CodeDeployDefault.AllAtOnce"], Known())

    assert changes_between(servers, of_lambda()) == ("the platform changed",)
