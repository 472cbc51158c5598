"""Orders as a deployment group gives them to its deployments."""

import json
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from codedeploy.deployment_group import DeploymentGroup
from codedeploy.deployment_request import DeploymentRequest
from codedeploy.group_rules import completed
from workflows.orders import DeploymentOrder

Members = dict[str, Any]


def order(revision: Members, config: str, **settings: Any) -> DeploymentOrder:
    """Return an order to deploy `revision` to a group of such settings."""
    names = {"applicationName": "shop", "deploymentGroupName": "prod"}
    group = completed(DeploymentGroup.model_validate(names | settings))
    return DeploymentOrder(
        deployment_id=f"d-{uuid4().hex[:9].upper()}",
        request=DeploymentRequest.model_validate(
            names | {"revision": revision, "deploymentConfigName": config}
        ),
        group=group,
        deployment_group_id="g",
        create_time=datetime.now(UTC),
    )


def appspec(resource: Members, hooks: tuple[dict[str, str], ...]) -> Members:
    """Return the revision that an AppSpec file is."""
    content = json.dumps({"version": 0.0, "Resources": [resource], "Hooks": hooks})
    return {"revisionType": "AppSpecContent", "appSpecContent": {"content": content}}


def waits(ready: int, termination: int) -> Members:
    """Return the rules of a blue/green deployment that waits so many minutes."""
    asked = {"actionOnTimeout": "STOP_DEPLOYMENT", "waitTimeInMinutes": ready}
    return {
        "terminateBlueInstancesOnDeploymentSuccess": {"terminationWaitTimeInMinutes": termination},
        "deploymentReadyOption": asked if ready else {},
    }
