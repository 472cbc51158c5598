"""The shop: a web application small enough to read and real enough to break.

It shows the articles of `catalog.json`, which belongs to the host, by the template `article.html`,
which belongs to the release. Its directory is the working directory; it listens at $PORT.

    GET /          the page
    GET /version   the release that answers
    GET /health    200 if the page can be shown, 500 and the reason if not
"""

import json
import os
import signal
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

HERE = Path(__file__).parent
VERSION = (HERE / "VERSION").read_text().strip()
ARTICLE = (HERE / "article.html").read_text()
CATALOG = Path("catalog.json")


def page() -> str:
    """Return the page as HTML."""
    catalog = json.loads(CATALOG.read_text())
    articles = "".join(ARTICLE.format(**article) for article in catalog["articles"])
    return f"<!doctype html><title>shop</title><h1>The shop, {VERSION}</h1><ul>{articles}</ul>"


def answer(path: str) -> tuple[int, str]:
    """Return status and text of the answer to a GET of `path`."""
    if path == "/version":
        return 200, VERSION
    if path not in ("/", "/health"):
        return 404, f"there is no {path}"
    try:
        text = page()
    except (OSError, ValueError, LookupError, TypeError) as error:
        return 500, f"cannot show {CATALOG}: {type(error).__name__} {error}"
    return 200, text if path == "/" else "healthy"


class Shop(BaseHTTPRequestHandler):
    """Answers one request."""

    timeout = 2  # Seconds for a silent client; the shop could not be stopped before.

    def do_GET(self) -> None:
        """Answer a GET."""
        status, text = answer(self.path)
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", f"text/{'html' if self.path == '/' else 'plain'}")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Log what went wrong; the rest is asked many times a second."""
        if code != 200:
            super().log_request(code, size)


class Server(ThreadingHTTPServer):
    """A web server that shares its port with whoever reserves it for it.

    When it is closed it finishes the answers it has begun.
    """

    allow_reuse_port = True
    daemon_threads = False
    request_queue_size = 128


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    with Server(("127.0.0.1", int(os.environ["PORT"])), Shop) as server:
        server.serve_forever()
