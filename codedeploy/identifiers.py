"""How workflows and deployments are named."""

from collections.abc import Callable
from string import ascii_uppercase, digits

Pick = Callable[[str], str]
"""Returns one character of a string, at random."""


def new_deployment_id(pick: Pick) -> str:
    """Return `d-` and nine letters or digits."""
    return f"d-{_nine(pick)}"


def new_plan_id(pick: Pick) -> str:
    """Return `p-` and nine letters or digits."""
    return f"p-{_nine(pick)}"


def _nine(pick: Pick) -> str:
    return "".join(pick(ascii_uppercase + digits) for _ in range(9))


def application_workflow_id(application: str) -> str:
    """Return the id of an application's entity workflow."""
    return f"application/{application}"


def group_workflow_id(application: str, group: str) -> str:
    """Return the id of a deployment group's entity workflow."""
    return f"deployment-group/{application}/{group}"


def config_workflow_id(name: str) -> str:
    """Return the id of a custom deployment configuration's entity workflow."""
    return f"deployment-config/{name}"


def instance_workflow_id(name: str) -> str:
    """Return the id of an instance's entity workflow."""
    return f"instance/{name}"


def termination_workflow_id(deployment_id: str) -> str:
    """Return the id of the workflow that ends the original of an ECS deployment."""
    return f"{deployment_id}/termination"


def scaling_watch_id(group_workflow: str) -> str:
    """Return the id of the workflow that watches the Auto Scaling groups of a deployment group."""
    return f"{group_workflow}/auto-scaling"
