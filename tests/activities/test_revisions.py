import hashlib
from pathlib import Path

import pytest
from temporalio.exceptions import ApplicationError

from activities.backends.file_store import FileStore
from activities.revisions import Revisions
from activities.sources.github import GitHub
from activities.sources.source import Patience
from codedeploy.revision import (
    AppSpecContent,
    BundleType,
    GitHubLocation,
    HttpsLocation,
    LocalLocation,
    Revision,
    RevisionType,
    S3Location,
    pinned_again,
)
from tests.activities.bundles import FILES, tgz, zipped
from tests.activities.object_store import ObjectStore
from tests.activities.web_server import Page, WebServer

BUNDLE = tgz()
DIGEST = hashlib.sha256(BUNDLE).hexdigest()
COMMIT = "0123456789abcdef0123456789abcdef01234567"
TOKEN = "hush-hush"
QUICK = Patience(seconds=20, first_pause=0.001, longest_pause=0.01, progress_bytes=1)


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "store"


@pytest.fixture
def github(server: WebServer) -> WebServer:
    """GitHub, with one commit of one repository."""
    server.serve(f"/api/repos/acme/shop/commits/{COMMIT}", Page(COMMIT.encode()))
    server.serve(f"/api/repos/acme/shop/commits/{COMMIT[:7]}", Page(COMMIT.encode()))
    server.serve(
        f"/api/repos/acme/shop/tarball/{COMMIT}",
        Page(status=302, headers={"Location": f"{server.address}/codeload"}),
    )
    server.serve("/codeload", Page(tgz(top="acme-shop-0123456"), says_length=False))
    return server


@pytest.fixture
def revisions(store: Path, server: WebServer) -> Revisions:
    return Revisions(
        FileStore(store), github=GitHub(f"{server.address}/api", TOKEN), patience=QUICK
    )


def in_s3(bucket: str, key: str = "v2.tgz", **more: str) -> Revision:
    place = S3Location(bucket=bucket, key=key, **more)
    return Revision(revision_type=RevisionType.S3, s3_location=place)


def on_github(commit_id: str, repository: str = "acme/shop") -> Revision:
    place = GitHubLocation(repository=repository, commit_id=commit_id)
    return Revision(revision_type=RevisionType.GITHUB, git_hub_location=place)


def on_the_web(url: str, **more: str) -> Revision:
    place = HttpsLocation(url=url, **more)
    return Revision(revision_type=RevisionType.HTTPS, https_location=place)


def left_behind(store: Path) -> list[str]:
    """What the store holds beside records."""
    return sorted(path.name for path in store.iterdir() if path.is_file()) if store.exists() else []


def test_an_object_is_pinned_to_its_version_and_content(
    use_s3: ObjectStore, revisions: Revisions
) -> None:
    bucket = use_s3.bucket("pinned", versioned=True)
    put = use_s3.put(bucket, "v2.tgz", BUNDLE)

    pinned = revisions.pin(in_s3(bucket))

    location = pinned.revision.s3_location
    assert location is not None
    assert (location.version, location.e_tag) == (put["VersionId"], put["ETag"].strip('"'))
    assert (pinned.sha256, pinned.size_bytes) == (DIGEST, len(BUNDLE))
    assert pinned.hook_timeout_seconds == {"AfterInstall": 30}


def test_hosts_fetch_an_object_from_s3_and_not_from_the_store(
    use_s3: ObjectStore, revisions: Revisions, store: Path
) -> None:
    bucket = use_s3.bucket("from-s3")
    e_tag = use_s3.put(bucket, "v2.tgz", BUNDLE)["ETag"].strip('"')

    pinned = revisions.pin(in_s3(bucket))

    assert pinned.location == f"s3://{bucket}/v2.tgz?etag={e_tag}"
    assert left_behind(store) == []


def test_an_object_whose_etag_is_another_one_is_refused(
    use_s3: ObjectStore, revisions: Revisions
) -> None:
    bucket = use_s3.bucket("another-etag")
    e_tag = use_s3.put(bucket, "v2.tgz", BUNDLE)["ETag"].strip('"')

    with pytest.raises(ApplicationError, match=f"expected eTag abc, found {e_tag}") as error:
        revisions.pin(in_s3(bucket, e_tag="abc"))

    assert error.value.non_retryable
    assert error.value.type == "InvalidRevisionException"


