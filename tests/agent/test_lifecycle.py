"""Segments of lifecycle events: in order, once, resumed, stopped."""

import asyncio
import os
from collections.abc import Awaitable
from pathlib import Path
from typing import Any

import pytest
from temporalio.activity import ActivityCancellationDetails
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from agent.activities import AGENT_LEAVING, HostActivities
from agent.journal import Journal
from codedeploy.commands import (
    LIFECYCLE_FAILED,
    LIFECYCLE_STOPPED,
    LifecycleCommand,
    LifecycleReport,
    Progress,
)
from codedeploy.lifecycle import (
    IN_PLACE,
    LifecycleErrorCode,
    LifecycleEvent,
    LifecycleEventStatus,
    ScriptSource,
)
from tests.agent import lone_agent
from tests.agent.site import GROUP, Site, timeless, until

STOP = LifecycleEvent.APPLICATION_STOP
DOWNLOAD = LifecycleEvent.DOWNLOAD_BUNDLE
BEFORE = LifecycleEvent.BEFORE_INSTALL
START = LifecycleEvent.APPLICATION_START
VALIDATE = LifecycleEvent.VALIDATE_SERVICE


def note(word: str) -> str:
    """Return a shell line that notes `word` as a run."""
    return f"echo {word} >>$RAN"


@pytest.fixture
def site(tmp_path: Path) -> Site:
    os.mkfifo(tmp_path / "gate")
    return Site(tmp_path)


def run(
    site: Site, command: LifecycleCommand, environment: ActivityEnvironment | None = None
) -> Awaitable[LifecycleReport]:
    activities = HostActivities(site.host)
    return (environment or ActivityEnvironment()).run(activities.run_lifecycle_events, command)


async def failed(work: Awaitable[LifecycleReport]) -> ApplicationError:
    with pytest.raises(ApplicationError) as caught:
        await work
    return caught.value


def report_of(error: ApplicationError) -> LifecycleReport:
    report = error.details[0]
    assert isinstance(report, LifecycleReport)
    return report


def statuses(report: LifecycleReport) -> list[str]:
    return [event.status.value for event in report.events]


def waiting(site: Site, word: str = "begun") -> str:
    """Return shell lines that note `word` and then wait until the gate is opened."""
    return f"{note(word)}\nread line <{site.directory}/gate\n{note('passed')}"


async def open_gate(site: Site) -> None:
    await asyncio.to_thread((site.directory / "gate").write_text, "go\n")


async def test_all_events_of_a_deployment_succeed_in_order(site: Site) -> None:
    revision = site.revision("v1", {event: note(event) for event in (BEFORE, START, VALIDATE)})

    report = await run(site, site.command(revision))

    assert [event.lifecycle_event_name for event in report.events] == list(IN_PLACE)
    assert set(statuses(report)) == {"Succeeded"}
    assert site.runs == ["BeforeInstall", "ApplicationStart", "ValidateService"]


async def test_a_second_call_answers_from_the_journal(site: Site) -> None:
    command = site.command(site.revision("v1", {START: note("start")}))
    first = await run(site, command)

    second = await run(Site(site.directory), command)

    assert second == first
    assert site.runs == ["start"]


async def test_a_failed_event_is_answered_from_the_journal_too(site: Site) -> None:
    command = site.command(site.revision("v1", {START: f"{note('start')}\nexit 1"}))
    first = await failed(run(site, command))

    second = await failed(run(Site(site.directory), command))

    assert (second.message, second.details) == (first.message, first.details)
    assert site.runs == ["start"]


async def test_a_failure_names_host_script_event_status_and_last_output(site: Site) -> None:
    body = "echo 'port 8080 in use'\nexit 1"

    error = await failed(run(site, site.command(site.revision("v1", {VALIDATE: body}))))

    assert error.type == LIFECYCLE_FAILED
    assert error.non_retryable
    assert timeless(error.message) == (
        "web-1: ValidateService.sh (ValidateService) exited 1 after N s. "
        'Last output: "port 8080 in use".'
    )


async def test_events_after_a_failure_are_skipped(site: Site) -> None:
    error = await failed(run(site, site.command(site.revision("v1", {BEFORE: "exit 1"}))))

    assert statuses(report_of(error))[2:] == ["Failed"] + ["Skipped"] * 4


