"""The whole log of a deployment on a host."""

import asyncio
import os
import tracemalloc
from datetime import UTC, datetime
from pathlib import Path

import pytest
from temporalio.testing import ActivityEnvironment

from agent.log_parts import STAMPED_LINES
from agent.logs import PIECE_BYTES, read_piece
from agent.output import last_line, tail
from codedeploy.commands import LifecycleCommand, LogPiece, LogRequest
from codedeploy.errors import DeploymentTargetDoesNotExist, InvalidInput
from codedeploy.lifecycle import LifecycleEvent
from tests.agent.site import Site, timeless, until

START = LifecycleEvent.APPLICATION_START
VALIDATE = LifecycleEvent.VALIDATE_SERVICE


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


@pytest.fixture
def gate(site: Site) -> Path:
    """What a script reads from waits until somebody writes to it."""
    gate = site.directory / "gate"
    os.mkfifo(gate)
    return gate


async def deployed(site: Site, hooks: dict[LifecycleEvent, str]) -> None:
    command = site.command(site.revision("v1", hooks))
    await ActivityEnvironment().run(site.activities.run_lifecycle_events, command)


def piece(
    site: Site,
    event: LifecycleEvent | None = None,
    offset: int = 0,
    *,
    timestamps: bool = False,
) -> LogPiece:
    request = LogRequest(deployment_id="d-1", event=event, offset=offset, timestamps=timestamps)
    return read_piece(site.deployment(), request, host="web-1")


def whole(site: Site, event: LifecycleEvent | None = None, *, timestamps: bool = False) -> str:
    text, part = "", piece(site, event, timestamps=timestamps)
    while not part.is_end:
        text += part.text
        part = piece(site, event, part.next_offset, timestamps=timestamps)
    return text + part.text


def with_vain_keys(site: Site, count: int) -> LifecycleCommand:
    keys = "".join(f"vain{number}: x\n" for number in range(count))
    appspec = f"version: 0.0\nos: linux\n{keys}"
    return site.command(site.pinned("v1", {"appspec.yml": appspec}))


async def test_what_an_appspec_says_in_vain_is_in_the_log(site: Site) -> None:
    await ActivityEnvironment().run(
        site.activities.run_lifecycle_events, with_vain_keys(site, count=2)
    )

    text = whole(site, LifecycleEvent.DOWNLOAD_BUNDLE)

    assert "AppSpec line 3: vain0: unknown key" in text
    assert "AppSpec line 4: vain1: unknown key" in text


async def test_an_appspec_full_of_vain_keys_does_not_fill_the_history(site: Site) -> None:
    report = await ActivityEnvironment().run(
        site.activities.run_lifecycle_events, with_vain_keys(site, count=10_000)
    )

    (download,) = (one for one in report.events if one.lifecycle_event_name == "DownloadBundle")
    assert download.diagnostics is not None
    assert download.diagnostics.message.endswith("and 9980 more")
    assert len(download.diagnostics.message) < 4000


async def test_the_log_names_events_scripts_and_their_ends_in_order(site: Site) -> None:
    await deployed(site, {START: "echo started", VALIDATE: "echo healthy >&2"})

    lines = [line.split(" ", 2)[-1] for line in timeless(whole(site)).splitlines()]

    assert lines[-10:] == [
        "LifecycleEvent - ApplicationStart",
        "Script - ApplicationStart.sh",
        "started",
        "Script - ApplicationStart.sh exited 0 after N s",
        "LifecycleEvent - ApplicationStart Succeeded: Succeeded",
        "LifecycleEvent - ValidateService",
        "Script - ValidateService.sh",
        "healthy",
        "Script - ValidateService.sh exited 0 after N s",
        "LifecycleEvent - ValidateService Succeeded: Succeeded",
    ]


async def test_the_log_of_one_event_holds_only_its_output(site: Site) -> None:
    await deployed(site, {START: "echo started", VALIDATE: "echo healthy"})

    text = whole(site, VALIDATE)

    assert "healthy" in text
    assert "started" not in text


async def test_output_without_a_last_newline_does_not_swallow_the_next_line(site: Site) -> None:
    await deployed(site, {START: "printf abc"})

    assert "abc\n" in whole(site, START)


async def test_the_log_can_be_read_while_the_script_runs(site: Site, gate: Path) -> None:
    body = f"echo before\nread line <{gate}\necho after"
    running = asyncio.create_task(deployed(site, {START: body}))
    output = site.deployment().script(START, 1) / "output"
    await until(lambda: output.exists() and output.stat().st_size > 0)

    first = piece(site, START)
    await asyncio.to_thread(gate.write_text, "go\n")
    await running

    assert first.text.endswith("before\n")
    assert piece(site, START, first.next_offset).text.startswith("after\n")


async def test_pieces_join_without_tearing_characters(site: Site) -> None:
    lines = PIECE_BYTES // 2
    await deployed(site, {START: f"yes 'x€' | head -n {lines}"})

    text = whole(site, START)

    assert text.count("x€\n") == lines
    assert "\ufffd" not in text


async def test_bytes_that_are_no_text_are_replaced(site: Site) -> None:
    await deployed(site, {START: r"printf 'a\377b\n'"})

    assert "a\ufffdb\n" in whole(site, START)


async def test_what_a_background_child_prints_later_does_not_shift_the_log(site: Site) -> None:
    await deployed(site, {START: "echo started"})
    before = whole(site)

    with (site.deployment().script(START, 1) / "output").open("a") as late:
        late.write("from a daemon\n")

    assert whole(site) == before


