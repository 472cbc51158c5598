import io
import os
import re
import stat
import tarfile
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from activities.bundle_members import BundleMembers
from agent.archive import UnpackLimits, unpack
from agent.bundles import BundleError
from codedeploy.members import UnsafeMember
from codedeploy.revision import BundleType
from tests.agent.trees import OLD, Directory, File, Link, Node, directory, read, write

TREE = directory(
    **{"appspec.yml": File("version: 0.0")},
    bin=directory(0o750, run=File("#!/bin/sh", 0o755), start=Link("run")),
    current=Link("bin"),
    empty=directory(0o700),
    secret=File("s", 0o600),
)


def tar_of(tree: Path, bundle: Path, *, gzip: bool = False) -> Path:
    with tarfile.open(bundle, "w:gz" if gzip else "w:") as archive:
        for child in sorted(tree.iterdir()):
            archive.add(child, child.name)
    return bundle


def tgz_of(tree: Path, bundle: Path) -> Path:
    return tar_of(tree, bundle, gzip=True)


def content_of(path: Path) -> bytes:
    if path.is_symlink():
        return os.fsencode(path.readlink())
    return path.read_bytes() if path.is_file() else b""


def zip_of(tree: Path, bundle: Path) -> Path:
    with zipfile.ZipFile(bundle, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(tree.rglob("*")):
            name = str(path.relative_to(tree))
            member = zipfile.ZipInfo(
                f"{name}/" if path.is_dir() and not path.is_symlink() else name
            )
            member.date_time = (2001, 9, 9, 1, 46, 40)
            member.external_attr = path.lstat().st_mode << 16
            content = os.fsencode(path.readlink()) if path.is_symlink() else b""
            archive.writestr(
                member, path.read_bytes() if path.is_file() and not content else content
            )
    return bundle


FORMATS = pytest.mark.parametrize(
    ("bundle_type", "pack"),
    [(BundleType.TAR, tar_of), (BundleType.TGZ, tgz_of), (BundleType.ZIP, zip_of)],
    ids=["tar", "tgz", "zip"],
)
Pack = Callable[[Path, Path], Path]


def member(
    name: str, kind: bytes = tarfile.REGTYPE, *, link: str = "", content: bytes = b"x"
) -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.type = kind
    info.linkname = link
    info.size = len(content) if kind == tarfile.REGTYPE else 0
    return info, content


def tar_with(bundle: Path, *members: tuple[tarfile.TarInfo, bytes]) -> Path:
    with tarfile.open(bundle, "w") as archive:
        for info, content in members:
            archive.addfile(info, io.BytesIO(content))
    return bundle


@FORMATS
def test_a_tree_comes_out_as_it_was_packed(
    tmp_path: Path, bundle_type: BundleType, pack: Pack
) -> None:
    bundle = pack(write(tmp_path / "tree", TREE), tmp_path / "bundle")

    unpack(bundle, bundle_type, tmp_path / "into")

    assert read(tmp_path / "into") == TREE


def test_a_python_without_filters_of_its_own_unpacks_a_tar_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(tarfile, "data_filter")
    monkeypatch.delattr(tarfile, "FilterError")
    bundle = tar_of(write(tmp_path / "tree", TREE), tmp_path / "bundle")

    unpack(bundle, BundleType.TAR, tmp_path / "into")

    assert read(tmp_path / "into") == TREE


@FORMATS
def test_modification_times_are_kept(tmp_path: Path, bundle_type: BundleType, pack: Pack) -> None:
    bundle = pack(write(tmp_path / "tree", TREE), tmp_path / "bundle")

    unpack(bundle, bundle_type, tmp_path / "into")

    assert (tmp_path / "into/secret").stat().st_mtime == OLD


@FORMATS
def test_a_single_top_directory_is_left_out(
    tmp_path: Path, bundle_type: BundleType, pack: Pack
) -> None:
    bundle = pack(write(tmp_path / "tree", directory(top=TREE)), tmp_path / "bundle")

    unpack(bundle, bundle_type, tmp_path / "into")

    assert read(tmp_path / "into") == TREE


def test_a_gzipped_tar_may_be_called_a_tar(tmp_path: Path) -> None:
    bundle = tgz_of(write(tmp_path / "tree", TREE), tmp_path / "bundle")

    unpack(bundle, BundleType.TAR, tmp_path / "into")

    assert read(tmp_path / "into") == TREE


def test_what_was_there_before_is_replaced(tmp_path: Path) -> None:
    write(tmp_path / "into", directory(old=File()))
    write(tmp_path / ".into.unpacking", directory(left=File("by a crash")))
    bundle = tar_of(write(tmp_path / "tree", TREE), tmp_path / "bundle")

    unpack(bundle, BundleType.TAR, tmp_path / "into")

    assert read(tmp_path / "into") == TREE
    assert {path.name for path in tmp_path.iterdir()} == {"into", "bundle", "tree"}


@FORMATS
def test_special_mode_bits_are_dropped(tmp_path: Path, bundle_type: BundleType, pack: Pack) -> None:
    tree = write(tmp_path / "tree", directory(f=File("x", 0o6755), g=File()))

    unpack(pack(tree, tmp_path / "bundle"), bundle_type, tmp_path / "into")

    assert read(tmp_path / "into") == directory(f=File("x", 0o755), g=File())


def test_files_belong_to_the_agent_whoever_packed_them(tmp_path: Path) -> None:
    info, content = member("f")
    info.uid = info.gid = 12345

    unpack(tar_with(tmp_path / "b", (info, content)), BundleType.TAR, tmp_path / "into")

    assert (tmp_path / "into/f").stat().st_uid == os.geteuid()


def test_a_zip_made_without_modes_gets_usual_ones(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "b", "w") as archive:
        for name in ("d/", "d/f", "g"):
            plain = zipfile.ZipInfo(name)
            plain.create_system = 0
            plain.external_attr = 0x20
            archive.writestr(plain, "")

    unpack(tmp_path / "b", BundleType.ZIP, tmp_path / "into")

    modes = {
        path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "into").rglob("*")
    }
    assert modes == {"d": 0o755, "f": 0o644, "g": 0o644}


