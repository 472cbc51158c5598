"""All that can be done to the deployments of a play, and how each of them ends."""

from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from typing import Generic, NamedTuple, TypeVar

from tests.end_to_end.aimed_faults import AimedFaults, Case, Failures, cases_of
from tests.end_to_end.fates import Fate, Side, Step
from tests.end_to_end.lanes import Lanes
from tests.end_to_end.trials import Ending, Kill, Trials

S = TypeVar("S", bound=Hashable)


class Failed(NamedTuple, Generic[S]):
    """How all deployments ended, by what failed."""

    undisturbed: Mapping[S, Ending]
    endings: Mapping[Case[S], Ending]

    def of(self, story: S) -> dict[Case[S], Ending]:
        """Return the endings of a story, by what failed."""
        found = {case: ending for case, ending in self.endings.items() if case.story == story}
        assert found, f"no call of {story} has failed"
        return found


async def all_failed(
    trials: Trials[S], lanes: Lanes, proxy: AimedFaults, *, stories: Sequence[S]
) -> Failed[S]:
    """Let each call of AWS that a story makes fail in all ways, one call a deployment."""
    undisturbed = await trials.undisturbed(stories)
    cases = {
        case: Failures(proxy, lanes.calls, calls, case.kinds)
        for story, end in undisturbed.items()
        for case, calls in cases_of(story, lanes.calls.calls_of(end.twin.deployment_id))
    }
    endings = await trials.endings((case.story, what) for case, what in cases.items())
    return Failed(undisturbed, dict(zip(cases, endings, strict=True)))


class Killed(NamedTuple, Generic[S]):
    """How all deployments ended, by when their worker was killed."""

    undisturbed: Mapping[S, Ending]
    killed: Mapping[tuple[S, Side, Step], Ending]

    def of(self, story: S, side: Side) -> dict[Step, Ending]:
        """Return the endings of a story whose worker was killed on one side of each activity."""
        found = {step: end for (*what, step), end in self.killed.items() if what == [story, side]}
        assert found, f"nobody was killed {side} an activity of {story}"
        return found


StepsOf = Callable[[Mapping[S, Ending]], Awaitable[Mapping[S, Sequence[Step]]]]


async def all_killed(
    trials: Trials[S], lanes: Lanes, steps_of: StepsOf[S], *, stories: Sequence[S]
) -> Killed[S]:
    """Kill the worker on both sides of each activity, one activity a deployment.

    Args:
        trials: Where the deployments are made.
        lanes: Those of the trials.
        steps_of: Chooses the activities of each story, from how it ends undisturbed.
        stories: What is deployed.
    """
    undisturbed = await trials.undisturbed(stories)
    cases = [
        (story, side, step)
        for story, steps in (await steps_of(undisturbed)).items()
        for step in steps
        for side in Side
    ]
    endings = await trials.endings(
        (story, Kill(lanes.fates, Fate(side, step.key))) for story, side, step in cases
    )
    return Killed(undisturbed, dict(zip(cases, endings, strict=True)))
