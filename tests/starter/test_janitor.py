import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from starter.demo import janitor


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "demo").mkdir()
    return tmp_path / "demo"


@pytest.fixture
def marked(home: Path) -> Iterator[subprocess.Popen[bytes]]:
    variables = {**os.environ, janitor.MARK: str(home)}
    with subprocess.Popen(["sleep", "60"], env=variables, start_new_session=True) as process:
        yield process
        process.kill()


def cleaned(home: Path, wish: bytes) -> None:
    janitor.main(home, lambda: wish)


def test_what_the_demo_left_running_is_ended(home: Path, marked: subprocess.Popen[bytes]) -> None:
    cleaned(home, b"")

    assert marked.wait(timeout=10) < 0


def test_the_processes_of_another_demo_are_left_alone(
    tmp_path: Path, marked: subprocess.Popen[bytes]
) -> None:
    cleaned(tmp_path / "another", b"")

    assert marked.poll() is None


def test_the_demos_directory_is_removed(home: Path) -> None:
    cleaned(home, b"")

    assert not home.exists()


def test_the_demos_directory_stays_if_that_is_wished(home: Path) -> None:
    cleaned(home, janitor.KEEP)

    assert home.exists()
