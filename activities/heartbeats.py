"""Telling the server that a long activity on a thread is still alive."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import copy_context
from threading import Event, Thread

from temporalio import activity

EVERY_SECONDS = 5


@contextmanager
def heartbeats() -> Iterator[None]:
    """Heartbeat every few seconds for the length of the block; outside an activity do nothing."""
    if not activity.in_activity():
        yield
        return
    done = Event()
    context = copy_context()

    def beat() -> None:
        while not done.wait(EVERY_SECONDS):
            context.run(activity.heartbeat)

    thread = Thread(target=beat, name="heartbeats", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
