"""Load balancers of a deployment group: which ones, and what sends traffic where.

Source: CodeDeploy API Reference, LoadBalancerInfo.
"""

from ipaddress import ip_address

from pydantic import Field, field_validator

from codedeploy.wire import Model

MOST_LOAD_BALANCERS = 10
LONGEST_SOCKET_PATH = 107


class ELBInfo(Model):
    """A Classic Load Balancer."""

    name: str = ""


class TargetGroupInfo(Model):
    """A target group, by its name."""

    name: str = ""


class HAProxyInfo(Model):
    """A backend of a HAProxy whose servers are called as the instances are.

    Attributes:
        backend: In the characters that HAProxy allows in names.
        socket: Of its runtime API, with level admin: an absolute path, or HOST:PORT on loopback,
            because the runtime API asks nobody who he is.

    Differs from AWS: CodeDeploy has no load balancer for on-premises instances.
    """

    backend: str = Field(pattern=r"^[A-Za-z0-9_.:-]+$")
    socket: str = Field(min_length=1)

    @field_validator("socket")
    @classmethod
    def _is_here(cls, socket: str) -> str:
        if not socket.startswith("/"):
            _loopback(socket)
        elif len(socket.encode()) > LONGEST_SOCKET_PATH or "\0" in socket:
            raise ValueError(
                f"'{socket}' cannot be the path of a socket: those have at most "
                f"{LONGEST_SOCKET_PATH} bytes"
            )
        return socket

    @property
    def address(self) -> str | tuple[str, int]:
        """A path, or an address and a port."""
        return self.socket if self.socket.startswith("/") else _loopback(self.socket)


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


def _loopback(socket: str) -> tuple[str, int]:
    """Return address and port of `HOST:PORT`, or refuse."""
    host, _, port = socket.rpartition(":")
    address = "127.0.0.1" if host == "localhost" else host.removeprefix("[").removesuffix("]")
    try:
        is_here = ip_address(address).is_loopback and 0 < int(port) <= 65535
    except ValueError:
        is_here = False
    if not is_here:
        raise ValueError(
            f"'{socket}' is neither an absolute path, as /run/haproxy/admin.sock, nor a port of "
            "this machine, as 127.0.0.1:9999"
        )
    return address, int(port)
