import os
import re
import shutil
import subprocess
import sysconfig
from pathlib import Path

import pytest

from starter.processes import free_port
from tests.documentation import ROOT
from tests.starter.other_processes import that_name

GUIDE = ROOT / "docs" / "guides" / "first-deployment.md"
BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)

WHAT_A_PERSON_WAITS_FOR = {
    "rollway up": "until rollway doctor; do sleep 0.2; done >doctor.txt 2>&1",
    "rollway-agent run": (
        'until [ $(rollway get instances -o json | grep -c \'"lastSeen": "\') = 2 ]; '
        "do sleep 0.2; done"
    ),
    "kill ": "wait",
}

Followed = tuple[subprocess.CompletedProcess[str], Path]


def script() -> str:
    """Return the guide's commands, with the patience of a person who reads what they print."""
    lines = ["set -e"]
    for block in BLOCK.findall(GUIDE.read_text()):
        lines.append(block)
        lines += [wait for begin, wait in WHAT_A_PERSON_WAITS_FOR.items() if begin in block]
    port, ui_port = free_port(), free_port()
    text = "\n".join(lines).replace("rollway up", f"rollway up --port {port} --ui-port {ui_port}")
    return f"export TEMPORAL_ADDRESS=127.0.0.1:{port}\n{text}"


@pytest.fixture(scope="module")
def followed(tmp_path_factory: pytest.TempPathFactory) -> Followed:
    checkout = tmp_path_factory.mktemp("checkout")
    shutil.copytree(ROOT / "examples", checkout / "examples")
    path = os.pathsep.join((sysconfig.get_path("scripts"), os.environ["PATH"]))
    run = subprocess.run(
        ["bash", "-c", script()],
        cwd=checkout,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    return run, checkout


@pytest.mark.end_to_end
def test_the_guide_can_be_followed_word_by_word(followed: Followed) -> None:
    run, _ = followed

    assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.end_to_end
def test_the_guides_bad_release_fails_and_both_hosts_serve_the_good_page(
    followed: Followed,
) -> None:
    run, _ = followed

    assert "exit status 1" in run.stdout
    assert run.stdout.count("Hello from Rollway") == 3
    assert "no heading" not in run.stdout.splitlines()


@pytest.mark.end_to_end
def test_the_guide_leaves_no_process_behind(followed: Followed) -> None:
    _, checkout = followed

    assert that_name(f"{checkout}/first") == {}
