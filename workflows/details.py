"""What the Temporal Web UI shows of a deployment that runs: markdown, for a stranger to read."""

from codedeploy.deployment import BatchSummary, DeploymentInfo

SHOWN_BATCHES = 20


def markdown(info: DeploymentInfo) -> str:
    """Return the current state of a deployment as the Web UI shows it."""
    return "\n".join([*_head(info), *_waiting(info), *_batches(info), *_causes(info)])


def _head(info: DeploymentInfo) -> list[str]:
    old = info.previous_revision_label or "(nothing)"
    counts = info.deployment_overview
    return [
        f"### {info.application_name}/{info.deployment_group_name}: "
        f"{old} → {info.revision_label or '?'} — {info.status}",
        "",
        f"{info.fleet_size} hosts, at least {info.minimum_healthy} stay in service "
        f"({info.arithmetic}); {counts.succeeded} succeeded, {counts.failed} failed, "
        f"{counts.pending} pending",
        "",
    ]


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


def _causes(info: DeploymentInfo) -> list[str]:
    lines = [f"- {group.summary}" for group in info.failure_groups]
    if info.error_information:
        lines.append(f"\n**{info.error_information.code}**: {info.error_information.message}")
    if info.rollback_info.rollback_message:
        lines.append(f"\n{info.rollback_info.rollback_message}")
    return lines
