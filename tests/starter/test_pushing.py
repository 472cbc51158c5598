"""Registering revisions and naming them again, on the real server."""

from pathlib import Path
from uuid import uuid4

import pytest
from temporalio.client import Client

from codedeploy.application import Application, ComputePlatform
from codedeploy.errors import InvalidRevision
from starter.client import Rollway
from tests.activities.appspec_files import LAMBDA


@pytest.fixture
def rollway(temporal: Client, control_plane: Path) -> Rollway:
    return Rollway(temporal)


@pytest.fixture
def appspec(tmp_path: Path) -> Path:
    (tmp_path / "appspec.yml").write_text(LAMBDA)
    return tmp_path / "appspec.yml"


async def applied(rollway: Rollway, platform: ComputePlatform) -> str:
    name = f"pushed-{uuid4().hex[:8]}"
    await rollway.apply([Application(application_name=name, compute_platform=platform)])
    return name


async def test_an_appspec_file_is_registered_under_what_it_deploys(
    rollway: Rollway, appspec: Path
) -> None:
    name = await applied(rollway, ComputePlatform.LAMBDA)

    pushed = await rollway.push(name, appspec)

    assert pushed.label == "checkout:5"
    assert (await rollway.application(name)).revisions == (pushed,)


async def test_a_registered_appspec_is_found_by_its_label_without_its_file(
    rollway: Rollway, appspec: Path
) -> None:
    name = await applied(rollway, ComputePlatform.LAMBDA)
    pushed = await rollway.push(name, appspec)
    appspec.unlink()

    found = (await rollway.revision(name, "checkout:5")).local_location

    assert found is not None
    assert found.sha256 == pushed.sha256
    assert Path(found.location).read_text() == LAMBDA


async def test_an_appspec_file_is_not_registered_for_servers(
    rollway: Rollway, appspec: Path
) -> None:
    name = await applied(rollway, ComputePlatform.SERVER)

    with pytest.raises(InvalidRevision, match="servers need files"):
        await rollway.push(name, appspec)

    assert (await rollway.application(name)).revisions == ()


async def test_a_directory_is_not_registered_for_a_function(
    rollway: Rollway, tmp_path: Path
) -> None:
    name = await applied(rollway, ComputePlatform.LAMBDA)

    with pytest.raises(InvalidRevision, match="expected bundleType YAML or JSON"):
        await rollway.push(name, tmp_path)
