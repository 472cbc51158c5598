import json

import pytest
import yaml

from codedeploy.deployment_group import DeploymentGroup
from codedeploy.manifest import parse_manifest
from tests.starter.fake_rollway import FakeRollway, rollway


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["applications"], "APPLICATION\nshop\ntill\n"),
        (["application", "shop"], "shop   Server\n"),
        (["groups"], "GROUP\nshop/prod\n"),
        (["groups", "till"], "till/prod"),
        (["group", "shop/prod"], "shop/prod\n  configuration"),
        (["configs"], "CodeDeployDefault.HalfAtATime"),
        (["config", "CodeDeployDefault.AllAtOnce"], "0% must stay healthy"),
        (["instances"], "web-1"),
        (["revisions", "shop"], "v2        tgz"),
    ],
)
def test_get_shows_each_kind(arguments: list[str], words: str) -> None:
    result = rollway(FakeRollway(), "get", *arguments)

    assert result.exit_code == 0
    assert words in result.stdout


@pytest.mark.parametrize(
    ("arguments", "keys"),
    [
        (["applications"], ["applications"]),
        (["application", "shop"], ["application", "deploymentGroups", "revisions"]),
        (["groups"], ["deploymentGroups"]),
        (["configs"], ["deploymentConfigs"]),
        (["instances"], ["instances"]),
        (["revisions", "shop"], ["revisions"]),
    ],
)
def test_get_as_json_keeps_its_shape(arguments: list[str], keys: list[str]) -> None:
    result = rollway(FakeRollway(), "get", *arguments, "-o", "json")

    assert list(json.loads(result.stdout)) == keys


def test_get_as_yaml_says_the_same_as_json() -> None:
    as_yaml = rollway(FakeRollway(), "get", "group", "shop/prod", "-o", "yaml").stdout
    as_json = rollway(FakeRollway(), "get", "group", "shop/prod", "-o", "json").stdout

    assert yaml.safe_load(as_yaml) == json.loads(as_json)


def test_the_manifest_of_a_group_can_be_applied_again() -> None:
    printed = rollway(FakeRollway(), "get", "group", "shop/prod", "--manifest").stdout

    assert parse_manifest(printed, document="printed") == (
        DeploymentGroup(application_name="shop", deployment_group_name="prod"),
    )


def test_a_configuration_as_json_is_the_wire_document() -> None:
    fake = FakeRollway()

    printed = rollway(fake, "get", "config", "CodeDeployDefault.AllAtOnce", "-o", "json").stdout

    assert json.loads(printed)["minimumHealthyHosts"] == {"type": "FLEET_PERCENT", "value": 0}


def test_an_unknown_configuration_is_an_error_of_input() -> None:
    result = rollway(FakeRollway(), "get", "config", "Nope")

    assert (result.exit_code, result.stderr) == (2, "error: There is no configuration Nope.\n")
