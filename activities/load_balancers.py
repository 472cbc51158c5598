"""Load balancers, as deployments to servers ask them.

Source: CodeDeploy User Guide, Integrating CodeDeploy with Elastic Load Balancing.

Differs from AWS: on-premises instances may stand behind a HAProxy.
"""

import asyncio
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.aws import Aws
from activities.aws_errors import THROTTLED
from activities.backends.classic_balancer import ClassicBalancer
from activities.backends.ha_proxy import HAProxy
from activities.backends.target_group import TargetGroup
from activities.balancer import Balancer
from activities.liveness import alive
from activities.pauses import growing_pauses
from activities.traffic_watch import IN_SERVICE, OUT_OF_SERVICE, Aim, TrafficWatch
from activities.translation import final
from codedeploy.errors import DeploymentFailure, ErrorCode
from codedeploy.traffic_control import Reachability, TrafficCommand, TrafficReport

_PASSING = (THROTTLED, ErrorCode.INTERNAL_ERROR)
"""What says nothing of a load balancer itself: AWS answers another time."""


class LoadBalancers:
    """What deployments to servers ask of load balancers.

    Args:
        aws: Whose clients to use.
        pauses: How long to wait between two looks at targets that take their time.
    """

    def __init__(self, aws: Aws, *, pauses: Callable[[], Iterator[float]] = growing_pauses) -> None:
        self._aws = aws
        self._pauses = pauses

    @activity.defn(name="block_traffic")
    async def block(self, command: TrafficCommand) -> TrafficReport:
        """Take targets out of service at all load balancers; return when their requests are done.

        A second call finds what the first has done and goes on watching. The time of the command
        counts from when the activity was scheduled first: who is not out by then has failed.

        Raises:
            ApplicationError: ELASTIC_LOAD_BALANCING_INVALID, a load balancer does not exist or
                cannot be asked; nothing was changed if that was so from the start. Final.
        """
        return await alive(self._bring(command, OUT_OF_SERVICE))

    @activity.defn(name="allow_traffic")
    async def allow(self, command: TrafficCommand) -> TrafficReport:
        """Bring targets into service at all load balancers; return when these call them healthy.

        As `block` in everything else. A target that a load balancer does not take fails alone.
        """
        return await alive(self._bring(command, IN_SERVICE))

    @activity.defn(name="look_at_load_balancers")
    def look(self, command: TrafficCommand) -> dict[str, str]:
        """Return why load balancers cannot serve a command, by their names; reads only.

        Raises:
            ApplicationError: AWS got too many calls, is broken or was not reached; to be retried.
        """
        found = {
            balancer.name: _problem(balancer, command) for balancer in self._balancers(command)
        }
        return {name: problem for name, problem in found.items() if problem}

    async def _bring(self, command: TrafficCommand, aim: Aim) -> TrafficReport:
        over = _end_of(command)
        watch = TrafficWatch(self._balancers(command), aim, command.targets)
        pauses = self._pauses()
        await watch.go_round()
        while watch.under_way and (left := over - _now()) > 0:
            await asyncio.sleep(min(next(pauses), left))
            await watch.go_round()
        return watch.report()

    def _balancers(self, command: TrafficCommand) -> list[Balancer]:
        info, role = command.load_balancer_info, command.role_arn
        found: list[Balancer] = [
            *(TargetGroup(self._aws, one.name, role) for one in info.target_group_info_list),
            *(ClassicBalancer(self._aws, one.name, role) for one in info.elb_info_list),
            *(HAProxy(one) for one in info.ha_proxy_info_list),
        ]
        if not found:
            raise _none_named()
        return found


def _now() -> float:
    return asyncio.get_running_loop().time()


def _end_of(command: TrafficCommand) -> float:
    """Return when the time of a command is over; what earlier attempts took counts."""
    spent = datetime.now(UTC) - activity.info().scheduled_time
    return _now() + command.timeout_seconds - spent.total_seconds()


def _problem(balancer: Balancer, command: TrafficCommand) -> str:
    try:
        standings = balancer.standings(command.targets)
    except ApplicationError as error:
        if error.type in _PASSING:
            raise
        return error.message
    unknown = {
        target: one.reason
        for target, one in standings.items()
        if one.reachability is Reachability.UNKNOWN
    }
    return " ".join(f"{target}: {reason}" for target, reason in unknown.items())


def _none_named() -> ApplicationError:
    return final(
        DeploymentFailure(
            ErrorCode.ELASTIC_LOAD_BALANCING_INVALID,
            "The deployment group names no load balancer that could stop the traffic of servers. "
            "Name one in targetGroupInfoList, elbInfoList or haProxyInfoList of loadBalancerInfo, "
            "or choose WITHOUT_TRAFFIC_CONTROL.",
        )
    )
