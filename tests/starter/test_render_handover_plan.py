import pytest

from codedeploy.blue_green import TerminationAction
from starter.render.lines import plain
from starter.render.plan import plan_view
from tests.starter import deployments as given_
from tests.starter import handovers as those

COMMAND = "rollway deploy shop/prod --target-tag fleet=green --plan-id p-1"

SHOWN = """\
shop/prod   v2   plan p-1
  revision       v2 (tgz, 1.2 MB, sha256 abababababab)
  configuration  CodeDeployDefault.HalfAtATime
  original       2 hosts: b-1, b-2
  replacement    3 hosts: g-1, g-2, g-3
  floor          max(0, 3 - 1) = 2 must stay of 3 replacement hosts
  ready wait     at most 1h00m for `rollway continue`, else it stops
  at the end     the original is terminated 1h30m after the success

  STAGE             FLEET        HOSTS  PACE
  1 install         replacement  3      at most 1 at once
  2 reroute         replacement  3      at most 1 at once, beside the original
  3 block original  original     2      all at once

! no agent asks for work on g-3

Deploy exactly this: rollway deploy shop/prod --target-tag fleet=green --plan-id p-1
"""


def test_a_handover_is_shown_with_both_fleets_its_stages_and_its_end() -> None:
    made = those.plan_of().model_copy(update={"warnings": ("no agent asks for work on g-3",)})

    assert plain(plan_view(made, given_.canvas(), command=COMMAND)) == SHOWN


def test_a_copy_is_named_after_its_source_and_counted() -> None:
    made = those.plan_of(copied="web-asg", green=())

    shown = plain(plan_view(made, given_.canvas(), command=COMMAND))

    assert "  replacement    a copy of the Auto Scaling group web-asg, 3 instances\n" in shown


def test_many_instances_fold() -> None:
    made = those.plan_of(blue=tuple(f"b-{number}" for number in range(1, 21)))

    shown = plain(plan_view(made, given_.canvas(), command=COMMAND))

    assert "  original       20 hosts: b-1, b-2, b-3, b-4, b-5 … b-20 (20)\n" in shown


def test_nobody_is_waited_for_who_need_not_say_anything() -> None:
    made = those.plan_of(ready_wait_minutes=0)

    assert "ready wait" not in plain(plan_view(made, given_.canvas(), command=COMMAND))


@pytest.mark.parametrize(
    ("minutes", "action", "end"),
    [
        (0, TerminationAction.TERMINATE, "terminated at once"),
        (5, TerminationAction.TERMINATE, "terminated 5m00s after the success"),
        (5, TerminationAction.KEEP_ALIVE, "kept, without traffic"),
    ],
)
def test_the_plan_says_what_becomes_of_the_original(
    minutes: int, action: TerminationAction, end: str
) -> None:
    made = those.plan_of(termination_wait_minutes=minutes, action=action)

    shown = plain(plan_view(made, given_.canvas(), command=COMMAND))

    assert f"  at the end     the original is {end}\n" in shown
