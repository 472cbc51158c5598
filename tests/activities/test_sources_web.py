import hashlib
import random
from dataclasses import replace
from pathlib import Path

import pytest

from activities.sources.download import download
from activities.sources.source import Patience, read_steadily
from activities.sources.web import WebSource
from codedeploy.errors import InvalidRevision
from tests.activities.web_server import Page, WebServer

CONTENT = random.Random(1).randbytes(1_000_000)
QUICK = Patience(seconds=20, first_pause=0.001, longest_pause=0.01, progress_bytes=1)
SHORT = replace(QUICK, seconds=0.5)
"""For sources that shall be given up."""


def read(source: WebSource, patience: Patience = QUICK) -> bytes:
    return b"".join(read_steadily(source, 0, source.size, patience=patience))


@pytest.mark.parametrize("says_length", [True, False], ids=["with its length", "in chunks"])
def test_a_file_is_read(server: WebServer, says_length: bool) -> None:
    address = server.serve("/v2.tgz", Page(CONTENT, says_length=says_length))

    assert read(WebSource(address)) == CONTENT


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_server_that_stumbles_twice_is_asked_a_third_time(server: WebServer, status: int) -> None:
    address = server.serve("/v2.tgz", Page(CONTENT, failures=[status, status]))

    assert read(WebSource(address)) == CONTENT
    assert len(server.asked) == 3


def test_after_a_broken_connection_only_the_rest_is_asked_for(server: WebServer) -> None:
    address = server.serve("/v2.tgz", Page(CONTENT, cuts=[300_000]))

    content = read(WebSource(address))

    assert content == CONTENT
    assert [asked.range for asked in server.asked] == ["", "bytes=300000-"]
    assert server.sent == len(CONTENT)


@pytest.mark.parametrize("says_length", [True, False], ids=["with its length", "in chunks"])
def test_a_server_without_ranges_sends_all_again(server: WebServer, says_length: bool) -> None:
    page = Page(CONTENT, cuts=[300_000, 700_000], has_ranges=False, says_length=says_length)
    address = server.serve("/v2.tgz", page)

    assert read(WebSource(address)) == CONTENT


def test_a_server_that_answers_another_part_is_given_up(server: WebServer) -> None:
    address = server.serve("/v2.tgz", Page(CONTENT, cuts=[300_000], shift=5))

    with pytest.raises(InvalidRevision, match="another part than was asked for"):
        read(WebSource(address), SHORT)


def test_a_file_that_changes_meanwhile_is_refused(server: WebServer) -> None:
    page = Page(CONTENT, cuts=[300_000], headers={"ETag": '"1"'})
    chunks = read_steadily(WebSource(server.serve("/v2.tgz", page)), 0, None, patience=QUICK)

    next(chunks)
    page.headers["ETag"] = '"2"'

    with pytest.raises(InvalidRevision, match="changed while it was read"):
        list(chunks)


def test_a_server_that_never_gets_on_is_given_up(server: WebServer) -> None:
    address = server.serve("/v2.tgz", Page(CONTENT, failures=[503] * 1000))

    with pytest.raises(
        InvalidRevision, match=r"/v2.tgz was given up: it answers 503 .* no progress within 0.5 s"
    ):
        read(WebSource(address), SHORT)


def test_a_server_that_only_drips_is_given_up(server: WebServer) -> None:
    address = server.serve("/v2.tgz", Page(CONTENT, cuts=[1] * 10_000))
    patience = Patience(seconds=0.5, first_pause=0.001, longest_pause=0.001, progress_bytes=10**6)

    with pytest.raises(InvalidRevision, match="given up"):
        read(WebSource(address), patience)


def test_a_server_that_wants_to_be_left_alone_for_longer_than_that_is_given_up_at_once(
    server: WebServer,
) -> None:
    page = Page(CONTENT, failures=[503], failure_headers={"Retry-After": "3600"})

    with pytest.raises(InvalidRevision, match="given up"):
        read(WebSource(server.serve("/v2.tgz", page)), Patience(seconds=60))

    assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("status", "step"),
    [
        (401, "put the bundle where none is needed"),
        (403, "Put the bundle where it may be read"),
        (404, "Check the address"),
        (416, "It is shorter than when it was pinned"),
        (418, "See what the server says"),
    ],
)
def test_a_refusal_says_what_to_do_and_is_not_repeated(
    server: WebServer, status: int, step: str
) -> None:
    address = server.serve("/v2.tgz", Page(status=status))

    with pytest.raises(
        InvalidRevision, match=rf"v2.tgz cannot be read: it answers {status} .*{step}"
    ):
        read(WebSource(address))

    assert len(server.asked) == 1


