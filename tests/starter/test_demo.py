import signal
import subprocess
import sys
from pathlib import Path

import pytest

from codedeploy.application import Application
from codedeploy.appspec import parse_server
from codedeploy.deployment_group import DeploymentGroup
from codedeploy.manifest import parse_manifest
from starter.demo.host import APPLICATION, DemoHost, bundle
from starter.demo.scenario import GROUP_NAME, STORY
from starter.processes import reserve_port
from tests.starter.demo_runs import Played, begin, play
from tests.starter.other_processes import until

GOOD, OLD = "catalog.json", "catalog-before-prices.json"


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    return play(tmp_path_factory.mktemp("demo"))


@pytest.mark.end_to_end
def test_the_story_goes_as_told(played: Played) -> None:
    words = played.run.words

    assert (played.code, "not as told" in words) == (0, False), words


@pytest.mark.end_to_end
def test_the_bad_release_is_taken_back_by_a_deployment_of_the_one_before(played: Played) -> None:
    *_, broken, rollback = played.deployments

    assert (broken["revision"], broken["status"]) == ("v3", "Failed")
    assert (rollback["revision"], rollback["status"]) == ("v2", "Succeeded")
    assert broken["rollbackDeploymentId"] == rollback["deploymentId"]


@pytest.mark.end_to_end
def test_the_rollback_touches_only_the_hosts_that_were_touched(played: Played) -> None:
    *_, broken, rollback = (deployment["overview"] for deployment in played.deployments)

    assert (broken["Succeeded"], broken["Failed"], broken["Skipped"]) == (1, 1, 1)
    assert rollback["Succeeded"] == 2


@pytest.mark.end_to_end
def test_every_host_answers_with_the_last_good_release(played: Played) -> None:
    assert played.story["hosts"] == [
        {"name": f"web-{number}", "revision": "v2", "serving": "v2"} for number in (1, 2, 3)
    ]


@pytest.mark.end_to_end
def test_nothing_is_left_of_the_demo(played: Played) -> None:
    assert (played.run.left_over, played.run.directories) == ({}, [])


@pytest.mark.end_to_end
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL], ids=["Ctrl-C", "kill -9"])
async def test_nothing_is_left_of_a_demo_that_is_ended_in_the_middle(
    number: signal.Signals, tmp_path: Path
) -> None:
    demo = begin(tmp_path)
    await until(lambda: "batch 1 of 3: started" in demo.words)

    demo.end(number)

    await until(lambda: not demo.left_over)
    await until(lambda: not demo.directories)


@pytest.mark.parametrize("version", [chapter.version for chapter in STORY])
def test_every_release_is_a_valid_revision(version: str, tmp_path: Path) -> None:
    revision = bundle(version, tmp_path)

    appspec = parse_server((revision / "appspec.yml").read_text())

    scripts = [script for hook in appspec.hooks.values() for script in hook]
    assert all((revision / script.location).is_file() for script in scripts)


def test_the_manifest_describes_the_group_the_story_deploys_to() -> None:
    application, group = parse_manifest((APPLICATION / "shop.yml").read_text(), document="shop")

    assert isinstance(application, Application)
    assert isinstance(group, DeploymentGroup)
    assert group.full_name == GROUP_NAME


@pytest.mark.parametrize(
    ("version", "catalog", "status"),
    [
        ("v1", GOOD, 200),
        ("v1", OLD, 200),
        ("v2", GOOD, 200),
        ("v2", OLD, 200),
        ("v3", GOOD, 200),
        ("v3", OLD, 500),
    ],
)
def test_only_the_last_release_cannot_live_with_the_old_catalog(
    version: str, catalog: str, status: int, tmp_path: Path
) -> None:
    app = bundle(version, tmp_path) / "app"
    (tmp_path / "catalog.json").write_text((APPLICATION / catalog).read_text())

    answer = subprocess.run(
        [sys.executable, "-B", "-c", "import shop; print(*shop.answer('/health'))"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(app)},
        capture_output=True,
        text=True,
        check=True,
    )

    assert answer.stdout.startswith(str(status))


def test_a_host_that_does_not_answer_says_so(tmp_path: Path) -> None:
    with reserve_port() as reservation:
        host = DemoHost(1, tmp_path, reservation.getsockname()[1])

        assert host.ask("/version").startswith("no answer")
