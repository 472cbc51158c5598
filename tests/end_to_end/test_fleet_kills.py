"""Whenever the worker dies, a deployment to servers behind a load balancer ends as if it had not.

So does what their group does by itself. Their agents are of another process and go on.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import closing

import pytest

from tests.aws.emulator import Emulator
from tests.aws.snapshot import difference
from tests.end_to_end.disturbed import Killed, all_killed
from tests.end_to_end.fates import Side, Step
from tests.end_to_end.fleet_kinds import FleetStory
from tests.end_to_end.fleet_play import FLEETS
from tests.end_to_end.lanes import lanes
from tests.end_to_end.trials import Ending, Trials

pytestmark = [pytest.mark.end_to_end, pytest.mark.timeout(1200)]

LANES = 14
VARIANTS = (FleetStory.INSPECTED, FleetStory.KEPT)
"""They begin as others do: only what they alone do is disturbed."""


@pytest.fixture(scope="module")
async def deployments(
    running_emulator: Emulator, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Killed[FleetStory]]:
    async with lanes(tmp_path_factory.mktemp("kills"), running_emulator, count=LANES) as running:
        with closing(Trials(running, running_emulator, FLEETS)) as trials:
            yield await all_killed(trials, running, steps_of, stories=[*FleetStory])


async def steps_of(endings: Mapping[FleetStory, Ending]) -> dict[FleetStory, list[Step]]:
    """Return the activities of each story in which its worker is to be killed."""
    steps = {story: await ending.twin.steps() for story, ending in endings.items()}
    known = {kind_of(step) for story in steps if story not in VARIANTS for step in steps[story]}
    new = {story: [one for one in steps[story] if kind_of(one) not in known] for story in VARIANTS}
    return steps | new


def kind_of(step: Step) -> tuple[str, str]:
    """Return what a step does, and in which workflow: all batches are one."""
    part = step.key.rpartition("/")[0]
    return part.partition("-")[0], step.name


@pytest.mark.parametrize("story", FleetStory)
def test_undisturbed_deployments_end_as_they_should(
    deployments: Killed[FleetStory], story: FleetStory
) -> None:
    ending = deployments.undisturbed[story]

    assert ending.outcome[0] == ("Succeeded" if story.succeeds else "Failed"), ending.outcome
    changes_nothing = story in (FleetStory.PUT_BACK, FleetStory.IN_PLACE)
    assert bool(difference(ending.before, ending.after)) is not changes_nothing
    assert ending.after["orphans"] == []


@pytest.mark.parametrize("side", Side)
@pytest.mark.parametrize("story", FleetStory)
def test_a_killed_worker_changes_nothing(
    deployments: Killed[FleetStory], story: FleetStory, side: Side, subtests: pytest.Subtests
) -> None:
    undisturbed = deployments.undisturbed[story]

    for step, ending in deployments.of(story, side).items():
        with subtests.test(f"killed {side} {step}"):
            assert ending.outcome == undisturbed.outcome
            assert difference(undisturbed.shape, ending.shape) == []


@pytest.mark.parametrize("side", Side)
def test_a_failed_copy_leaves_all_as_it_was_although_its_worker_was_killed(
    deployments: Killed[FleetStory], side: Side, subtests: pytest.Subtests
) -> None:
    for step, ending in deployments.of(FleetStory.PUT_BACK, side).items():
        with subtests.test(f"killed {side} {step}"):
            assert difference(ending.before, ending.after) == []


@pytest.mark.parametrize("side", Side)
@pytest.mark.parametrize("story", FleetStory)
def test_no_instance_waits_for_an_answer_of_ours(
    deployments: Killed[FleetStory], story: FleetStory, side: Side, subtests: pytest.Subtests
) -> None:
    for step, ending in deployments.of(story, side).items():
        with subtests.test(f"killed {side} {step}"):
            groups = ending.after["auto scaling groups"].values()
            assert groups
            states = [state for group in groups for state in group["instances"].values()]
            assert [state for state in states if ":Wait" in state] == []
