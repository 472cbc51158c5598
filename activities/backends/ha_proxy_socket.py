"""The socket of HAProxy's runtime API: commands, and what is answered to each.

Source: HAProxy 2.8 management guide, 9.3 (Unix Socket commands).
"""

import re
import socket
import time
from collections.abc import Iterator, Sequence

from temporalio.exceptions import ApplicationError

from activities.translation import final
from codedeploy.errors import DeploymentFailure, ErrorCode
from codedeploy.load_balancing import HAProxyInfo

SECONDS_TO_ANSWER = 10
_LONGEST_LINE = 8000  # HAProxy's buffer has 16384 bytes
_LARGEST_ANSWER = 64 << 20
_LEVEL = "show cli level"
_LEVELS = ("admin", "operator", "user")
_COMMAND = re.compile(r"[A-Za-z0-9_.:/ -]+")
_SHOWN = 80


class HAProxySocket:
    """Where a HAProxy takes commands. Every connection asks first whether it is one.

    Args:
        info: The socket and, for messages only, its backend.
    """

    def __init__(self, info: HAProxyInfo) -> None:
        self._place = info.socket
        self._address = info.address

    def ask(self, commands: Sequence[str]) -> list[str]:
        """Return the answers to commands, given in as few lines as HAProxy can take.

        Raises:
            ApplicationError: Nobody answers now, which may pass; or, final, it is no HAProxy, or
                does not let itself be commanded.
            ValueError: A command holds what would make several of it.
        """
        for command in commands:
            if not _COMMAND.fullmatch(command):
                raise ValueError(f"{command!r} is not one command of HAProxy")
        return [answer for line in _lines(commands) for answer in self._ask_line(line)]

    def _ask_line(self, commands: Sequence[str]) -> list[str]:
        said = self._exchange("; ".join([_LEVEL, *commands]))
        level, *answers = _answers(said) or [said]
        if level not in _LEVELS:
            raise self._not_haproxy(said)
        if level != "admin":
            raise self._no_permission(level)
        if len(answers) != len(commands):
            raise self._silent("it hung up in the middle of its answer")
        return answers

    def _exchange(self, line: str) -> str:
        try:
            with self._connected() as connection:
                connection.sendall(line.encode("ascii") + b"\n")
                said = b"".join(_received(connection))
        except PermissionError as error:
            raise self._refused(
                f"the worker may not open it ({error.strerror}). Give it the group of the socket, "
                "or the socket another group or mode"
            ) from None
        except OSError as error:
            raise self._silent(str(error) or type(error).__name__) from None
        if not said:
            raise self._silent("it hung up without an answer")
        return said.decode("utf-8", "replace")

    def _connected(self) -> socket.socket:
        if isinstance(self._address, tuple):
            return socket.create_connection(self._address, SECONDS_TO_ANSWER)
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(SECONDS_TO_ANSWER)
        try:
            connection.connect(self._address)
        except OSError:
            connection.close()
            raise
        return connection

    # --- errors

    def _not_haproxy(self, said: str) -> ApplicationError:
        first = said.splitlines()[0] if said.strip() else "an empty line"
        return self._refused(
            f"it is not HAProxy's: asked `{_LEVEL}`, it said {first[:_SHOWN]!r}; expected one of "
            f"{', '.join(_LEVELS)}. Name the `stats socket` of HAProxy's configuration"
        )

    def _no_permission(self, level: str) -> ApplicationError:
        return self._refused(
            f"permission is denied: its level is {level}; expected admin. Let HAProxy's "
            "configuration say `stats socket ... level admin`"
        )

    def _refused(self, why: str) -> ApplicationError:
        sentence = f"The socket {self._place} of haProxyInfoList is of no use: {why}."
        return final(DeploymentFailure(ErrorCode.ELASTIC_LOAD_BALANCING_INVALID, sentence))

    def _silent(self, why: str) -> ApplicationError:
        return ApplicationError(
            f"The HAProxy at {self._place} does not answer: {why}. Start it, or correct "
            "haProxyInfoList of the deployment group.",
            type=ErrorCode.ELASTIC_LOAD_BALANCING_INVALID,
        )


def _lines(commands: Sequence[str]) -> Iterator[list[str]]:
    """Part commands so that those of each line have room in HAProxy's buffer."""
    line: list[str] = []
    length = 0
    for command in commands:
        length += len(command) + 2
        if length > _LONGEST_LINE:
            yield line
            line, length = [], len(command) + 2
        line.append(command)
    if line:
        yield line


def _received(connection: socket.socket) -> Iterator[bytes]:
    """Yield what comes until the other side hangs up.

    Raises:
        OSError: It does not come to an end.
    """
    deadline = time.monotonic() + SECONDS_TO_ANSWER
    received = 0
    while (left := deadline - time.monotonic()) > 0 and received <= _LARGEST_ANSWER:
        connection.settimeout(left)
        chunk = connection.recv(1 << 16)
        if not chunk:
            return
        received += len(chunk)
        yield chunk
    raise TimeoutError("its answer has no end")


def _answers(said: str) -> list[str]:
    """Return the answers in what was said: an empty line ends each."""
    answers: list[str] = []
    lines: list[str] = []
    for line in said.split("\n")[:-1]:
        if line:
            lines.append(line)
        else:
            answers.append("\n".join(lines))
            lines = []
    return answers
