from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codedeploy.appspec import FileExistsBehavior, ServerAppSpec, parse_server
from codedeploy.appspec.paths import bundle_path, leaves_bundle
from codedeploy.errors import ManifestInvalid

HEAD = "version: 0.0\nos: linux\n"
WINDOWS = "version: 0.0\nos: windows\n"


def problems_of(text: str) -> tuple[str, ...]:
    with pytest.raises(ManifestInvalid) as refused:
        parse_server(text)
    return refused.value.problems


def one_file(source: str, destination: str = "/srv/shop") -> str:
    return f"files:\n  - source: '{source}'\n    destination: '{destination}'\n"


def test_reads_what_is_copied_where() -> None:
    appspec = parse_server(HEAD + one_file("/", "/srv/shop"))

    assert appspec == ServerAppSpec.model_validate(
        {"os": "linux", "files": [{"source": "/", "destination": "/srv/shop"}]}
    )


def test_an_appspec_survives_the_wire() -> None:
    permission = "permissions:\n  - {object: /srv, mode: '0640', except: [x], type: [file]}\n"
    hooks = "hooks: {AfterInstall: [{location: a.sh, sudo: true}]}\n"
    appspec = parse_server(HEAD + one_file("/") + permission + hooks)

    assert ServerAppSpec.model_validate_json(appspec.model_dump_json()) == appspec


@pytest.mark.parametrize("version", ["0.0", "0", "0.00", '"0.0"'])
def test_accepts_the_only_version(version: str) -> None:
    assert parse_server(f"version: {version}\nos: linux\n").os == "linux"


@pytest.mark.parametrize("version", ["1.0", "0.2", '"0"', "no", "latest", "[0.0]"])
def test_refuses_another_version(version: str) -> None:
    (problem,) = problems_of(f"version: {version}\nos: linux\n")

    assert problem.startswith("line 1: version: expected 0.0, found ")


def test_version_and_os_are_required() -> None:
    assert problems_of("files: []") == (
        "line 1: version: is required and missing",
        "line 1: os: is required and missing",
    )


@pytest.mark.parametrize(
    ("os", "hint"), [("Linux", "; did you mean linux?"), ("ubuntu", ""), ("[linux]", "")]
)
def test_refuses_another_os(os: str, hint: str) -> None:
    problem = problems_of(f"version: 0.0\nos: {os}\n")[0]

    assert problem.startswith("line 2: os: expected linux or windows, found ")
    assert problem.endswith(hint)


def test_a_misspelt_windows_is_not_judged_as_linux() -> None:
    problems = problems_of("version: 0.0\nos: Windows\n" + one_file("a", "C:\\shop"))

    assert len(problems) == 1


@pytest.mark.parametrize("text", ["- a", "linux", "3"], ids=["list", "text", "number"])
def test_the_whole_must_be_a_map(text: str) -> None:
    (problem,) = problems_of(text)

    assert problem.startswith("line 1: expected a map with version, os, files,")


@pytest.mark.parametrize("behavior", FileExistsBehavior)
def test_reads_the_behavior_towards_existing_files(behavior: FileExistsBehavior) -> None:
    appspec = parse_server(f"{HEAD}file_exists_behavior: {behavior}\n")

    assert appspec.file_exists_behavior is behavior


def test_refuses_another_behavior() -> None:
    (problem,) = problems_of(HEAD + "file_exists_behavior: overwrite\n")

    assert problem == (
        "line 3: file_exists_behavior: expected DISALLOW, OVERWRITE or RETAIN, found 'overwrite'; "
        "did you mean OVERWRITE?"
    )


def test_blank_sections_are_absent() -> None:
    appspec = parse_server(HEAD + "files:\nhooks:\npermissions:\nfile_exists_behavior:\n")

    assert appspec == ServerAppSpec(os="linux")