async def test_a_large_log_is_read_in_pieces_that_stay_small(site: Site) -> None:
    await deployed(site, {START: "head -c 100000000 /dev/zero"})
    tracemalloc.start()

    last = piece(site, START, 90_000_000)

    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert last.next_offset == 90_000_000 + PIECE_BYTES
    assert peak < 20 * PIECE_BYTES


def test_an_unknown_deployment_has_no_log(site: Site) -> None:
    with pytest.raises(DeploymentTargetDoesNotExist, match="web-1 has no log of d-1"):
        piece(site)


async def test_who_waits_for_an_unknown_deployment_is_told_that_there_is_nothing(
    site: Site,
) -> None:
    request = LogRequest(deployment_id="d-1", wait_seconds=0.1)

    answer = await ActivityEnvironment().run(site.activities.read_log, request)

    assert answer == LogPiece(text="", next_offset=0, is_end=True)


async def test_who_waits_is_told_of_what_is_printed_at_once(site: Site, gate: Path) -> None:
    running = asyncio.create_task(deployed(site, {START: f"read line <{gate}\necho after"}))
    await until(lambda: site.deployment().script(START, 1).joinpath("started").exists())
    offset = piece(site, START).next_offset
    request = LogRequest(deployment_id="d-1", event=START, offset=offset, wait_seconds=20)

    waiting = asyncio.create_task(ActivityEnvironment().run(site.activities.read_log, request))
    await asyncio.to_thread(gate.write_text, "go\n")
    answer = await waiting
    await running

    assert answer.text.startswith("after\n")


async def test_an_agent_that_goes_keeps_nobody_waiting(site: Site) -> None:
    await deployed(site, {START: "echo started"})
    offset = piece(site).next_offset
    environment = ActivityEnvironment()
    environment.worker_shutdown()

    answer = await environment.run(
        site.activities.read_log,
        LogRequest(deployment_id="d-1", offset=offset, wait_seconds=20),
    )

    assert answer == LogPiece(text="", next_offset=offset, is_end=True)


# --- times of lines


def lines_of(text: str) -> dict[str, str]:
    """Return the times of lines, by what they say."""
    parts = (line.split(" ") for line in text.splitlines())
    return {" ".join(words): f"{date} {time}" for date, time, *words in parts}


async def test_each_line_has_the_time_at_which_it_was_there(site: Site, gate: Path) -> None:
    body = f"echo early\nread line <{gate}\necho late; printf 'no end'"
    running = asyncio.create_task(deployed(site, {START: body}))
    moments = site.deployment().script(START, 1) / "moments"
    await until(lambda: moments.exists() and moments.read_text().endswith("\n"))
    noted = datetime.fromtimestamp(float(moments.read_text().split()[1]), UTC)
    await until(lambda: f"{datetime.now(UTC):%S}" != f"{noted:%S}")

    await asyncio.to_thread(gate.write_text, "go\n")
    await running

    times = lines_of(whole(site, START, timestamps=True))
    assert times["early"] == f"{noted:%Y-%m-%d %H:%M:%S}"
    assert times["early"] < times["late"] == times["no end"]
    assert times["late"] <= times["LifecycleEvent - ApplicationStart Succeeded: Succeeded"]


async def test_pieces_with_times_join_to_the_same_log(site: Site) -> None:
    await deployed(site, {START: f"yes '€' | head -n {3 * STAMPED_LINES}; printf '\\377\\n\\n€'"})

    stamped = whole(site, START, timestamps=True)

    assert [line[len("2026-11-30 00:00:00 ") :] for line in stamped.splitlines()][2:-2] == (
        ["€"] * 3 * STAMPED_LINES + ["\ufffd", "", "€"]
    )


async def test_a_piece_with_times_is_no_larger_than_a_message_may_be(site: Site) -> None:
    await deployed(site, {START: f"yes '' | head -n {2 * PIECE_BYTES}"})

    first = piece(site, START, timestamps=True)

    assert len(first.model_dump_json()) < 1 << 20


async def test_without_notes_a_line_has_the_time_of_the_scripts_end(site: Site) -> None:
    await deployed(site, {START: "echo started"})
    (site.deployment().script(START, 1) / "moments").write_text("torn by a cra")

    times = lines_of(timeless(whole(site, START, timestamps=True)))

    assert times["started"] == times["Script - ApplicationStart.sh exited 0 after N s"]


def test_an_id_cannot_name_another_place_on_disk(site: Site) -> None:
    with pytest.raises(InvalidInput):
        site.layout.deployment("../../etc")


def test_the_tail_keeps_the_end_of_a_long_line(tmp_path: Path) -> None:
    output = tmp_path / "output"
    output.write_text("x" * 10_000 + "the end")

    ending = tail(output, until=output.stat().st_size)
    assert ending.endswith("xthe end")
    assert len(ending) == 4096


def test_the_tail_holds_nothing_that_steers_a_terminal(tmp_path: Path) -> None:
    output = tmp_path / "output"
    output.write_bytes(b"\x1b[31mred\x1b[0m\x07 \x1b]0;title\x07done\r\n")

    assert tail(output, until=output.stat().st_size) == "red done\n"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        pytest.param("one\ntwo\n\n  \n", "two", id="blank lines are skipped"),
        pytest.param("", "", id="no output"),
        pytest.param("y" * 300, "y" * 200, id="long lines are cut on the left"),
    ],
)
def test_the_last_line_is_the_last_that_says_something(text: str, line: str) -> None:
    assert last_line(text) == line
