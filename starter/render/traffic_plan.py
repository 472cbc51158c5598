"""What a deployment that moves traffic is going to do, before it does it."""

from collections.abc import Iterator
from datetime import timedelta

from rich.text import Text

from codedeploy.application import ComputePlatform
from codedeploy.ecs_service import EcsFacts, Listener
from codedeploy.traffic_plan import TrafficPlan
from starter.render.canvas import Canvas, duration
from starter.render.lines import counted, line
from starter.render.statuses import HELD
from starter.render.traffic import schedule_lines


def traffic_facts(plan: TrafficPlan, canvas: Canvas) -> Iterator[tuple[str, str]]:
    """Yield what is deployed to, who is asked, and what is waited for."""
    yield "target", f"{plan.compute_platform} {plan.target}"
    if plan.no_op:
        return
    yield "traffic", _route(plan, canvas)
    if plan.ecs is not None:
        yield from _service_facts(plan.ecs, canvas)
    yield "hooks", ", ".join(f"{event}: {name}" for event, name in plan.hooks.items()) or "none"
    if plan.ready_wait_minutes:
        ready = _minutes(plan.ready_wait_minutes)
        yield "ready wait", f"at most {ready} for `rollway continue`, else it stops"
    if plan.ecs is not None:
        kept = _minutes(plan.termination_wait_minutes)
        yield "original", f"deleted {kept} after the success" if kept else "deleted at the end"


def _route(plan: TrafficPlan, canvas: Canvas) -> str:
    kind = "version " if plan.compute_platform is ComputePlatform.LAMBDA else ""
    route = f"{kind}{plan.original} {canvas.glyphs.arrow} {kind}{plan.replacement}"
    total = plan.shifting_time
    pace = (
        f"{counted(len(plan.schedule), 'shift')} in {duration(total)}" if total else "all at once"
    )
    return f"{route}, {pace}"


def _service_facts(facts: EcsFacts, canvas: Canvas) -> Iterator[tuple[str, str]]:
    tasks = counted(facts.service.desired_count, "task")
    yield "replacement", f"{tasks} in {facts.green.name}, beside those in {facts.blue.name}"
    listeners = [f"production {_address(facts.production)}"]
    if facts.test is not None:
        listeners.append(f"test {_address(facts.test)}")
    yield "listeners", f" {canvas.glyphs.dot} ".join(listeners)


def _address(listener: Listener) -> str:
    return f"port {listener.port}" if listener.port else listener.arn


def _minutes(number: int) -> str:
    return duration(timedelta(minutes=number)) if number else ""


def course_lines(plan: TrafficPlan, canvas: Canvas) -> list[Text]:
    """Return the schedule over time, or why there is nothing to do."""
    if plan.no_op:
        return [line((f"{canvas.glyphs.warning} nothing to do: {plan.no_op}", HELD))]
    return schedule_lines(plan.schedule, canvas)
