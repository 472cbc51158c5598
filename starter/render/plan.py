"""What a deployment is going to do, before it does it."""

from datetime import timedelta

from rich.text import Text

from codedeploy.plan import Plan
from codedeploy.traffic_plan import AnyPlan
from codedeploy.waves import Wave
from starter.render.canvas import Canvas, duration
from starter.render.handover_plan import handover_facts, stage_lines
from starter.render.lines import Part, counted, folded, line, table
from starter.render.sizes import byte_size
from starter.render.statuses import HELD, QUIET
from starter.render.traffic_plan import course_lines, traffic_facts

MOST_BATCHES_SHOWN = 12
FIRST_SHOWN = 6
LAST_SHOWN = 2
MOST_NAMES = 6


def plan_view(plan: AnyPlan, canvas: Canvas, *, command: str) -> list[Text]:
    """Return `plan` in full, with the `command` that deploys exactly this."""
    facts, course = _facts_and_course(plan, canvas)
    sign = canvas.glyphs.warning
    warnings = [line((f"{sign} {warning}", HELD)) for warning in plan.warnings]
    return [
        _title(plan, canvas),
        *table([[(f"  {name}", QUIET), told] for name, told in (*_common(plan), *facts)]),
        *([line(""), *course] if course else []),
        *([line(""), *warnings] if warnings else []),
        line(""),
        line("Deploy exactly this: ", (command, "bold")),
    ]


def _facts_and_course(plan: AnyPlan, canvas: Canvas) -> tuple[list[tuple[str, str]], list[Text]]:
    if isinstance(plan, Plan) and plan.handover is not None:
        facts = handover_facts(plan, plan.handover, canvas)
        return [*facts], stage_lines(plan, plan.handover)
    if isinstance(plan, Plan):
        return _fleet_facts(plan), _batches(plan, canvas)
    return [*traffic_facts(plan, canvas)], course_lines(plan, canvas)


def _title(plan: AnyPlan, canvas: Canvas) -> Text:
    old = f"{plan.previous_revision.label} {canvas.glyphs.arrow} " if plan.previous_revision else ""
    return line(
        (f"{plan.application_name}/{plan.deployment_group_name}", "bold"),
        f"   {old}{plan.revision.label}",
        f"   plan {plan.plan_id}" if plan.plan_id else "",
    )


def _common(plan: AnyPlan) -> list[tuple[str, str]]:
    revision = plan.revision
    what = f"{revision.bundle_type}, {byte_size(revision.size_bytes)}"
    return [
        ("revision", f"{revision.label} ({what}, sha256 {revision.sha256[:12]})"),
        ("configuration", plan.deployment_config_name),
    ]


def _fleet_facts(plan: Plan) -> list[tuple[str, str]]:
    at_once = f"at most {counted(plan.fleet.window, 'host')} out of service at once"
    if plan.size != len(plan.targets):
        at_once += f"; {plan.size} hosts in the fleet"
    order = f"{counted(len(plan.targets), 'host')} in {counted(plan.batch_count, 'batch')}"
    return [
        ("floor", f"{plan.arithmetic} of {counted(plan.size, 'host')}"),
        ("window", at_once),
        ("order", order),
    ]


def _batches(plan: Plan, canvas: Canvas) -> list[Text]:
    rows: list[list[Part]] = []
    for wave in plan.waves:
        rows += _wave_rows(wave, first_number=len(rows) + 1, canvas=canvas)
    if len(rows) > MOST_BATCHES_SHOWN:
        folded_batches = len(rows) - FIRST_SHOWN - LAST_SHOWN
        gap: list[Part] = [
            f"  {canvas.glyphs.ellipsis}",
            "",
            (f"{counted(folded_batches, 'more batch')}", QUIET),
        ]
        rows = [*rows[:FIRST_SHOWN], gap, *rows[-LAST_SHOWN:]]
    return table(rows, header=("  BATCH", "HOSTS", "IN THIS ORDER"))


def _wave_rows(wave: Wave, *, first_number: int, canvas: Canvas) -> list[list[Part]]:
    rows: list[list[Part]] = []
    for number, batch in enumerate(wave.batches, first_number):
        names = folded(batch, most=MOST_NAMES, ellipsis=canvas.glyphs.ellipsis)
        rows.append([f"  {number} {wave.name}".rstrip(), str(len(batch)), names])
    if wave.bake_seconds and rows:
        bake = duration(timedelta(seconds=wave.bake_seconds))
        rows[-1].append((f"then watch {bake}", HELD))
    return rows
