import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from temporalio.client import Client

from activities import search_attributes
from starter.checks import (
    check_agents,
    check_namespace,
    check_python,
    check_retention,
    check_search_attributes,
    check_store,
    check_worker,
    examine,
)
from starter.doctor import doctor_view
from starter.findings import Check, Health, broken, good
from starter.processes import free_port
from starter.render.canvas import ASCII
from starter.render.lines import plain


def by_name(checks: list[Check]) -> dict[str, Check]:
    return {check.name: check for check in checks}


@pytest.mark.parametrize(
    ("version", "health"),
    [((3, 10, 9), Health.BROKEN), ((3, 11, 0), Health.GOOD), ((3, 13, 1), Health.GOOD)],
)
def test_an_old_python_is_broken(version: tuple[int, ...], health: Health) -> None:
    assert check_python(version).health is health


def test_a_store_that_can_be_made_is_good(tmp_path: Path) -> None:
    assert check_store(tmp_path / "not" / "yet").health is Health.GOOD


def test_a_store_below_a_file_is_broken(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    found = check_store(tmp_path / "file" / "bundles")

    assert (found.health, "--home" in found.fix) == (Health.BROKEN, True)


async def test_a_server_that_does_not_answer_is_named_with_the_way_to_start_one(
    tmp_path: Path,
) -> None:
    address = f"127.0.0.1:{free_port()}"

    checks = await examine(address=address, namespace_name=None, store=tmp_path)

    assert checks[-1].name == "server"
    assert address in checks[-1].found
    assert "rollway up" in checks[-1].fix


@pytest.mark.end_to_end
async def test_a_prepared_namespace_is_good(temporal: Client) -> None:
    asked = (check_namespace, check_retention, check_search_attributes)

    checks = [await check(temporal) for check in asked]

    assert [check.health for check in checks] == [Health.GOOD] * 3


@pytest.mark.end_to_end
async def test_a_namespace_that_does_not_exist_is_broken_and_nothing_behind_it_is_asked(
    server_address: str, tmp_path: Path
) -> None:
    checks = await examine(address=server_address, namespace_name="nowhere", store=tmp_path)

    assert checks[-1].name == "namespace"
    assert "namespace create --namespace nowhere" in checks[-1].fix


@pytest.mark.end_to_end
async def test_a_foreign_namespace_lacks_retention_names_and_a_worker(
    server_address: str, tmp_path: Path
) -> None:
    checks = await examine(address=server_address, namespace_name="default", store=tmp_path)

    found = by_name(checks)
    assert found["retention"].health is Health.WARNING
    assert search_attributes.TAGS.name in found["search attributes"].fix
    assert found["worker"].health is Health.BROKEN


@pytest.mark.end_to_end
@pytest.mark.usefixtures("control_plane")
async def test_a_worker_that_asks_for_work_is_good(temporal: Client) -> None:
    found = await check_worker(temporal)
    while found.health is not Health.GOOD:
        found = await check_worker(temporal)

    assert "@" in found.found


@pytest.mark.end_to_end
async def test_no_instance_at_all_is_a_warning(server_address: str) -> None:
    client = await Client.connect(server_address, namespace="default")

    assert (await check_agents(client)).health is Health.WARNING


def test_the_way_to_put_it_right_stands_below_what_is_broken() -> None:
    checks = [good("python", "3.11"), broken("worker", "none", fix="rollway up")]

    lines = plain(doctor_view(checks, ASCII)).splitlines()

    assert lines[1].split() == ["x", "worker", "none"]
    assert lines[2].strip() == "to put it right: rollway up"


def test_the_exit_status_says_that_something_is_broken(tmp_path: Path) -> None:
    command = "from starter.cli import main; main()"
    address = f"127.0.0.1:{free_port()}"

    run = subprocess.run(
        [sys.executable, "-c", command, "doctor", "-o", "json", "--address", address],
        env={**os.environ, "ROLLWAY_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (run.returncode, json.loads(run.stdout)["isHealthy"]) == (1, False)