def test_an_etag_may_have_quotes(use_s3: ObjectStore, revisions: Revisions) -> None:
    bucket = use_s3.bucket("quotes")
    e_tag = use_s3.put(bucket, "v2.tgz", BUNDLE)["ETag"]

    assert revisions.pin(in_s3(bucket, e_tag=e_tag)).sha256 == DIGEST


def test_an_object_is_read_once(broken_s3: WebServer, revisions: Revisions) -> None:
    broken_s3.serve("/releases/v2.tgz", Page(BUNDLE, headers={"ETag": '"abc"'}))
    first = revisions.pin(in_s3("releases"))
    sent = broken_s3.sent

    second = revisions.pin(in_s3("releases"))

    assert second == first
    assert [asked.range for asked in broken_s3.asked][-1] == ""
    assert broken_s3.sent - sent <= sent / 2


def test_an_object_that_was_replaced_is_read_again(
    use_s3: ObjectStore, revisions: Revisions
) -> None:
    bucket = use_s3.bucket("read-again")
    use_s3.put(bucket, "v2.tgz", BUNDLE)
    first = revisions.pin(in_s3(bucket))
    use_s3.put(bucket, "v2.tgz", tgz({**FILES, "new": "new"}))

    second = revisions.pin(in_s3(bucket))

    assert second.sha256 != first.sha256
    with pytest.raises(ApplicationError, match="expected eTag"):
        revisions.pin(pinned_again(first))


def test_the_form_of_an_object_may_be_told_instead_of_being_in_its_name(
    use_s3: ObjectStore, revisions: Revisions
) -> None:
    bucket = use_s3.bucket("no-suffix")
    use_s3.put(bucket, "release-2", zipped())

    pinned = revisions.pin(in_s3(bucket, "release-2", bundle_type="zip"))

    assert pinned.bundle_type is BundleType.ZIP


@pytest.mark.parametrize(
    ("content", "key", "reason"),
    [
        pytest.param(b"", "v2.tgz", "is empty. Push", id="empty"),
        pytest.param(b"plain text", "v2.tgz", "is no tgz archive", id="no archive"),
        pytest.param(BUNDLE[:60], "v2.tgz", "is no tgz archive", id="truncated"),
        pytest.param(BUNDLE, "v2", "bundleType tar, tgz or zip", id="no form"),
        pytest.param(tgz({"a": "b"}), "v2.tgz", "has no appspec.yml", id="no AppSpec"),
    ],
)
def test_an_object_that_cannot_be_deployed_is_refused(
    use_s3: ObjectStore, revisions: Revisions, store: Path, content: bytes, key: str, reason: str
) -> None:
    use_s3.put(use_s3.bucket("refused"), key, content)

    with pytest.raises(ApplicationError, match=reason):
        revisions.pin(in_s3("refused", key))

    assert left_behind(store) == []


@pytest.mark.parametrize("commit_id", [COMMIT, COMMIT[:7]], ids=["whole", "short"])
def test_a_commit_is_pinned_to_the_stores_copy_of_its_archive(
    github: WebServer, revisions: Revisions, store: Path, commit_id: str
) -> None:
    pinned = revisions.pin(on_github(commit_id))

    location = pinned.revision.git_hub_location
    assert location is not None
    assert location.commit_id == COMMIT
    assert pinned.location == (store / f"{pinned.sha256}.tgz").as_uri()
    assert (store / f"{pinned.sha256}.tgz").read_bytes() == github.pages["/codeload"].content


def test_a_commit_is_fetched_once_even_if_github_packs_it_anew(
    github: WebServer, revisions: Revisions
) -> None:
    first = revisions.pin(on_github(COMMIT))
    github.pages["/codeload"].content = tgz({**FILES, "new": "new"}, top="acme-shop")

    assert revisions.pin(pinned_again(first)) == first


