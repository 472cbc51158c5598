"""Deployments to Lambda functions: the real server, the emulator of AWS, real functions."""

from pathlib import Path

import pytest
from temporalio.client import Client

from codedeploy.deployment import DeploymentInfo
from starter.deployments import WayBack
from tests.aws.emulator import Emulator
from tests.aws.functions import publish
from tests.traffic_scenario import (
    ALIAS,
    BAD,
    BROKEN,
    CANARY,
    GOOD,
    GROUP,
    LambdaScenario,
    event_statuses,
    reason_of,
)


@pytest.fixture
def checkout(temporal: Client, control_plane: Path, aws: Emulator) -> LambdaScenario:
    return LambdaScenario(temporal, aws).of(versions=2)


async def test_all_traffic_moves_to_the_target_version(checkout: LambdaScenario) -> None:
    deployment = await checkout.deploy(2)

    assert deployment.status == "Succeeded"
    assert checkout.points_to == {"2": 1.0}
    assert deployment.lambda_function_info is not None
    assert deployment.lambda_function_info.target_version_weight == 100
    assert deployment.revision_label == f"{checkout.function}:2"


async def test_hooks_are_asked_before_and_after(checkout: LambdaScenario, aws: Emulator) -> None:
    publish(aws, "check", GOOD)
    checkout.asking("BeforeAllowTraffic", "check").asking("AfterAllowTraffic", "check")

    deployment = await checkout.deploy(2)

    assert deployment.status == "Succeeded"
    assert event_statuses(deployment) == {
        "BeforeAllowTraffic": "Succeeded",
        "AllowTraffic": "Succeeded",
        "AfterAllowTraffic": "Succeeded",
    }


@pytest.mark.parametrize(
    ("code", "said"), [(BAD, '"no stock"'), (BROKEN, "table is missing")], ids=["bad", "broken"]
)
@pytest.mark.parametrize("event", ["BeforeAllowTraffic", "AfterAllowTraffic"])
async def test_a_hook_that_fails_puts_the_alias_back(
    checkout: LambdaScenario, aws: Emulator, event: str, code: str, said: str
) -> None:
    publish(aws, "check", code)

    deployment = await checkout.asking(event, "check").deploy(2)

    assert deployment.status == "Failed"
    assert deployment.error_information is not None
    assert deployment.error_information.code == "HOOK_EXECUTION_FAILURE"
    assert said in deployment.error_information.message
    assert checkout.points_to == {"1": 1.0}


async def test_a_hook_that_fails_before_the_first_shift_leaves_nothing_to_put_back(
    checkout: LambdaScenario, aws: Emulator
) -> None:
    publish(aws, "check", BAD)

    deployment = await checkout.asking("BeforeAllowTraffic", "check").deploy(2)

    message = deployment.rollback_info.rollback_message or ""
    assert message.startswith("Nothing was changed")
    assert deployment.target is not None
    assert not deployment.target.is_touched


async def test_a_stop_in_the_middle_of_a_shift_gives_everything_to_the_old_version_at_once(
    checkout: LambdaScenario,
) -> None:
    await checkout.start(2, config=CANARY)
    await checkout.until_at(10)
    divided = checkout.points_to

    deployment = await checkout.stop()

    assert divided == {"1": 0.9, "2": 0.1}
    assert deployment.status == "Stopped"
    assert checkout.points_to == {"1": 1.0}
    assert deployment.deployment_status_messages == (
        f"{checkout.function}:live points to version 1 again.",
    )


async def test_what_is_there_already_is_a_success_that_says_so(checkout: LambdaScenario) -> None:
    deployment = await checkout.deploy(1)

    assert deployment.status == "Succeeded"
    assert "points to version 1 already" in deployment.deployment_status_messages[0]
    assert deployment.traffic is None
    assert deployment.lambda_function_info is not None
    assert deployment.lambda_function_info.target_version_weight == 100


# --- going back


@pytest.fixture
async def thrice(temporal: Client, control_plane: Path, aws: Emulator) -> LambdaScenario:
    """A function at its third version, whose AppSpec files named the two before in turn."""
    checkout = LambdaScenario(temporal, aws).of(versions=3)
    await checkout.deploy(2)
    await checkout.deploy(3)
    return checkout


async def went_back(checkout: LambdaScenario) -> DeploymentInfo:
    """Go back to version 2, and return the deployment that did once it has ended."""
    way_back = WayBack(to=f"{checkout.function}:2")
    return await checkout.ended(
        await checkout.rollway.rollback(checkout.application, GROUP, way_back)
    )


async def test_the_version_that_an_older_file_started_from_may_be_gone(
    thrice: LambdaScenario,
) -> None:
    thrice.functions.delete_function(FunctionName=thrice.function, Qualifier="1")

    deployment = await went_back(thrice)

    assert deployment.status == "Succeeded"
    assert thrice.points_to == {"2": 1.0}


async def test_an_alias_of_what_is_not_published_cannot_go_back(thrice: LambdaScenario) -> None:
    thrice.functions.update_alias(
        FunctionName=thrice.function, Name=ALIAS, FunctionVersion="$LATEST"
    )

    code, message = reason_of(await went_back(thrice))

    assert code == "INVALID_LAMBDA_CONFIGURATION"
    assert "points to $LATEST: expected a published version" in message
