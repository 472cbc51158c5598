import random
from pathlib import Path

import pytest

from activities.sources.download import download
from activities.sources.s3 import PIECE_BYTES, Found, S3Object, S3Source
from activities.sources.source import Patience, read_steadily
from codedeploy.errors import InvalidRevision
from tests.activities.object_store import ObjectStore
from tests.activities.web_server import Page, WebServer

CONTENT = random.Random(2).randbytes(PIECE_BYTES * 2 + 1000)
PLACE = S3Object("releases", "shop/v2.tgz")
QUICK = Patience(seconds=20, first_pause=0.001, longest_pause=0.01, progress_bytes=1)
ODD_KEY = "a b/ü?x=1#y%20.tgz"


def refusal(code: str, status: int, inside: str = "") -> Page:
    body = f"<Error><Code>{code}</Code><Message>No.</Message>{inside}</Error>"
    headers = {"Content-Type": "application/xml", "x-amz-request-id": "REQ1"}
    return Page(body.encode(), status=status, headers=headers)


@pytest.mark.parametrize(
    "place",
    [
        S3Object("releases", "shop/v2.tgz"),
        S3Object("releases", ODD_KEY, "3/L4kqtJ+lcpXro", "9b2c-4"),
        S3Object("releases", "/two//slashes.tgz", e_tag="9b2c"),
        S3Object("arn:aws:s3:eu-west-1:123456789012:accesspoint/shop", "v2.tgz"),
    ],
)
def test_an_address_names_the_very_object(place: S3Object) -> None:
    assert S3Object.at(place.address) == place


@pytest.mark.parametrize("versioned", [True, False], ids=["versioned", "unversioned"])
def test_an_object_is_looked_at(use_s3: ObjectStore, versioned: bool) -> None:
    bucket = use_s3.bucket(f"looked-at-{versioned}".lower(), versioned=versioned)
    put = use_s3.put(bucket, ODD_KEY, b"content")

    found = S3Source(S3Object(bucket, ODD_KEY)).look()

    assert found == Found(size=7, version=put.get("VersionId"), e_tag=put["ETag"].strip('"'))


def test_a_version_is_read_although_it_was_replaced(use_s3: ObjectStore) -> None:
    bucket = use_s3.bucket("versions", versioned=True)
    first = use_s3.put(bucket, "v2.tgz", b"first")
    use_s3.put(bucket, "v2.tgz", b"second")
    source = S3Source(S3Object(bucket, "v2.tgz", first["VersionId"], first["ETag"].strip('"')))

    assert b"".join(read_steadily(source, 0, 5, patience=QUICK)) == b"first"


def test_an_object_that_was_replaced_is_refused(use_s3: ObjectStore) -> None:
    bucket = use_s3.bucket("replaced")
    first = use_s3.put(bucket, "v2.tgz", b"first")["ETag"].strip('"')
    use_s3.put(bucket, "v2.tgz", b"second")
    source = S3Source(S3Object(bucket, "v2.tgz", e_tag=first))

    with pytest.raises(InvalidRevision, match=rf"no longer what was pinned, eTag {first}: push"):
        list(read_steadily(source, 0, 5, patience=QUICK))


@pytest.mark.parametrize(
    ("place", "code"),
    [
        (S3Object("nothing-here", "v2.tgz"), "NoSuchBucket"),
        (S3Object("something-here", "v3.tgz"), "NoSuchKey"),
        (S3Object("something-here", "v2.tgz", "wrong"), "NoSuchVersion"),
    ],
    ids=["no bucket", "no key", "no version"],
)
def test_what_is_not_there_is_named(use_s3: ObjectStore, place: S3Object, code: str) -> None:
    use_s3.put(use_s3.bucket("something-here"), "v2.tgz", b"content")

    with pytest.raises(InvalidRevision) as error:
        S3Source(place).look()

    assert error.value.message.startswith(f"s3://{place.bucket}/{place.key}")
    assert f"GetObject is refused with {code}" in error.value.message
    assert "Check the name, or push the bundle again" in error.value.message


def test_an_object_of_several_pieces_is_brought_whole(use_s3: ObjectStore, tmp_path: Path) -> None:
    use_s3.put(use_s3.bucket("pieces"), "v2.tgz", CONTENT)

    download(S3Source(S3Object("pieces", "v2.tgz")), tmp_path / "part", len(CONTENT))

    assert (tmp_path / "part").read_bytes() == CONTENT


