"""Everything a person or program can ask of Rollway, as plain async functions.

The command line, the demo and the API are thin layers over this class.
"""

from temporalio.client import Client

from starter.catalog import Catalog
from starter.connection import connect
from starter.deployments import Deployments


class Rollway(Catalog, Deployments):
    """A connection to one Rollway.

    Args:
        client: Connected, with the pydantic data converter.
        ui_address: Where the Temporal Web UI listens, for links.
    """

    def __init__(self, client: Client, *, ui_address: str | None = None) -> None:
        Catalog.__init__(self, client)
        self._ui_address = ui_address

    @classmethod
    async def connect(
        cls,
        *,
        address: str | None = None,
        namespace: str | None = None,
        ui_address: str | None = None,
    ) -> "Rollway":
        """Return a connection to the Temporal server that flags, environment or profile name.

        Raises:
            ServerUnreachable: Nothing answers there.
        """
        return cls(await connect(address, namespace), ui_address=ui_address)

    @property
    def temporal(self) -> Client:
        """The Temporal client underneath."""
        return self._client

    def web_ui(self, deployment_id: str | None = None) -> str:
        """Return where the Temporal Web UI shows a deployment, or all of them."""
        base = f"http://{self._ui_address or '127.0.0.1:8233'}/namespaces/{self._client.namespace}"
        return f"{base}/workflows/{deployment_id}" if deployment_id else f"{base}/workflows"
