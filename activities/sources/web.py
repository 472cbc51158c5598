"""Bundles on web servers: https, resumed where the server can."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPException, HTTPResponse
from ssl import SSLCertVerificationError
from urllib.error import HTTPError, URLError
from urllib.request import Request

from activities.sources.redirects import opener
from activities.sources.source import CHUNK, SECONDS_OF_SILENCE, Bytes, Hiccup
from codedeploy.errors import InvalidRevision
from codedeploy.web_address import problem_of_address, without_secrets

_PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})
_CONTENT_RANGE = re.compile(r"bytes (?P<start>\d+)-\d+/(?P<total>\d+)")
_ELSEWHERE = (
    "It redirects in a circle, too often, or to no web address: name the address where it ends."
)
_NEXT_STEPS: Mapping[int, str] = {
    401: "Rollway has no login for it: put the bundle where none is needed, or into S3.",
    403: "Put the bundle where it may be read, or into S3.",
    404: "Check the address, or push the bundle again.",
    416: "It is shorter than when it was pinned: push the bundle again and deploy it anew.",
    **dict.fromkeys((301, 302, 303, 307, 308), _ELSEWHERE),
}


@dataclass
class WebSource:
    """A file on a web server.

    Attributes:
        size: What it must measure; None takes what there is.
        headers: Those that hold secrets do not go where it redirects to another server.
        next_steps: What to tell people when the server refuses, by status.
    """

    address: str
    shown: str = ""
    size: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    next_steps: Mapping[int, str] = field(default_factory=dict)
    piece_bytes: None = field(default=None, init=False)
    _version: str = field(default="", init=False)

    def __post_init__(self) -> None:
        self.shown = self.shown or without_secrets(self.address)
        if problem := problem_of_address(self.address):
            raise InvalidRevision(f"Nothing is fetched from {self.shown}: {problem}.")

    def read(self, start: int, stop: int | None) -> Bytes:
        """Yield the bytes from `start` on, up to the end.

        A server without ranges sends all again, and what came before is dropped.
        """
        del stop
        with self._errors_in_words(), self._answer(start) as response:
            passed = start - self._check(response)
            if passed < 0:
                raise Hiccup("it answers another part than was asked for")
            while chunk := response.read1(CHUNK):
                fresh, passed = chunk[passed:], max(0, passed - len(chunk))
                if fresh:
                    yield fresh
            if response.length:
                raise Hiccup(f"the connection ended {response.length} bytes early")

    def _answer(self, start: int) -> HTTPResponse:
        headers = {"User-Agent": "rollway", "Accept-Encoding": "identity", **self.headers}
        if start:
            headers["Range"] = f"bytes={start}-"
        request = Request(self.address, headers=headers)
        response: HTTPResponse = opener(self.address).open(request, timeout=SECONDS_OF_SILENCE)
        return response

    def _check(self, response: HTTPResponse) -> int:
        """Return the position of the answer's first byte, if it is an answer to go on with."""
        version = response.headers["ETag"] or response.headers["Last-Modified"] or ""
        if self._version not in ("", version):
            raise InvalidRevision(f"{self.shown} changed while it was read. Deploy again.")
        self._version = version
        start, total = _extent(response)
        if None not in (total, self.size) and total != self.size:
            raise InvalidRevision(
                f"{self.shown} has changed since it was pinned: expected {self.size} bytes, found "
                f"{total}. Push the bundle again and deploy it anew."
            )
        return start

    @contextmanager
    def _errors_in_words(self) -> Iterator[None]:
        try:
            yield
        except HTTPError as error:
            with error:
                raise self._refusal(error) from error
        except SSLCertVerificationError as error:
            raise self._distrust(error) from error
        except URLError as error:
            if isinstance(error.reason, SSLCertVerificationError):
                raise self._distrust(error.reason) from error
            raise Hiccup(f"it cannot be reached: {error.reason}") from error
        except (OSError, HTTPException) as error:
            raise Hiccup(f"the connection broke: {str(error) or type(error).__name__}") from error

    def _refusal(self, answer: HTTPError) -> Exception:
        wait = answer.headers["Retry-After"] or ""
        problem = f"it answers {answer.code} {answer.reason}"
        if answer.code in _PASSING or wait:
            return Hiccup(problem, wait_seconds=float(wait) if wait.isdecimal() else 0)
        steps = {**_NEXT_STEPS, **self.next_steps}
        step = steps.get(answer.code, "See what the server says to that.")
        return InvalidRevision(f"{self.shown} cannot be read: {problem}. {step}")

    def _distrust(self, error: SSLCertVerificationError) -> InvalidRevision:
        return InvalidRevision(
            f"{self.shown} cannot be read: its certificate is not to be trusted "
            f"({error.verify_message}). If its authority is your own, name it with SSL_CERT_FILE."
        )


def _extent(response: HTTPResponse) -> tuple[int, int | None]:
    """Return where an answer begins, and how long the whole is if the server says so."""
    found = _CONTENT_RANGE.fullmatch(response.headers["Content-Range"] or "")
    if response.status == 206 and found:
        return int(found["start"]), int(found["total"])
    if response.status != 200:
        raise Hiccup(f"it answers {response.status}, and not what was asked for")
    return 0, response.length
