"""What a host keeps of old deployments."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from agent.host_age import Moment, now
from agent.retention import KEPT_LOGS, KEPT_REVISIONS, STALE_AFTER, prune
from agent.revisions import DeploymentCard, read_card
from agent.runners import boot_clock, current_boot_id
from codedeploy.lifecycle import LifecycleEvent, ScriptSource
from codedeploy.revision import PinnedRevision
from tests.agent.site import GROUP, Site

BROKEN = {LifecycleEvent.VALIDATE_SERVICE: "exit 1"}


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


def release(site: Site, label: str) -> PinnedRevision:
    """Return a revision like no other."""
    return site.revision(label, {LifecycleEvent.AFTER_INSTALL: f": {label}"})


async def deploy(site: Site, revision: PinnedRevision, deployment_id: str, **more: str) -> None:
    command = site.command(revision, deployment_id, **more)
    await ActivityEnvironment().run(site.activities.run_lifecycle_events, command)


async def fail(site: Site, deployment_id: str) -> None:
    with pytest.raises(ApplicationError):
        await deploy(site, site.revision(deployment_id, BROKEN), deployment_id)


def unpacked(site: Site) -> list[str]:
    return [one.deployment_id for one in site.layout.deployments() if one.archive.exists()]


def age(site: Site, deployment_id: str, by: timedelta = STALE_AFTER * 2) -> None:
    """Let the host have been up for so much longer since a deployment."""
    moment = card_of(site, deployment_id).moment
    longer_ago = moment.uptime - by.total_seconds()
    change(site, deployment_id, moment=moment.model_copy(update={"uptime": longer_ago}))


def card_of(site: Site, deployment_id: str) -> DeploymentCard:
    card = read_card(site.deployment(deployment_id))
    assert card is not None
    return card


def change(site: Site, deployment_id: str, **members: object) -> None:
    """Make the card of a deployment say something else."""
    other: DeploymentCard = card_of(site, deployment_id).model_copy(update=members)
    site.deployment(deployment_id).card.write_text(other.model_dump_json())


async def test_the_last_successful_revisions_are_kept_beside_the_running_one(site: Site) -> None:
    last = KEPT_REVISIONS + 3
    for number in range(1, last + 1):
        await deploy(site, release(site, f"v{number}"), f"d-{number}")

    assert unpacked(site) == [f"d-{number}" for number in range(last - KEPT_REVISIONS, last + 1)]


async def test_failures_push_no_good_revision_out(site: Site) -> None:
    for number in range(1, KEPT_REVISIONS + 1):
        await deploy(site, release(site, f"v{number}"), f"d-{number}")
    for number in range(KEPT_REVISIONS + 1, KEPT_REVISIONS + 4):
        await fail(site, f"d-{number}")

    good = [f"d-{number}" for number in range(1, KEPT_REVISIONS + 1)]
    assert unpacked(site)[:KEPT_REVISIONS] == good


async def test_of_a_revision_deployed_twice_the_newer_copy_is_kept(site: Site) -> None:
    again = release(site, "v1")
    await deploy(site, again, "d-1")
    await deploy(site, again, "d-2")
    await deploy(site, release(site, "v2"), "d-3")

    assert unpacked(site) == ["d-2", "d-3"]


async def test_a_redeployed_revision_is_young_again(site: Site) -> None:
    first = release(site, "v1")
    await deploy(site, first, "d-1")
    for number in range(2, KEPT_REVISIONS + 1):
        await deploy(site, release(site, f"v{number}"), f"d-{number}")
    await deploy(site, first, "d-again")
    for number in range(6, 9):
        await deploy(site, release(site, f"v{number}"), f"d-{number}")

    assert "d-again" in unpacked(site)


async def test_the_last_good_revision_outlives_any_number_of_failures(site: Site) -> None:
    await deploy(site, release(site, "v1"), "d-1")
    for number in range(2, KEPT_REVISIONS + 4):
        await fail(site, f"d-{number}")

    assert "d-1" in unpacked(site)


async def test_logs_are_kept_longer_than_revisions(site: Site) -> None:
    await fail(site, "d-1")
    await fail(site, "d-2")
    await deploy(site, release(site, "v3"), "d-3")

    assert "d-1" not in unpacked(site)
    assert site.deployment("d-1").journal.exists()


async def test_old_logs_go_too(site: Site) -> None:
    for number in range(KEPT_LOGS + 2):
        directory = site.deployment(f"d-{number:03}")
        directory.path.mkdir(parents=True)
        card = DeploymentCard(
            deployment_group_id=GROUP,
            label="v0",
            sha256="0" * 64,
            appspec_filename="appspec.yml",
            time=datetime.now(UTC),
            moment=Moment(age=number),
        )
        directory.card.write_text(card.model_dump_json())

    prune(site.layout, GROUP, running="d-new")

    left = [one.deployment_id for one in site.layout.deployments()]
    assert left == [f"d-{number:03}" for number in range(2, KEPT_LOGS + 2)]


async def test_bundles_go_with_their_revisions(site: Site) -> None:
    for number in range(1, KEPT_REVISIONS + 4):
        await deploy(site, release(site, f"v{number}"), f"d-{number}")

    cards = (read_card(one) for one in site.layout.deployments() if one.archive.exists())
    assert {path.name for path in site.layout.bundles.iterdir()} == {
        card.sha256 for card in cards if card is not None
    }


class TestStaleGroups:
    """Groups that were not deployed to for long."""

    async def test_they_keep_their_last_good_revision_only(self, site: Site) -> None:
        for number in range(1, 4):
            await deploy(
                site,
                release(site, f"v{number}"),
                f"d-{number}",
                deployment_group_id="old/web",
            )
            age(site, f"d-{number}", STALE_AFTER * 2 - timedelta(days=number))

        await deploy(site, release(site, "new"), "d-new")

        assert [one.deployment_id for one in site.layout.deployments()] == ["d-3", "d-new"]
        assert site.layout.group("old/web").pointer(ScriptSource.LAST_SUCCESSFUL) == "d-3"

    async def test_one_that_never_succeeded_goes_with_all_its_traces(self, site: Site) -> None:
        with pytest.raises(ApplicationError):
            await deploy(
                site,
                site.revision("v1", {LifecycleEvent.BEFORE_INSTALL: "exit 1"}),
                "d-1",
                deployment_group_id="old/web",
            )
        age(site, "d-1")
        await deploy(site, release(site, "new"), "d-2")

        assert [one.deployment_id for one in site.layout.deployments()] == ["d-2"]

    async def test_one_deployed_to_lately_is_left_alone(self, site: Site) -> None:
        await deploy(site, release(site, "v1"), "d-1", deployment_group_id="other/web")
        await deploy(site, release(site, "v2"), "d-2", deployment_group_id="other/web")
        age(site, "d-1")

        await deploy(site, release(site, "new"), "d-new")

        assert unpacked(site) == ["d-1", "d-2", "d-new"]

    async def test_a_directory_of_which_no_deployment_is_left_goes(self, site: Site) -> None:
        site.layout.group("gone/web").path.mkdir(parents=True)
        installed = site.layout.group("installed/web")
        installed.installation.mkdir(parents=True)

        prune(site.layout, GROUP, running="d-1")

        assert [group.path for group in site.layout.groups()] == [installed.path]


class TestClocksThatJump:
    """What the host's clock says is nothing to go by."""

    @pytest.mark.parametrize("years", [-30, 30], ids=["back", "ahead"])
    async def test_other_groups_are_left_alone(self, site: Site, years: int) -> None:
        await deploy(site, release(site, "v1"), "d-1", deployment_group_id="other/web")
        await deploy(site, release(site, "v2"), "d-2", deployment_group_id="other/web")
        for deployment_id in ("d-1", "d-2"):
            jumped = datetime.now(UTC) - timedelta(days=365 * years)
            change(site, deployment_id, time=jumped)

        await deploy(site, release(site, "new"), "d-new")

        assert unpacked(site) == ["d-1", "d-2", "d-new"]

    async def test_the_last_revisions_are_still_the_last(self, site: Site) -> None:
        for number in range(1, KEPT_REVISIONS + 3):
            await deploy(site, release(site, f"v{number}"), f"d-{number}")
            change(site, f"d-{number}", time=datetime.now(UTC) - timedelta(days=number))

        await deploy(site, release(site, "new"), "d-new")

        last = KEPT_REVISIONS + 2
        kept = range(last - KEPT_REVISIONS + 1, last + 1)
        assert unpacked(site) == [*(f"d-{number}" for number in kept), "d-new"]

    def test_the_hosts_own_clock_goes_on_within_a_boot(self) -> None:
        earlier = Moment(age=1000, boot_id=current_boot_id(), uptime=boot_clock() - 50)

        assert now([earlier, Moment(age=900)]).age == pytest.approx(1050, abs=5)

    def test_after_a_boot_it_counts_on_from_there(self) -> None:
        earlier = Moment(age=1000, boot_id="an-earlier-boot", uptime=10**9)

        assert now([earlier]).age == pytest.approx(1000 + boot_clock(), abs=5)

    def test_it_begins_with_the_first_deployment(self) -> None:
        assert now([]).age == 0