def test_pieces_are_asked_for_by_their_range(broken_s3: WebServer, tmp_path: Path) -> None:
    broken_s3.serve("/releases/shop/v2.tgz", Page(CONTENT))

    download(S3Source(PLACE), tmp_path / "part", len(CONTENT), patience=QUICK)

    starts = range(0, len(CONTENT), PIECE_BYTES)
    assert sorted(asked.range for asked in broken_s3.asked) == sorted(
        f"bytes={start}-{min(start + PIECE_BYTES, len(CONTENT)) - 1}" for start in starts
    )
    assert broken_s3.sent == len(CONTENT)


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_throttled_request_is_made_again(broken_s3: WebServer, status: int) -> None:
    page = Page(b"content", failures=[status, status])
    broken_s3.serve("/releases/shop/v2.tgz", page)

    chunks = read_steadily(S3Source(PLACE), 0, 7, patience=QUICK)

    assert b"".join(chunks) == b"content"


def test_a_broken_answer_is_gone_on_with(broken_s3: WebServer, tmp_path: Path) -> None:
    cut = 5 << 20
    broken_s3.serve("/releases/shop/v2.tgz", Page(CONTENT, cuts=[cut, cut, cut]))

    download(S3Source(PLACE), tmp_path / "part", len(CONTENT), patience=QUICK)

    assert (tmp_path / "part").read_bytes() == CONTENT
    assert broken_s3.sent < len(CONTENT) + 3 * (1 << 20)


@pytest.mark.parametrize(
    ("page", "sentence"),
    [
        (
            refusal("AccessDenied", 403),
            r"s3://releases/shop/v2.tgz: GetObject is refused with AccessDenied \(No\), request "
            r"REQ1. Allow s3:GetObject on arn:aws:s3:::releases/shop/v2.tgz",
        ),
        (
            refusal("AuthorizationHeaderMalformed", 400, "<Region>eu-west-1</Region>"),
            r"The bucket is in another region, eu-west-1: set AWS_REGION",
        ),
        (
            refusal("PermanentRedirect", 301),
            r"The bucket is in another region: set AWS_REGION",
        ),
        (refusal("ExpiredToken", 400), r"Correct the AWS credentials of this machine"),
        (refusal("InvalidObjectState", 403), r"It is archived: restore it"),
        (refusal("Brandnew", 400), r"refused with Brandnew .*See what S3 says to that"),
    ],
    ids=["denied", "wrong region", "another endpoint", "expired", "archived", "unknown"],
)
def test_a_refusal_names_object_action_request_and_next_step(
    broken_s3: WebServer, page: Page, sentence: str
) -> None:
    broken_s3.serve("/releases/shop/v2.tgz", page)

    with pytest.raises(InvalidRevision, match=sentence):
        S3Source(PLACE).look()


def test_a_denied_version_needs_another_permission(broken_s3: WebServer) -> None:
    broken_s3.serve("/releases/shop/v2.tgz", refusal("AccessDenied", 403))

    with pytest.raises(InvalidRevision, match="Allow s3:GetObjectVersion on"):
        S3Source(S3Object("releases", "shop/v2.tgz", "v1")).look()


def test_a_refused_piece_ends_the_whole_download(broken_s3: WebServer, tmp_path: Path) -> None:
    broken_s3.serve("/releases/shop/v2.tgz", refusal("AccessDenied", 403))

    with pytest.raises(InvalidRevision, match="AccessDenied"):
        download(S3Source(PLACE), tmp_path / "part", PIECE_BYTES * 100, patience=QUICK)

    assert len(broken_s3.asked) <= 4


def test_a_machine_without_credentials_is_told_so(
    broken_s3: WebServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")

    with pytest.raises(InvalidRevision, match=r"no AWS credentials .* Give it a role, or"):
        S3Source(PLACE).look()


def test_an_endpoint_that_is_none_is_named(
    broken_s3: WebServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "nonsense")

    with pytest.raises(InvalidRevision, match=r"nonsense.*Correct AWS_ENDPOINT_URL_S3"):
        S3Source(PLACE)
