import asyncio
import os
import signal

import pytest

from starter.interruption import until_interrupted


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
async def test_a_signal_ends_the_work_and_lets_it_clean_up(number: signal.Signals) -> None:
    ends: list[str] = []

    async def work() -> int:
        try:
            os.kill(os.getpid(), number)
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            ends.append("cleaned up")
        return 1

    assert await until_interrupted(work()) is None
    assert ends == ["cleaned up"]


async def test_a_second_signal_does_not_cut_the_clean_up_short() -> None:
    ends: list[str] = []

    async def work() -> None:
        try:
            os.kill(os.getpid(), signal.SIGTERM)
            await asyncio.Event().wait()
        finally:
            os.kill(os.getpid(), signal.SIGTERM)
            await asyncio.sleep(0.01)
            ends.append("cleaned up")

    await until_interrupted(work())

    assert ends == ["cleaned up"]


async def test_work_that_ends_by_itself_gives_its_result() -> None:
    async def work() -> int:
        return 7

    assert await until_interrupted(work()) == 7


async def test_a_cancellation_from_elsewhere_is_passed_on() -> None:
    task = asyncio.create_task(until_interrupted(asyncio.Event().wait()))
    await asyncio.sleep(0)

    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task