async def test_the_diagnostics_hold_the_scripts_name_kind_and_tail(site: Site) -> None:
    body = "echo one\necho two\nexit 1"

    error = await failed(run(site, site.command(site.revision("v1", {BEFORE: body}))))

    diagnostics = report_of(error).events[2].diagnostics
    assert diagnostics is not None
    assert diagnostics.error_code is LifecycleErrorCode.SCRIPT_FAILED
    assert diagnostics.script_name == "BeforeInstall.sh"
    assert diagnostics.log_tail == "one\ntwo\n"


async def test_missing_scripts_are_all_named_before_anything_is_installed(site: Site) -> None:
    hooks = {START: "true", VALIDATE: "true"}
    revision = site.revision("v1", hooks, omit=("ApplicationStart.sh", "ValidateService.sh"))

    error = await failed(run(site, site.command(revision)))

    assert statuses(report_of(error))[:3] == ["Succeeded", "Failed", "Skipped"]
    assert "ApplicationStart.sh" in error.message
    assert "ValidateService.sh" in error.message


@pytest.mark.parametrize(
    ("members", "said"),
    [
        pytest.param({"readme": "x"}, "no AppSpec file", id="no appspec"),
        pytest.param({"appspec.yml": "version: 1"}, "version", id="bad appspec"),
        pytest.param(
            {"appspec.yml": "version: 0.0\nos: windows\n"}, "this host runs linux", id="other os"
        ),
    ],
)
async def test_a_revision_that_cannot_be_used_fails_the_download(
    site: Site, members: dict[str, str], said: str
) -> None:
    error = await failed(run(site, site.command(site.pinned("v1", members))))

    assert statuses(report_of(error))[:2] == ["Succeeded", "Failed"]
    assert said in error.message


async def test_the_appspec_may_end_in_yaml(site: Site) -> None:
    members = {"appspec.yaml": "version: 0.0\nos: linux\n"}

    report = await run(site, site.command(site.pinned("v1", members)))

    assert set(statuses(report)) == {"Succeeded"}


class TestWhoseScripts:
    """Which revision an event takes its scripts from."""

    async def test_application_stop_runs_the_last_successful_revisions_script(
        self, site: Site
    ) -> None:
        await run(site, site.command(site.revision("v1", {STOP: note("stop-v1")})))

        await run(site, site.command(site.revision("v2", {STOP: note("stop-v2")}), "d-2"))

        assert site.runs == ["stop-v1"]

    async def test_a_revision_that_failed_is_never_the_last_successful_one(
        self, site: Site
    ) -> None:
        await run(site, site.command(site.revision("v1", {STOP: note("stop-v1")})))
        broken = site.revision("v2", {STOP: note("stop-v2"), VALIDATE: "exit 1"})
        await failed(run(site, site.command(broken, "d-2")))

        await run(site, site.command(site.revision("v3", {}), "d-3"))

        assert site.runs == ["stop-v1", "stop-v1"]

    async def test_an_old_revision_that_is_gone_is_a_remark_and_no_failure(
        self, site: Site
    ) -> None:
        site.layout.group(GROUP).point(ScriptSource.LAST_SUCCESSFUL, "d-gone")

        report = await run(site, site.command(site.revision("v1", {})))

        diagnostics = report.events[0].diagnostics
        assert diagnostics is not None
        assert "(d-gone) cannot be read" in diagnostics.message

    async def test_a_blue_green_rollback_blocks_traffic_with_the_most_recent_scripts(
        self, site: Site
    ) -> None:
        event = LifecycleEvent.BEFORE_BLOCK_TRAFFIC
        await run(site, site.command(site.revision("v1", {event: note("block-v1")})))
        recent = site.revision("v2", {event: note("block-v2"), VALIDATE: "exit 1"})
        await failed(run(site, site.command(recent, "d-2")))

        rollback = site.command(
            site.revision("v1", {}),
            "d-3",
            events=(event,),
            deployment_type="BLUE_GREEN",
            deployment_creator="codeDeployRollback",
        )
        await run(site, rollback)

        assert site.runs == ["block-v2"]

    async def test_a_late_repetition_does_not_bring_an_old_revision_back(self, site: Site) -> None:
        first = site.command(site.revision("v1", {}))
        await run(site, first)
        await run(site, site.command(site.revision("v2", {}), "d-2"))

        await run(site, first)

        assert site.layout.group(GROUP).pointer(ScriptSource.LAST_SUCCESSFUL) == "d-2"

    async def test_a_segment_in_the_middle_is_no_success(self, site: Site) -> None:
        command = site.command(site.revision("v1", {}), completes_deployment=False)

        await run(site, command)

        assert site.layout.group(GROUP).pointer(ScriptSource.LAST_SUCCESSFUL) is None


