"""`rollway-agent local`: what the conformance suite cannot say in a table."""

import asyncio
import io
import os
import signal
import sys
from asyncio.subprocess import PIPE, STDOUT, Process
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent import cli
from agent.configuration import DEFAULT_CONFIGURATION
from agent.layout import DeploymentDirectory
from agent.local.narration import Narrator
from agent.local.order import DEFAULT_EVENTS, custom_events, read_events
from agent.local.settings import local_settings_of
from agent.lock import exclusive
from agent.recording import Recording, ScriptEnd
from agent.retention import KEPT_REVISIONS
from agent.settings import CONFIGURATION_VARIABLE, DEFAULT_ROOT, ROOT_VARIABLE
from codedeploy.errors import InvalidInput
from codedeploy.lifecycle import IGNORABLE, LifecycleErrorCode
from tests.agent.site import is_running, until

APPSPEC = """\
version: 0.0
os: linux
files: [{source: f, destination: /app}]
hooks:
  AfterInstall: [{location: a.sh}]
"""


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    directory = tmp_path / "bundle"
    directory.mkdir()
    (directory / "appspec.yml").write_text(APPSPEC)
    (directory / "f").write_text("x")
    (directory / "a.sh").write_text("#!/bin/sh\n")
    return directory


def arguments(bundle: Path) -> list[str]:
    places = {
        "-l": bundle,
        "--root": bundle.parent / "root",
        "--destination-root": installed(bundle),
    }
    return ["local", *(word for flag, path in places.items() for word in (flag, str(path)))]


def installed(bundle: Path) -> Path:
    return bundle.parent / "destination"


@asynccontextmanager
async def deploying(bundle: Path, *wrapper: str, **variables: str) -> AsyncIterator[Process]:
    process = await asyncio.create_subprocess_exec(
        *(*wrapper, sys.executable, "-m", "agent.cli", *arguments(bundle)),
        stdout=PIPE,
        stderr=STDOUT,
        env={**os.environ, **variables},
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def told(process: Process, until_line: str = "") -> str:
    """Return what a process prints up to a line, or to its end."""
    assert process.stdout is not None
    text = ""
    while line := (await asyncio.wait_for(process.stdout.readline(), 60)).decode():
        text += line
        if until_line and until_line in line:
            return text
    return text


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
async def test_a_signal_ends_the_running_script_and_the_deployment(
    bundle: Path, number: signal.Signals
) -> None:
    (bundle / "a.sh").write_text("#!/bin/sh\necho it is $$\nexec sleep 100\n")
    async with deploying(bundle) as process:
        before = await told(process, until_line="it is")
        script = int(before.split()[-1])

        process.send_signal(number)
        after = await told(process)

        assert await process.wait() == 1
    assert "AfterInstall: Failed" in after
    assert "stopped by request" in after
    assert "Skipped: ApplicationStart" in after
    await until(lambda: not is_running(script))


async def test_what_a_script_prints_is_told_while_it_runs(bundle: Path) -> None:
    gate = bundle.parent / "gate"
    os.mkfifo(gate)
    (bundle / "a.sh").write_text(f"#!/bin/sh\necho waits\nread line <{gate}\necho $line\n")
    async with deploying(bundle) as process:
        await told(process, until_line="  | waits")

        await asyncio.to_thread(gate.write_text, "goes on\n")

        assert "  | goes on" in await told(process)


async def test_a_reader_who_goes_away_does_not_disturb_the_deployment(bundle: Path) -> None:
    reading, writing = os.pipe()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "agent.cli", *arguments(bundle)), stdout=writing, stderr=PIPE
    )
    os.close(writing)
    os.close(reading)

    _, errors = await asyncio.wait_for(process.communicate(), 60)

    assert (process.returncode, errors) == (0, b"")
    assert (installed(bundle) / "app/f").read_text() == "x"


async def test_a_terminal_without_the_letters_gets_them_spelt_out(bundle: Path) -> None:
    (bundle / "a.sh").write_text("#!/bin/sh\nprintf 'caf\\303\\251\\n'\n")
    async with deploying(bundle, PYTHONIOENCODING="ascii") as process:
        said = await told(process)

        assert await process.wait() == 0
    assert "  | caf\\xe9\n" in said


async def test_a_bundle_for_which_there_is_no_room_changes_nothing(bundle: Path) -> None:
    (bundle / "large").write_bytes(bytes(100_000))
    async with deploying(bundle, "sh", "-c", 'ulimit -f 100 && exec "$0" "$@"') as process:
        said = await told(process)

        assert await process.wait() == 1
    assert "File too large" in said
    assert not installed(bundle).exists()
    assert list((bundle.parent / "root/bundles").iterdir()) == []


