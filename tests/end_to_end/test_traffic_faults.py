"""Whatever AWS fails to do for a moment, a deployment that moves traffic ends as if it had not."""

from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from typing import NamedTuple

import pytest

from tests.aws.emulator import Emulator
from tests.aws.snapshot import difference
from tests.end_to_end.aimed_faults import AimedFaults, Failures, Kind, aimed_faults
from tests.end_to_end.lanes import lanes
from tests.end_to_end.named_calls import Call
from tests.end_to_end.stories import STORIES, Story
from tests.end_to_end.trials import Ending, Trials
from tests.end_to_end.twins import TRAFFIC

pytestmark = [pytest.mark.end_to_end, pytest.mark.timeout(420)]

LANES, AT_ONCE = 8, 4
UNBEARABLE_IN_A_ROW = {"DescribeAlarms"}
"""Three failures in a row count as an answer: the alarms cannot be read."""


class Case(NamedTuple):
    """An operation that fails, in these ways, wherever a story calls it."""

    story: Story
    operation: str
    kinds: tuple[Kind, ...]

    def __str__(self) -> str:
        return f"{self.operation}: {', '.join(self.kinds)}"


class Failed(NamedTuple):
    """How all deployments ended, by what failed."""

    undisturbed: dict[Story, Ending]
    endings: dict[Case, Ending]

    def of(self, story: Story) -> dict[Case, Ending]:
        """Return the endings of a story."""
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
        with closing(Trials(running, running_emulator, TRAFFIC, at_once=AT_ONCE)) as trials:
            undisturbed = await trials.undisturbed(STORIES)
            cases = {
                case: Failures(proxy, running.calls, calls, case.kinds)
                for story, end in undisturbed.items()
                for case, calls in cases_of(story, running.calls.calls_of(end.twin.deployment_id))
            }
            endings = await trials.endings((case.story, what) for case, what in cases.items())
            yield Failed(undisturbed, dict(zip(cases, endings, strict=True)))


def cases_of(story: Story, calls: list[Call]) -> Iterator[tuple[Case, tuple[Call, ...]]]:
    """Yield what is to fail in a story that makes these calls."""
    for operation in dict.fromkeys(call.operation for call in calls):
        same = tuple(call for call in calls if call.operation == operation)
        if operation in UNBEARABLE_IN_A_ROW:
            yield from ((Case(story, operation, (kind,)), same) for kind in Kind)
        else:
            yield Case(story, operation, tuple(Kind)), same


@pytest.mark.parametrize("story", STORIES, ids=str)
def test_a_call_that_fails_and_then_works_changes_nothing(
    deployments: Failed, story: Story, subtests: pytest.Subtests
) -> None:
    undisturbed = deployments.undisturbed[story]

    for case, ending in deployments.of(story).items():
        with subtests.test(str(case)):
            assert ending.outcome == undisturbed.outcome
            assert difference(undisturbed.shape, ending.shape) == []


@pytest.mark.parametrize("story", [one for one in STORIES if not one.succeeds], ids=str)
def test_a_failed_deployment_leaves_all_as_it_was_although_calls_failed(
    deployments: Failed, story: Story, subtests: pytest.Subtests
) -> None:
    for case, ending in deployments.of(story).items():
        with subtests.test(str(case)):
            assert difference(ending.before, ending.after) == []
