import json
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from activities.bundle_contents import BundleContents
from codedeploy.errors import InvalidRevision
from codedeploy.lifecycle import LifecycleEvent
from codedeploy.revision import BundleType
from tests.activities.bundles import FILES, tgz, zipped
from tests.agent.test_archive import ESCAPES, locked, member, tar_with


def damaged(content: bytes) -> bytes:
    """Return `content` with its middle made unreadable."""
    middle = len(content) // 2
    return content[: middle - 20] + b"\xff" * 40 + content[middle + 20 :]


LONG = {**FILES, "text": "".join(str(number**3) for number in range(20_000))}


@pytest.mark.parametrize(
    ("content", "bundle_type"),
    [
        pytest.param(b"", BundleType.TGZ, id="an empty tgz"),
        pytest.param(b"text", BundleType.TAR, id="text as tar"),
        pytest.param(b"text", BundleType.ZIP, id="text as zip"),
        pytest.param(tgz()[:60], BundleType.TGZ, id="a truncated tgz"),
        pytest.param(zipped()[:60], BundleType.ZIP, id="a truncated zip"),
        pytest.param(damaged(tgz(LONG)), BundleType.TGZ, id="a damaged tgz"),
    ],
)
def test_what_is_no_sound_archive_is_refused_in_one_sentence(
    tmp_path: Path, content: bytes, bundle_type: BundleType
) -> None:
    bundle = tmp_path / "bundle"
    bundle.write_bytes(content)

    with pytest.raises(InvalidRevision, match=rf"^v2 is no {bundle_type} archive, or .*Pack it"):
        BundleContents(bundle, bundle_type, label="v2").appspec()


@pytest.mark.parametrize("bundle_type", [BundleType.TGZ, BundleType.ZIP])
def test_a_giant_appspec_is_refused_without_being_read_whole(
    tmp_path: Path, bundle_type: BundleType
) -> None:
    files = {"appspec.yml": "#" * (50 << 20)}
    bundle = tmp_path / "bundle"
    bundle.write_bytes(zipped(files) if bundle_type is BundleType.ZIP else tgz(files))

    with pytest.raises(InvalidRevision, match="over a megabyte"):
        BundleContents(bundle, bundle_type, label="v2").appspec()


def test_a_single_top_directory_is_seen_through(tmp_path: Path) -> None:
    bundle = tmp_path / "bundle"
    bundle.write_bytes(tgz(top="acme-shop-0123456"))

    filename, appspec = BundleContents(bundle, BundleType.TGZ, label="v2").appspec()

    assert (filename, len(appspec.hooks)) == ("appspec.yml", 1)


def appspec_of(members: Mapping[str, str], location: str) -> dict[str, str]:
    hook = json.dumps({"AfterInstall": [{"location": location}]})
    return {"appspec.yml": f"version: 0.0\nos: linux\nhooks: {hook}\n", **members}


@pytest.mark.parametrize(
    ("script", "location"),
    [
        pytest.param("start.sh", "start.sh --fast", id="arguments"),
        pytest.param("start.sh", "/./bin/../start.sh", id="a detour"),
        pytest.param("my start.sh", "my start.sh", id="blanks"),
        pytest.param("my start.sh", "'my start.sh' --fast", id="blanks in quotes, and arguments"),
        pytest.param("my start.sh", r"my\ start.sh --fast", id="blanks behind backslashes"),
    ],
)
@pytest.mark.parametrize("pack", [tgz, zipped])
def test_a_script_is_found_by_any_location_that_a_host_understands(
    tmp_path: Path, pack: Callable[..., bytes], script: str, location: str
) -> None:
    bundle = tmp_path / "bundle"
    bundle.write_bytes(pack(appspec_of({script: "#!/bin/sh\n"}, location)))
    bundle_type = BundleType.ZIP if pack is zipped else BundleType.TGZ

    _, appspec = BundleContents(bundle, bundle_type, label="v2").appspec()

    assert appspec.hooks[LifecycleEvent.AFTER_INSTALL][0].location == location


def packed(bundle: Path, *members: tuple[tarfile.TarInfo, bytes]) -> BundleContents:
    return BundleContents(tar_with(bundle, *members), BundleType.TAR, label="v2")


def test_links_are_followed_to_the_appspec_and_to_scripts(tmp_path: Path) -> None:
    text = appspec_of({}, "current/start.sh")["appspec.yml"].encode()

    contents = packed(
        tmp_path / "bundle",
        member("spec/shop.yml", content=text),
        member("appspec.yml", tarfile.SYMTYPE, link="spec/shop.yml"),
        member("releases/v2/start.sh"),
        member("current", tarfile.SYMTYPE, link="releases/v2"),
    )

    assert contents.appspec()[0] == "appspec.yml"


def test_of_two_appspecs_of_one_name_the_later_counts(tmp_path: Path) -> None:
    contents = packed(
        tmp_path / "bundle",
        member("appspec.yml", content=b"nothing"),
        member("appspec.yml", content=b"version: 0.0\nos: linux\n"),
    )

    assert contents.appspec()[1].os == "linux"


def test_a_link_in_a_circle_is_no_script(tmp_path: Path) -> None:
    contents = packed(
        tmp_path / "bundle",
        member("appspec.yml", content=appspec_of({}, "a")["appspec.yml"].encode()),
        member("a", tarfile.SYMTYPE, link="b"),
        member("b", tarfile.SYMTYPE, link="a"),
    )

    with pytest.raises(InvalidRevision, match=r"a \(AfterInstall\)"):
        contents.appspec()


@pytest.mark.parametrize("case", ESCAPES)
def test_what_no_host_would_unpack_is_refused_beforehand(tmp_path: Path, case: str) -> None:
    with pytest.raises(InvalidRevision, match=r"v2: the member '.+' .* Pack it again without it"):
        packed(tmp_path / "bundle", *ESCAPES[case])


def test_an_encrypted_member_is_refused_beforehand(tmp_path: Path) -> None:
    bundle = tmp_path / "bundle"
    bundle.write_bytes(locked(zipped()))

    with pytest.raises(InvalidRevision, match="' is encrypted"):
        BundleContents(bundle, BundleType.ZIP, label="v2")


def test_a_link_in_a_zip_is_judged_too(tmp_path: Path) -> None:
    bundle = tmp_path / "bundle"
    with zipfile.ZipFile(bundle, "w") as archive:
        info = zipfile.ZipInfo("link")
        info.external_attr = 0o120777 << 16
        archive.writestr(info, "/etc")

    with pytest.raises(InvalidRevision, match="the member 'link' is a link to '/etc'"):
        BundleContents(bundle, BundleType.ZIP, label="v2")


def test_a_member_of_a_zip_without_a_name_is_judged_too(tmp_path: Path) -> None:
    bundle = tmp_path / "bundle"
    with zipfile.ZipFile(bundle, "w") as archive:
        archive.writestr(zipfile.ZipInfo(""), b"x")

    with pytest.raises(InvalidRevision, match="the member '' has the name of a directory"):
        BundleContents(bundle, BundleType.ZIP, label="v2")
