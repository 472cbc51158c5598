"""Waits of minutes and hours, on the time-skipping test server."""

import shutil
import sysconfig
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from temporalio import activity
from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest
from temporalio.client import Client, WorkflowFailureError
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from activities import search_attributes
from activities.deployments import Deployments
from activities.directory import HostQuestion, HostsFound
from codedeploy.commands import host_queue
from codedeploy.configs import DeploymentConfig
from codedeploy.deployment import DeploymentInfo
from codedeploy.deployment_group import ApprovalGate, DeploymentGroup, GatePosition, OnDeadline
from codedeploy.deployment_request import DeploymentRequest
from codedeploy.instance import Tag
from codedeploy.instances import Host
from codedeploy.revision import (
    BundleType,
    LocalLocation,
    PinnedRevision,
    Revision,
    RevisionType,
)
from tests.scenario import SimulatedHost
from workflows import registry
from workflows.deployment import DeploymentWorkflow
from workflows.options import CONTROL_QUEUE
from workflows.orders import DeploymentOrder

REVISION = Revision(
    revision_type=RevisionType.LOCAL, local_location=LocalLocation(location="/revisions/v1")
)
ZONAL = DeploymentConfig.model_validate(
    {
        "deploymentConfigName": "zonal",
        "minimumHealthyHosts": {"type": "HOST_COUNT", "value": 1},
        "zonalConfig": {
            "firstZoneMonitorDurationInSeconds": 7200,
            "monitorDurationInSeconds": 600,
        },
    }
)
ZONES = {"a": "x", "b": "y", "c": "z"}


class Elsewhere:
    """The control plane's collaborators, as far as a deployment asks them."""

    @activity.defn
    async def find_hosts(self, _question: HostQuestion) -> HostsFound:
        return HostsFound(
            hosts=tuple(
                Host(name=name, tags=(Tag(key="zone", value=zone),)) for name, zone in ZONES.items()
            )
        )

    @activity.defn
    async def load_config(self, _name: str) -> DeploymentConfig:
        return ZONAL

    @activity.defn
    async def pin(self, revision: Revision) -> PinnedRevision:
        return PinnedRevision(
            revision=revision,
            label="v1",
            location="file:///store/v1",
            bundle_type=BundleType.TGZ,
            sha256="0" * 64,
            size_bytes=1,
        )


@pytest.fixture(scope="module")
async def client() -> AsyncIterator[Client]:
    program = shutil.which("temporal-test-server", path=sysconfig.get_path("scripts"))
    async with await WorkflowEnvironment.start_time_skipping(
        test_server_existing_path=program, data_converter=pydantic_data_converter
    ) as environment:
        await environment.client.operator_service.add_search_attributes(
            AddSearchAttributesRequest(
                namespace=environment.client.namespace,
                search_attributes={
                    key.name: IndexedValueType.ValueType(key.indexed_value_type)
                    for key in search_attributes.ALL
                },
            )
        )
        elsewhere = Elsewhere()
        hosts = [SimulatedHost(name, {}) for name in ZONES]
        control = Worker(
            environment.client,
            task_queue=CONTROL_QUEUE,
            workflows=registry.ALL,
            workflow_runner=registry.runner(),
            activities=[
                elsewhere.find_hosts,
                elsewhere.load_config,
                elsewhere.pin,
                Deployments(environment.client).cancel,
            ],
        )
        agents = [
            Worker(environment.client, task_queue=host_queue(host.name), activities=[host.run])
            for host in hosts
        ]
        async with control, agents[0], agents[1], agents[2]:
            yield environment.client


def _order(deployment_id: str, config: str, *gates: ApprovalGate) -> DeploymentOrder:
    return DeploymentOrder(
        deployment_id=deployment_id,
        request=DeploymentRequest(
            application_name="shop",
            deployment_group_name="web",
            revision=REVISION,
            deployment_config_name=config,
            approvals=gates,
        ),
        group=DeploymentGroup(application_name="shop", deployment_group_name="web"),
        deployment_group_id="g",
        create_time=datetime.now(UTC),
    )


async def _run(client: Client, order: DeploymentOrder) -> DeploymentInfo:
    handle = await client.start_workflow(
        DeploymentWorkflow.run, order, id=order.deployment_id, task_queue=CONTROL_QUEUE
    )
    with suppress(WorkflowFailureError):
        await handle.result()
    return await handle.query(DeploymentWorkflow.info)


def _gate(default: OnDeadline) -> ApprovalGate:
    return ApprovalGate(
        at=GatePosition.AFTER_FIRST_BATCH, deadline_minutes=300, on_deadline=default
    )


async def test_a_gate_nobody_answers_stops_the_deployment_when_that_is_its_default(
    client: Client,
) -> None:
    order = _order("d-DEADLINE1", "CodeDeployDefault.OneAtATime", _gate(OnDeadline.ROLLBACK))

    deployment = await _run(client, order)

    assert deployment.status == "Stopped"
    assert deployment.error_information is not None
    assert "nobody answered in time: approval after batch 1" in deployment.error_information.message
    assert deployment.deployment_overview.succeeded == 1


async def test_a_gate_nobody_answers_opens_when_that_is_its_default(client: Client) -> None:
    order = _order("d-DEADLINE2", "CodeDeployDefault.OneAtATime", _gate(OnDeadline.CONTINUE))

    deployment = await _run(client, order)

    assert deployment.status == "Succeeded"
    assert deployment.deployment_overview.succeeded == 3


async def test_every_zone_but_the_last_is_watched_for_its_time(client: Client) -> None:
    deployment = await _run(client, _order("d-ZONALBAKE", "zonal"))

    starts = [batch.start_time for batch in deployment.batches]
    first, second, third = (start for start in starts if start is not None)
    assert timedelta(hours=2) <= second - first < timedelta(hours=2, minutes=9)
    assert timedelta(minutes=10) <= third - second < timedelta(minutes=19)
