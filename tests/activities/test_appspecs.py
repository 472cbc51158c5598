from pathlib import Path

import pytest
from temporalio.exceptions import ApplicationError

from activities.appspecs import AppSpecs
from activities.backends.file_store import FileStore
from codedeploy.application import ComputePlatform
from codedeploy.revision import (
    LARGEST_APPSPEC,
    BundleType,
    GitHubLocation,
    HttpsLocation,
    Revision,
    RevisionType,
    S3Location,
    pinned_again,
)
from codedeploy.traffic_plan import AppSpecQuestion, PinnedAppSpec
from tests.activities.appspec_files import (
    ECS,
    LAMBDA,
    LAMBDA_JSON,
    TASK_DEFINITION,
    beside_the_worker,
    inline,
    raw_string,
    sha256,
)
from tests.activities.object_store import ObjectStore
from tests.activities.test_revisions import QUICK, left_behind
from tests.activities.web_server import Page, WebServer


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "store"


@pytest.fixture
def appspecs(store: Path) -> AppSpecs:
    return AppSpecs(FileStore(store), patience=QUICK)


def pin(
    appspecs: AppSpecs, revision: Revision, platform: ComputePlatform = ComputePlatform.LAMBDA
) -> PinnedAppSpec:
    return appspecs.pin(AppSpecQuestion(revision=revision, platform=platform))


def in_s3(bucket: str, key: str, **more: str) -> Revision:
    place = S3Location(bucket=bucket, key=key, **more)
    return Revision(revision_type=RevisionType.S3, s3_location=place)


def on_the_web(url: str, **more: str) -> Revision:
    place = HttpsLocation(url=url, **more)
    return Revision(revision_type=RevisionType.HTTPS, https_location=place)


# --- what a pinned AppSpec is


def test_an_inline_appspec_is_read_by_the_rules_of_lambda(appspecs: AppSpecs) -> None:
    found = pin(appspecs, inline()).lambda_

    assert found is not None
    assert (found.function_name, found.alias, found.target_version) == ("checkout", "live", 5)


def test_an_inline_appspec_is_read_by_the_rules_of_ecs(appspecs: AppSpecs) -> None:
    found = pin(appspecs, inline(ECS), ComputePlatform.ECS).ecs

    assert found is not None
    assert found.task_definition == TASK_DEFINITION


@pytest.mark.parametrize(
    ("text", "platform", "label"),
    [
        pytest.param(LAMBDA, ComputePlatform.LAMBDA, "checkout:5", id="function by name"),
        pytest.param(LAMBDA_JSON, ComputePlatform.LAMBDA, "checkout:6", id="function by ARN"),
        pytest.param(ECS, ComputePlatform.ECS, "web:42", id="task definition"),
    ],
)
def test_people_read_what_is_deployed_and_not_the_name_of_a_file(
    appspecs: AppSpecs, text: str, platform: ComputePlatform, label: str
) -> None:
    assert pin(appspecs, inline(text, label="appspec.yml"), platform).pinned.label == label


def test_no_content_stays_in_the_pinned_revision(appspecs: AppSpecs) -> None:
    kept = pin(appspecs, inline()).pinned.revision.app_spec_content

    assert kept is not None
    assert (kept.content, kept.sha256) == (None, sha256(LAMBDA))


def test_a_string_is_an_appspec_too(appspecs: AppSpecs) -> None:
    kept = pin(appspecs, raw_string(LAMBDA)).pinned.revision.string

    assert kept is not None
    assert (kept.content, kept.sha256) == (None, sha256(LAMBDA))


@pytest.mark.parametrize(
    ("text", "form", "suffix"),
    [(LAMBDA, BundleType.YAML, ".yml"), (LAMBDA_JSON, BundleType.JSON, ".json")],
    ids=["YAML", "JSON"],
)
def test_the_text_is_kept_by_its_digest_in_its_form(
    appspecs: AppSpecs, store: Path, text: str, form: BundleType, suffix: str
) -> None:
    pinned = pin(appspecs, inline(text)).pinned

    assert (pinned.bundle_type, pinned.size_bytes) == (form, len(text))
    assert (store / f"{sha256(text)}{suffix}").read_text() == text


@pytest.mark.parametrize("revision", [inline(), raw_string(LAMBDA)], ids=["inline", "string"])
def test_what_is_pinned_can_be_pinned_again(appspecs: AppSpecs, revision: Revision) -> None:
    first = pin(appspecs, revision)

    second = pin(appspecs, pinned_again(first.pinned))

    assert second.lambda_ == first.lambda_
    assert second.pinned.sha256 == first.pinned.sha256
    assert second.pinned.label == "checkout:5"


def test_a_digest_alone_means_the_text_that_was_kept_under_it(appspecs: AppSpecs) -> None:
    pin(appspecs, inline())

    again = pin(appspecs, inline(None, sha256=sha256(LAMBDA).upper()))

    assert again.pinned.sha256 == sha256(LAMBDA)


# --- where it may come from


def test_a_file_beside_the_worker_is_taken(tmp_path: Path, appspecs: AppSpecs) -> None:
    (tmp_path / "appspec.yml").write_text(LAMBDA)

    pinned = pin(appspecs, beside_the_worker(str(tmp_path / "appspec.yml"), bundle_type="YAML"))

    assert pinned.pinned.sha256 == sha256(LAMBDA)


