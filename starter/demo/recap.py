"""The demo's end: where every host stands, whether it went as told, and what to try next."""

from collections.abc import Iterator, Mapping
from itertools import takewhile
from typing import Any

from rich.text import Text

from codedeploy.deployment import DeploymentStatus
from codedeploy.lifecycle import LifecycleEvent
from starter.control_plane import ControlPlane
from starter.demo.ledger import ledger_document
from starter.demo.plot import sums_line, whole_plot_lines
from starter.demo.scenario import GROUP_NAME, HostNow, Story, Told
from starter.render.lines import Part, line, table
from starter.render.statuses import BAD, GOOD, HELD, QUIET

_PLOT = [
    ("v1", DeploymentStatus.SUCCEEDED),
    ("v2", DeploymentStatus.SUCCEEDED),
    ("v3", DeploymentStatus.FAILED),
    ("v2", DeploymentStatus.SUCCEEDED),
]
"""The revision and the end of every deployment; the last is the rollback."""

_BROKEN_HOST = "web-2"


def story_document(story: Story) -> dict[str, Any]:
    """Return the story for programs."""
    traffic = {"traffic": ledger_document(story.traffic.ledger)} if story.traffic else {}
    return {
        "deployments": [_deployment_document(told) for told in story.deployments],
        "hosts": [
            {"name": host.name, "revision": host.revision, "serving": host.serving}
            for host in story.hosts
        ],
        **traffic,
    }


def _deployment_document(told: Told) -> Mapping[str, Any]:
    info = told.info
    return {
        "deploymentId": info.deployment_id,
        "revision": info.revision_label,
        "status": info.status.value,
        "errorCode": str(info.error_information.code) if info.error_information else None,
        "rollbackDeploymentId": info.rollback_info.rollback_deployment_id,
        "overview": info.deployment_overview,
    }


def surprises(story: Story) -> list[str]:
    """Return what did not go as told, one sentence a thing."""
    found = [(told.info.revision_label, told.info.status) for told in story.deployments]
    if found != _PLOT:
        return [f"expected the deployments {_plot(_PLOT)}; found {_plot(found)}"]
    return [
        *_surprises_of_rollback(story),
        *_surprises_of_hosts(story),
        *_surprises_of_traffic(story),
    ]


def _plot(deployments: list[tuple[str, DeploymentStatus]]) -> str:
    return ", ".join(f"{revision} {status}" for revision, status in deployments) or "none"


def _surprises_of_rollback(story: Story) -> Iterator[str]:
    broken, rollback = story.deployments[-2:]
    failed = {failure.target_id: failure.event for failure in broken.info.failures}
    if failed != {_BROKEN_HOST: LifecycleEvent.VALIDATE_SERVICE}:
        yield f"expected v3 to fail in ValidateService on {_BROKEN_HOST} alone; found {failed}"
    if broken.info.rollback_info.rollback_deployment_id != rollback.info.deployment_id:
        yield f"expected v3 to be rolled back by {rollback.info.deployment_id}"
    if rollback.touched != (reached := _reached_by(broken)):
        yield f"expected a rollback of {sorted(reached)}; found {sorted(rollback.touched)}"


def _reached_by(broken: Told) -> set[str]:
    """Return the host that fails and those whose turn was before."""
    in_order = (target.target_id for target in broken.targets)
    return {_BROKEN_HOST, *takewhile(lambda name: name != _BROKEN_HOST, in_order)}


def _surprises_of_hosts(story: Story) -> Iterator[str]:
    for host in story.hosts:
        if (host.revision, host.serving) != ("v2", "v2"):
            found = f"{host.revision or 'nothing'}, which answers {host.serving}"
            yield f"expected {host.name} to run v2; found {found}"


def _surprises_of_traffic(story: Story) -> Iterator[str]:
    if story.traffic is None:
        return
    ledger = story.traffic.ledger
    total = ledger.total
    if total.lost:
        why = ", ".join(f"{count} {cause}" for cause, count in ledger.why_lost.most_common(3))
        yield f"expected no request to be lost; found {total.lost} of {total.requests}: {why}"
    if missing := {revision for revision, _ in _PLOT} - set(total.answered):
        yield f"expected customers to be answered by {', '.join(sorted(missing))}, too; found none"


def recap_lines(story: Story, *, width: int = 80) -> list[Text]:
    """Return one line a host, why the bad release was taken back, and the customers' requests."""
    rows = [_row(host, story) for host in story.hosts]
    lines = [
        line(("RECAP", "bold")),
        *table(rows, header=("HOST", "RUNS", "ANSWERS", "AT", "WHAT v3 DID")),
    ]
    failures = [failure for told in story.deployments for failure in told.info.failures]
    return [
        *lines,
        *(line((f"why {one.target_id} failed: ", HELD), one.last_output) for one in failures),
        *_traffic_lines(story, width),
    ]


def _traffic_lines(story: Story, width: int) -> list[Text]:
    if story.traffic is None:
        return []
    ledger = story.traffic.ledger
    return [line(""), *whole_plot_lines(ledger.seconds, width=width), sums_line(ledger)]


def _row(host: HostNow, story: Story) -> list[Part]:
    answers = (host.serving, GOOD if host.serving == host.revision else BAD)
    return [host.name, host.revision, answers, host.url, _what_befell(host.name, story)]


def _what_befell(name: str, story: Story) -> Part:
    for told in story.deployments:
        if told.info.status is DeploymentStatus.FAILED and name in told.touched:
            is_culprit = any(failure.target_id == name for failure in told.info.failures)
            return ("failed, rolled back", BAD) if is_culprit else ("deployed, rolled back", HELD)
    return ("not touched", QUIET)


def try_while_it_runs(story: Story, plane: ControlPlane) -> str:
    """Return commands to type while everything is kept, with the ids of this story."""
    broken = [told for told in story.deployments if told.info.failures] or story.deployments
    deployment_id = broken[0].info.deployment_id
    commands = (
        f"rollway status {deployment_id} --targets",
        f"rollway logs {deployment_id} {_BROKEN_HOST} ValidateService",
        "rollway get instances",
        f"rollway plan {GROUP_NAME} --revision v1",
        f"rollway deploy {GROUP_NAME} --revision v1 --watch",
        "rollway doctor",
    )
    front = [f"  curl {story.traffic.url}version"] if story.traffic else []
    return "\n".join(
        (
            *front,
            *(f"  {command} --address {plane.address}" for command in commands),
            f"  kill -9 {plane.worker.pid}   # the worker; a deployment under way goes on",
        )
    )


TRY_AFTERWARDS = """\
  rollway demo --keep   # the same, and it stays: look around in the Web UI, deploy, break things
  rollway up            # a control plane of your own
  docs/guides/first-deployment.md says how to deploy an application of your own."""
