"""Running one script: exactly once, recorded, within its time, whoever dies meanwhile."""

import asyncio
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from agent.interruption import Interrupted, Interruption, Wish
from agent.invocation import CannotRun, Invocation
from agent.limits import Limits
from agent.moments import moments_noted
from agent.process_group import end_group, group_of
from agent.recorder import Recorder, recorder_of, until_written
from agent.recording import EndedBy, Recording, ScriptEnd
from agent.runners import Runner, gone
from agent.verdict import survivors, verdict
from agent.watch import Watch
from codedeploy.lifecycle import LifecycleErrorCode

_RUNNER = str(Path(__file__).with_name("runner.sh"))
_GLANCE_SECONDS, _MOST_GLANCES = 0.01, 100

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
    async with moments_noted(recording):
        return await _run(recording, prepare, limits=limits, interruption=interruption)


async def _run(
    recording: Recording,
    prepare: Callable[[], Invocation],
    *,
    limits: Limits,
    interruption: Interruption,
) -> ScriptEnd:
    started = None
    if recording.runner is None and limits.may_start:
        interruption.check()
        try:
            invocation = prepare()
        except CannotRun as refusal:
            return recording.close(_ending(refusal.error_code, refusal.phrase))
        with _started(recording, invocation, limits) as started:
            await _until_ended(recording, started, limits=limits, interruption=interruption)
    taker = await _taker(recording)  # An earlier agent's, or that of the quicker of two.
    if taker not in (None, started):
        await _until_ended(recording, taker, limits=limits, interruption=interruption)
    await until_written(recording)
    error_code, phrase = verdict(recording, limits)
    return recording.close(_ending(error_code, phrase, output_bytes=recording.output_bytes))


async def _taker(recording: Recording) -> Runner | None:
    """Return the runner that took the script up, of which a mark is there before its name is."""
    for _ in range(_MOST_GLANCES):
        if recording.runner is not None or not recording.is_taken:
            break
        await asyncio.sleep(_GLANCE_SECONDS)
    return recording.runner


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
    if runner.is_known:
        reason = recording.ended_by or await _wait(runner, limits, interruption=interruption)
        if reason is not None:
            recording.note_ended_by(reason)
        must_end = reason is not None or _has_lost_its_runner(recording, runner)
    else:
        must_end = bool(survivors(recording, runner))
    if must_end:
        await end_group(runner, grace_seconds=limits.grace_seconds)


def _has_lost_its_runner(recording: Recording, runner: Runner) -> bool:
    """Whether the script runs on without the runner, which somebody has killed.

    While it does, the number of its group cannot come to mean another one.
    """
    is_unrecorded = recording.runner == runner and recording.exit_status is None
    return is_unrecorded and bool(group_of(runner))


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
