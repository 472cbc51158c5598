"""Load balancers of a deployment group: which ones, and what sends traffic where.

Source: CodeDeploy API Reference, LoadBalancerInfo.
"""

from pydantic import Field

from codedeploy.wire import Model

MOST_LOAD_BALANCERS = 10


class ELBInfo(Model):
    """A Classic Load Balancer."""

    name: str = ""


class TargetGroupInfo(Model):
    """A target group, by its name."""

    name: str = ""


class HAProxyInfo(Model):
    """A backend of a HAProxy whose servers are called as the instances are.

    Attributes:
        socket: Of its runtime API, with level admin: an absolute path, or HOST:PORT on loopback.

    Differs from AWS: CodeDeploy has no load balancer for on-premises instances.
    """

    backend: str = Field(min_length=1)
    socket: str = Field(min_length=1)


class TrafficRoute(Model):
    """The listeners, by ARN, through which one kind of traffic comes."""

    listener_arns: tuple[str, ...] = ()


class TargetGroupPairInfo(Model):
    """Two target groups between which an ECS deployment moves traffic.

    Attributes:
        target_groups: One serves the original tasks, the other the replacement; they take turns.
        prod_traffic_route: Exactly one listener.
        test_traffic_route: A listener for validation before production traffic moves, or none.
    """

    target_groups: tuple[TargetGroupInfo, ...] = ()
    prod_traffic_route: TrafficRoute | None = None
    test_traffic_route: TrafficRoute | None = None


class LoadBalancerInfo(Model):
    """What stands before the targets of a group."""

    elb_info_list: tuple[ELBInfo, ...] = Field(default=(), max_length=MOST_LOAD_BALANCERS)
    target_group_info_list: tuple[TargetGroupInfo, ...] = Field(
        default=(), max_length=MOST_LOAD_BALANCERS
    )
    target_group_pair_info_list: tuple[TargetGroupPairInfo, ...] = ()
    ha_proxy_info_list: tuple[HAProxyInfo, ...] = Field(default=(), max_length=MOST_LOAD_BALANCERS)

    @property
    def names_any(self) -> bool:
        """Whether it names any load balancer; AWS prints empty ones."""
        return self != LoadBalancerInfo()