def test_a_commit_that_the_store_has_lost_is_fetched_again(
    github: WebServer, revisions: Revisions, store: Path
) -> None:
    first = revisions.pin(on_github(COMMIT))
    (store / f"{first.sha256}.tgz").unlink()

    revisions.pin(on_github(COMMIT))

    assert left_behind(store) == [f"{first.sha256}.tgz"]


@pytest.mark.parametrize("name", ["main", "v1.2", "012345", "HEAD", COMMIT + "0"])
def test_a_branch_or_tag_is_refused_with_the_reason(
    github: WebServer, revisions: Revisions, name: str
) -> None:
    with pytest.raises(ApplicationError, match=r"A branch or a tag can move.*git rev-parse"):
        revisions.pin(on_github(name))

    assert github.asked == []


def test_a_branch_whose_name_looks_like_a_commit_is_refused(
    github: WebServer, revisions: Revisions
) -> None:
    github.serve("/api/repos/acme/shop/commits/deadbeef", Page(COMMIT.encode()))

    with pytest.raises(ApplicationError, match=f"can move: it means '{COMMIT}' now"):
        revisions.pin(on_github("deadbeef"))


@pytest.mark.parametrize("repository", ["acme", "acme/shop/..", "acme/..", "../x", "a/b?c", "a/b#"])
def test_what_is_no_repository_is_not_asked_for(
    github: WebServer, revisions: Revisions, repository: str
) -> None:
    with pytest.raises(ApplicationError, match="no GitHub repository: expected owner/name"):
        revisions.pin(on_github(COMMIT, repository))

    assert github.asked == []


def test_the_token_goes_to_github_and_nowhere_else(
    github: WebServer, revisions: Revisions, store: Path
) -> None:
    with WebServer().running() as codeload:
        target = codeload.serve("/archive", Page(tgz(top="acme-shop")))
        github.pages[f"/api/repos/acme/shop/tarball/{COMMIT}"].headers["Location"] = target

        pinned = revisions.pin(on_github(COMMIT))

        assert {asked.headers["authorization"] for asked in github.asked} == {f"Bearer {TOKEN}"}
        assert "authorization" not in codeload.asked[0].headers
    assert TOKEN not in pinned.model_dump_json()
    assert TOKEN not in repr(GitHub(token=TOKEN))


@pytest.mark.parametrize("status", [401, 403, 404, 422])
def test_what_github_refuses_says_which_setting_could_help_and_no_token(
    github: WebServer, revisions: Revisions, status: int
) -> None:
    github.pages[f"/api/repos/acme/shop/commits/{COMMIT}"] = Page(status=status)

    with pytest.raises(ApplicationError, match=rf"acme/shop@.* answers {status}") as error:
        revisions.pin(on_github(COMMIT))

    assert TOKEN not in str(error.value)


def test_without_a_token_a_missing_repository_may_be_private(
    github: WebServer, store: Path
) -> None:
    revisions = Revisions(FileStore(store), github=GitHub(f"{github.address}/api"))

    with pytest.raises(ApplicationError, match=r"or it is private: .*ROLLWAY_GITHUB_TOKEN"):
        revisions.pin(on_github(COMMIT, "acme/secret"))


def test_githubs_address_and_token_are_the_environments() -> None:
    environment = {"ROLLWAY_GITHUB_API": "https://ghe.local/api/v3/", "ROLLWAY_GITHUB_TOKEN": "t\n"}

    assert GitHub.of(environment) == GitHub("https://ghe.local/api/v3", "t")
    assert GitHub.of({}) == GitHub("https://api.github.com", "")


def test_an_archive_on_the_web_is_pinned_to_its_digest(
    server: WebServer, revisions: Revisions, store: Path
) -> None:
    address = server.serve("/v2.tgz", Page(BUNDLE))

    pinned = revisions.pin(on_the_web(address))

    location = pinned.revision.https_location
    assert location is not None
    assert (pinned.location, location.sha256) == (address, DIGEST)
    assert left_behind(store) == []


def test_an_archive_of_another_digest_is_refused(server: WebServer, revisions: Revisions) -> None:
    address = server.serve("/v2.tgz", Page(BUNDLE))

    with pytest.raises(ApplicationError, match=f"expected sha256 {'0' * 64}, found {DIGEST}"):
        revisions.pin(on_the_web(address, sha256="0" * 64))


