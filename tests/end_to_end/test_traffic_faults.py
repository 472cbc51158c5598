"""Whatever AWS fails to do for a moment, a deployment that moves traffic ends as if it had not."""

from collections.abc import AsyncIterator, Iterator
from contextlib import closing

import pytest

from tests.aws.emulator import Emulator
from tests.aws.snapshot import difference
from tests.end_to_end.aimed_faults import AimedFaults, aimed_faults
from tests.end_to_end.disturbed import Failed, all_failed
from tests.end_to_end.lanes import lanes
from tests.end_to_end.stories import STORIES, Story
from tests.end_to_end.trials import Trials
from tests.end_to_end.twins import TRAFFIC

pytestmark = [pytest.mark.end_to_end, pytest.mark.timeout(1200)]

LANES, AT_ONCE = 8, 4


@pytest.fixture(scope="module")
def proxy(running_emulator: Emulator) -> Iterator[AimedFaults]:
    with aimed_faults(running_emulator) as running:
        yield running


@pytest.fixture(scope="module")
async def deployments(
    running_emulator: Emulator, proxy: AimedFaults, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Failed[Story]]:
    async with lanes(tmp_path_factory.mktemp("faults"), proxy, count=LANES) as running:
        with closing(Trials(running, running_emulator, TRAFFIC, at_once=AT_ONCE)) as trials:
            yield await all_failed(trials, running, proxy, stories=STORIES)


@pytest.mark.parametrize("story", STORIES, ids=str)
def test_a_call_that_fails_and_then_works_changes_nothing(
    deployments: Failed[Story], story: Story, subtests: pytest.Subtests
) -> None:
    undisturbed = deployments.undisturbed[story]

    for case, ending in deployments.of(story).items():
        with subtests.test(str(case)):
            assert ending.outcome == undisturbed.outcome
            assert difference(undisturbed.shape, ending.shape) == []


@pytest.mark.parametrize("story", [one for one in STORIES if not one.succeeds], ids=str)
def test_what_does_not_succeed_leaves_all_as_it_was_although_calls_failed(
    deployments: Failed[Story], story: Story, subtests: pytest.Subtests
) -> None:
    for case, ending in deployments.of(story).items():
        with subtests.test(str(case)):
            assert difference(ending.before, ending.after) == []
