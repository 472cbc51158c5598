"""What a script finds in its environment."""

import pwd
from pathlib import Path

import pytest

from agent.environment import DOCUMENTED, PATH, script_environment, warnings
from codedeploy.commands import LifecycleCommand
from codedeploy.lifecycle import LifecycleEvent
from codedeploy.revision import GitHubLocation, Revision, RevisionType, S3Location
from tests.agent.site import Site

ROOT = pwd.struct_passwd(("root", "x", 0, 0, "root", "/root", "/bin/sh"))


@pytest.fixture
def command(tmp_path: Path) -> LifecycleCommand:
    site = Site(tmp_path)
    return site.command(site.revision("v1", {}))


def environment_of(command: LifecycleCommand, **host: str) -> dict[str, str]:
    return script_environment(command, LifecycleEvent.APPLICATION_START, user=ROOT, host=host)


def revised(command: LifecycleCommand, revision: Revision) -> LifecycleCommand:
    pinned = command.revision.model_copy(update={"revision": revision})
    return command.model_copy(update={"revision": pinned})


def given(command: LifecycleCommand, **variables: str) -> LifecycleCommand:
    return command.model_copy(update={"environment": variables})


def test_it_holds_the_documented_variables_and_the_basics(command: LifecycleCommand) -> None:
    assert environment_of(command) == {
        "PATH": PATH,
        "HOME": "/root",
        "USER": "root",
        "LOGNAME": "root",
        "SHELL": "/bin/sh",
        "LANG": "C.UTF-8",
        "LIFECYCLE_EVENT": "ApplicationStart",
        "DEPLOYMENT_ID": "d-1",
        "APPLICATION_NAME": "shop",
        "DEPLOYMENT_GROUP_NAME": "web",
        "DEPLOYMENT_GROUP_ID": "shop/web",
    }


def test_a_bundle_of_s3_is_named_as_far_as_it_is_known(command: LifecycleCommand) -> None:
    location = S3Location(bucket="b", key="k", e_tag="e")
    revision = Revision(revision_type=RevisionType.S3, s3_location=location)

    environment = environment_of(revised(command, revision))

    bundle = {name: value for name, value in environment.items() if name.startswith("BUNDLE_")}
    assert bundle == {"BUNDLE_BUCKET": "b", "BUNDLE_KEY": "k", "BUNDLE_ETAG": "e"}


def test_a_bundle_of_github_is_named_by_its_commit(command: LifecycleCommand) -> None:
    location = GitHubLocation(repository="o/r", commit_id="abc")
    revision = Revision(revision_type=RevisionType.GITHUB, git_hub_location=location)

    assert environment_of(revised(command, revision))["BUNDLE_COMMIT"] == "abc"


def test_the_hosts_own_variable_wins_over_the_manifests(command: LifecycleCommand) -> None:
    assert environment_of(given(command, COLOR="blue"), COLOR="green")["COLOR"] == "green"


@pytest.mark.parametrize("name", sorted(DOCUMENTED))
def test_documented_variables_cannot_be_set(command: LifecycleCommand, name: str) -> None:
    assert environment_of(given(command, **{name: "forged"})).get(name) != "forged"


@pytest.mark.parametrize("name", ["PATH", "LD_PRELOAD", "LD_AUDIT", "BASH_ENV", "IFS"])
def test_a_manifest_cannot_decide_which_programs_run(command: LifecycleCommand, name: str) -> None:
    forging = given(command, **{name: "forged"})

    assert environment_of(forging).get(name) != "forged"
    assert name in warnings(forging)[0]


def test_the_host_may_set_the_search_path(command: LifecycleCommand) -> None:
    assert environment_of(command, PATH="/opt/bin")["PATH"] == "/opt/bin"
