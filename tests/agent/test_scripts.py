"""One script: exactly once, recorded, within its time."""

import asyncio
import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from agent.interruption import Interrupted, Interruption, Wish
from agent.invocation import CannotRun, Invocation, locate
from agent.limits import Limits
from agent.recording import EndedBy
from agent.runners import Runner, current_boot_id
from agent.scripts import run_script
from codedeploy.lifecycle import LifecycleErrorCode
from tests.agent.site import end, is_running, timeless, until
from tests.agent.stage import QUICK, Stage

IMPATIENT = Limits(timeout_seconds=1, grace_seconds=0.3)


async def test_a_script_that_exits_0_succeeds(stage: Stage) -> None:
    stage.write("#!/bin/sh\nexit 0\n")

    ending = await stage.run()

    assert ending.error_code is LifecycleErrorCode.SUCCESS


async def test_a_failing_script_names_its_exit_status(stage: Stage) -> None:
    stage.write("#!/bin/sh\nexit 7\n")

    ending = await stage.run()

    assert ending.error_code is LifecycleErrorCode.SCRIPT_FAILED
    assert timeless(ending.phrase) == "exited 7 after N s"


async def test_a_script_killed_from_outside_is_recognised(stage: Stage) -> None:
    stage.write("#!/bin/sh\nkill -9 $$\n")

    ending = await stage.run()

    assert timeless(ending.phrase) == "exited 137 (as if ended by signal 9) after N s"


async def test_both_streams_go_to_one_file_in_order(stage: Stage) -> None:
    stage.write("#!/bin/sh\necho one\necho two >&2\necho three\n")

    await stage.run()

    assert stage.output == "one\ntwo\nthree\n"


async def test_the_environment_is_what_was_given_and_nothing_of_the_agents(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AGENT_SECRET", "hunter2")
    stage.write("#!/bin/sh\nenv\n")

    await stage.run()

    names = {line.partition("=")[0] for line in stage.output.splitlines()}
    assert names == {"PATH", "GIVEN", "PWD"}


async def test_it_runs_in_the_revisions_root_without_standard_input(stage: Stage) -> None:
    stage.write("#!/bin/sh\npwd\ncat\n")

    await stage.run()

    assert stage.output == f"{stage.archive}\n"


async def test_no_signal_is_ignored_in_a_script(stage: Stage) -> None:
    stage.write("#!/bin/sh\ngrep SigIgn /proc/self/status\n")

    await stage.run()

    standard_signals = 0x7FFFFFFF
    assert int(stage.output.split()[1], 16) & standard_signals == 0


async def test_it_leads_no_session_of_the_agents(stage: Stage) -> None:
    stage.write("#!/bin/sh\ncut -d' ' -f6 /proc/self/stat\n")

    await stage.run()

    assert int(stage.output) != os.getsid(0)


async def test_arguments_are_split_as_a_shell_does(stage: Stage) -> None:
    stage.write('#!/bin/sh\nprintf "%s|" "$@"\n', "start.sh")

    await stage.run("start.sh one 'two three' $HOME")

    assert stage.output == "one|two three|$HOME|"


async def test_a_literal_name_with_blanks_comes_before_splitting(stage: Stage) -> None:
    stage.write("#!/bin/sh\necho literal\n", "start now.sh")
    stage.write("#!/bin/sh\necho split\n", "start")

    await stage.run("start now.sh")

    assert stage.output == "literal\n"


async def test_a_missing_execute_bit_is_added(stage: Stage) -> None:
    path = stage.write("#!/bin/sh\nexit 0\n", mode=0o644)

    await stage.run()

    assert path.stat().st_mode & 0o111 == 0o111


async def test_without_a_shebang_the_shell_runs_it(stage: Stage) -> None:
    stage.write("echo from the shell\n")

    await stage.run()

    assert stage.output == "from the shell\n"


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        pytest.param(
            "#!/bin/sh\r\necho hi\r\n",
            LifecycleErrorCode.SCRIPT_NOT_EXECUTABLE,
            "Windows line ends",
            id="crlf",
        ),
        pytest.param(
            "#!/opt/none/python\n",
            LifecycleErrorCode.SCRIPT_NOT_EXECUTABLE,
            "interpreter /opt/none/python",
            id="no interpreter",
        ),
    ],
)
async def test_a_script_that_cannot_start_says_why(
    stage: Stage, text: str, code: LifecycleErrorCode, said: str
) -> None:
    stage.write(text)

    ending = await stage.run()

    assert ending.error_code is code
    assert said in ending.phrase


