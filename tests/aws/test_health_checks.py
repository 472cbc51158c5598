"""Health checks that are really made, on servers that are ill in one way each."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

import pytest

from starter.processes import free_port
from tests.aws.endpoint import LOOPBACK
from tests.aws.health_checks import check, matches
from tests.aws.target_health import FAILED, HEALTHY, TIMED_OUT, Target, answered


@contextmanager
def server(answer: bytes | None) -> Iterator[Target]:
    """Run a server that says this to one client, or nothing for as long as the client waits."""
    with socket.create_server((LOOPBACK, 0)) as listening:
        thread = Thread(target=_serve_one, args=(listening, answer))
        thread.start()
        yield Target(*listening.getsockname())
        thread.join()


def _serve_one(listening: socket.socket, answer: bytes | None) -> None:
    connection, _ = listening.accept()
    with connection:
        connection.recv(4096)
        if answer is not None:
            connection.sendall(answer)
        else:
            connection.recv(1)


def test_who_answers_as_the_matcher_says_is_healthy() -> None:
    with server(b"HTTP/1.1 204 No Content\r\n\r\n") as target:
        assert check(target, path="/", codes="200-299") == HEALTHY


def test_another_status_is_named() -> None:
    with server(b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n") as target:
        health = check(target, path="/", codes="200")

    assert health == answered(503)
    assert health.reason == "Target.ResponseCodeMismatch"
    assert health.description == "Health checks failed with these codes: [503]"


def test_who_says_nothing_times_out() -> None:
    with server(None) as target:
        assert check(target, path="/", codes="200", timeout_seconds=0.1) == TIMED_OUT


def test_who_hangs_up_has_failed() -> None:
    with server(b"") as target:
        assert check(target, path="/", codes="200") == FAILED


def test_who_does_not_listen_has_failed() -> None:
    assert check(Target(LOOPBACK, free_port()), path="/", codes="200") == FAILED


@pytest.mark.parametrize(
    ("status", "codes", "good"),
    [
        (200, "200", True),
        (204, "200", False),
        (302, "200,302", True),
        (399, "200-399", True),
        (404, "200-299,400-403", False),
    ],
)
def test_a_status_is_good_if_the_matcher_has_it(status: int, codes: str, good: bool) -> None:
    assert matches(status, codes) is good