async def test_a_failed_application_stop_can_be_forgiven(site: Site) -> None:
    await run(site, site.command(site.revision("v1", {STOP: "exit 1"})))
    lenient = site.command(
        site.revision("v2", {START: note("started")}), "d-2", ignore_application_stop_failures=True
    )

    report = await run(site, lenient)

    assert statuses(report)[0] == "Failed"
    assert site.runs == ["started"]


async def test_a_failed_application_stop_fails_by_default(site: Site) -> None:
    await run(site, site.command(site.revision("v1", {STOP: "exit 1"})))

    error = await failed(run(site, site.command(site.revision("v2", {}), "d-2")))

    assert statuses(report_of(error)) == ["Failed"] + ["Skipped"] * 6


class TestStop:
    """A cancellation that the workflow asked for."""

    async def test_it_ends_the_running_script_and_skips_the_rest(self, site: Site) -> None:
        environment = ActivityEnvironment()
        command = site.command(site.revision("v1", {START: waiting(site), VALIDATE: "true"}))
        running = asyncio.ensure_future(run(site, command, environment))
        await until(lambda: site.runs == ["begun"])

        environment.cancel()
        error = await failed(running)

        assert error.type == LIFECYCLE_STOPPED
        assert statuses(report_of(error))[-2:] == ["Failed", "Skipped"]
        assert site.runs == ["begun"]

    async def test_it_ends_the_wait_for_the_host(self, site: Site) -> None:
        first = asyncio.ensure_future(
            run(site, site.command(site.revision("v1", {START: waiting(site)})))
        )
        await until(lambda: site.runs == ["begun"])
        beats: list[Progress] = []
        environment = ActivityEnvironment()
        environment.on_heartbeat = beats.append
        second = asyncio.ensure_future(
            run(site, site.command(site.revision("v2", {}), "d-2"), environment)
        )
        await until(lambda: len(beats) > 1)

        environment.cancel()
        error = await failed(second)
        await open_gate(site)
        await first

        assert error.type == LIFECYCLE_STOPPED
        assert set(statuses(report_of(error))) == {"Skipped"}


class TestLettingGo:
    """An attempt that ends while its script runs on."""

    async def test_a_worker_that_shuts_down_leaves_the_script_running(self, site: Site) -> None:
        environment = ActivityEnvironment()
        command = site.command(site.revision("v1", {START: waiting(site)}))
        running = asyncio.ensure_future(run(site, command, environment))
        await until(lambda: site.runs == ["begun"])

        environment.worker_shutdown()
        error = await failed(running)
        next_agent = asyncio.ensure_future(run(Site(site.directory), command))
        await open_gate(site)
        report = await next_agent

        assert error.type == AGENT_LEAVING
        assert not error.non_retryable
        assert set(statuses(report)) == {"Succeeded"}
        assert site.runs == ["begun", "passed"]

    async def test_a_stale_attempt_hands_over_to_the_next_one(self, site: Site) -> None:
        stale = ActivityEnvironment()
        command = site.command(site.revision("v1", {START: waiting(site), VALIDATE: note("valid")}))
        first = asyncio.ensure_future(run(site, command, stale))
        await until(lambda: site.runs == ["begun"])

        beats: list[Progress] = []
        environment = ActivityEnvironment()
        environment.on_heartbeat = beats.append
        second = asyncio.ensure_future(run(site, command, environment))
        await until(lambda: len(beats) > 1)
        stale.cancel(ActivityCancellationDetails(not_found=True))
        with pytest.raises(asyncio.CancelledError):
            await first
        await open_gate(site)
        report = await second

        assert set(statuses(report)) == {"Succeeded"}
        assert site.runs == ["begun", "passed", "valid"]

    async def test_an_abandoned_segment_finishes_its_event_and_begins_no_other(
        self, site: Site
    ) -> None:
        stale = ActivityEnvironment()
        command = site.command(site.revision("v1", {START: waiting(site), VALIDATE: note("valid")}))
        first = asyncio.ensure_future(run(site, command, stale))
        await until(lambda: site.runs == ["begun"])
        segment = site.host.take_up(command)

        stale.cancel(ActivityCancellationDetails(not_found=True))
        with pytest.raises(asyncio.CancelledError):
            await first
        await open_gate(site)
        await segment.task

        journal = Journal(site.deployment().journal)
        assert journal.result(START) is not None
        assert journal.begun(VALIDATE) is None
        assert site.runs == ["begun", "passed"]


