"""The documented policies are enough, and every action in them is needed.

The emulator checks who may do what. The worker is a process of its own; its principal has the
documented policy of workers and no other right, and each deployment group names a role of its own,
which has the documented policies: whole, or without one action. All deployments run at once.

What is not proved, because moto does not know it: which resources an action may be used on, nearly
everywhere (an allowance for some resources allows all); conditions, which are left out; and
`iam:PassRole`, which nothing asks for.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import closing

import pytest
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter

from starter.processes import free_port
from starter.server import NAMESPACE, ServerSettings, start_server
from tests.aws.authorization import authorization
from tests.aws.emulator import Emulator, emulator
from tests.end_to_end.least_privilege.account import AGREES, REFUSES, Account, Serving, serving
from tests.end_to_end.least_privilege.roles import STRANGER, WORKER, Roles, worker_of
from tests.end_to_end.least_privilege.trials import (
    Ending,
    Trial,
    endings,
    stopped,
    stopped_when_told,
    undisturbed,
)
from tests.end_to_end.orderly import Orderly
from tests.policies import Policy, actions_of, documented, without
from tests.traffic_scenario import CANARY, EcsScenario, LambdaScenario, TrafficScenario

pytestmark = pytest.mark.end_to_end

FOR_LAMBDA = documented("lambda", "hooks-and-alarms")
FOR_ECS = documented("ecs", "hooks-and-alarms")
WHOLE, STOPPED, UNTRUSTED = "whole", "stopped", "untrusted"

UNPROVED = "iam:PassRole"
ALARMS = "cloudwatch:DescribeAlarms"
UNDO = "ecs:DeleteTaskSet"
REASONS = LIST, DESCRIBE = "ecs:ListTasks", "ecs:DescribeTasks"
"""Without them a deployment works, but does not know what stopped its tasks."""

OF_LAMBDA = [action for action in actions_of(FOR_LAMBDA) if action != ALARMS]
OF_ECS = [
    action for action in actions_of(documented("ecs")) if action not in (UNPROVED, UNDO, *REASONS)
]

Functions = Mapping[str, LambdaScenario]
Services = Mapping[str, EcsScenario]
"""What is deployed to, by what is said of the role: whole, or the action that it lacks."""


# --- before: who may do what


@pytest.fixture(scope="module")
def aws() -> Iterator[Emulator]:
    with emulator() as running:
        yield running


@pytest.fixture(scope="module")
async def temporal(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Client]:
    home = tmp_path_factory.mktemp("temporal")
    settings = ServerSettings(
        database=home / "temporal.db", log=home / "log", port=free_port(), ui_port=free_port()
    )
    server = await start_server(settings)
    yield await Client.connect(
        settings.address, namespace=NAMESPACE, data_converter=pydantic_data_converter
    )
    await server.stop()


@pytest.fixture(scope="module")
def account(temporal: Client, aws: Emulator) -> Iterator[Account]:
    with closing(Orderly(aws)) as orderly:
        yield Account(temporal, orderly)


@pytest.fixture(scope="module")
def roles(aws: Emulator) -> Roles:
    return Roles(aws)


def rights(policy: Policy, *lacking: str) -> dict[str, Policy]:
    """Return what roles may do: everything, twice, and everything but each of the actions."""
    without_one = {action: without(policy, action) for action in lacking}
    return {WHOLE: policy, STOPPED: policy, **without_one}


@pytest.fixture(scope="module")
def functions(account: Account, roles: Roles) -> Functions:
    allowed = rights(FOR_LAMBDA, ALARMS, *OF_LAMBDA)
    found = {
        name: account.function(roles.role(f"lambda {name}", policy))
        for name, policy in allowed.items()
    }
    of_others = account.function(roles.role("of others", FOR_LAMBDA, trusts=STRANGER))
    return {**found, UNTRUSTED: of_others.with_settings(alarmConfiguration={"enabled": False})}


@pytest.fixture(scope="module")
async def services(account: Account, roles: Roles) -> Services:
    allowed = rights(FOR_ECS, UNDO, *REASONS, *OF_ECS)
    built = await asyncio.gather(
        *(
            account.service(
                roles.role(f"ecs {name}", policy),
                hook=REFUSES if name == UNDO else AGREES,
                broken=name in REASONS,
            )
            for name, policy in allowed.items()
        )
    )
    found = dict(zip(allowed, built, strict=True))
    account.stop_a_task(found[DESCRIBE])
    return found


# --- what happened


@pytest.fixture(scope="module")
def before(services: Services) -> Serving:
    return serving(services[STOPPED].site)


@pytest.fixture(scope="module")
def control_plane(
    aws: Emulator, temporal: Client, roles: Roles, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[None]:
    credentials = roles.user(WORKER, documented("worker"))
    address, store = temporal.service_client.config.target_host, tmp_path_factory.mktemp("store")
    with worker_of(aws, credentials, address, store):
        yield


@pytest.fixture(scope="module")
async def ended(
    aws: Emulator,
    account: Account,
    functions: Functions,
    services: Services,
    before: Serving,
    control_plane: None,
) -> Mapping[str, Ending]:
    trials = {
        f"{one.platform} {name}": await prepared(account, name, one)
        for these in (functions, services)
        for name, one in these.items()
    }
    with authorization(aws):
        return await endings(trials)


async def prepared(account: Account, name: str, one: TrafficScenario) -> Trial:
    courses = {STOPPED: stopped, **{action: stopped_when_told(action) for action in REASONS}}
    revision = {"revision": account.in_bucket(one)} if name == WHOLE else {}
    request = one.request(2, config=CANARY if name == STOPPED else None, **revision)
    await one.apply()
    return Trial(one, request, courses.get(name, undisturbed))


@pytest.mark.parametrize("platform", ["Lambda", "ECS"])
def test_the_documented_policies_are_enough(ended: Mapping[str, Ending], platform: str) -> None:
    ending = ended[f"{platform} {WHOLE}"]

    assert ending.info.status == "Succeeded", ending.told


def test_they_are_enough_to_stop_and_put_an_alias_back(
    ended: Mapping[str, Ending], functions: Functions
) -> None:
    ending = ended[f"Lambda {STOPPED}"]

    assert (ending.info.status, ending.info.undo_problems) == ("Stopped", ())
    assert functions[STOPPED].points_to == {"1": 1.0}


def test_they_are_enough_to_stop_and_put_a_service_back(
    ended: Mapping[str, Ending], services: Services, before: Serving
) -> None:
    ending = ended[f"ECS {STOPPED}"]

    assert (ending.info.status, ending.info.undo_problems) == ("Stopped", ())
    assert serving(services[STOPPED].site) == before


@pytest.mark.parametrize("action", OF_LAMBDA)
def test_a_function_is_not_deployed_without(ended: Mapping[str, Ending], action: str) -> None:
    ending = ended[f"Lambda {action}"]

    assert (ending.info.status, ending.code) == ("Failed", "IAM_ROLE_PERMISSIONS")
    assert f"Allow {action} to the role that the deployment group names" in ending.told


@pytest.mark.parametrize("action", OF_ECS)
def test_a_service_is_not_deployed_without(ended: Mapping[str, Ending], action: str) -> None:
    ending = ended[f"ECS {action}"]

    assert (ending.info.status, ending.code) == ("Failed", "IAM_ROLE_PERMISSIONS")
    assert f"Allow {action} to the role that the deployment group names" in ending.told


def test_a_role_that_does_not_trust_the_worker_is_of_no_use(ended: Mapping[str, Ending]) -> None:
    ending = ended[f"Lambda {UNTRUSTED}"]

    assert (ending.info.status, ending.code) == ("Failed", "IAM_ROLE_MISSING")
    assert "sts:AssumeRole" in ending.told
    assert "trust policy" in ending.told


def test_alarms_that_may_not_be_read_keep_a_deployment_from_starting(
    ended: Mapping[str, Ending],
) -> None:
    ending = ended[f"Lambda {ALARMS}"]

    assert (ending.info.status, ending.code) == ("Failed", "ALARM_ACTIVE")
    assert f"Allow {ALARMS} to the role" in ending.told


def test_a_task_set_that_may_not_be_deleted_is_said_to_be_left(
    ended: Mapping[str, Ending],
) -> None:
    (problem,) = ended[f"ECS {UNDO}"].info.undo_problems

    assert problem.startswith("not done: The replacement task set was deleted.")
    assert f"Allow {UNDO} to the role" in problem


@pytest.mark.parametrize("action", REASONS)
def test_tasks_that_may_not_be_looked_at_stop_for_reasons_unknown(
    ended: Mapping[str, Ending], action: str
) -> None:
    ending = ended[f"ECS {action}"]

    assert ending.info.status == "Stopped"
    assert f"Allow {action} to the role" in ending.told


def test_every_documented_action_has_been_proved_or_is_known_not_to_be() -> None:
    proved = {*OF_LAMBDA, *OF_ECS, ALARMS, UNDO, *REASONS, UNPROVED}

    assert proved == {*actions_of(FOR_LAMBDA), *actions_of(FOR_ECS)}
