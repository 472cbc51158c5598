from pathlib import Path

import pytest

from activities.bundle_contents import BundleContents
from codedeploy.errors import InvalidRevision
from codedeploy.revision import BundleType
from tests.activities.bundles import FILES, tgz, zipped


def damaged(content: bytes) -> bytes:
    """Return `content` with its middle made unreadable."""
    middle = len(content) // 2
    return content[: middle - 20] + b"\xff" * 40 + content[middle + 20 :]


def locked(content: bytes) -> bytes:
    """Return a zip archive whose members claim to be encrypted."""
    flagged = bytearray(content)
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        position = -1
        while (position := flagged.find(signature, position + 1)) >= 0:
            flagged[position + offset] |= 1
    return bytes(flagged)


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
        pytest.param(locked(zipped()), BundleType.ZIP, id="an encrypted zip"),
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