def test_an_archive_whose_digest_is_known_is_read_once(
    server: WebServer, revisions: Revisions
) -> None:
    address = server.serve("/v2.tgz", Page(BUNDLE))
    first = revisions.pin(on_the_web(address, sha256=DIGEST.upper()))

    second = revisions.pin(pinned_again(first))

    assert second.sha256 == first.sha256
    assert len(server.asked) == 1


def test_an_archive_that_is_too_large_is_refused_and_not_kept(
    server: WebServer, store: Path
) -> None:
    address = server.serve("/v2.tgz", Page(BUNDLE))
    revisions = Revisions(FileStore(store), patience=QUICK, largest_bundle=len(BUNDLE) - 1)

    with pytest.raises(ApplicationError, match="larger than"):
        revisions.pin(on_the_web(address))

    assert left_behind(store) == []


@pytest.mark.parametrize(
    "revision",
    [
        Revision(
            revision_type=RevisionType.APP_SPEC_CONTENT,
            app_spec_content=AppSpecContent(content="version: 0.0"),
        ),
        in_s3("bucket", "appspec.yml"),
        in_s3("bucket", "appspec", bundle_type="JSON"),
        on_the_web("https://host/appspec.json"),
        Revision(
            revision_type=RevisionType.LOCAL,
            local_location=LocalLocation(location="/srv/appspec.yml", bundle_type=BundleType.YAML),
        ),
    ],
    ids=["inline", "by its key", "by its bundleType", "on the web", "beside the worker"],
)
def test_an_appspec_alone_is_no_revision_for_servers(
    revision: Revision, revisions: Revisions
) -> None:
    with pytest.raises(ApplicationError, match="servers need files: name a directory"):
        revisions.pin(revision)


def test_a_local_archive_is_pinned_to_the_stores_copy(
    tmp_path: Path, revisions: Revisions, store: Path
) -> None:
    (tmp_path / "v2.tgz").write_bytes(BUNDLE)
    place = LocalLocation(location=str(tmp_path / "v2.tgz"), bundle_type=BundleType.TGZ)

    pinned = revisions.pin(Revision(revision_type=RevisionType.LOCAL, local_location=place))

    assert pinned.location == (store / f"{DIGEST}.tgz").as_uri()


def with_two_appspecs(tmp_path: Path) -> Revision:
    other = FILES["appspec.yml"].replace("timeout: 30", "timeout: 70")
    bundle = tmp_path / "v2.tgz"
    bundle.write_bytes(tgz({**FILES, "shop.yml": other}))
    place = LocalLocation(location=str(bundle), bundle_type=BundleType.TGZ)
    return Revision(
        revision_type=RevisionType.LOCAL, local_location=place, appspec_filename="shop.yml"
    )


def test_the_appspec_may_have_another_name_which_a_rollback_remembers(
    revisions: Revisions, tmp_path: Path
) -> None:
    pinned = revisions.pin(with_two_appspecs(tmp_path))
    again = revisions.pin(pinned_again(pinned))

    assert pinned.appspec_filename == again.appspec_filename == "shop.yml"
    assert pinned.hook_timeout_seconds == again.hook_timeout_seconds == {"AfterInstall": 70}


def test_an_object_that_is_known_is_read_again_for_another_appspec(
    use_s3: ObjectStore, revisions: Revisions
) -> None:
    bucket = use_s3.bucket("two-appspecs")
    use_s3.put(bucket, "v2.tgz", tgz({**FILES, "shop.yml": FILES["appspec.yml"]}))
    usual = in_s3(bucket)

    names = [
        revisions.pin(revision).appspec_filename
        for revision in (usual, usual.model_copy(update={"appspec_filename": "shop.yml"}), usual)
    ]

    assert names == ["appspec.yml", "shop.yml", "appspec.yml"]


def test_an_appspec_of_a_name_that_is_not_there_is_refused(
    revisions: Revisions, tmp_path: Path
) -> None:
    revision = with_two_appspecs(tmp_path).model_copy(update={"appspec_filename": "none.yml"})

    with pytest.raises(ApplicationError, match=r"v2\.tgz has no none\.yml at its root\. It has: "):
        revisions.pin(revision)