async def test_an_unknown_user_is_named(stage: Stage) -> None:
    stage.write("#!/bin/sh\n")

    with pytest.raises(CannotRun, match="'nobody-of-that-name'"):
        stage.invocation(runas="nobody-of-that-name")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may run scripts as others")
async def test_another_user_keeps_the_variables_even_without_a_login_shell(stage: Stage) -> None:
    stage.archive.parent.chmod(0o755)
    stage.write("#!/bin/sh\nid -un\necho $GIVEN\n")
    command = stage.invocation(runas="nobody").command
    place = Path("/")  # the test's own directory is closed to others

    body = ("/bin/sh", "-c", "id -un; echo $GIVEN")
    invocation = Invocation("x", (*command[:-1], *body), place, {"GIVEN": "yes", "PATH": "/bin"})
    await run_script(stage.recording, lambda: invocation, limits=QUICK, interruption=Interruption())

    assert stage.output == "nobody\nyes\n"


def test_a_missing_script_is_reported_as_such(stage: Stage) -> None:
    with pytest.raises(CannotRun) as caught:
        locate(stage.archive, "none.sh")

    assert caught.value.error_code is LifecycleErrorCode.SCRIPT_MISSING


def test_a_script_may_not_lie_outside_the_revision(stage: Stage) -> None:
    (stage.archive.parent / "outside.sh").write_text("#!/bin/sh\n")

    for location in ("../outside.sh", "'../outside.sh' with arguments"):
        with pytest.raises(CannotRun, match="does not exist in the revision"):
            locate(stage.archive, location)


def test_a_link_may_not_lead_out_of_the_revision(stage: Stage) -> None:
    (stage.archive / "link.sh").symlink_to("/bin/true")

    with pytest.raises(CannotRun, match="outside the revision"):
        locate(stage.archive, "link.sh")


async def test_a_background_child_neither_holds_nor_fails_the_event(stage: Stage) -> None:
    stage.write("#!/bin/sh\nsleep 100 &\necho $!\n")

    ending = await stage.run()

    child = int(stage.output)
    assert ending.error_code is LifecycleErrorCode.SUCCESS
    assert is_running(child)
    end(child)


async def test_a_script_over_its_time_is_ended_and_the_seconds_are_named(stage: Stage) -> None:
    stage.write("#!/bin/sh\nsleep 100\n")

    ending = await stage.run(limits=IMPATIENT)

    assert ending.error_code is LifecycleErrorCode.SCRIPT_TIMED_OUT
    assert "timeout of 1 s" in ending.phrase


async def test_a_script_that_ignores_term_is_killed_with_its_children(stage: Stage) -> None:
    stage.write("#!/bin/sh\ntrap '' TERM\nsleep 100 &\necho $!\nwait\nsleep 100\n")
    interruption = Interruption()
    running = asyncio.create_task(stage.run(interruption=interruption))
    await until(lambda: stage.recording.written_bytes > 0)

    interruption.speak(Wish.STOP)
    ending = await running

    assert ending.phrase == "was stopped by request"
    assert not is_running(int(stage.output))


async def test_a_stop_lets_the_script_clean_up(stage: Stage) -> None:
    stage.write("#!/bin/sh\ntrap 'echo cleaned; exit 0' TERM\necho ready\nsleep 100 &\nwait\n")
    interruption = Interruption()
    patient = Limits(timeout_seconds=60, grace_seconds=30)
    running = asyncio.create_task(stage.run(limits=patient, interruption=interruption))
    await until(lambda: stage.recording.output.exists() and "ready" in stage.output)

    interruption.speak(Wish.STOP)
    ending = await running

    assert ending.phrase == "was stopped by request"
    assert "cleaned" in stage.output


async def test_a_stop_before_the_start_starts_nothing(stage: Stage) -> None:
    stage.write("#!/bin/sh\necho ran\n")
    interruption = Interruption()
    interruption.speak(Wish.STOP)

    with pytest.raises(Interrupted):
        await stage.run(interruption=interruption)

    assert stage.recording.runner is None


async def _left_running(stage: Stage, body: str, is_ready: Callable[[], bool]) -> None:
    """Start a script and leave it, as an agent does that is told to go."""
    stage.write(f"#!/bin/sh\n{body}\n")
    interruption = Interruption()
    running = asyncio.create_task(stage.run(interruption=interruption))
    await until(lambda: stage.recording.runner is not None and is_ready())
    interruption.speak(Wish.LEAVE)
    with pytest.raises(Interrupted):
        await running