def test_nobody_there_is_said(server: WebServer) -> None:
    with pytest.raises(InvalidRevision, match=r"cannot be reached: .*Connection refused"):
        read(WebSource("http://127.0.0.1:1/v2.tgz"), SHORT)


def test_a_redirect_on_this_machine_is_followed(server: WebServer) -> None:
    server.serve("/real.tgz", Page(CONTENT))
    address = server.serve("/v2.tgz", Page(status=302, headers={"Location": "/real.tgz"}))

    assert read(WebSource(address)) == CONTENT


@pytest.mark.parametrize(
    "target", ["http://192.0.2.1/v2.tgz", "ftp://192.0.2.1/v2.tgz", "file:///etc/passwd"]
)
def test_a_redirect_to_anything_but_https_is_not_followed(server: WebServer, target: str) -> None:
    address = server.serve("/v2.tgz", Page(status=302, headers={"Location": target}))

    with pytest.raises(InvalidRevision):
        read(WebSource(address))

    assert len(server.asked) == 1


def test_a_refused_redirect_says_where_it_leads_without_its_secrets(server: WebServer) -> None:
    target = "http://user:hush@192.0.2.1/v2.tgz?token=hush"
    address = server.serve("/v2.tgz", Page(status=302, headers={"Location": target}))

    with pytest.raises(InvalidRevision) as refusal:
        read(WebSource(address))

    assert "redirects to http://192.0.2.1/v2.tgz, which is not followed" in refusal.value.message
    assert "hush" not in refusal.value.message


def test_redirects_in_a_circle_end(server: WebServer) -> None:
    server.serve("/b", Page(status=302, headers={"Location": "/a"}))
    address = server.serve("/a", Page(status=302, headers={"Location": "/b"}))

    with pytest.raises(InvalidRevision, match="redirects in a circle"):
        read(WebSource(address))

    assert len(server.asked) <= 6


def test_a_secret_header_goes_to_the_address_itself_only(server: WebServer) -> None:
    with WebServer().running() as other:
        target = other.serve("/real.tgz", Page(CONTENT))
        address = server.serve("/v2.tgz", Page(status=302, headers={"Location": target}))

        read(WebSource(address, headers={"Authorization": "Bearer hush"}))

        assert server.asked[0].headers["authorization"] == "Bearer hush"
        assert "authorization" not in other.asked[0].headers


@pytest.mark.parametrize(
    "address",
    ["http://example.com/v2.tgz", "https://user:hush@example.com/v2.tgz", "file:///etc/passwd"],
)
def test_an_address_that_is_not_protected_or_holds_a_secret_is_refused(address: str) -> None:
    with pytest.raises(InvalidRevision, match="Nothing is fetched from") as refusal:
        WebSource(address)

    assert "hush" not in refusal.value.message


@pytest.mark.parametrize("difference", [-1, 1], ids=["shorter", "longer"])
def test_a_file_of_another_size_than_was_pinned_is_refused_at_once(
    server: WebServer, tmp_path: Path, difference: int
) -> None:
    size = len(CONTENT)
    source = WebSource(server.serve("/v2.tgz", Page(CONTENT)), size=size - difference)

    with pytest.raises(InvalidRevision, match=f"expected {size - difference} bytes, found {size}"):
        download(source, tmp_path / "part", size - difference, patience=QUICK)

    assert len(server.asked) == 1


def test_what_a_given_up_download_brought_is_not_fetched_again(
    server: WebServer, tmp_path: Path
) -> None:
    part = tmp_path / "part"
    page = Page(CONTENT, cuts=[300_000, *[0] * 1000])
    address = server.serve("/v2.tgz", page)
    with pytest.raises(InvalidRevision, match="given up"):
        download(WebSource(address), part, len(CONTENT), patience=SHORT)
    page.cuts.clear()
    server.asked.clear()

    download(WebSource(address), part, len(CONTENT), patience=QUICK)

    assert hashlib.sha256(part.read_bytes()).digest() == hashlib.sha256(CONTENT).digest()
    assert [asked.range for asked in server.asked] == ["bytes=300000-"]
