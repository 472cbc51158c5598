from typing import Any

from codedeploy.application import ComputePlatform
from codedeploy.appspec import EcsAppSpec, LambdaAppSpec
from codedeploy.ecs_service import EcsFacts, Listener, Service, TargetGroup, TaskSet
from codedeploy.lifecycle import LifecycleEvent
from codedeploy.traffic_plan import PinnedAppSpec, TrafficPlan
from starter.render.canvas import ASCII
from starter.render.lines import plain
from starter.render.plan import plan_view
from tests.starter import deployments as given_
from tests.starter.fake_rollway import FakeRollway, rollway
from tests.starter.test_render_plan import pinned
from tests.starter.traffic_deployments import CANARY, LINEAR, shifts

COMMAND = "rollway deploy checkout/live --plan-id p-1"

FUNCTION = """\
checkout/live   checkout:4 → checkout:5   plan p-1
  revision       checkout:5 (tgz, 1.2 MB, sha256 abababababab)
  configuration  CodeDeployDefault.LambdaLinear10PercentEvery1Minute
  target         Lambda checkout:live
  traffic        version 4 → version 5, 10 shifts in 9m00s
  hooks          BeforeAllowTraffic: check-checkout

▁▁▁▁▂▂▂▂▃▃▃▃▃▃▃▃▄▄▄▄▅▅▅▅▅▅▅▅▆▆▆▆▇▇▇▇█
· 10%          · 20% +1m00s   · 30% +2m00s   · 40% +3m00s   · 50% +4m00s
· 60% +5m00s   · 70% +6m00s   · 80% +7m00s   · 90% +8m00s   · 100% +9m00s

! the alias is public

Deploy exactly this: rollway deploy checkout/live --plan-id p-1
"""

SERVICE_IN_ASCII = """\
web/prod   web:42   plan p-1
  revision       web:42 (tgz, 1.2 MB, sha256 abababababab)
  configuration  CodeDeployDefault.ECSCanary10Percent5Minutes
  target         ECS prod:web
  traffic        web:41 -> web:42, 2 shifts in 5m00s
  replacement    3 tasks in web-green, beside those in web-blue
  listeners      production port 443 | test port 9443
  hooks          AfterInstall: try-it
  ready wait     at most 1h00m for `rollway continue`, else it stops
  original       deleted 30m after the success

......................................#
- 10%          - 100% +5m00s

Deploy exactly this: rollway deploy checkout/live --plan-id p-1
"""


def function(**members: Any) -> TrafficPlan:
    appspec = LambdaAppSpec(
        function_name="checkout",
        alias="live",
        current_version=4,
        target_version=5,
        hooks={LifecycleEvent.BEFORE_ALLOW_TRAFFIC: "check-checkout"},
    )
    known: dict[str, Any] = {
        "plan_id": "p-1",
        "application_name": "checkout",
        "deployment_group_name": "live",
        "deployment_config_name": LINEAR,
        "compute_platform": ComputePlatform.LAMBDA,
        "revision": pinned("checkout:5"),
        "previous_revision": pinned("checkout:4"),
        "target": "checkout:live",
        "original": "4",
        "replacement": "5",
        "appspec": PinnedAppSpec(pinned=pinned("checkout:5"), lambda_=appspec),
        "schedule": shifts(LINEAR),
    }
    return TrafficPlan(**(known | members))


def _listener(port: int) -> Listener:
    return Listener(arn=f"arn:{port}", load_balancer_arn="arn:lb", port=port, actions=())


def service(**members: Any) -> TrafficPlan:
    appspec = EcsAppSpec(
        task_definition="arn:web:42",
        container_name="web",
        container_port=80,
        hooks={LifecycleEvent.AFTER_INSTALL: "try-it"},
    )
    facts = EcsFacts(
        service=Service(
            cluster_arn="c", service_arn="s", name="web", cluster="prod", desired_count=3
        ),
        original=TaskSet(id="ecs-svc/1", arn="arn:1"),
        blue=TargetGroup(name="web-blue", arn="arn:blue"),
        green=TargetGroup(name="web-green", arn="arn:green"),
        production=_listener(443),
        test=_listener(9443),
    )
    known: dict[str, Any] = {
        "application_name": "web",
        "deployment_group_name": "prod",
        "deployment_config_name": CANARY,
        "compute_platform": ComputePlatform.ECS,
        "revision": pinned("web:42"),
        "previous_revision": None,
        "target": "prod:web",
        "original": "web:41",
        "replacement": "web:42",
        "appspec": PinnedAppSpec(pinned=pinned("web:42"), ecs=appspec),
        "schedule": shifts(CANARY),
        "ecs": facts,
        "ready_wait_minutes": 60,
        "termination_wait_minutes": 30,
    }
    return function(**(known | members))


def shown(plan: TrafficPlan, **members: Any) -> str:
    return plain(plan_view(plan, given_.canvas(width=80, **members), command=COMMAND))


def test_the_plan_for_a_function_shows_its_schedule_with_times() -> None:
    assert shown(function(warnings=("the alias is public",))) == FUNCTION


def test_the_plan_for_a_service_shows_its_parts_and_waits_in_letters_too() -> None:
    assert shown(service(), glyphs=ASCII) == SERVICE_IN_ASCII


def test_without_waits_nobody_is_asked_and_nothing_is_kept() -> None:
    text = shown(service(ready_wait_minutes=0, termination_wait_minutes=0))

    assert "ready wait" not in text
    assert "  original       deleted at the end\n" in text


def test_what_moves_at_once_has_one_shift_and_no_plot() -> None:
    text = shown(service(schedule=shifts("CodeDeployDefault.ECSAllAtOnce")))

    assert "web:41 → web:42, all at once\n" in text
    assert "\n\n· 100%\n\n" in text


def test_a_deployment_that_changes_nothing_says_so_and_has_no_schedule() -> None:
    text = shown(function(no_op="checkout:live points to version 5 already."))

    assert "! nothing to do: checkout:live points to version 5 already.\n" in text
    assert "shifts" not in text
    assert "hooks" not in text


def test_the_command_prints_such_a_plan_and_how_to_deploy_it() -> None:
    result = rollway(FakeRollway(planned=function()), "plan", "checkout/live")

    assert result.exit_code == 0
    assert "version 4 → version 5, 10 shifts in 9m00s" in result.stdout
    assert result.stdout.endswith("rollway deploy checkout/live --plan-id p-1\n")
