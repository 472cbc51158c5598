from pathlib import Path

import pytest

from codedeploy.errors import InvalidInput, InvalidRevision
from codedeploy.lifecycle import LifecycleEvent
from codedeploy.revision import (
    LARGEST_APPSPEC,
    AppSpecContent,
    BundleType,
    GitHubLocation,
    HttpsLocation,
    S3Location,
)
from starter.commands.naming import group_parts, lifecycle_event
from starter.locations import location


def test_a_group_is_named_with_its_application() -> None:
    assert group_parts("shop/prod") == ("shop", "prod")


@pytest.mark.parametrize("name", ["shop", "shop/", "/prod", "a/b/c", "", "sh op/prod"])
def test_what_names_no_group_is_refused(name: str) -> None:
    with pytest.raises(InvalidInput):
        group_parts(name)


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        (
            "s3://bucket/a/b.zip",
            S3Location(bucket="bucket", key="a/b.zip", bundle_type=BundleType.ZIP),
        ),
        (
            "s3://bucket/b.tar.gz?versionId=v1",
            S3Location(bucket="bucket", key="b.tar.gz", bundle_type=BundleType.TGZ, version="v1"),
        ),
        (
            "s3://bucket/appspec.yaml",
            S3Location(bucket="bucket", key="appspec.yaml", bundle_type=BundleType.YAML),
        ),
    ],
)
def test_an_s3_location_is_read(typed: str, expected: S3Location) -> None:
    found = location(typed)

    assert found is not None
    assert found.s3_location == expected


def test_a_github_location_is_read() -> None:
    found = location("github:owner/repository@0123abc")

    assert found is not None
    assert found.git_hub_location == GitHubLocation(
        repository="owner/repository", commit_id="0123abc"
    )


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        (
            "https://host/a.tar.gz",
            HttpsLocation(url="https://host/a.tar.gz", bundle_type=BundleType.TGZ),
        ),
        (
            f"https://host/a.zip?v=1#sha256={'0A' * 32}",
            HttpsLocation(
                url="https://host/a.zip?v=1", bundle_type=BundleType.ZIP, sha256="0a" * 32
            ),
        ),
        (
            "https://host/appspec.json",
            HttpsLocation(url="https://host/appspec.json", bundle_type=BundleType.JSON),
        ),
    ],
    ids=["plain", "with its digest", "an AppSpec file"],
)
def test_a_web_location_is_read(typed: str, expected: HttpsLocation) -> None:
    found = location(typed)

    assert found is not None
    assert found.https_location == expected


def test_a_branch_is_refused_with_the_reason() -> None:
    with pytest.raises(InvalidRevision, match=r"A branch or a tag can move"):
        location("github:owner/repository@main")


@pytest.mark.parametrize(
    "typed",
    [
        "https://host/a",
        "https://host/a.tgz#sha256=123",
        "https://host/a.tgz#",
        "https://user:password@host/a.tgz",
        "https:///a.tgz",
        "http://host/a.tgz",
        "s3://bucket",
        "s3:///key.zip",
        "s3://bucket/key",
        "s3://bucket/key.zip?etag=1",
        "github:owner@0123abc",
        "github:owner/repository",
        "github:owner/repository@main",
        "./missing",
        "/missing",
        "~/missing-directory",
        "missing.zip",
        "missing.yml",
    ],
)
def test_what_looks_like_a_place_and_is_none_is_refused(typed: str) -> None:
    with pytest.raises(InvalidRevision):
        location(typed)


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("a.zip", BundleType.ZIP),
        ("a.TAR", BundleType.TAR),
        ("a.tgz", BundleType.TGZ),
        ("a.tar.gz", BundleType.TGZ),
    ],
)
def test_an_archive_is_known_by_its_suffix(tmp_path: Path, name: str, form: BundleType) -> None:
    (tmp_path / name).touch()

    found = location(str(tmp_path / name))

    assert found is not None
    assert found.local_location is not None
    assert found.local_location.bundle_type is form


@pytest.mark.parametrize("name", ["appspec.yml", "APPSPEC.YAML", "checkout.json"])
def test_an_appspec_file_goes_along_as_text_under_its_name(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("version: 0.0\n")

    found = location(str(tmp_path / name))

    assert found is not None
    assert found.app_spec_content == AppSpecContent(content="version: 0.0\n", label=name)


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"\xff", "no text in UTF-8"), (b"#" * (LARGEST_APPSPEC + 1), "larger than 100 KB")],
    ids=["no text", "too large"],
)
def test_an_appspec_file_that_cannot_be_one_is_refused(
    tmp_path: Path, content: bytes, words: str
) -> None:
    (tmp_path / "appspec.yml").write_bytes(content)

    with pytest.raises(InvalidRevision, match=words):
        location(str(tmp_path / "appspec.yml"))


def test_a_directory_with_the_ending_of_an_appspec_file_is_a_bundle(tmp_path: Path) -> None:
    (tmp_path / "v1.yml").mkdir()

    found = location(str(tmp_path / "v1.yml"))

    assert found is not None
    assert found.local_location is not None


def test_a_file_that_is_no_archive_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.txt").touch()

    with pytest.raises(InvalidRevision, match="neither a directory nor an archive"):
        location(str(tmp_path / "a.txt"))


def test_anything_else_is_a_label(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    assert location("v2") is None


def test_an_event_is_known_in_any_case() -> None:
    assert lifecycle_event("validateservice") is LifecycleEvent.VALIDATE_SERVICE
