"""How long a script may take, and how much it may print."""

from dataclasses import dataclass

KILL_AFTER_SECONDS = 5.0
MOST_OUTPUT_BYTES = 1 << 30


@dataclass(frozen=True)
class Limits:
    """What one script may take.

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
