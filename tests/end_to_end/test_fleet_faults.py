"""Whatever AWS fails to do for a moment, a deployment that copies an Auto Scaling group ends well.

Or it is put back well: as if nothing had failed.
"""

from collections.abc import AsyncIterator, Iterator
from contextlib import closing

import pytest

from tests.aws.emulator import Emulator
from tests.aws.snapshot import difference
from tests.end_to_end.aimed_faults import AimedFaults, aimed_faults
from tests.end_to_end.disturbed import Failed, all_failed
from tests.end_to_end.fleet_kinds import FleetStory
from tests.end_to_end.fleet_play import FLEETS
from tests.end_to_end.lanes import lanes
from tests.end_to_end.trials import Trials

pytestmark = [pytest.mark.end_to_end, pytest.mark.timeout(1200)]

LANES, AT_ONCE = 8, 2
STORIES = (
    FleetStory.PUT_BACK,
    FleetStory.COPIED,
    FleetStory.REPLACED,
    FleetStory.IN_PLACE,
    FleetStory.ABANDONED,
    FleetStory.LAUNCHED,
    FleetStory.LEFT,
)


@pytest.fixture(scope="module")
def proxy(running_emulator: Emulator) -> Iterator[AimedFaults]:
    with aimed_faults(running_emulator) as running:
        yield running


@pytest.fixture(scope="module")
async def deployments(
    running_emulator: Emulator, proxy: AimedFaults, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Failed[FleetStory]]:
    async with lanes(tmp_path_factory.mktemp("faults"), proxy, count=LANES) as running:
        with closing(Trials(running, running_emulator, FLEETS, at_once=AT_ONCE)) as trials:
            yield await all_failed(trials, running, proxy, stories=STORIES)


@pytest.mark.parametrize("story", STORIES)
def test_a_call_that_fails_and_then_works_changes_nothing(
    deployments: Failed[FleetStory], story: FleetStory, subtests: pytest.Subtests
) -> None:
    undisturbed = deployments.undisturbed[story]

    for case, ending in deployments.of(story).items():
        with subtests.test(str(case)):
            assert ending.outcome == undisturbed.outcome
            assert difference(undisturbed.shape, ending.shape) == []


def test_a_failed_copy_leaves_all_as_it_was_although_calls_failed(
    deployments: Failed[FleetStory], subtests: pytest.Subtests
) -> None:
    for case, ending in deployments.of(FleetStory.PUT_BACK).items():
        with subtests.test(str(case)):
            assert difference(ending.before, ending.after) == []
