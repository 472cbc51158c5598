"""All workflows of the control plane, and how they are run.

The modules of this project pass through the sandbox: they are imported once instead of once a
workflow, which saves a fifth of a worker's time. That they are deterministic is held by the
replay tests and by `tests/workflows/test_determinism.py`.
"""

from temporalio.worker import WorkflowRunner
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

from workflows.application import ApplicationWorkflow
from workflows.batch import BatchWorkflow
from workflows.deployment import DeploymentWorkflow
from workflows.deployment_config import DeploymentConfigWorkflow
from workflows.deployment_group import DeploymentGroupWorkflow
from workflows.hooks_check import HooksCheckWorkflow
from workflows.instance import InstanceWorkflow
from workflows.log import LogWorkflow
from workflows.plan import PlanWorkflow
from workflows.scaling_watch import ScalingWatchWorkflow
from workflows.termination import TerminationWorkflow

ALL = (
    ApplicationWorkflow,
    BatchWorkflow,
    DeploymentConfigWorkflow,
    DeploymentGroupWorkflow,
    DeploymentWorkflow,
    HooksCheckWorkflow,
    InstanceWorkflow,
    LogWorkflow,
    PlanWorkflow,
    ScalingWatchWorkflow,
    TerminationWorkflow,
)


def runner() -> WorkflowRunner:
    """Return the sandbox every worker and every replay uses."""
    return SandboxedWorkflowRunner(
        restrictions=SandboxRestrictions.default.with_passthrough_modules(
            "codedeploy", "activities", "workflows", "pydantic", "pydantic_core", "annotated_types"
        )
    )
