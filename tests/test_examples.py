"""Every example parses, is listed, and asks for nothing that is refused."""

from pathlib import Path

import pytest

from activities.backends.file_store import FileStore
from activities.bundle_contents import BundleContents
from codedeploy.application import Application, ComputePlatform
from codedeploy.appspec import ServerAppSpec, parse
from codedeploy.configs import PREDEFINED, DeploymentConfig
from codedeploy.deployment_group import DeploymentGroup
from codedeploy.document import Findings, read_one
from codedeploy.group_rules import check_group, completed
from codedeploy.lifecycle import ECS_HOOKS, LAMBDA_HOOKS
from codedeploy.manifest import parse_manifest
from codedeploy.revision import BundleType
from codedeploy.support import check_supported
from starter.validation import guessed_platform
from tests.documentation import ROOT

EXAMPLES = ROOT / "examples"
APPSPECS = sorted({*EXAMPLES.glob("**/appspec*.yml"), *EXAMPLES.glob("*-appspec.yml")})
MANIFESTS = sorted(set(EXAMPLES.glob("*.yml")) - set(APPSPECS))
REVISIONS = sorted(path.parent for path in EXAMPLES.glob("*/appspec.yml"))


def name_of(path: Path) -> str:
    return str(path.relative_to(EXAMPLES))


def resources_of(path: Path) -> tuple[Application | DeploymentGroup | DeploymentConfig, ...]:
    return parse_manifest(path.read_text("utf-8"), document=path.name)


@pytest.mark.parametrize("path", MANIFESTS, ids=name_of)
def test_a_manifest_parses_and_its_groups_can_be_carried_out(path: Path) -> None:
    resources = resources_of(path)

    assert resources
    for resource in resources:
        if isinstance(resource, DeploymentGroup):
            check_group(completed(resource))
            check_supported(completed(resource))


@pytest.mark.parametrize("path", MANIFESTS, ids=name_of)
def test_a_group_has_a_pace_of_its_platform(path: Path) -> None:
    for resource in resources_of(path):
        if isinstance(resource, DeploymentGroup):
            config = PREDEFINED[resource.deployment_config_name]

            assert config.compute_platform is resource.compute_platform


@pytest.mark.parametrize("path", APPSPECS, ids=name_of)
def test_an_appspec_parses_without_warnings(path: Path) -> None:
    text = path.read_text("utf-8")
    platform = guessed_platform(read_one(text, Findings(path.name)))

    appspec = parse(text, platform, filename=path.name)

    assert appspec.warnings == ()
    assert appspec.hooks


@pytest.mark.parametrize(
    ("name", "platform", "hooks"),
    [
        ("lambda-appspec.yml", ComputePlatform.LAMBDA, LAMBDA_HOOKS),
        ("ecs-appspec.yml", ComputePlatform.ECS, ECS_HOOKS),
    ],
)
def test_an_annotated_appspec_shows_every_hook(
    name: str, platform: ComputePlatform, hooks: tuple[str, ...]
) -> None:
    appspec = parse((EXAMPLES / name).read_text("utf-8"), platform, filename=name)

    assert tuple(appspec.hooks) == hooks


@pytest.mark.parametrize("directory", REVISIONS, ids=name_of)
def test_a_revision_is_a_whole_bundle(directory: Path, tmp_path: Path) -> None:
    bundle, _ = FileStore(tmp_path).pack(directory)

    filename, appspec = BundleContents(bundle, BundleType.TGZ, label=directory.name).appspec()

    assert filename == "appspec.yml"
    assert isinstance(appspec, ServerAppSpec)
    for mapping in appspec.files:
        assert (directory / mapping.path).exists()


@pytest.mark.parametrize("path", MANIFESTS + APPSPECS, ids=name_of)
def test_an_example_is_listed(path: Path) -> None:
    listed = (EXAMPLES / "README.md").read_text("utf-8")

    assert name_of(path).split("/")[0] in listed


def test_the_examples_show_zones_gates_and_alarms() -> None:
    resources = [resource for path in MANIFESTS for resource in resources_of(path)]

    assert any(isinstance(one, DeploymentConfig) and one.zonal_config for one in resources)
    assert any(isinstance(one, DeploymentGroup) and one.approvals for one in resources)
    assert any(
        isinstance(one, DeploymentGroup) and one.alarm_configuration.watched for one in resources
    )
