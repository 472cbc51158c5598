"""Whatever AWS fails to do for a moment, a deployment that copies an Auto Scaling group ends well.

Or it is put back well: as if nothing had failed.
"""

from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from typing import NamedTuple

import pytest

from tests.aws.emulator import Emulator
from tests.aws.snapshot import difference
from tests.end_to_end.aimed_faults import AimedFaults, Case, Failures, aimed_faults, cases_of
from tests.end_to_end.fleet_kinds import FleetStory
from tests.end_to_end.fleet_play import FLEETS
from tests.end_to_end.lanes import lanes
from tests.end_to_end.trials import Ending, Trials

pytestmark = [pytest.mark.end_to_end, pytest.mark.timeout(420)]

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


class Failed(NamedTuple):
    """How all deployments ended, by what failed."""

    undisturbed: dict[FleetStory, Ending]
    endings: dict[Case[FleetStory], Ending]

    def of(self, story: FleetStory) -> dict[Case[FleetStory], Ending]:
        """Return the endings of a story, by what failed."""
        found = {case: ending for case, ending in self.endings.items() if case.story == story}
        assert found, f"no call of {story} has failed"
        return found


@pytest.fixture(scope="module")
def proxy(running_emulator: Emulator) -> Iterator[AimedFaults]:
    with aimed_faults(running_emulator) as running:
        yield running


@pytest.fixture(scope="module")
async def deployments(
    running_emulator: Emulator, proxy: AimedFaults, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Failed]:
    async with lanes(tmp_path_factory.mktemp("faults"), proxy, count=LANES) as running:
        with closing(Trials(running, running_emulator, FLEETS, at_once=AT_ONCE)) as trials:
            undisturbed = await trials.undisturbed(STORIES)
            cases = {
                case: Failures(proxy, running.calls, calls, case.kinds)
                for story, end in undisturbed.items()
                for case, calls in cases_of(story, running.calls.calls_of(end.twin.deployment_id))
            }
            endings = await trials.endings((case.story, what) for case, what in cases.items())
            yield Failed(undisturbed, dict(zip(cases, endings, strict=True)))


@pytest.mark.parametrize("story", STORIES)
def test_a_call_that_fails_and_then_works_changes_nothing(
    deployments: Failed, story: FleetStory, subtests: pytest.Subtests
) -> None:
    undisturbed = deployments.undisturbed[story]

    for case, ending in deployments.of(story).items():
        with subtests.test(str(case)):
            assert ending.outcome == undisturbed.outcome
            assert difference(undisturbed.shape, ending.shape) == []


def test_a_failed_copy_leaves_all_as_it_was_although_calls_failed(
    deployments: Failed, subtests: pytest.Subtests
) -> None:
    for case, ending in deployments.of(FleetStory.PUT_BACK).items():
        with subtests.test(str(case)):
            assert difference(ending.before, ending.after) == []
