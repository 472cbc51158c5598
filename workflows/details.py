"""What the Temporal Web UI shows of a deployment that runs: markdown, for a stranger to read."""

from codedeploy.application import ComputePlatform
from codedeploy.deployment import BatchSummary, DeploymentInfo
from codedeploy.group_info import OF_ONE_INSTANCE

SHOWN_BATCHES = 20


def markdown(info: DeploymentInfo) -> str:
    """Return the current state of a deployment as the Web UI shows it."""
    parts = (
        _head(info),
        _facts(info),
        _waiting(info),
        _batches(info),
        _shifts(info),
        _causes(info),
    )
    return "\n".join(line for part in parts for line in part)


def _head(info: DeploymentInfo) -> list[str]:
    old = info.previous_revision_label or "(nothing)"
    return [
        f"### {info.application_name}/{info.deployment_group_name}: "
        f"{old} → {info.revision_label or '?'} — {info.status}",
        "",
    ]


def _facts(info: DeploymentInfo) -> list[str]:
    if info.compute_platform is not ComputePlatform.SERVER:
        return _target_facts(info)
    counts = info.deployment_overview
    ready = f"{counts.ready} installed and ready, " if info.is_blue_green else ""
    return [
        f"{_hosts(info)}; {counts.succeeded} succeeded, {ready}{counts.failed} failed, "
        f"{counts.pending} pending",
        "",
    ]


def _hosts(info: DeploymentInfo) -> str:
    if info.creator in OF_ONE_INSTANCE:
        return f"{info.description}, for {info.creator}"
    floor = f"at least {info.minimum_healthy}"
    if info.is_blue_green:
        hosts = f"{info.target_count} hosts replace {info.fleet_size}"
        return f"{hosts}, {floor} of them must succeed ({info.arithmetic})"
    return f"{info.fleet_size} hosts, {floor} stay in service ({info.arithmetic})"


def _target_facts(info: DeploymentInfo) -> list[str]:
    if info.target is None:
        return []
    event = info.target.current_event or "nothing yet"
    return [f"{info.target.target_id}: {event}, {info.deployment_config_name}", ""]


def _waiting(info: DeploymentInfo) -> list[str]:
    if info.wait is None:
        return []
    until = f" until {info.wait.until:%H:%M:%S} UTC" if info.wait.until else ""
    otherwise = f", else {info.wait.on_deadline}" if info.wait.on_deadline else ""
    return [f"**Waits for {info.wait.reason}**{until}{otherwise}", ""]


def _batches(info: DeploymentInfo) -> list[str]:
    if not info.batches:
        return []
    rows = [_row(batch) for batch in info.batches[-SHOWN_BATCHES:]]
    return ["| batch | phase | state | succeeded | failed |", "|---|---|---|---|---|", *rows, ""]


def _row(batch: BatchSummary) -> str:
    counts = batch.overview
    return (
        f"| {batch.number} | {batch.phase} | {batch.status} "
        f"| {counts.succeeded} | {counts.failed} |"
    )


def _shifts(info: DeploymentInfo) -> list[str]:
    if info.traffic is None:
        return []
    moved = [f"| {move.time:%H:%M:%S} | {move.percent}% |" for move in info.traffic.moves]
    ahead = [] if info.status.is_final else [f"{shift.percent}%" for shift in info.traffic.ahead]
    due = f"{info.traffic.next_at:%H:%M:%S}" if info.traffic.next_at else "to come"
    to_come = [f"| {due} | {', then '.join(ahead)} |"] if ahead else []
    head = ["| at (UTC) | to the replacement |", "|---|---|"]
    return [*head, *moved[-SHOWN_BATCHES:], *to_come, ""]


def _causes(info: DeploymentInfo) -> list[str]:
    lines = [f"- {message}" for message in info.deployment_status_messages]
    lines += [f"- {group.summary}" for group in info.failure_groups]
    if info.error_information:
        lines.append(f"\n**{info.error_information.code}**: {info.error_information.message}")
    told = (None, "", *info.deployment_status_messages)
    if info.rollback_info.rollback_message not in told:
        lines.append(f"\n{info.rollback_info.rollback_message}")
    lines += [f"\n**Left behind**: {problem}" for problem in info.undo_problems]
    return lines