def test_an_object_is_pinned_to_its_version_and_kept(
    use_s3: ObjectStore, appspecs: AppSpecs, store: Path
) -> None:
    bucket = use_s3.bucket("appspecs", versioned=True)
    put = use_s3.put(bucket, "appspec.yaml", LAMBDA.encode())

    pinned = pin(appspecs, in_s3(bucket, "appspec.yaml")).pinned

    place = pinned.revision.s3_location
    assert place is not None
    assert (place.version, place.e_tag) == (put["VersionId"], put["ETag"].strip('"'))
    assert left_behind(store) == [f"{sha256(LAMBDA)}.yml"]


def test_an_object_whose_name_says_nothing_is_taken_by_its_bundle_type(
    use_s3: ObjectStore, appspecs: AppSpecs
) -> None:
    bucket = use_s3.bucket("nameless")
    use_s3.put(bucket, "checkout", LAMBDA_JSON.encode())

    pinned = pin(appspecs, in_s3(bucket, "checkout", bundle_type="JSON")).pinned

    assert pinned.bundle_type is BundleType.JSON


def test_a_file_on_a_web_server_is_pinned_to_its_digest(
    server: WebServer, appspecs: AppSpecs
) -> None:
    address = server.serve("/appspec.yml", Page(LAMBDA.encode()))

    place = pin(appspecs, on_the_web(address)).pinned.revision.https_location

    assert place is not None
    assert place.sha256 == sha256(LAMBDA)


# --- what is refused


@pytest.mark.parametrize(
    ("revision", "words"),
    [
        pytest.param(
            in_s3("bucket", "v2.zip"), "zip says no form of an AppSpec file", id="an archive in S3"
        ),
        pytest.param(
            in_s3("bucket", "appspec.yml", bundle_type="tgz"),
            "expected bundleType YAML or JSON",
            id="an object of another bundleType",
        ),
        pytest.param(
            on_the_web("https://host/v2.tgz"), "tgz says no form", id="an archive on the web"
        ),
        pytest.param(beside_the_worker("/srv/v2"), "directory says no form", id="a directory"),
        pytest.param(
            Revision(
                revision_type=RevisionType.GITHUB,
                git_hub_location=GitHubLocation(repository="a/b", commit_id="0123abc"),
            ),
            "a/b@0123abc is a bundle",
            id="a commit",
        ),
    ],
)
def test_a_bundle_is_no_revision_of_a_function(
    appspecs: AppSpecs, revision: Revision, words: str
) -> None:
    with pytest.raises(ApplicationError, match=words):
        pin(appspecs, revision)


def test_a_broken_appspec_is_refused_for_good_with_all_its_problems(appspecs: AppSpecs) -> None:
    text = LAMBDA.replace("Alias: live", 'Alias: ""').replace("TargetVersion: 5", "")

    with pytest.raises(ApplicationError, match="has 2 problems") as error:
        pin(appspecs, inline(text, label="appspec.yml"))

    assert error.value.non_retryable
    assert error.value.type == "InvalidRevisionException"
    assert "Alias" in error.value.message
    assert "TargetVersion" in error.value.message


def test_an_appspec_of_another_platform_is_refused(appspecs: AppSpecs) -> None:
    with pytest.raises(ApplicationError, match="AWS::ECS::Service"):
        pin(appspecs, inline(ECS))


def test_a_file_that_is_too_large_is_refused_and_not_kept(appspecs: AppSpecs, store: Path) -> None:
    comment = "#" * LARGEST_APPSPEC

    with pytest.raises(ApplicationError, match="larger than 100 KB"):
        pin(appspecs, inline(f"{comment}\n{LAMBDA}"))

    assert left_behind(store) == []


def test_what_is_no_text_is_refused(tmp_path: Path, appspecs: AppSpecs) -> None:
    (tmp_path / "appspec.yml").write_bytes(b"\xff\xfe")

    with pytest.raises(ApplicationError, match="no text in UTF-8"):
        pin(appspecs, beside_the_worker(str(tmp_path / "appspec.yml"), bundle_type="YAML"))


def test_content_of_another_digest_is_refused(appspecs: AppSpecs, store: Path) -> None:
    with pytest.raises(ApplicationError, match=f"expected sha256 {'0' * 64}, found"):
        pin(appspecs, inline(LAMBDA, sha256="0" * 64))

    assert left_behind(store) == []


@pytest.mark.parametrize("digest", ["0" * 64, "../secret"], ids=["unknown", "a path"])
def test_a_digest_that_nothing_is_kept_under_is_refused(
    appspecs: AppSpecs, tmp_path: Path, digest: str
) -> None:
    (tmp_path / "secret.yml").write_text(LAMBDA)

    with pytest.raises(ApplicationError, match="has no content"):
        pin(appspecs, inline(None, sha256=digest))


@pytest.mark.parametrize(
    ("location", "words"),
    [("appspec.yml", "not an absolute path"), ("/none/appspec.yml", "not a file that the worker")],
    ids=["relative", "missing"],
)
def test_a_local_file_must_be_there(appspecs: AppSpecs, location: str, words: str) -> None:
    with pytest.raises(ApplicationError, match=words):
        pin(appspecs, beside_the_worker(location, bundle_type="YAML"))


def test_an_appspec_file_alone_has_no_other_name(appspecs: AppSpecs) -> None:
    named = inline().model_copy(update={"appspec_filename": "shop.yml"})

    with pytest.raises(ApplicationError, match=r"there is no shop\.yml to look for"):
        pin(appspecs, named)
