"""Deployments to Lambda functions: the real server, the emulator of AWS, real functions."""

from pathlib import Path

import pytest
from temporalio.client import Client

from codedeploy.deployment import InterventionRequest
from tests.aws.emulator import Emulator
from tests.aws.functions import publish
from tests.traffic_scenario import CANARY, LambdaScenario

GOOD = 'def handler(event, context):\n    return {"status": "Succeeded"}\n'
BAD = 'def handler(event, context):\n    return {"status": "Failed", "message": "no stock"}\n'
BROKEN = 'def handler(event, context):\n    raise RuntimeError("table is missing")\n'
SILENT = "def handler(event, context):\n    print(event)\n"


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
    assert deployment.target is not None
    assert [(e.lifecycle_event_name.value, e.status.value) for e in deployment.target.events] == [
        ("BeforeAllowTraffic", "Succeeded"),
        ("AllowTraffic", "Succeeded"),
        ("AfterAllowTraffic", "Succeeded"),
    ]


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


async def test_a_stop_in_the_middle_of_a_shift_gives_everything_to_the_old_version_at_once(
    checkout: LambdaScenario,
) -> None:
    deployment_id = await checkout.start(2, config=CANARY)
    await checkout.until(lambda info: info.traffic is not None and info.traffic.percent == 10)
    assert checkout.points_to == {"1": 0.9, "2": 0.1}

    await checkout.rollway.intervene(deployment_id, "stop", InterventionRequest(rollback=False))
    deployment = await checkout.ended(deployment_id)

    assert deployment.status == "Stopped"
    assert checkout.points_to == {"1": 1.0}
    assert deployment.deployment_status_messages == (
        f"{checkout.function}:live points to version 1 again.",
    )


async def test_what_is_there_already_is_a_success_that_says_so(checkout: LambdaScenario) -> None:
    deployment = await checkout.deploy(1)

    assert deployment.status == "Succeeded"
    assert "points to version 1 already" in deployment.deployment_status_messages[0]
