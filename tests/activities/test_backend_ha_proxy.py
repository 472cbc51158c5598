"""HAProxy itself, with real servers behind it."""

import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from temporalio.exceptions import ApplicationError

from activities.backends.ha_proxy import HAProxy
from activities.backends.ha_proxy_socket import HAProxySocket
from codedeploy.load_balancing import HAProxyInfo
from codedeploy.traffic_control import Reachability
from tests.activities.proxied_servers import Proxied, WebServer, haproxy, site
from tests.aws.waiting import until

NAMES = ("i-1", "i-2")
BOTH = list(NAMES)
OUT, DRAINING, DRAINED = Reachability.OUT, Reachability.DRAINING, Reachability.DRAINED
STARTING, IN, FAILING = Reachability.STARTING, Reachability.IN, Reachability.FAILING

Servers = dict[str, WebServer]


@pytest.fixture
def world() -> Iterator[tuple[Proxied, Servers]]:
    with site(*NAMES) as world:
        yield world


@pytest.fixture
def proxied(world: tuple[Proxied, Servers]) -> Proxied:
    return world[0]


@pytest.fixture
def servers(world: tuple[Proxied, Servers]) -> Servers:
    return world[1]


@pytest.fixture
def backend(proxied: Proxied) -> HAProxy:
    return HAProxy(proxied.info())


def stands(backend: HAProxy, target: str) -> Reachability:
    return backend.standings([target])[target].reachability


def why(backend: HAProxy, target: str) -> str:
    return backend.standings([target])[target].reason


@contextmanager
def busy(proxied: Proxied, server: WebServer) -> Iterator[None]:
    """Keep one request on a server for the length of the block; it is answered afterwards."""
    server.gate.clear()
    with ThreadPoolExecutor(1) as client:
        held = client.submit(proxied.get, "/held", cookie=f"SERVER={server.name}")
        until(lambda: server.requests["/held"])
        try:
            yield
        finally:
            server.gate.set()
        assert held.result() == (200, server.name)


# --- out of service


def test_servers_that_are_up_are_in_service(backend: HAProxy) -> None:
    assert {one.reachability for one in backend.standings(BOTH).values()} == {IN}


def test_an_idle_server_is_closed_at_once(backend: HAProxy, proxied: Proxied) -> None:
    refused = backend.deregister(["i-1"])

    assert refused == {}
    assert proxied.statuses() == {"i-1": "MAINT", "i-2": "UP"}
    assert (stands(backend, "i-1"), stands(backend, "i-2")) == (OUT, IN)


def test_a_busy_server_drains_until_its_last_request_is_answered(
    backend: HAProxy, proxied: Proxied, servers: Servers
) -> None:
    with busy(proxied, servers["i-1"]):
        backend.deregister(["i-1"])

        assert stands(backend, "i-1") is DRAINING
        assert why(backend, "i-1") == "It is draining, with 1 still on it."
        assert {proxied.get() for _ in range(4)} == {(200, "i-2")}

    until(lambda: stands(backend, "i-1") is DRAINED)
    backend.deregister(["i-1"])
    assert stands(backend, "i-1") is OUT


def test_clients_that_stick_to_a_closed_server_are_served_by_another(
    backend: HAProxy, proxied: Proxied
) -> None:
    assert proxied.get(cookie="SERVER=i-1") == (200, "i-1")

    backend.deregister(["i-1"])

    assert proxied.get(cookie="SERVER=i-1") == (200, "i-2")


def test_a_server_that_was_closed_by_hand_with_a_request_on_it_is_not_out(
    backend: HAProxy, proxied: Proxied, servers: Servers
) -> None:
    with busy(proxied, servers["i-1"]):
        proxied.say("set server web/i-1 state maint")

        assert stands(backend, "i-1") is DRAINING

    until(lambda: stands(backend, "i-1") is OUT)


def test_what_is_closed_already_stays_closed(backend: HAProxy, proxied: Proxied) -> None:
    backend.deregister(BOTH)

    backend.deregister(BOTH)

    assert proxied.statuses() == {"i-1": "MAINT", "i-2": "MAINT"}


# --- into service


def test_a_healthy_server_comes_back(backend: HAProxy) -> None:
    backend.deregister(["i-1"])

    refused = backend.register(["i-1"])

    assert refused == {}
    until(lambda: stands(backend, "i-1") is IN)


def test_a_server_gets_no_traffic_before_its_checks_have_passed(
    backend: HAProxy, proxied: Proxied, servers: Servers
) -> None:
    backend.deregister(["i-1"])
    servers["i-1"].status = 503
    servers["i-1"].requests.clear()

    backend.register(["i-1"])

    assert stands(backend, "i-1") in {STARTING, FAILING}
    assert {proxied.get(cookie="SERVER=i-1") for _ in range(4)} == {(200, "i-2")}
    assert not servers["i-1"].requests


def test_a_server_whose_checks_fail_says_what_they_found(
    backend: HAProxy, servers: Servers
) -> None:
    servers["i-1"].status = 503

    until(lambda: stands(backend, "i-1") is FAILING)

    assert why(backend, "i-1") == ("DOWN: Layer7 wrong status, code 503 (Service Unavailable)")


def test_a_server_with_requests_on_it_is_taken_back_without_losing_them(
    backend: HAProxy, proxied: Proxied, servers: Servers
) -> None:
    with busy(proxied, servers["i-1"]):
        backend.deregister(["i-1"])

        backend.register(["i-1"])

        assert stands(backend, "i-1") is IN


