"""Whenever the worker dies, a deployment that moves traffic ends as if it had not."""

from collections.abc import AsyncIterator, Mapping
from contextlib import closing

import pytest

from tests.aws.emulator import Emulator
from tests.aws.snapshot import difference
from tests.end_to_end.disturbed import Killed, all_killed
from tests.end_to_end.fates import Side, Step
from tests.end_to_end.lanes import lanes
from tests.end_to_end.stories import FOLLOWING, STORIES, Story
from tests.end_to_end.trials import Ending, Trials
from tests.end_to_end.twins import TRAFFIC

pytestmark = [pytest.mark.end_to_end, pytest.mark.timeout(1200)]

LANES = 14
ALL = (FOLLOWING, *STORIES)
PUT_BACK = [story for story in STORIES if not story.succeeds]


@pytest.fixture(scope="module")
async def deployments(
    running_emulator: Emulator, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Killed[Story]]:
    async with lanes(tmp_path_factory.mktemp("kills"), running_emulator, count=LANES) as running:
        with closing(Trials(running, running_emulator, TRAFFIC)) as trials:
            yield await all_killed(trials, running, steps_of, stories=ALL)


async def steps_of(endings: Mapping[Story, Ending]) -> dict[Story, list[Step]]:
    """Return the activities of each story, but what is known already of one that follows."""
    steps = {story: await ending.twin.steps() for story, ending in endings.items()}
    known = {step.name for story in STORIES for step in steps[story]}
    return steps | {FOLLOWING: [step for step in steps[FOLLOWING] if step.name not in known]}


@pytest.mark.parametrize("story", ALL, ids=str)
def test_undisturbed_deployments_end_as_they_should(
    deployments: Killed[Story], story: Story
) -> None:
    ending = deployments.undisturbed[story]

    assert ending.outcome[0] == story.status, ending.outcome
    assert bool(difference(ending.before, ending.after)) is story.succeeds


@pytest.mark.parametrize("side", Side)
@pytest.mark.parametrize("story", ALL, ids=str)
def test_a_killed_worker_changes_nothing(
    deployments: Killed[Story], story: Story, side: Side, subtests: pytest.Subtests
) -> None:
    undisturbed = deployments.undisturbed[story]

    for step, ending in deployments.of(story, side).items():
        with subtests.test(f"killed {side} {step}"):
            assert ending.outcome == undisturbed.outcome
            assert difference(undisturbed.shape, ending.shape) == []


@pytest.mark.parametrize("side", Side)
@pytest.mark.parametrize("story", PUT_BACK, ids=str)
def test_what_does_not_succeed_leaves_all_as_it_was_although_its_worker_was_killed(
    deployments: Killed[Story], story: Story, side: Side, subtests: pytest.Subtests
) -> None:
    for step, ending in deployments.of(story, side).items():
        with subtests.test(f"killed {side} {step}"):
            assert difference(ending.before, ending.after) == []