def test_a_hard_link_shares_the_earlier_members_content(tmp_path: Path) -> None:
    bundle = tar_with(
        tmp_path / "b", member("d/f"), member("g", tarfile.LNKTYPE, link="d/f"), member("h")
    )

    unpack(bundle, BundleType.TAR, tmp_path / "into")

    assert (tmp_path / "into/g").read_text() == "x"


def test_of_two_members_of_one_name_the_later_counts(tmp_path: Path) -> None:
    bundle = tar_with(
        tmp_path / "b",
        member("f", tarfile.SYMTYPE, link="g"),
        member("g", content=b"g"),
        member("f", content=b"later"),
    )

    unpack(bundle, BundleType.TAR, tmp_path / "into")

    assert read(tmp_path / "into") == directory(f=File("later"), g=File("g"))


ESCAPES = {
    "an absolute path": [member("/etc/passwd")],
    "a parent path": [member("../outside")],
    "a parent path inside": [member("a/../../outside")],
    "an absolute link": [member("a", tarfile.SYMTYPE, link="/etc")],
    "a link to the parent": [member("a", tarfile.SYMTYPE, link=".."), member("b")],
    "a link that climbs too far": [member("d/a", tarfile.SYMTYPE, link="../../x")],
    "a link through a link": [
        member("d/e/up", tarfile.SYMTYPE, link="../.."),
        member("out", tarfile.SYMTYPE, link="d/e/up/../x"),
    ],
    "an empty link": [member("a", tarfile.SYMTYPE, link="")],
    "a member below a link": [member("a", tarfile.SYMTYPE, link="d"), member("a/f")],
    "a directory over a link": [
        member("d/f"),
        member("a", tarfile.SYMTYPE, link="d"),
        member("a", tarfile.DIRTYPE),
    ],
    "a link over a directory": [member("d/f"), member("d", tarfile.SYMTYPE, link="e")],
    "a hard link outside": [member("a", tarfile.LNKTYPE, link="../../etc/passwd")],
    "an absolute hard link": [member("a", tarfile.LNKTYPE, link="/etc/passwd")],
    "a hard link to a link": [
        member("l", tarfile.SYMTYPE, link="f"),
        member("a", tarfile.LNKTYPE, link="l"),
    ],
    "a hard link to nothing": [member("a", tarfile.LNKTYPE, link="later")],
    "a link out of the top directory": [
        member("top/a", tarfile.SYMTYPE, link="../top2"),
        member("top/appspec.yml"),
    ],
    "a pipe": [member("p", tarfile.FIFOTYPE)],
    "a device": [member("p", tarfile.CHRTYPE)],
}


