"""Making a namespace of somebody else's cluster fit for Rollway, on the real server."""

from datetime import timedelta

import pytest
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest

from codedeploy.errors import ServerUnreachable
from starter import cluster, namespace
from starter.processes import free_port

pytestmark = pytest.mark.end_to_end


async def test_a_namespace_is_made_with_its_retention_and_search_attributes(
    server_address: str,
) -> None:
    client = await cluster.prepare(server_address, "made-here")

    described = await client.workflow_service.describe_namespace(
        DescribeNamespaceRequest(namespace="made-here")
    )
    retention = described.config.workflow_execution_retention_ttl.ToTimedelta()
    assert retention == namespace.RETENTION
    assert await namespace.missing_search_attributes(client) == []


async def test_preparing_again_changes_nothing(server_address: str) -> None:
    await cluster.prepare(server_address, "made-twice")

    client = await cluster.prepare(server_address, "made-twice")

    assert await namespace.missing_search_attributes(client) == []


async def test_a_cluster_that_does_not_answer_is_named() -> None:
    address = f"127.0.0.1:{free_port()}"

    with pytest.raises(ServerUnreachable, match=address):
        await cluster.prepare(address, None, patience=timedelta(0))


def test_the_command_says_so_and_exits_1(capsys: pytest.CaptureFixture[str]) -> None:
    code = cluster.main(["--address", f"127.0.0.1:{free_port()}"], patience=timedelta(0))

    assert code == 1
    assert "No Temporal server answers" in capsys.readouterr().err