class TestOneTurnAtATime:
    """Several deployments on one host."""

    async def test_the_second_waits_and_says_behind_whom(self, site: Site) -> None:
        first = asyncio.ensure_future(
            run(site, site.command(site.revision("v1", {START: waiting(site)})))
        )
        await until(lambda: site.runs == ["begun"])
        other = site.command(
            site.revision("v2", {BEFORE: note("other")}), "d-2", deployment_group_id="blog/web"
        )
        beats: list[Progress] = []
        environment = ActivityEnvironment()
        environment.on_heartbeat = beats.append
        second = asyncio.ensure_future(run(site, other, environment))
        await until(lambda: any(beat.waiting_behind == "d-1" for beat in beats))

        await open_gate(site)
        await first
        await second

        assert site.runs == ["begun", "passed", "other"]

    async def test_two_attempts_at_one_command_run_it_once(self, site: Site) -> None:
        command = site.command(site.revision("v1", {START: note("start")}))

        first, second = await asyncio.gather(run(site, command), run(site, command))

        assert first == second
        assert site.runs == ["start"]


async def test_heartbeats_tell_the_event_and_the_last_output(site: Site) -> None:
    beats: list[Any] = []
    environment = ActivityEnvironment()
    environment.on_heartbeat = beats.append
    body = f"echo 'warming up'\n{waiting(site)}"
    command = site.command(site.revision("v1", {START: body}))

    running = asyncio.ensure_future(run(site, command, environment))
    await until(lambda: Progress(event=START, last_output="warming up") in beats)
    await open_gate(site)
    await running

    assert beats[0] == Progress()


async def test_a_script_outlives_an_agent_killed_in_its_middle_and_runs_once(site: Site) -> None:
    revision = site.revision(
        "v1", {BEFORE: note("before"), START: waiting(site), VALIDATE: note("valid")}
    )
    command = site.command(revision)
    agent = await lone_agent.started(site, command)
    await until(lambda: "begun" in site.runs)

    agent.kill()
    await agent.wait()
    resumed = asyncio.ensure_future(run(site, command))
    await open_gate(site)
    report = await resumed

    assert set(statuses(report)) == {"Succeeded"}
    assert site.runs == ["before", "begun", "passed", "valid"]


async def test_an_event_that_the_host_went_down_in_has_failed(site: Site) -> None:
    command = site.command(site.revision("v1", {START: note("start")}), events=(DOWNLOAD, START))
    await run(site, site.command(command.revision, events=(DOWNLOAD,)))
    journal = Journal(site.deployment().journal)
    begun = journal.events[0].model_copy(
        update={"lifecycle_event_name": START, "status": LifecycleEventStatus.IN_PROGRESS}
    )
    line = f'{{"event":{begun.model_dump_json()},"bootId":"an-earlier-boot"}}\n'
    with site.deployment().journal.open("a") as stream:
        stream.write(line)

    error = await failed(run(site, command))

    assert "was interrupted: the host or its processes went down" in error.message
    assert site.runs == []


async def test_a_refused_variable_is_a_warning_in_the_diagnostics(site: Site) -> None:
    command = site.command(
        site.revision("v1", {START: 'test -z "$LD_PRELOAD"'}), environment={"LD_PRELOAD": "x.so"}
    )

    report = await run(site, command)

    diagnostics = report.events[5].diagnostics
    assert diagnostics is not None
    assert "LD_PRELOAD would change which programs run" in diagnostics.message


async def test_an_unknown_file_exists_behavior_names_what_is_allowed(site: Site) -> None:
    command = site.command(site.revision("v1", {}), file_exists_behavior="MAYBE")

    error = await failed(run(site, command))

    assert "expected one of DISALLOW, OVERWRITE, RETAIN" in error.message


async def test_an_id_that_leads_elsewhere_on_disk_is_refused(site: Site) -> None:
    error = await failed(run(site, site.command(site.revision("v1", {}), "../../escape")))

    assert error.non_retryable
    assert not (site.directory / "escape").exists()
