"""A web server on this machine that misbehaves as it is told, and counts what it sends."""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.aws.endpoint import LOOPBACK

_AT_ONCE = 1 << 16


@dataclass
class Page:
    """What one path answers.

    Attributes:
        failures: Statuses of the first answers; then `content` comes.
        cuts: After how many bytes the first answers with content end.
        hold_after: How many bytes an answer has before it waits for `WebServer.release`.
        says_length: False sends the content in chunks.
        shift: By how much a range starts later than it was asked for.
    """

    content: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    failures: list[int] = field(default_factory=list)
    failure_headers: dict[str, str] = field(default_factory=dict)
    cuts: list[int] = field(default_factory=list)
    hold_after: int | None = None
    has_ranges: bool = True
    says_length: bool = True
    shift: int = 0


@dataclass(frozen=True)
class Asked:
    """One request."""

    path: str
    headers: dict[str, str]

    @property
    def range(self) -> str:
        return self.headers.get("range", "")


class WebServer:
    """Pages by their path."""

    def __init__(self) -> None:
        self.pages: dict[str, Page] = {}
        self.asked: list[Asked] = []
        self.sent = 0
        self.release = threading.Event()
        self.lock = threading.Lock()
        self._server = _Listener(self)
        self.address = f"http://{LOOPBACK}:{self._server.server_port}"

    @contextmanager
    def running(self) -> Iterator["WebServer"]:
        thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield self
        finally:
            self.release.set()
            self._server.shutdown()
            self._server.server_close()
            thread.join()

    def serve(self, path: str, page: Page) -> str:
        self.pages[path] = page
        return self.address + path


class _Listener(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, web: WebServer) -> None:
        super().__init__((LOOPBACK, 0), _Visit)
        self.web = web


class _Visit(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Listener

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        headers = {name.lower(): value for name, value in self.headers.items()}
        web = self.server.web
        with web.lock:
            web.asked.append(Asked(path, headers))
            page = web.pages.get(path, Page(status=404))
            failure = page.failures.pop(0) if page.failures else None
            cut = page.cuts.pop(0) if page.cuts and failure is None else None
        self.close_connection = True
        try:
            if failure is not None or page.status != 200:
                self._refuse(failure or page.status, page)
            else:
                self._answer(page, cut)
        except (BrokenPipeError, ConnectionResetError):
            pass

    def _refuse(self, status: int, page: Page) -> None:
        self.send_response(status)
        for name, value in (page.failure_headers | page.headers).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(page.content)))
        self.end_headers()
        self.wfile.write(page.content)

    def _answer(self, page: Page, cut: int | None) -> None:
        start, stop = self._wanted(page)
        self.send_response(206 if (start, stop) != (0, len(page.content)) else 200)
        if (start, stop) != (0, len(page.content)):
            self.send_header("Content-Range", f"bytes {start}-{stop - 1}/{len(page.content)}")
        if page.says_length:
            self.send_header("Content-Length", str(stop - start))
        else:
            self.send_header("Transfer-Encoding", "chunked")
        for name, value in page.headers.items():
            self.send_header(name, value)
        self.end_headers()
        self._send(page, start, stop if cut is None else min(stop, start + cut))
        if not page.says_length and cut is None:
            self.wfile.write(b"0\r\n\r\n")

    def _wanted(self, page: Page) -> tuple[int, int]:
        found = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        if not found or not page.has_ranges:
            return 0, len(page.content)
        stop = int(found[2]) + 1 if found[2] else len(page.content)
        return int(found[1]) + page.shift, min(stop, len(page.content))

    def _send(self, page: Page, start: int, stop: int) -> None:
        for position in range(start, stop, _AT_ONCE):
            if page.hold_after is not None and position - start >= page.hold_after:
                self.server.web.release.wait()
                return
            piece = page.content[position : min(position + _AT_ONCE, stop)]
            if not page.says_length:
                piece = b"%x\r\n%s\r\n" % (len(piece), piece)
            # First: whoever has received it is to find it counted.
            with self.server.web.lock:
                self.server.web.sent += len(piece)
            self.wfile.write(piece)

    def log_message(self, *args: Any) -> None:
        """Say nothing."""
