"""One deployment: what was asked for, where it stands, and what became of each target."""

import re
from datetime import datetime
from enum import StrEnum

from pydantic import Field

from codedeploy.application import ComputePlatform
from codedeploy.auto_scaling import OwedAnswer
from codedeploy.deployment_group import DeploymentStyle, DeploymentType, OnDeadline
from codedeploy.errors import InvalidDeploymentId
from codedeploy.failures import FailureGroup
from codedeploy.revision import PinnedRevision, Revision
from codedeploy.target import TargetFailure, TargetLabel, TargetResult, TargetStatus
from codedeploy.target_instances import TargetInstances
from codedeploy.traffic import TrafficProgress
from codedeploy.wire import Model

DEPLOYMENT_ID = re.compile(r"d-[A-Z0-9]{9}")


def check_deployment_id(deployment_id: str) -> str:
    """Return `deployment_id` if it has the form of one.

    Raises:
        InvalidDeploymentId: It is not `d-` and nine of A-Z0-9.
    """
    if DEPLOYMENT_ID.fullmatch(deployment_id):
        return deployment_id
    raise InvalidDeploymentId(
        f"{deployment_id!r} is no deployment id: expected d- and nine letters or digits, such as "
        "d-7F3K9Q2LM. List them with: rollway list"
    )


class DeploymentStatus(StrEnum):
    """Where a deployment stands.

    Source: CodeDeploy API Reference, DeploymentInfo.
    """

    CREATED = "Created"
    QUEUED = "Queued"
    IN_PROGRESS = "InProgress"
    BAKING = "Baking"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    STOPPED = "Stopped"
    READY = "Ready"

    @property
    def is_final(self) -> bool:
        """Whether the verdict is spoken; a rollback may still be running."""
        return self in (self.SUCCEEDED, self.FAILED, self.STOPPED)


class Creator(StrEnum):
    """Who or what asked for a deployment."""

    USER = "user"
    ROLLBACK = "codeDeployRollback"
    AUTO_SCALING = "autoscaling"
    AUTO_SCALING_TERMINATION = "autoscalingTermination"
    AUTO_UPDATE = "CodeDeployAutoUpdate"


class DeploymentOverview(Model):
    """Targets by status; its members are PascalCase, as in CodeDeploy's API."""

    pending: int = Field(default=0, alias="Pending")
    in_progress: int = Field(default=0, alias="InProgress")
    succeeded: int = Field(default=0, alias="Succeeded")
    failed: int = Field(default=0, alias="Failed")
    skipped: int = Field(default=0, alias="Skipped")
    ready: int = Field(default=0, alias="Ready")

    @classmethod
    def of(cls, statuses: "list[TargetStatus]") -> "DeploymentOverview":
        """Return the counts of `statuses`."""
        counts = {status.value: statuses.count(status) for status in TargetStatus}
        counts.pop(TargetStatus.UNKNOWN)
        return cls.model_validate(counts)

    def __add__(self, other: "DeploymentOverview") -> "DeploymentOverview":
        mine, others = self.model_dump(), other.model_dump()
        return DeploymentOverview.model_validate({key: mine[key] + others[key] for key in mine})


class ErrorInformation(Model):
    """Why a deployment did not succeed: CodeDeploy's code, and a sentence with the cause."""

    code: str
    message: str


class RollbackInfo(Model):
    """The thread between a failed deployment and the one that takes it back."""

    rollback_deployment_id: str | None = None
    rollback_triggering_deployment_id: str | None = None
    rollback_message: str | None = None


class RelatedDeployments(Model):
    """The thread between a deployment and those that bring up to date what was launched meanwhile.

    Source: CodeDeploy API Reference, RelatedDeployments.
    """

    auto_update_outdated_instances_root_deployment_id: str | None = None
    auto_update_outdated_instances_deployment_ids: tuple[str, ...] = ()


class BatchStatus(StrEnum):
    """Where a batch stands."""

    PENDING = "Pending"
    IN_PROGRESS = "InProgress"
    DONE = "Done"


class BatchSummary(Model):
    """One line of `status`: a batch with its hosts folded.

    Attributes:
        number: Counted from 1 in the order of starting.
        phase: `unhealthy first`, `zone a`, or empty.
        workflow_id: The batch's own workflow, which answers `targets`.
    """

    number: int
    phase: str = ""
    status: BatchStatus = BatchStatus.PENDING
    workflow_id: str = ""
    overview: DeploymentOverview = DeploymentOverview()
    start_time: datetime | None = None
    end_time: datetime | None = None


class Wait(Model):
    """What a deployment waits for now, and what happens if nobody answers.

    Attributes:
        reason: `approval after batch 1`, `resume`, `bake of zone a`, `turn behind d-...`.
        until: The deadline; None if it waits for ever.
        on_deadline: What happens then.
    """

    reason: str
    until: datetime | None = None
    on_deadline: OnDeadline | None = None
    is_approval: bool = False
    is_ready_wait: bool = False