async def test_the_next_agent_waits_for_a_script_that_was_left_running(stage: Stage) -> None:
    gate = stage.archive / "gate"
    os.mkfifo(gate)
    await _left_running(stage, "echo ran\nread line <gate\nexit 3", lambda: True)

    second = asyncio.create_task(stage.run())
    await asyncio.to_thread(gate.write_text, "go\n")
    ending = await second

    assert ending.phrase.startswith("exited 3")
    assert stage.output == "ran\n"


async def test_a_script_that_ended_between_two_agents_is_answered_from_its_record(
    stage: Stage,
) -> None:
    os.mkfifo(stage.archive / "gate")
    await _left_running(stage, "read line <gate\nexit 4", lambda: True)
    await asyncio.to_thread((stage.archive / "gate").write_text, "go\n")
    await until(lambda: stage.recording.exit_status is not None)

    ending = await stage.run()

    assert ending.phrase.startswith("exited 4")


async def test_the_time_limit_counts_from_the_scripts_own_start(stage: Stage) -> None:
    await _left_running(stage, "sleep 100", lambda: True)
    runner = stage.recording.runner
    assert runner is not None
    await until(lambda: runner.age_seconds > 1)

    ending = await stage.run(limits=IMPATIENT)

    assert ending.error_code is LifecycleErrorCode.SCRIPT_TIMED_OUT


async def test_a_script_that_went_down_with_its_runner_was_interrupted(stage: Stage) -> None:
    await _left_running(stage, "sleep 100", lambda: True)
    runner = stage.recording.runner
    assert runner is not None
    os.killpg(runner.pid, signal.SIGKILL)

    ending = await stage.run()

    assert ending.error_code is LifecycleErrorCode.SCRIPT_FAILED
    assert ending.phrase == "was interrupted: the host or its processes went down"


async def test_a_stop_begun_by_an_agent_that_died_is_finished_by_the_next(stage: Stage) -> None:
    await _left_running(stage, "sleep 100", lambda: True)
    stage.recording.note_ended_by(EndedBy.REQUEST)

    ending = await stage.run()

    assert ending.phrase == "was stopped by request"


async def test_what_is_left_of_a_script_that_is_being_stopped_is_ended_by_the_next_agent(
    stage: Stage,
) -> None:
    child = "(trap '' TERM; while true; do sleep 0.1; done) &\necho $!\nwait"
    await _left_running(stage, child, lambda: stage.recording.written_bytes > 0)
    runner = stage.recording.runner
    assert runner is not None
    stage.recording.note_ended_by(EndedBy.REQUEST)
    os.killpg(runner.pid, signal.SIGTERM)
    await until(lambda: not runner.is_alive)

    ending = await stage.run()

    assert ending.phrase == "was stopped by request"
    assert not is_running(int(stage.output))


async def test_a_script_that_may_have_run_before_a_reboot_is_not_started(stage: Stage) -> None:
    stage.write("#!/bin/sh\necho ran\n")

    ending = await stage.run(limits=Limits(may_start=False))

    assert "was interrupted" in ending.phrase
    assert not stage.recording.output.exists()


async def test_of_two_runners_for_one_script_only_the_first_runs_it(stage: Stage) -> None:
    stage.write("#!/bin/sh\necho ran\n")
    first, second = await asyncio.gather(stage.run(), stage.run())

    assert first.error_code is second.error_code is LifecycleErrorCode.SUCCESS
    assert stage.output == "ran\n"


async def test_a_runner_that_has_yet_to_say_who_it_is_is_waited_for(stage: Stage) -> None:
    stage.write("#!/bin/sh\necho ran\n")
    mark = stage.recording.directory / "started"
    mark.touch()
    running = asyncio.create_task(stage.run())
    await until(stage.recording.output.exists)
    await asyncio.wait({running}, timeout=0.2)
    assert not running.done()

    (stage.recording.directory / "status").write_text("0\n")
    mark.write_text(f"0000-earlier {Path('/proc/self/stat').read_text()}")
    ending = await running

    assert ending.error_code is LifecycleErrorCode.SUCCESS


def test_a_reused_process_id_is_not_taken_for_the_runner() -> None:
    stat = Path("/proc/self/stat").read_text()
    mine = Runner.parse(f"{current_boot_id()} {stat}")

    impostor = Runner(mine.pid, mine.start_ticks - 1, mine.boot_id)

    assert mine.is_alive
    assert not impostor.is_alive


def test_a_process_of_an_earlier_boot_is_not_alive() -> None:
    stat = Path("/proc/self/stat").read_text()

    assert not Runner.parse(f"0000-earlier {stat}").is_alive


def test_a_torn_exit_status_does_not_count(stage: Stage) -> None:
    (stage.recording.directory / "status").write_text("1")

    assert stage.recording.exit_status is None
