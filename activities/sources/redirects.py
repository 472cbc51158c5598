"""Following a web server's redirects: few, never away from https, and never with a secret."""

from http.client import HTTPMessage
from typing import IO
from urllib.parse import urlsplit
from urllib.request import (
    HTTPDefaultErrorHandler,
    HTTPErrorProcessor,
    HTTPHandler,
    HTTPRedirectHandler,
    HTTPSHandler,
    OpenerDirector,
    ProxyHandler,
    Request,
    getproxies,
)

from codedeploy.errors import InvalidRevision
from codedeploy.web_address import is_local, without_secrets

_SECRET_HEADERS = ("Authorization", "Cookie")


class _Redirects(HTTPRedirectHandler):
    """Follows to https; from plain http on this machine also to the same.

    Args:
        is_from_here: The first address was plain http on this machine.
    """

    max_redirections = 5
    max_repeats = 2

    def __init__(self, *, is_from_here: bool) -> None:
        self._is_from_here = is_from_here

    def redirect_request(
        self,
        req: Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: HTTPMessage,
        newurl: str,
    ) -> Request | None:
        if not self._may_follow(newurl):
            fp.close()
            raise InvalidRevision(
                f"{without_secrets(req.full_url)} redirects to {without_secrets(newurl)}, which "
                "is not followed: it must be https. Name the address where it ends."
            )
        request = super().redirect_request(req, fp, code, msg, headers, newurl)
        if request and _origin(newurl) != _origin(req.full_url):
            for name in _SECRET_HEADERS:
                request.remove_header(name)
        return request

    def _may_follow(self, address: str) -> bool:
        return urlsplit(address).scheme == "https" or (self._is_from_here and is_local(address))


def _origin(address: str) -> tuple[str, str]:
    parts = urlsplit(address)
    return parts.scheme, parts.netloc


def opener(address: str) -> OpenerDirector:
    """Return what opens `address`, and nothing but web addresses.

    The environment's HTTPS_PROXY and NO_PROXY count; this machine is reached without a proxy.
    """
    proxies = {scheme: proxy for scheme, proxy in getproxies().items() if scheme == "https"}
    director = OpenerDirector()
    for handler in (
        ProxyHandler(proxies),
        HTTPHandler(),
        HTTPSHandler(),
        HTTPDefaultErrorHandler(),
        _Redirects(is_from_here=is_local(address)),
        HTTPErrorProcessor(),
    ):
        director.add_handler(handler)
    return director