BAD_FILES = {
    "no list": ("files: /\n", "line 3: files: expected a list of source and destination pairs"),
    "no pair": ("files: [a]\n", "line 3: files[0]: expected a map with source or destination"),
    "empty item": ("files:\n  -\n", "files[0]: the item holds nothing"),
    "no source": ("files: [{destination: /a}]", "files[0].source: is required and missing"),
    "null source": (
        "files: [{source: , destination: /a}]",
        "files[0].source: is required and holds nothing",
    ),
    "blank source": ("files: [{source: ' ', destination: /a}]", "files[0].source: is empty"),
    "no destination": ("files: [{source: a}]", "files[0].destination: is required and missing"),
    "boolean source": (
        "files: [{source: yes, destination: /a}]",
        "files[0].source: expected text, found yes; quote it",
    ),
    "line end": (
        'files: [{source: "a\\nb", destination: /a}]',
        "files[0].source: expected text without line ends",
    ),
    "parent": (one_file("../secret"), "source: expected a path inside the bundle"),
    "hidden parent": (one_file("a/../../secret"), "source: expected a path inside the bundle"),
    "rooted parent": (one_file("/../secret"), "source: expected a path inside the bundle"),
    "backslash parent": (one_file("a\\..\\..\\b"), "source: expected a path inside the bundle"),
    "relative destination": (
        one_file("a", "srv/shop"),
        "destination: expected an absolute path such as /srv/shop, found 'srv/shop'",
    ),
    "endless destination": (
        one_file("a", "/srv" * 300),
        "destination: expected a path of at most 1024 bytes",
    ),
    "drive": (one_file("a", "C:\\shop"), "destination: expected an absolute path"),
    "near miss": (
        "files: [{source: a, destination: /a, Source: b}]",
        "files[0].Source: unknown key; did you mean source?",
    ),
}


@pytest.mark.parametrize(("section", "expected"), BAD_FILES.values(), ids=BAD_FILES)
def test_refuses_files(section: str, expected: str) -> None:
    (problem,) = problems_of(HEAD + section)

    assert expected in problem


def test_a_key_that_has_no_effect_is_a_warning() -> None:
    section = "files:\n  - {source: a, destination: /a, overwrite: true}\n"

    appspec = parse_server(HEAD + section + "description: mine\n")

    assert [warning.partition(": unknown")[0] for warning in appspec.warnings] == [
        "line 4: files[0].overwrite",
        "line 5: description",
    ]


@pytest.mark.parametrize("key", ["Hooks", "permission", "file-exists-behavior"])
def test_a_key_that_means_another_is_a_problem(key: str) -> None:
    (problem,) = problems_of(f"{HEAD}{key}: x\n")

    assert f"line 3: {key}: unknown key; did you mean " in problem


@pytest.mark.parametrize("destination", ["c:\\inetpub\\shop", "D:/shop", "\\\\host\\share"])
def test_windows_destinations_are_absolute(destination: str) -> None:
    assert parse_server(WINDOWS + one_file("\\app", destination)).os == "windows"


@pytest.mark.parametrize("destination", ["/srv/shop", "shop", "c:shop", "\\shop"])
def test_refuses_other_windows_destinations(destination: str) -> None:
    (problem,) = problems_of(WINDOWS + one_file("\\app", destination))

    assert "expected an absolute path such as C:\\inetpub\\shop" in problem


def test_a_windows_source_names_no_drive() -> None:
    (problem,) = problems_of(WINDOWS + one_file("C:\\Users", "c:\\shop"))

    assert "expected a path inside the bundle" in problem


def test_permissions_are_for_linux_only() -> None:
    (problem,) = problems_of(WINDOWS + "permissions: [{object: c:\\shop}]\n")

    assert problem == "line 3: permissions: permissions are for os linux only; remove them"


PATHS = {"/": ".", "\\": ".", "./": ".", "/app/": "app", "a/./b": "a/b", "a/../b": "b", "a": "a"}


@pytest.mark.parametrize(("written", "expected"), PATHS.items())
def test_a_source_is_a_path_below_the_bundle(written: str, expected: str) -> None:
    assert bundle_path(written) == PurePosixPath(expected)


@given(st.lists(st.sampled_from(["..", ".", "", "a", "b", "/", "\\", "c:"]), max_size=8))
def test_a_path_that_stays_in_the_bundle_never_climbs(parts: list[str]) -> None:
    written = "/".join(parts)

    path = bundle_path(written)

    assert leaves_bundle(written, is_windows=False) or (
        ".." not in path.parts and not path.is_absolute()
    )
