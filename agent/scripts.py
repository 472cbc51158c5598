"""Running one script: exactly once, recorded, within its time, whoever dies meanwhile."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from agent.interruption import Interrupted, Interruption, Wish
from agent.invocation import CannotRun, Invocation
from agent.recorder import Recorder, recorder_of, until_written
from agent.recording import EndedBy, Recording, ScriptEnd
from agent.runners import Runner, end_group, gone
from agent.watch import Watch
from codedeploy.lifecycle import LifecycleErrorCode

KILL_AFTER_SECONDS = 5.0
MOST_OUTPUT_BYTES = 1 << 30

_RUNNER = str(Path(__file__).with_name("runner.sh"))

# What Python ignores, or a shell that started the agent may have ignored, a script should not.
_RESET = (
    signal.SIGCHLD,
    signal.SIGHUP,
    signal.SIGINT,
    signal.SIGPIPE,
    signal.SIGQUIT,
    signal.SIGTERM,
    signal.SIGXFSZ,
)


@dataclass(frozen=True)
class Limits:
    """How long a script may take, and how much it may print.

    Attributes:
        timeout_seconds: From its start to its end.
        grace_seconds: From TERM to KILL.
        may_start: False if the script may already have run without leaving a trace.
        output_bytes: What it prints beyond is not kept.
    """

    timeout_seconds: int = 3600
    grace_seconds: float = KILL_AFTER_SECONDS
    may_start: bool = True
    output_bytes: int = MOST_OUTPUT_BYTES


async def run_script(
    recording: Recording,
    prepare: Callable[[], Invocation],
    *,
    limits: Limits,
    interruption: Interruption,
) -> ScriptEnd:
    """Run a script, or wait for one that an earlier agent started, and say how it ended.

    Args:
        recording: Where the script is recorded; already open.
        prepare: Called only if the script was not started before.
        limits: How long it may take.
        interruption: Ends the wait.

    Raises:
        Interrupted: The agent leaves and the script runs on, or a stop came before its start.
    """
    if (end := recording.end) is not None:
        return end
    started = None
    if recording.runner is None and limits.may_start:
        interruption.check()
        try:
            invocation = prepare()
        except CannotRun as refusal:
            return recording.close(_ending(refusal.error_code, refusal.phrase))
        with _started(recording, invocation, limits) as started:
            await _until_ended(recording, started, limits=limits, interruption=interruption)
    taker = recording.runner  # An earlier agent's, who may also have been the quicker of two.
    if taker not in (None, started):
        await _until_ended(recording, taker, limits=limits, interruption=interruption)
    await until_written(recording)
    error_code, phrase = _verdict(recording, limits)
    if recording.is_cut:
        phrase += f"; {_loss(recording, limits)}"
    return recording.close(_ending(error_code, phrase, output_bytes=recording.output_bytes))


@contextmanager
def _started(recording: Recording, invocation: Invocation, limits: Limits) -> Iterator[Runner]:
    """Start a script, and before it a watch, which goes when the script has ended.

    However else the block is left, the script may run on, and so the watch stays.
    """
    watch = Watch(
        recording, timeout_seconds=limits.timeout_seconds, grace_seconds=limits.grace_seconds
    )
    watch.start()
    try:
        with recorder_of(recording, most_bytes=limits.output_bytes) as recorder:
            runner = Runner.of(_spawn(recording, invocation, recorder))
    except OSError:
        watch.end()
        raise
    yield runner
    watch.end()


def _spawn(recording: Recording, invocation: Invocation, recorder: Recorder) -> int:
    """Start a runner; it runs the script, unless another was quicker to take it up."""
    places = (str(recording.directory), str(invocation.directory), str(recorder.pid))
    return os.posix_spawn(
        "/bin/sh",
        ("/bin/sh", _RUNNER, *places, *invocation.command),
        invocation.environment,
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_DUP2, recorder.prints, 1),
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ],
        setsid=True,
        setsigmask=(),
        setsigdef=_RESET,
    )


async def _until_ended(
    recording: Recording, runner: Runner, *, limits: Limits, interruption: Interruption
) -> None:
    """Wait for the runner's end, and bring it about when time is up or a stop is asked for."""
    if not runner.is_alive:
        runner.reap()
        return  # Its number may mean somebody else by now: no signal may be sent there.
    reason = recording.ended_by or await _wait(runner, limits, interruption=interruption)
    if reason is not None:
        recording.note_ended_by(reason)
    if reason is not None or _has_lost_its_runner(recording, runner):
        await end_group(runner, grace_seconds=limits.grace_seconds)


def _has_lost_its_runner(recording: Recording, runner: Runner) -> bool:
    """Whether the script runs on without the runner, which somebody has killed.

    While it does, the number of its group cannot come to mean another one.
    """
    is_unrecorded = recording.runner == runner and recording.exit_status is None
    return is_unrecorded and runner.has_group


async def _wait(runner: Runner, limits: Limits, *, interruption: Interruption) -> EndedBy | None:
    time_left = max(0.0, limits.timeout_seconds - runner.age_seconds)
    try:
        await interruption.unless_spoken(gone(runner), seconds=time_left)
    except TimeoutError:
        return EndedBy.TIMEOUT
    except Interrupted as interrupted:
        if interrupted.wish is Wish.LEAVE:
            raise
        return EndedBy.REQUEST
    return None


def _ending(error_code: LifecycleErrorCode, phrase: str, *, output_bytes: int = 0) -> ScriptEnd:
    return ScriptEnd(
        error_code=error_code, phrase=phrase, time=datetime.now(UTC), output_bytes=output_bytes
    )


def _verdict(recording: Recording, limits: Limits) -> tuple[LifecycleErrorCode, str]:
    match recording.ended_by:
        case EndedBy.TIMEOUT:
            limit = f"ran longer than its timeout of {limits.timeout_seconds} s and was ended"
            return LifecycleErrorCode.SCRIPT_TIMED_OUT, limit
        case EndedBy.REQUEST:
            return LifecycleErrorCode.SCRIPT_FAILED, "was stopped by request"
    status = recording.exit_status
    if status is None:
        lost = "was interrupted: the host or its processes went down"
        return LifecycleErrorCode.SCRIPT_FAILED, lost
    phrase = f"exited {status}{_signal_hint(status)} after {recording.seconds:.0f} s"
    return (LifecycleErrorCode.SCRIPT_FAILED if status else LifecycleErrorCode.SUCCESS), phrase


def _loss(recording: Recording, limits: Limits) -> str:
    if recording.written_bytes >= limits.output_bytes:
        return f"what it printed beyond {limits.output_bytes} bytes was not kept"
    return "not all it printed was kept, because the disk took no more"


def _signal_hint(status: int) -> str:
    return f" (as if ended by signal {status - 128})" if 128 < status <= 192 else ""