@pytest.mark.parametrize("members", ESCAPES.values(), ids=ESCAPES.keys())
def test_a_bundle_that_reaches_out_of_its_directory_is_refused_whole(
    tmp_path: Path, members: list[tuple[tarfile.TarInfo, bytes]]
) -> None:
    bundle = tar_with(tmp_path / "b", member("first"), *members)
    if members[0][0].name.startswith("top/"):
        tar_with(bundle, *members)

    with pytest.raises(BundleError, match=r"bundle's member '.+' .*Pack the revision anew"):
        unpack(bundle, BundleType.TAR, tmp_path / "into")

    assert [path.name for path in tmp_path.iterdir()] == ["b"]


@pytest.mark.parametrize(
    ("members", "target"),
    [
        pytest.param([member("a", tarfile.SYMTYPE, link="/etc")], "/etc", id="absolute"),
        pytest.param([member("a", tarfile.LNKTYPE, link="/etc/passwd")], "/etc/passwd", id="hard"),
        pytest.param([member("a", tarfile.SYMTYPE, link="../x")], "../x", id="climbing"),
        pytest.param(ESCAPES["a link out of the top directory"], "top2", id="out of the top"),
    ],
)
def test_a_refused_link_is_named_with_its_target(
    tmp_path: Path, members: list[tuple[tarfile.TarInfo, bytes]], target: str
) -> None:
    bundle = tar_with(tmp_path / "b", *members)

    with pytest.raises(BundleError, match=re.escape(repr(target))):
        unpack(bundle, BundleType.TAR, tmp_path / "into")


@pytest.mark.parametrize(
    ("name", "mode", "content"),
    [
        pytest.param("../outside", 0o100644, "x", id="parent path"),
        pytest.param("/absolute", 0o100644, "x", id="absolute path"),
        pytest.param("link", 0o120777, "/etc", id="link out"),
        pytest.param("link", 0o120777, "d/../../x", id="link that climbs in its middle"),
        pytest.param("link", 0o120777, "x" * 2000, id="endless link"),
        pytest.param("pipe", 0o010644, "", id="pipe"),
    ],
)
def test_a_zip_that_reaches_out_of_its_directory_is_refused_whole(
    tmp_path: Path, name: str, mode: int, content: str
) -> None:
    with zipfile.ZipFile(tmp_path / "b", "w") as archive:
        info = zipfile.ZipInfo(name)
        info.external_attr = mode << 16
        archive.writestr(info, content)

    with pytest.raises(BundleError, match=f"member '{name}'"):
        unpack(tmp_path / "b", BundleType.ZIP, tmp_path / "into")

    assert [path.name for path in tmp_path.iterdir()] == ["b"]


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        pytest.param(UnpackLimits(total_bytes=9), "unpack to over 9 bytes", id="bytes"),
        pytest.param(UnpackLimits(members=1), "at most 1 are allowed", id="members"),
        pytest.param(UnpackLimits(name_bytes=3), "a name of over 3 bytes", id="name"),
    ],
)
@FORMATS
def test_a_bundle_beyond_a_limit_is_refused(
    tmp_path: Path, bundle_type: BundleType, pack: Pack, limits: UnpackLimits, message: str
) -> None:
    tree = write(tmp_path / "tree", directory(a=File("x" * 5), long=File("x" * 5)))

    with pytest.raises(BundleError, match=message):
        unpack(pack(tree, tmp_path / "b"), bundle_type, tmp_path / "into", limits=limits)

    assert not (tmp_path / "into").exists()


@pytest.mark.parametrize("content", [b"", b"<html>not found</html>"], ids=["empty", "a page"])
@pytest.mark.parametrize("bundle_type", [BundleType.TAR, BundleType.TGZ, BundleType.ZIP])
def test_what_is_no_archive_is_refused(
    tmp_path: Path, bundle_type: BundleType, content: bytes
) -> None:
    bundle = tmp_path / "b"
    bundle.write_bytes(content)

    with pytest.raises(BundleError, match="b is damaged or not such an archive, at its start"):
        unpack(bundle, bundle_type, tmp_path / "into")


def locked(content: bytes) -> bytes:
    """Return a zip archive whose members claim to be encrypted."""
    flagged = bytearray(content)
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        position = -1
        while (position := flagged.find(signature, position + 1)) >= 0:
            flagged[position + offset] |= 1
    return bytes(flagged)


