"""What changed between two looks at a deployment: plain sentences for logs without a terminal."""

from collections.abc import Iterator

from codedeploy.deployment import BatchStatus, BatchSummary, DeploymentInfo, DeploymentStatus
from starter.render.batches import state_of, took
from starter.render.canvas import Canvas
from starter.render.creators import CREATORS, is_of_one_instance
from starter.render.deployment import revisions, scope
from starter.render.fleets import is_put_back
from starter.render.lines import clean_line
from starter.render.statuses import word
from starter.render.target_changes import target_sentences
from starter.render.traffic import is_shifting
from starter.render.waiting import wait_sentence


def changes(before: DeploymentInfo | None, after: DeploymentInfo, canvas: Canvas) -> list[str]:
    """Return one line a change, each with the time and the deployment's id."""
    if before is None or before.deployment_id != after.deployment_id:
        before = DeploymentInfo(
            deployment_id=after.deployment_id,
            application_name=after.application_name,
            deployment_group_name=after.deployment_group_name,
        )
    stamp = f"{canvas.now:%H:%M:%S} {after.deployment_id}"
    return [f"{stamp} {clean_line(text)}" for text in _sentences(before, after, canvas)]


def _sentences(before: DeploymentInfo, after: DeploymentInfo, canvas: Canvas) -> Iterator[str]:
    if _is_known(after) and not _is_known(before):
        yield _opening(after, canvas)
    for text in after.interventions[len(before.interventions) :]:
        reason = f' "{text.reason}"' if text.reason else ""
        yield f"{text.verb}{reason}: {text.outcome}"
    yield from _batch_sentences(before, after, canvas)
    yield from target_sentences(before, after, canvas)
    for failure in after.failures[len(before.failures) :]:
        message = failure.message.removeprefix(f"{failure.target_id}: ")
        yield f"{failure.target_id} failed: {message}"
    yield from _steering_sentences(before, after, canvas)
    if after.status is not before.status and after.status is not DeploymentStatus.IN_PROGRESS:
        yield _status_sentence(after)
    if after.rollback_info.rollback_deployment_id != before.rollback_info.rollback_deployment_id:
        yield f"rolling back with {after.rollback_info.rollback_deployment_id}"


def _is_known(info: DeploymentInfo) -> bool:
    """Whether it is known what is deployed to."""
    return info.target is not None if is_shifting(info) else bool(info.fleet_size)


def _opening(info: DeploymentInfo, canvas: Canvas) -> str:
    kind = CREATORS.get(info.creator, "deployment")
    is_floorless = is_shifting(info) or is_of_one_instance(info)
    floor = "" if is_floorless else f"floor {info.minimum_healthy}, "
    return (
        f"{kind} of {info.application_name}/{info.deployment_group_name} "
        f"{revisions(info, canvas)}: {scope(info)}, {floor}{info.deployment_config_name}"
    )


def _batch_sentences(
    before: DeploymentInfo, after: DeploymentInfo, canvas: Canvas
) -> Iterator[str]:
    known = {batch.number: batch for batch in before.batches}
    for batch in after.batches:
        old = known.get(batch.number)
        if old != batch:
            planned = 0 if is_put_back(after) else after.planned_batches
            yield _batch_sentence(batch, old, planned, canvas)


def _batch_sentence(
    batch: BatchSummary, old: BatchSummary | None, planned: int, canvas: Canvas
) -> str:
    phase = f" ({batch.phase})" if batch.phase else ""
    name = f"batch {batch.number}{f' of {planned}' if planned else ''}{phase}"
    if batch.status is BatchStatus.DONE:
        return f"{name}: {state_of(batch)} in {took(batch, canvas) or '0s'}"
    started = "started, " if old is None or old.status is not batch.status else ""
    return f"{name}: {started}{state_of(batch)}"


def _steering_sentences(
    before: DeploymentInfo, after: DeploymentInfo, canvas: Canvas
) -> Iterator[str]:
    if after.wait and after.wait != before.wait:
        yield wait_sentence(after.wait, canvas)
    if after.is_paused != before.is_paused:
        yield "paused" if after.is_paused else "resumed"


def _status_sentence(info: DeploymentInfo) -> str:
    """Return the new status, with the cause if it is a bad end."""
    if info.error_information and info.status is not DeploymentStatus.SUCCEEDED:
        return f"{word(info.status)}: {info.error_information.code}: " + (
            info.error_information.message
        )
    return word(info.status)
