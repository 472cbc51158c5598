"""Pacing on the real server: floors, windows, waves, zones."""

from codedeploy.configs import DeploymentConfig
from tests.scenario import Scenario

HOSTS = tuple("abcdef")


def _config(name: str, **members: object) -> DeploymentConfig:
    return DeploymentConfig.model_validate({"deploymentConfigName": name, **members})


async def test_half_at_a_time_never_takes_more_than_the_window_out_of_service(
    fleet: Scenario,
) -> None:
    await fleet.of(*HOSTS)
    await fleet.running("v1")

    deployment = await fleet.deploy("v2", config="HalfAtATime")

    assert deployment.minimum_healthy == 3
    assert [batch.overview.succeeded for batch in deployment.batches] == [3, 3]
    assert fleet.most_out_of_service <= 3


async def test_one_failure_of_one_at_a_time_stops_the_rest(fleet: Scenario) -> None:
    await fleet.of(*HOSTS)
    await fleet.running("v1")
    fleet.failing("b", at="Install", with_revision="v2")

    deployment = await fleet.deploy("v2", config="OneAtATime")

    assert deployment.status == "Failed"
    assert deployment.deployment_overview.model_dump() == {
        "Pending": 0,
        "InProgress": 0,
        "Succeeded": 1,
        "Failed": 1,
        "Skipped": 4,
        "Ready": 0,
    }
    assert fleet.untouched == ["c", "d", "e", "f"]


async def test_a_failure_of_the_last_host_alone_is_tolerated(fleet: Scenario) -> None:
    await fleet.of(*HOSTS)
    await fleet.running("v1")
    fleet.failing("f", at="Install", with_revision="v2")

    deployment = await fleet.deploy("v2", config="OneAtATime")

    assert deployment.status == "Succeeded"
    assert deployment.deployment_overview.failed == 1


async def test_unhealthy_hosts_come_first_the_next_time(fleet: Scenario) -> None:
    await fleet.of(*HOSTS)
    await fleet.running("v1")
    fleet.failing("f", at="Install", with_revision="v2")
    await fleet.deploy("v2", config="OneAtATime")

    plan = await fleet.plan("v3", "OneAtATime")

    assert plan.targets[0] == fleet.full("f")
    assert plan.waves[0].name == "unhealthy first"


async def test_zones_are_deployed_to_one_after_another(fleet: Scenario) -> None:
    config = _config(
        f"custom-{fleet.application}",
        minimumHealthyHosts={"type": "HOST_COUNT", "value": 1},
        zonalConfig={"minimumHealthyHostsPerZone": {"type": "HOST_COUNT", "value": 1}},
    )
    await fleet.rollway.apply([config])
    await fleet.of(a="x", b="y", c="x", d="y")

    deployment = await fleet.deploy("v1", config=config.deployment_config_name)

    assert deployment.status == "Succeeded"
    assert [batch.phase for batch in deployment.batches] == ["zone x", "zone x", "zone y", "zone y"]


async def test_a_floor_that_leaves_no_window_fails_before_anything_is_touched(
    fleet: Scenario,
) -> None:
    config = _config(
        f"custom-{fleet.application}", minimumHealthyHosts={"type": "HOST_COUNT", "value": 2}
    )
    await fleet.rollway.apply([config])
    await fleet.of("a", "b")

    deployment = await fleet.deploy("v1", config=config.deployment_config_name)

    assert deployment.error_information is not None
    assert deployment.error_information.code == "HEALTH_CONSTRAINTS_INVALID"
    assert fleet.untouched == ["a", "b"]


async def test_a_group_that_matches_no_instance_fails_with_no_instances(fleet: Scenario) -> None:
    deployment = await fleet.deploy("v1")

    assert deployment.error_information is not None
    assert deployment.error_information.code == "NO_INSTANCES"


async def test_a_fleet_of_sixty_runs_in_fused_batches_of_fifty(fleet: Scenario) -> None:
    await fleet.of(*(f"h{number:02}" for number in range(60)))

    deployment = await fleet.deploy("v1", config="AllAtOnce")

    assert [batch.overview.succeeded for batch in deployment.batches] == [50, 10]
    assert fleet.path("h59") == fleet.path("h00")


async def test_the_lock_is_free_after_a_failure(fleet: Scenario) -> None:
    await fleet.of("a")
    fleet.failing("a", at="Install", with_revision="v1")
    await fleet.deploy("v1")

    deployment = await fleet.deploy("v2")

    assert deployment.status == "Succeeded"
