from typing import Any

import pytest
from pydantic import ValidationError

from codedeploy.revision import BundleType, PinnedRevision, Revision, pinned_again
from tests.codedeploy.fleets import pinned

S3 = {"bucket": "releases", "key": "shop/v2.tgz", "bundleType": "tgz", "eTag": "abc"}
GITHUB = {"repository": "acme/shop", "commitId": "0123456789abcdef"}
LOCAL = {"location": "/srv/releases/v2"}
LABELS: dict[str, tuple[dict[str, Any], str]] = {
    "S3": ({"revisionType": "S3", "s3Location": S3}, "s3://releases/shop/v2.tgz"),
    "GitHub": ({"revisionType": "GitHub", "gitHubLocation": GITHUB}, "acme/shop@0123456"),
    "an AppSpec": (
        {"revisionType": "AppSpecContent", "appSpecContent": {"content": "version: 0.0"}},
        "AppSpec content",
    ),
    "an AppSpec, the old way": (
        {"revisionType": "String", "string": {"content": "version: 0.0"}},
        "AppSpec content",
    ),
    "a directory": ({"revisionType": "Local", "localLocation": LOCAL}, "v2"),
    "a directory with a slash at its end": (
        {"revisionType": "Local", "localLocation": {"location": "/srv/releases/v2/"}},
        "v2",
    ),
    "a label of its own": (
        {"revisionType": "Local", "localLocation": {**LOCAL, "label": "spring"}},
        "spring",
    ),
}


@pytest.mark.parametrize(("document", "label"), LABELS.values(), ids=LABELS)
def test_what_people_call_a_revision(document: dict[str, Any], label: str) -> None:
    assert Revision.model_validate(document).label == label


@pytest.mark.parametrize("document", [document for document, _ in LABELS.values()], ids=LABELS)
def test_a_revision_is_written_as_it_was_read(document: dict[str, Any]) -> None:
    revision = Revision.model_validate(document)

    written = revision.model_dump(mode="json", exclude_unset=True)

    assert written == document


@pytest.mark.parametrize(
    ("kind", "member"),
    [
        ("S3", "s3Location"),
        ("GitHub", "gitHubLocation"),
        ("String", "string"),
        ("AppSpecContent", "appSpecContent"),
        ("Local", "localLocation"),
    ],
)
def test_a_revision_needs_the_location_of_its_type(kind: str, member: str) -> None:
    with pytest.raises(ValidationError, match=rf"revisionType {kind} needs {member}\b"):
        Revision.model_validate({"revisionType": kind})


def test_a_location_of_another_type_does_not_do() -> None:
    with pytest.raises(ValidationError, match="revisionType GitHub needs gitHubLocation"):
        Revision.model_validate({"revisionType": "GitHub", "s3Location": S3})


def test_a_local_revision_is_deployed_again_from_the_store() -> None:
    location = pinned_again(pinned("v2")).local_location

    assert location is not None
    assert (location.location, location.bundle_type) == ("/store/v2", BundleType.TGZ)


def test_a_local_revision_keeps_its_name_and_its_content() -> None:
    first = pinned("v2")

    again = pinned_again(first).local_location

    assert again is not None
    assert (again.label, again.sha256) == (first.label, first.sha256)


def test_any_other_revision_is_asked_for_as_before() -> None:
    revision = Revision.model_validate({"revisionType": "S3", "s3Location": S3})
    first = pinned("v2").model_copy(update={"revision": revision})

    assert pinned_again(first) == revision


def test_a_pinned_revision_survives_the_wire() -> None:
    first = pinned("v2").model_copy(update={"hook_timeout_seconds": {"AfterInstall": 300}})

    assert PinnedRevision.model_validate_json(first.model_dump_json()) == first
