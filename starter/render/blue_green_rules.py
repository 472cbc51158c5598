"""The rules of blue/green deployments in words: who waits for whom, and what becomes of whom."""

from datetime import timedelta

from starter.render.canvas import duration


def ready_wait(minutes: int) -> str:
    """Return how long somebody may take to let traffic move."""
    longest = duration(timedelta(minutes=minutes))
    return f"at most {longest} for `rollway continue`, else it stops"


def original_end(minutes: int, *, terminates: bool) -> str:
    """Return what becomes of the original servers, and when."""
    if not terminates:
        return "kept, without traffic"
    if not minutes:
        return "terminated at once"
    return f"terminated {duration(timedelta(minutes=minutes))} after the success"
