"""What Rollway needs of its Temporal namespace, whoever runs the server: retention and names."""

from datetime import timedelta

from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.namespace.v1 import NamespaceConfig
from temporalio.api.operatorservice.v1 import (
    AddSearchAttributesRequest,
    ListSearchAttributesRequest,
)
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest, UpdateNamespaceRequest
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from activities import search_attributes

RETENTION = timedelta(days=30)
"""How long an ended deployment can be looked at; a new development server keeps a day."""

_TYPES = {
    key.name: IndexedValueType.ValueType(key.indexed_value_type) for key in search_attributes.ALL
}


async def prepare(client: Client) -> None:
    """Make the client's namespace fit for Rollway; a second call changes nothing."""
    await keep_history(client)
    await register_search_attributes(client)


async def retention(client: Client) -> timedelta:
    """Return how long the namespace keeps workflows that have ended."""
    described = await client.workflow_service.describe_namespace(
        DescribeNamespaceRequest(namespace=client.namespace), retry=True
    )
    return described.config.workflow_execution_retention_ttl.ToTimedelta()


async def keep_history(client: Client) -> None:
    """Raise the namespace's retention to `RETENTION`; a longer one stays."""
    if await retention(client) >= RETENTION:
        return
    kept = NamespaceConfig()
    kept.workflow_execution_retention_ttl.FromTimedelta(RETENTION)
    await client.workflow_service.update_namespace(
        UpdateNamespaceRequest(namespace=client.namespace, config=kept), retry=True
    )


async def missing_search_attributes(client: Client) -> list[str]:
    """Return the names of Rollway's search attributes that the namespace does not know."""
    known = await client.operator_service.list_search_attributes(
        ListSearchAttributesRequest(namespace=client.namespace), retry=True
    )
    return [name for name in _TYPES if name not in known.custom_attributes]


def type_of(name: str) -> str:
    """Return the type of a search attribute of ours, as the `temporal` program spells it."""
    types = {key.name: key.indexed_value_type for key in search_attributes.ALL}
    return types[name].name.title().replace("_", "")


async def register_search_attributes(client: Client) -> None:
    """Make the namespace know Rollway's search attributes; those it knows stay as they are."""
    missing = await missing_search_attributes(client)
    if not missing:
        return
    try:
        await client.operator_service.add_search_attributes(
            AddSearchAttributesRequest(
                namespace=client.namespace,
                search_attributes={name: _TYPES[name] for name in missing},
            )
        )
    except RPCError as error:
        # Two workers of one cluster may start at the same moment.
        if error.status is not RPCStatusCode.ALREADY_EXISTS:
            raise
