"""`DeploymentFailed`: a revision's own answer to a failure on a host."""

import asyncio
import os
from pathlib import Path

import pytest
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from agent.activities import AGENT_LEAVING
from agent.logs import read_piece
from codedeploy.commands import (
    LIFECYCLE_FAILED,
    LIFECYCLE_STOPPED,
    LifecycleCommand,
    LifecycleReport,
    LogRequest,
)
from codedeploy.lifecycle import LifecycleEvent, LifecycleEventStatus
from tests.agent.site import Site, until

STOP = LifecycleEvent.APPLICATION_STOP
BEFORE = LifecycleEvent.BEFORE_INSTALL
START = LifecycleEvent.APPLICATION_START
FAILED = LifecycleEvent.DEPLOYMENT_FAILED

TELL = "echo cleanup-after-$FAILED_LIFECYCLE_EVENT >>$RAN"


@pytest.fixture
def site(tmp_path: Path) -> Site:
    os.mkfifo(tmp_path / "gate")
    return Site(tmp_path)


async def failed(
    site: Site, command: LifecycleCommand, environment: ActivityEnvironment | None = None
) -> ApplicationError:
    environment = environment or ActivityEnvironment()
    with pytest.raises(ApplicationError) as caught:
        await environment.run(Site(site.directory).activities.run_lifecycle_events, command)
    return caught.value


def report_of(error: ApplicationError) -> LifecycleReport:
    report = error.details[0]
    assert isinstance(report, LifecycleReport)
    return report


def gated(site: Site) -> str:
    return f"echo begun >>$RAN\nread line <{site.directory}/gate\n{TELL}"


async def test_it_runs_after_a_failed_event_and_is_told_which_one(site: Site) -> None:
    revision = site.revision("v1", {BEFORE: "exit 1", FAILED: TELL})

    error = await failed(site, site.command(revision))

    assert site.runs == ["cleanup-after-BeforeInstall"]
    assert report_of(error).events[-1].lifecycle_event_name is FAILED
    assert report_of(error).events[-1].status is LifecycleEventStatus.SUCCEEDED


async def test_it_does_not_run_after_a_success(site: Site) -> None:
    command = site.command(site.revision("v1", {FAILED: TELL}))

    report = await ActivityEnvironment().run(site.activities.run_lifecycle_events, command)

    assert FAILED not in [event.lifecycle_event_name for event in report.events]
    assert site.runs == []


async def test_its_own_failure_changes_nothing_but_its_own_result(site: Site) -> None:
    revision = site.revision("v1", {BEFORE: "echo no disk\nexit 1", FAILED: "exit 9"})

    error = await failed(site, site.command(revision))

    last = report_of(error).events[-1]
    assert error.type == LIFECYCLE_FAILED
    assert "BeforeInstall.sh (BeforeInstall) exited 1" in error.message
    assert last.diagnostics is not None
    assert "DeploymentFailed.sh (DeploymentFailed) exited 9" in last.diagnostics.message


async def test_a_repeated_command_does_not_run_it_again(site: Site) -> None:
    command = site.command(site.revision("v1", {BEFORE: "exit 1", FAILED: TELL}))
    first = await failed(site, command)

    second = await failed(site, command)

    assert report_of(second) == report_of(first)
    assert site.runs == ["cleanup-after-BeforeInstall"]


async def test_the_next_agent_takes_it_up(site: Site) -> None:
    command = site.command(site.revision("v1", {BEFORE: "exit 1", FAILED: gated(site)}))
    environment = ActivityEnvironment()
    leaving = asyncio.ensure_future(failed(site, command, environment))
    await until(lambda: site.runs == ["begun"])

    environment.worker_shutdown()
    left = await leaving
    next_agent = asyncio.ensure_future(failed(site, command))
    await asyncio.to_thread((site.directory / "gate").write_text, "go\n")
    error = await next_agent

    assert (left.type, error.type) == (AGENT_LEAVING, LIFECYCLE_FAILED)
    assert site.runs == ["begun", "cleanup-after-BeforeInstall"]


async def test_a_stopped_event_is_no_failure_to_answer(site: Site) -> None:
    command = site.command(site.revision("v1", {BEFORE: gated(site), FAILED: TELL}))
    environment = ActivityEnvironment()
    running = asyncio.ensure_future(failed(site, command, environment))
    await until(lambda: site.runs == ["begun"])

    environment.cancel()
    error = await running

    assert error.type == LIFECYCLE_STOPPED
    assert site.runs == ["begun"]


async def test_a_stop_ends_it_and_the_failure_remains_the_outcome(site: Site) -> None:
    command = site.command(site.revision("v1", {BEFORE: "exit 1", FAILED: gated(site)}))
    environment = ActivityEnvironment()
    running = asyncio.ensure_future(failed(site, command, environment))
    await until(lambda: site.runs == ["begun"])

    environment.cancel()
    error = await running

    assert error.type == LIFECYCLE_FAILED
    assert report_of(error).events[-1].status is LifecycleEventStatus.FAILED
    assert site.runs == ["begun"]


async def test_a_forgiven_failure_is_not_answered(site: Site) -> None:
    await ActivityEnvironment().run(
        site.activities.run_lifecycle_events, site.command(site.revision("v1", {STOP: "exit 1"}))
    )
    lenient = site.command(
        site.revision("v2", {FAILED: TELL}), "d-2", ignore_application_stop_failures=True
    )

    await ActivityEnvironment().run(site.activities.run_lifecycle_events, lenient)

    assert site.runs == []


async def test_before_the_revision_is_on_the_host_there_is_nothing_to_run(site: Site) -> None:
    await ActivityEnvironment().run(
        site.activities.run_lifecycle_events, site.command(site.revision("v1", {STOP: "exit 1"}))
    )

    error = await failed(site, site.command(site.revision("v2", {FAILED: TELL}), "d-2"))

    assert site.runs == []
    assert FAILED not in [event.lifecycle_event_name for event in report_of(error).events]


async def test_its_output_is_in_the_log(site: Site) -> None:
    revision = site.revision("v1", {START: "exit 1", FAILED: "echo mended"})
    await failed(site, site.command(revision))

    piece = read_piece(site.deployment(), LogRequest(deployment_id="d-1"), host="web-1")

    assert "LifecycleEvent - DeploymentFailed\n" in piece.text
    assert piece.text.index("mended") > piece.text.index("ApplicationStart Failed")