def test_a_root_in_which_an_agent_works_is_refused(
    bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with exclusive(bundle.parent / "root"):
        status = cli.perform(arguments(bundle))

    assert status == 1
    assert f"(pid {os.getpid()}) already works in" in capsys.readouterr().err
    assert not installed(bundle).exists()


def test_records_that_cannot_be_kept_are_named(
    bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = bundle.parent / "root"
    root.mkdir()
    (root / "deployments").write_text("in the way")

    status = cli.perform(arguments(bundle))

    assert status == 1
    assert f"{root} does not take its records" in capsys.readouterr().err


def narrated(directory: Path, output: bytes) -> str:
    """Return what is told about a script that printed `output`."""
    deployment = DeploymentDirectory(directory)
    recording = Recording(deployment.script("AfterInstall", 1))
    recording.open("a.sh")
    recording.output.write_bytes(output)
    recording.close(
        ScriptEnd(
            error_code=LifecycleErrorCode.SUCCESS,
            phrase="exited 0",
            time=datetime.now(UTC),
            output_bytes=len(output),
        )
    )
    out = io.StringIO()
    Narrator(deployment, out).catch_up()
    return out.getvalue()


def test_a_line_without_an_end_is_told_in_pieces(tmp_path: Path) -> None:
    text = narrated(tmp_path, b"x" * 1_000_000)

    quoted = [line for line in text.splitlines() if line.startswith("  | ")]
    assert sum(len(line) - 4 for line in quoted) == 1_000_000
    assert max(map(len, quoted)) < 100_000


def test_empty_lines_and_one_without_an_end_are_told(tmp_path: Path) -> None:
    text = narrated(tmp_path, b"\none\n\n\ntwo")

    assert text == "AfterInstall: a.sh\n  | \n  | one\n  | \n  | \n  | two\n  exited 0\n"


def flags(bundle: Path, *more: str) -> list[str]:
    return ["local", "-l", str(bundle), *more]


@pytest.mark.parametrize(
    ("more", "variables", "expected"),
    [
        pytest.param(("--root", "/r", "-c", "c.yml"), {ROOT_VARIABLE: "/v"}, "/r", id="flag"),
        pytest.param(("-c", "c.yml"), {ROOT_VARIABLE: "/v"}, "/c", id="codedeploy's configuration"),
        pytest.param((), {ROOT_VARIABLE: "/v"}, "/v", id="variable"),
        pytest.param((), {CONFIGURATION_VARIABLE: "agent.yml"}, "/a", id="agent's configuration"),
        pytest.param((), {}, DEFAULT_ROOT, id="default"),
    ],
)
def test_the_root_comes_from_whoever_is_nearest(
    bundle: Path,
    monkeypatch: pytest.MonkeyPatch,
    more: tuple[str, ...],
    variables: Mapping[str, str],
    expected: str,
) -> None:
    if DEFAULT_CONFIGURATION.exists() and not variables:
        pytest.skip("this machine's agent is configured otherwise")
    monkeypatch.chdir(bundle.parent)
    Path("c.yml").write_text(":root_dir: /c\n")
    Path("agent.yml").write_text("root: /a\n")

    settings = local_settings_of(cli.parser().parse_args(flags(bundle, *more)), variables)

    assert settings.root == Path(expected)


def test_the_agents_configuration_counts_here_too(bundle: Path) -> None:
    path = bundle.parent / "agent.yml"
    path.write_text("destinationRoot: /d\nenv: {PORT: '80'}\n")
    given_flags = cli.parser().parse_args(flags(bundle))

    settings = local_settings_of(given_flags, {CONFIGURATION_VARIABLE: str(path)})

    assert settings.destination_root == Path("/d")
    assert settings.environment == {"PORT": "80"}


def configured(bundle: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """Make `text` the configuration of this host's agent."""
    path = bundle.parent / "agent.yml"
    path.write_text(text)
    monkeypatch.setenv(CONFIGURATION_VARIABLE, str(path))


def test_a_bundle_beyond_the_agents_limits_is_refused_here_too(
    bundle: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    configured(bundle, monkeypatch, "mostUnpackedMembers: 2\n")

    assert cli.perform(arguments(bundle)) == 1
    assert "has too many members: at most 2 are allowed" in capsys.readouterr().out


def test_output_beyond_the_agents_limit_is_dropped_here_too(
    bundle: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    configured(bundle, monkeypatch, "mostOutputBytes: 1024\n")
    (bundle / "a.sh").write_text("#!/bin/sh\nseq 100000\n")

    assert cli.perform(arguments(bundle)) == 0
    assert "what it printed beyond 1024 bytes was not kept" in capsys.readouterr().out


def test_a_revision_that_succeeded_counts_as_one_of_those_to_be_kept(bundle: Path) -> None:
    for number in range(KEPT_REVISIONS + 2):
        (bundle / "f").write_text(str(number))
        assert cli.perform(arguments(bundle)) == 0

    kept = list((bundle.parent / "root/deployments").glob("*/archive"))
    assert KEPT_REVISIONS <= len(kept) < KEPT_REVISIONS + 2


NAMES = st.lists(st.sampled_from([*DEFAULT_EVENTS, "HealthCheck", "Warm_up"]), unique=True)


@given(NAMES.filter(bool))
def test_what_is_asked_for_runs_in_that_order_after_what_it_needs(names: list[str]) -> None:
    try:
        events = read_events(",".join(names))
    except InvalidInput:
        return

    assert [event for event in events if event in names] == names
    assert set(events) == {*names, "DownloadBundle", "Install"}
    assert set(events[: events.index("DownloadBundle")]) <= IGNORABLE
    assert set(events[: events.index("Install")]) <= {
        *IGNORABLE,
        *custom_events(events),
        "DownloadBundle",
        "BeforeInstall",
    }
