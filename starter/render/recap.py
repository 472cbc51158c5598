"""What became of every host, or of the one target, at the end of the deployments watched."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.text import Text

from codedeploy.deployment import DeploymentInfo, DeploymentStatus
from codedeploy.lifecycle import ALLOW_TRAFFIC, BLOCK_TRAFFIC
from codedeploy.target import TargetFailure, TargetLabel, TargetResult, TargetStatus
from starter.render.canvas import Canvas, duration
from starter.render.creators import kind_of
from starter.render.deployment import failed_host, revisions
from starter.render.lines import Part, line, spaced, table
from starter.render.single_target import single_target_lines
from starter.render.statuses import GOOD, QUIET, glyph, marked
from starter.render.traffic import is_shifting
from starter.render.waiting import command_lines, keeps_original, waiting_lines

MOST_HOSTS = 20
MOST_NAMED_FAILURES = 5


@dataclass(frozen=True)
class Ended:
    """A deployment that has ended, with its targets; a rollback follows what set it off."""

    info: DeploymentInfo
    targets: tuple[TargetResult, ...] = ()


def recap(sections: Sequence[Ended], canvas: Canvas) -> list[Text]:
    """Return how each deployment ended, the failures, and where every host stands now."""
    lines = [line(("RECAP", "bold"))]
    for section in sections:
        lines += _verdict(section.info, canvas)
        lines += _course(section.info, canvas)
    hosts = {target.target_id for section in sections for target in section.targets}
    if 0 < len(hosts) <= MOST_HOSTS:
        lines += [line(""), *_host_table(sections, canvas)]
    lines += [text for section in sections for text in _failures(section.info, canvas)]
    return lines + _what_next(sections, canvas)


def _course(info: DeploymentInfo, canvas: Canvas) -> list[Text]:
    return single_target_lines(info, canvas) if is_shifting(info) else []


def _verdict(info: DeploymentInfo, canvas: Canvas) -> list[Text]:
    overview = info.deployment_overview
    counts = [
        (overview.succeeded, "succeeded"),
        (overview.failed, "failed"),
        (overview.skipped + overview.pending, "not deployed to"),
    ]
    hosts = ", ".join(f"{count:,} {name}" for count, name in counts if count)
    took = (
        f" in {duration(info.complete_time - info.start_time)}"
        if info.complete_time and info.start_time
        else ""
    )
    title = line(
        marked(info.status, canvas.glyphs),
        f"{took}   {info.deployment_id}   {revisions(info, canvas)}",
        *kind_of(info)[:1],
        f"   {hosts}" if hosts and not is_shifting(info) else "",
    )
    error = info.error_information
    if error is None:
        return [title]
    return [title, *(line("  ", text) for text in f"{error.code}: {error.message}".splitlines())]


def _host_table(sections: Sequence[Ended], canvas: Canvas) -> list[Text]:
    columns = [{target.target_id: target for target in one.targets} for one in sections]
    names = list(dict.fromkeys(name for column in columns for name in column))
    rows = [[name, *(_outcome(column.get(name), canvas) for column in columns)] for name in names]
    titles = [f"{one.info.deployment_id} {one.info.revision_label}".rstrip() for one in sections]
    return table(rows, header=("HOST", *titles))


def _outcome(target: TargetResult | None, canvas: Canvas) -> Part:
    if target is None:
        return ""
    sign, style = glyph(target.status, canvas.glyphs)
    match target.status:
        case TargetStatus.SUCCEEDED:
            return f"{sign} {_success(target)}", GOOD
        case TargetStatus.READY:
            return f"{sign} installed, without traffic", style
        case TargetStatus.FAILED:
            event = target.failure.event if target.failure else None
            return f"{sign} failed at {event}" if event else f"{sign} failed", style
        case TargetStatus.IN_PROGRESS:
            return f"{sign} {target.current_event or 'in progress'}", style
        case _:
            return f"{sign} not touched" if not target.is_touched else f"{sign} half done", QUIET


def _success(target: TargetResult) -> str:
    """Return what went well; where one fleet replaces another, who has the traffic now."""
    last = target.current_event
    if target.instance_label is TargetLabel.BLUE:
        return "serves again" if last in ALLOW_TRAFFIC else "left service"
    return "left service again" if last in BLOCK_TRAFFIC else "succeeded"


def _failures(info: DeploymentInfo, canvas: Canvas) -> list[Text]:
    """Return equal failures together, largest group first; single ones in full."""
    if len(info.failures) > MOST_NAMED_FAILURES:
        failed = glyph(DeploymentStatus.FAILED, canvas.glyphs)
        found = [
            line((f"{failed[0]} {group.summary}", failed[1]), f"  {_named(group.targets)}")
            for group in sorted(info.failure_groups, key=lambda group: -len(group.targets))
        ]
    else:
        found = [text for failure in info.failures for text in failed_host(failure, canvas)]
    return [line(""), *found] if found else []


def _named(targets: Sequence[str]) -> str:
    shown = ", ".join(targets[:MOST_NAMED_FAILURES])
    more = len(targets) - MOST_NAMED_FAILURES
    return f"{shown} and {more:,} more" if more > 0 else shown


def _what_next(sections: Sequence[Ended], canvas: Canvas) -> list[Text]:
    last = sections[-1].info if sections else None
    if last is not None and (is_shifting(last) or keeps_original(last)):
        return [*spaced(waiting_lines(last, canvas)), *spaced(command_lines(last, canvas))]
    first = next((one.info for one in sections if one.info.failures), None)
    if first is None:
        return []
    return [line(""), line((f"whole output: {_log_command(first, first.failures[0])}", QUIET))]


def _log_command(info: DeploymentInfo, failure: TargetFailure) -> str:
    event = f" {failure.event}" if failure.event else ""
    return f"rollway logs {info.deployment_id} {failure.target_id}{event}"
