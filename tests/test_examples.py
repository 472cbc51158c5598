"""Every example parses, is listed, and asks for nothing that is refused."""

from pathlib import Path

import pytest

from activities.backends.file_store import FileStore
from activities.bundle_contents import BundleContents
from codedeploy.appspec import parse_server
from codedeploy.configs import DeploymentConfig
from codedeploy.deployment_group import DeploymentGroup
from codedeploy.manifest import parse_manifest
from codedeploy.revision import BundleType
from codedeploy.support import check_supported
from tests.documentation import ROOT

EXAMPLES = ROOT / "examples"
APPSPECS = sorted(EXAMPLES.glob("**/appspec*.yml"))
MANIFESTS = sorted(set(EXAMPLES.glob("*.yml")) - set(APPSPECS))
REVISIONS = sorted(path.parent for path in EXAMPLES.glob("*/appspec.yml"))


def name_of(path: Path) -> str:
    return str(path.relative_to(EXAMPLES))


@pytest.mark.parametrize("path", MANIFESTS, ids=name_of)
def test_a_manifest_parses_and_its_groups_can_be_carried_out(path: Path) -> None:
    resources = parse_manifest(path.read_text("utf-8"), document=path.name)

    assert resources
    for resource in resources:
        if isinstance(resource, DeploymentGroup):
            check_supported(resource)


@pytest.mark.parametrize("path", APPSPECS, ids=name_of)
def test_an_appspec_parses_without_warnings(path: Path) -> None:
    appspec = parse_server(path.read_text("utf-8"), filename=path.name)

    assert appspec.warnings == ()
    assert appspec.hooks


@pytest.mark.parametrize("directory", REVISIONS, ids=name_of)
def test_a_revision_is_a_whole_bundle(directory: Path, tmp_path: Path) -> None:
    bundle, _ = FileStore(tmp_path).pack(directory)

    filename, appspec = BundleContents(bundle, BundleType.TGZ, label=directory.name).appspec()

    assert filename == "appspec.yml"
    for mapping in appspec.files:
        assert (directory / mapping.path).exists()


@pytest.mark.parametrize("path", MANIFESTS + APPSPECS, ids=name_of)
def test_an_example_is_listed(path: Path) -> None:
    listed = (EXAMPLES / "README.md").read_text("utf-8")

    assert name_of(path).split("/")[0] in listed


def test_the_examples_show_zones_and_gates() -> None:
    resources = [
        resource
        for path in MANIFESTS
        for resource in parse_manifest(path.read_text("utf-8"), document=path.name)
    ]

    assert any(isinstance(one, DeploymentConfig) and one.zonal_config for one in resources)
    assert any(isinstance(one, DeploymentGroup) and one.approvals for one in resources)