class Intervention(Model):
    """A signal or update by a person, and what came of it."""

    time: datetime
    verb: str
    reason: str = ""
    outcome: str


class InterventionRequest(Model):
    """The one JSON object every manual intervention takes; all keys are optional.

    Attributes:
        rollback: For `stop`: whether to roll back; None follows the group's configuration.
        by: Who asks, for the record.
    """

    reason: str = ""
    rollback: bool | None = None
    by: str = ""


class LambdaFunctionInfo(Model):
    """The function of a Lambda deployment, and what its versions get.

    Attributes:
        target_version_weight: Percent of the traffic that the target version gets now.

    Source: CodeDeploy API Reference, LambdaFunctionInfo.
    """

    function_name: str
    function_alias: str
    current_version: str
    target_version: str
    target_version_weight: float = 0


class ECSTaskSet(Model):
    """One of the two task sets of an ECS deployment.

    Attributes:
        identifer: Its id, spelled as CodeDeploy's API spells the member.
        traffic_weight: Percent of the production traffic it gets now.

    Source: CodeDeploy API Reference, ECSTaskSet.
    """

    identifer: str
    desired_count: int = 0
    pending_count: int = 0
    running_count: int = 0
    status: str = ""
    traffic_weight: float = 0
    target_group: str = ""
    task_set_label: TargetLabel


class DeploymentInfo(Model):
    """A deployment as `rollway status` and the API show it.

    Members from `batches` on are Rollway's own (Differs from AWS: CodeDeploy shows no batches, no
    waits and no causes).

    Attributes:
        slow_targets: Targets whose event takes long, with what their agents last said.
        target: The one target of a deployment to a function or a service.
        traffic: How its traffic moves.

    Source: CodeDeploy API Reference, DeploymentInfo.
    """

    deployment_id: str
    application_name: str
    deployment_group_name: str
    deployment_config_name: str = ""
    compute_platform: ComputePlatform = ComputePlatform.SERVER
    deployment_style: DeploymentStyle = DeploymentStyle()
    target_instances: TargetInstances | None = None
    revision: Revision | None = None
    previous_revision: Revision | None = None
    status: DeploymentStatus = DeploymentStatus.CREATED
    error_information: ErrorInformation | None = None
    create_time: datetime | None = None
    start_time: datetime | None = None
    complete_time: datetime | None = None
    deployment_overview: DeploymentOverview = DeploymentOverview()
    description: str = ""
    creator: Creator = Creator.USER
    rollback_info: RollbackInfo = RollbackInfo()
    related_deployments: RelatedDeployments = RelatedDeployments()
    deployment_status_messages: tuple[str, ...] = ()
    instance_termination_wait_time_started: bool = False
    revision_label: str = ""
    previous_revision_label: str = ""
    fleet_size: int = 0
    target_count: int = 0
    minimum_healthy: int = 0
    window: int = 0
    arithmetic: str = ""
    bystanders: int = 0
    batches: tuple[BatchSummary, ...] = ()
    planned_batches: int = 0
    wait: Wait | None = None
    is_paused: bool = False
    failures: tuple[TargetFailure, ...] = ()
    failure_groups: tuple[FailureGroup, ...] = ()
    interventions: tuple[Intervention, ...] = ()
    undo_problems: tuple[str, ...] = ()
    slow_targets: tuple[TargetResult, ...] = ()
    target: TargetResult | None = None
    traffic: TrafficProgress | None = None
    lambda_function_info: LambdaFunctionInfo | None = None
    task_sets_info: tuple[ECSTaskSet, ...] = ()

    @property
    def is_blue_green(self) -> bool:
        """Whether one fleet, or one set of tasks, replaces another."""
        return self.deployment_style.deployment_type is DeploymentType.BLUE_GREEN


class Termination(Model):
    """What a deployment has left to do after its success: ending the original.

    Attributes:
        workflow_id: The workflow that waits and then does it.
        task_set: The task set it ends, on ECS.
    """

    workflow_id: str
    task_set: str = ""


class DeploymentOutcome(Model):
    """What a deployment's group must remember of it.

    Attributes:
        succeeded: Targets that now run the revision and are healthy.
        failed: Targets that were attempted and are not.
        termination: What is left to do; the next deployment sees to it first.
        fleet: The fleet that serves now in the place of the one before.
        owed: What the lifecycle hook that holds its one instance could not be told.
    """

    deployment_id: str
    status: DeploymentStatus
    creator: Creator = Creator.USER
    revision: PinnedRevision | None = None
    succeeded: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    termination: Termination | None = None
    fleet: TargetInstances | None = None
    owed: OwedAnswer | None = None