def test_a_server_of_weight_0_is_not_in_service(backend: HAProxy, proxied: Proxied) -> None:
    proxied.say("set server web/i-1 weight 0")

    assert stands(backend, "i-1") is FAILING
    assert "weight is 0" in why(backend, "i-1")


def test_a_server_that_nobody_checks_is_in_service_at_once() -> None:
    with haproxy("i-1 127.0.0.1:9") as proxied:
        backend = HAProxy(proxied.info())
        backend.deregister(["i-1"])
        assert stands(backend, "i-1") is OUT

        backend.register(["i-1"])

        assert stands(backend, "i-1") is IN


# --- who and where


def test_the_runtime_api_may_be_a_port_of_this_machine(proxied: Proxied) -> None:
    backend = HAProxy(HAProxyInfo(backend="web", socket=proxied.control))

    assert stands(backend, "i-1") is IN


def test_an_instance_without_a_server_is_unknown(backend: HAProxy) -> None:
    standings = backend.standings(["i-1", "i-9"])

    assert standings["i-1"].reachability is IN
    assert standings["i-9"].reachability is Reachability.UNKNOWN
    assert "it has i-1, i-2. Name" in standings["i-9"].reason


@pytest.mark.parametrize(
    "name",
    ["i-1 state maint; disable frontend front", "i-1\nshutdown frontend front", "i-1;help", ""],
)
def test_no_command_is_smuggled_in_by_a_name(backend: HAProxy, proxied: Proxied, name: str) -> None:
    for change in (backend.deregister, backend.register):
        assert change([name]) == {}

    assert backend.standings([name])[name].reachability is Reachability.UNKNOWN
    assert proxied.statuses() == {"i-1": "UP", "i-2": "UP"}
    assert proxied.get()[0] == 200


@pytest.mark.parametrize("command", ["show stat; help", "show stat\nhelp", "a\\;b", "<<", "", "é"])
def test_a_socket_takes_one_command_at_a_time(proxied: Proxied, command: str) -> None:
    with pytest.raises(ValueError, match="is not one command"):
        HAProxySocket(proxied.info()).ask([command])


def test_a_backend_that_does_not_exist_is_named_with_those_that_do(proxied: Proxied) -> None:
    with pytest.raises(ApplicationError) as error:
        HAProxy(proxied.info(backend="wb")).standings(BOTH)

    assert error.value.non_retryable
    assert error.value.type == "ELASTIC_LOAD_BALANCING_INVALID"
    assert "has no backend wb; it has idle, web. Correct" in error.value.message


def test_a_socket_that_may_only_be_read_is_refused_with_its_level(proxied: Proxied) -> None:
    with pytest.raises(ApplicationError, match="its level is user; expected admin") as error:
        HAProxy(proxied.info("user")).standings(BOTH)

    assert error.value.non_retryable


def test_a_haproxy_that_is_away_may_come_back(tmp_path: Path) -> None:
    nowhere = HAProxyInfo(backend="web", socket=str(tmp_path / "nobody"))

    with pytest.raises(ApplicationError, match=r"nobody does not answer: .*No such file") as error:
        HAProxy(nowhere).standings(BOTH)

    assert not error.value.non_retryable


@contextmanager
def impostor(path: Path, answer: bytes) -> Iterator[HAProxyInfo]:
    """Listen as something that is no HAProxy, and answer once."""
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        listening.listen()

        def serve() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        yield HAProxyInfo(backend="web", socket=str(path))
        thread.join()


@pytest.mark.parametrize(
    "answer",
    [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\n\n\n", b"\xff\x00", b"-ERR unknown\r\n"],
    ids=["a web server", "empty lines", "no text", "another text protocol"],
)
def test_a_socket_that_is_not_haproxys_is_refused(tmp_path: Path, answer: bytes) -> None:
    with (
        impostor(tmp_path / "socket", answer) as info,
        pytest.raises(ApplicationError, match=r"socket .* it is not HAProxy's: asked") as error,
    ):
        HAProxy(info).standings(BOTH)

    assert error.value.non_retryable


@pytest.mark.parametrize("answer", [b"", b"admin\n\n1\n# be_id"], ids=["nothing", "a part"])
def test_an_answer_that_breaks_off_is_asked_for_again(tmp_path: Path, answer: bytes) -> None:
    with (
        impostor(tmp_path / "socket", answer) as info,
        pytest.raises(ApplicationError, match="does not answer: it hung up") as error,
    ):
        HAProxy(info).standings(BOTH)

    assert not error.value.non_retryable


def test_an_answer_in_another_format_is_refused(tmp_path: Path) -> None:
    with (
        impostor(tmp_path / "socket", b"admin\n\n2\n# be_id\n\n# pxname,svname,\n\n") as info,
        pytest.raises(ApplicationError, match="expected states of servers in format 1") as error,
    ):
        HAProxy(info).standings(BOTH)

    assert error.value.non_retryable


# --- how many


@pytest.mark.parametrize(("count", "at_most"), [(10, 4), (500, 10)])
def test_hundreds_of_servers_take_a_few_connections(count: int, at_most: int) -> None:
    names = [f"i-0123456789abc{number:04}" for number in range(count)]
    with haproxy(*(f"{name} 127.0.0.1:9" for name in names)) as proxied:
        backend = HAProxy(proxied.info())
        before = proxied.connections()

        backend.deregister(names)

        assert proxied.connections() - before - 1 <= at_most
        assert set(proxied.statuses().values()) == {"MAINT"}
