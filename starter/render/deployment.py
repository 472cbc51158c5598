"""The view of one deployment, and of the rollback it set off."""

from collections.abc import Sequence

from rich.text import Text

from codedeploy.deployment import DeploymentInfo
from codedeploy.target import TargetFailure
from starter.render.batches import batch_lines, time_left
from starter.render.canvas import Canvas, duration
from starter.render.creators import is_of_one_instance, kind_of
from starter.render.fleets import is_handover
from starter.render.health import health_line
from starter.render.lines import counted, line, paragraph, spaced
from starter.render.single_target import single_target_lines
from starter.render.slow import slow_lines
from starter.render.statuses import BAD, HELD, QUIET, marked
from starter.render.traffic import is_shifting, replacement_of
from starter.render.waiting import command_lines, waiting_lines

MOST_FAILURES = 5
MOST_INTERVENTIONS = 3
MOST_WORDS = 3
INDENT = "    "


def deployment_view(info: DeploymentInfo, canvas: Canvas) -> list[Text]:
    """Return everything a person needs to judge `info`, and what they can type now."""
    return [
        *header(info, canvas),
        *(single_target_lines(info, canvas) if is_shifting(info) else _fleet(info, canvas)),
        *spaced(failure_lines(info, canvas)),
        *spaced(_remarks(info, canvas)),
        *spaced(waiting_lines(info, canvas)),
        *spaced(command_lines(info, canvas)),
    ]


def _fleet(info: DeploymentInfo, canvas: Canvas) -> list[Text]:
    return [
        *health_line(info, canvas),
        *spaced(batch_lines(info, canvas)),
        *spaced(slow_lines(info.slow_targets, canvas)),
        *spaced([line(message) for message in info.deployment_status_messages]),
    ]


def watched_view(sections: Sequence[DeploymentInfo], canvas: Canvas) -> list[Text]:
    """Return the view of the last deployment below the outcome of those before it."""
    *earlier, last = sections
    lines: list[Text] = []
    for info in earlier:
        lines += [*header(info, canvas), *failure_lines(info, canvas), line("")]
    return [*lines, *deployment_view(last, canvas)]


def header(info: DeploymentInfo, canvas: Canvas) -> list[Text]:
    """Return what is deployed where, how it stands, and by what rules."""
    glyphs = canvas.glyphs
    group = f"{info.application_name}/{info.deployment_group_name}"
    title = line(
        (group, "bold"),
        f"   {revisions(info, canvas)}   ",
        marked(info.status, glyphs),
        f"   {info.deployment_id}",
        *kind_of(info),
    )
    facts = (_rules(info), [*_times(info, canvas), info.deployment_config_name])
    told = [[fact for fact in line_of_facts if fact] for line_of_facts in facts]
    return [title, *(line(f" {glyphs.dot} ".join(one)) for one in told if one)]


def revisions(info: DeploymentInfo, canvas: Canvas) -> str:
    """Return `v1 -> v2`, or `v2` if nothing was there before."""
    new = info.revision_label or "(revision not yet pinned)"
    old = info.previous_revision_label
    return f"{old} {canvas.glyphs.arrow} {new}" if old else new


def _rules(info: DeploymentInfo) -> list[str]:
    if is_shifting(info):
        return [scope(info)]
    if not info.fleet_size:
        return []
    if is_of_one_instance(info):
        return [scope(info)]
    floor = f"floor {info.minimum_healthy}"
    if info.arithmetic:
        floor += f" ({info.arithmetic})"
    return [hosts(info), floor]


def scope(info: DeploymentInfo) -> str:
    """Return what is deployed to: hosts, the alias of a function, or a service."""
    if is_of_one_instance(info):
        return info.description
    if not is_shifting(info):
        return hosts(info)
    target = f" {info.target.target_id}" if info.target else ""
    function = info.lambda_function_info
    if function is None:
        return f"{info.compute_platform}{target}"
    versions = f"from version {function.current_version} to {replacement_of(info)}"
    return f"{info.compute_platform}{target}, {versions}"


def hosts(info: DeploymentInfo) -> str:
    """Return `5 hosts`, or `2 of 5 hosts` for a rollback, which leaves the others alone.

    Where one fleet replaces another: `3 hosts replace 2`.
    """
    if is_handover(info):
        verb = "replaces" if info.target_count == 1 else "replace"
        return f"{counted(info.target_count, 'host')} {verb} {info.fleet_size:,}"
    fleet = counted(info.fleet_size, "host")
    is_part = 0 < info.target_count < info.fleet_size
    return f"{info.target_count} of {fleet}" if is_part else fleet


def _times(info: DeploymentInfo, canvas: Canvas) -> list[str]:
    began = info.start_time or info.create_time
    if began is None:
        return []
    if info.complete_time:
        return [f"took {duration(info.complete_time - began)}"]
    left = time_left(info, canvas)
    estimate = [f"about {duration(left)} left"] if left is not None else []
    return [f"started {canvas.clock(began)}, {canvas.since(began)} ago", *estimate]


def failure_lines(info: DeploymentInfo, canvas: Canvas) -> list[Text]:
    """Return why the deployment failed and which hosts failed, equal failures together."""
    lines: list[Text] = []
    if len(info.failures) > MOST_FAILURES:
        lines += [
            line((f"{canvas.glyphs.failed} ", BAD), group.summary)
            for group in info.failure_groups[:MOST_FAILURES]
        ]
    else:
        for failure in info.failures:
            lines += failed_host(failure, canvas, most=MOST_WORDS)
    if info.error_information:
        code = info.error_information.code
        lines += paragraph(f"{code}: {info.error_information.message}", width=canvas.width, most=4)
    return lines


def failed_host(failure: TargetFailure, canvas: Canvas, *, most: int | None = None) -> list[Text]:
    """Return one failed host: event, script, kind of failure, and `most` lines of its words."""
    where = " ".join(part for part in (failure.event, failure.script_name) if part)
    message = failure.message.removeprefix(f"{failure.target_id}: ")
    title = line(
        (f"{canvas.glyphs.failed} ", BAD),
        (failure.target_id, "bold"),
        f"  {where}" if where else "",
        f"  {failure.error_code}",
    )
    lines = [title, *paragraph(message, width=canvas.width, indent=INDENT, most=most)]
    if failure.last_output and failure.last_output not in message:
        lines.append(line(INDENT, (f'last output: "{failure.last_output}"', QUIET)))
    return lines


def _told(info: DeploymentInfo) -> tuple[str | None, ...]:
    """Return what need not be said of the rollback: nothing, or what was said before."""
    return (None, "", *info.deployment_status_messages)


def _remarks(info: DeploymentInfo, canvas: Canvas) -> list[Text]:
    lines = [
        line(
            (f"{canvas.clock(event.time)} {event.verb}", HELD),
            f' "{event.reason}"' if event.reason else "",
            f": {event.outcome}",
        )
        for event in info.interventions[-MOST_INTERVENTIONS:]
    ]
    lines += [
        line((f"{canvas.glyphs.warning} left behind: {problem}", BAD))
        for problem in info.undo_problems
    ]
    updates = info.related_deployments.auto_update_outdated_instances_deployment_ids
    if updates:
        lines.append(line(("update of outdated instances: ", HELD), ", ".join(updates)))
    rollback = info.rollback_info
    if rollback.rollback_deployment_id:
        lines.append(line(("rollback: ", HELD), rollback.rollback_deployment_id))
    elif info.status.is_final and rollback.rollback_message not in _told(info):
        lines.append(line(rollback.rollback_message or ""))
    return lines
