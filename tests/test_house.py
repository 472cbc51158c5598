"""Rules of the house that no linter knows."""

import re
import subprocess
from pathlib import Path

import pytest

from tests.documentation import ROOT

REGISTRY_HOSTS = (
    *("pypi" + ".org", "python" + "hosted.org", "registry." + "npmjs", "deb." + "debian.org"),
    *("crates" + ".io", "proxy." + "golang.org", "docker" + ".io/", "hub." + "docker.com"),
)
FOREIGN = "tests/codedeploy/appspecs/"
"""AppSpec files as they are found in the world."""

MACHINE_PATHS = re.compile(r"(?<![\w./~$}-])/(?:work|root|home/\w+|Users/\w+|tmp/\w+)/")


def repository_files() -> list[str]:
    """Return the files that are or would be part of the repository."""
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    return sorted(name for name in listing.stdout.splitlines() if (ROOT / name).is_file())


@pytest.fixture(scope="module")
def texts() -> dict[str, str]:
    files = [(name, (ROOT / name).read_bytes()) for name in repository_files()]
    return {name: content.decode() for name, content in files if b"\0" not in content}


def test_no_file_names_a_package_registry(texts: dict[str, str]) -> None:
    found = [
        (name, host) for name, text in texts.items() for host in REGISTRY_HOSTS if host in text
    ]

    assert found == []


def test_no_file_names_a_path_of_somebodys_machine(texts: dict[str, str]) -> None:
    found = [
        (name, match[0])
        for name, text in texts.items()
        for match in MACHINE_PATHS.finditer(text)
        if not name.startswith(FOREIGN)
    ]

    assert found == []


def test_no_file_is_large() -> None:
    large = [name for name in repository_files() if (ROOT / name).stat().st_size > 1_000_000]

    assert large == []


@pytest.mark.parametrize(
    "name", ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "LICENSE", ".ci/run"]
)
def test_a_paper_of_the_house_is_there(name: str) -> None:
    assert (ROOT / name).stat().st_size > 100


def test_every_decision_is_listed_and_says_pain_decision_and_rejection() -> None:
    pages = sorted((ROOT / "docs/adr").glob("[0-9]*.md"))
    index = (ROOT / "docs/adr/README.md").read_text("utf-8")

    for page in pages:
        text = page.read_text("utf-8")
        assert page.name in index
        assert {"## The pain", "## The decision", "## Rejected"} <= set(text.splitlines())
    assert [Path(page).name[:4] for page in pages] == [f"{n:04}" for n in range(1, len(pages) + 1)]