def test_an_encrypted_member_is_refused(tmp_path: Path) -> None:
    bundle = tmp_path / "b"
    with zipfile.ZipFile(bundle, "w") as archive:
        archive.writestr("secret", "x")
    bundle.write_bytes(locked(bundle.read_bytes()))

    with pytest.raises(BundleError, match="member 'secret' is encrypted"):
        unpack(bundle, BundleType.ZIP, tmp_path / "into")


def test_a_zip_member_without_a_name_is_refused(tmp_path: Path) -> None:
    bundle = tmp_path / "b"
    with zipfile.ZipFile(bundle, "w") as archive:
        archive.writestr("Q", "")
    bundle.write_bytes(bundle.read_bytes().replace(b"Q", b"\0"))

    with pytest.raises(BundleError, match="member '' has the name of a directory"):
        unpack(tmp_path / "b", BundleType.ZIP, tmp_path / "into")


@pytest.mark.parametrize("bundle_type", [BundleType.YAML, BundleType.DIRECTORY])
def test_a_type_that_is_no_archive_is_refused(tmp_path: Path, bundle_type: BundleType) -> None:
    with pytest.raises(BundleError, match="use tar, tgz or zip"):
        unpack(tmp_path / "b", bundle_type, tmp_path / "into")


def test_a_disk_that_refuses_is_named(tmp_path: Path) -> None:
    bundle = tar_of(write(tmp_path / "tree", TREE), tmp_path / "bundle")
    (tmp_path / "file").write_text("")

    with pytest.raises(BundleError, match=r"cannot be unpacked into .*: .*Not a directory"):
        unpack(bundle, BundleType.TAR, tmp_path / "file/into")


def packed(pack: Pack) -> bytes:
    with tempfile.TemporaryDirectory() as place:
        tree = write(Path(place) / "tree", TREE)
        return pack(tree, Path(place) / "bundle").read_bytes()


def unpacked(content: bytes, bundle_type: BundleType) -> Node | None:
    """The tree that comes out; None if the bundle is refused."""
    with tempfile.TemporaryDirectory() as place:
        bundle = Path(place) / "bundle"
        bundle.write_bytes(content)
        try:
            unpack(bundle, bundle_type, Path(place) / "into")
        except BundleError:
            assert not (Path(place) / "into").exists()
            return None
        return read(Path(place) / "into")


PACKED = {
    BundleType.TAR: packed(tar_of),
    BundleType.TGZ: packed(tgz_of),
    BundleType.ZIP: packed(zip_of),
}


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(list(PACKED)), st.data())
def test_a_bundle_cut_anywhere_is_refused_or_whole(
    bundle_type: BundleType, data: st.DataObject
) -> None:
    whole = PACKED[bundle_type]
    length = data.draw(st.integers(0, len(whole) - 1))

    assert unpacked(whole[:length], bundle_type) in (None, TREE)


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(list(PACKED)), st.data())
def test_a_garbled_bundle_is_never_a_crash(bundle_type: BundleType, data: st.DataObject) -> None:
    garbled = bytearray(PACKED[bundle_type])
    for _ in range(data.draw(st.integers(1, 4))):
        garbled[data.draw(st.integers(0, len(garbled) - 1))] = data.draw(st.integers(0, 255))

    assert isinstance(unpacked(bytes(garbled), bundle_type), Directory | None)


NAMES = st.sampled_from(["a", "b", "a/b", "a/b/c", "b/a", "./a", "a/", "/a", "b/../a"])
MEMBERS = st.builds(
    member,
    NAMES,
    st.sampled_from([tarfile.REGTYPE, tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE]),
    link=st.sampled_from(["a", "b", "a/b", "../b", "..", "/a"]),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(MEMBERS, max_size=5))
def test_hosts_unpack_what_the_control_plane_pins_and_nothing_else(
    members: list[tuple[tarfile.TarInfo, bytes]],
) -> None:
    with tempfile.TemporaryDirectory() as place:
        bundle = tar_with(Path(place) / "b", *members)
        is_pinned = True
        try:
            BundleMembers(bundle, is_zip=False)
        except UnsafeMember:
            is_pinned = False

        assert (unpacked(bundle.read_bytes(), BundleType.TAR) is not None) == is_pinned
