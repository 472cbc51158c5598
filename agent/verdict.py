"""How a script ended, in words to follow its name."""

from collections.abc import Sequence

from agent.limits import Limits
from agent.process_group import Process, left_of
from agent.recording import EndedBy, Recording
from agent.runners import Runner
from codedeploy.lifecycle import LifecycleErrorCode

Verdict = tuple[LifecycleErrorCode, str]


def verdict(recording: Recording, limits: Limits) -> Verdict:
    """Return what became of a script that has ended, from what was recorded."""
    code, phrase = _verdict(recording, limits)
    return code, f"{phrase}; {_loss(recording, limits)}" if recording.is_cut else phrase


def survivors(recording: Recording, runner: Runner | None) -> list[Process]:
    """Return who is left of a script that somebody was to end, and perhaps died over it."""
    if runner is None or runner != recording.runner or recording.ended_by is None:
        return []
    return left_of(runner, since=recording.ended_at)


def _verdict(recording: Recording, limits: Limits) -> Verdict:
    match recording.ended_by:
        case EndedBy.TIMEOUT:
            ended = _survived(recording) or " and was ended"
            phrase = f"ran longer than its timeout of {limits.timeout_seconds} s{ended}"
            return LifecycleErrorCode.SCRIPT_TIMED_OUT, phrase
        case EndedBy.REQUEST:
            phrase = f"was stopped by request{_survived(recording)}"
            return LifecycleErrorCode.SCRIPT_FAILED, phrase
    status = recording.exit_status
    if status is None:
        lost = "was interrupted: the host or its processes went down"
        return LifecycleErrorCode.SCRIPT_FAILED, lost
    phrase = f"exited {status}{_signal_hint(status)} after {recording.seconds:.0f} s"
    return (LifecycleErrorCode.SCRIPT_FAILED if status else LifecycleErrorCode.SUCCESS), phrase


def _survived(recording: Recording) -> str:
    left = survivors(recording, recording.runner)
    if not left:
        return ""
    return f", but could not be ended: {_named(left)} on the host, which this agent may not signal"


def _named(left: Sequence[Process]) -> str:
    pids = ", ".join(str(process.pid) for process in left)
    return f"end process {pids}" if len(left) == 1 else f"end processes {pids}"


def _loss(recording: Recording, limits: Limits) -> str:
    if recording.written_bytes >= limits.output_bytes:
        return f"what it printed beyond {limits.output_bytes} bytes was not kept"
    return "not all it printed was kept, because the disk took no more"


def _signal_hint(status: int) -> str:
    return f" (as if ended by signal {status - 128})" if 128 < status <= 192 else ""
