"""What a load balancer that is made real tells the emulator: up to when it has heard of everything.

A target that leaves drains until then, at least: it is the load balancer that drains it.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from tests.aws.endpoint import Endpoint
from tests.aws.target_health import HEARD_TAG


def tell(aws: Endpoint, groups: Sequence[str], until: float) -> None:
    """Say of target groups, by ARN, that it does all that they said at that time.

    Args:
        until: By the machine's monotonic clock, as all of its processes read it.
    """
    heard = {"Key": HEARD_TAG, "Value": str(until)}
    aws.client("elbv2").add_tags(ResourceArns=list(groups), Tags=[heard])


@contextmanager
def unheard(aws: Endpoint, group: str) -> Iterator[None]:
    """Let what leaves a target group drain for the length of the block, at least."""
    tell(aws, [group], until=0)
    try:
        yield
    finally:
        end(aws, [group])


def end(aws: Endpoint, groups: Sequence[str]) -> None:
    """Leave the target groups: nothing real is behind them any more."""
    aws.client("elbv2").remove_tags(ResourceArns=list(groups), TagKeys=[HEARD_TAG])
