"""Deployment groups: where an application goes, and by what rules."""

from enum import StrEnum
from typing import Any, Self

from pydantic import ConfigDict, Field, field_validator, model_validator
from pydantic.alias_generators import to_pascal

from codedeploy.alarm import AlarmConfiguration
from codedeploy.application import ComputePlatform, Name
from codedeploy.blue_green import BlueGreenDeploymentConfiguration
from codedeploy.load_balancing import LoadBalancerInfo
from codedeploy.wire import Model

LONGEST_KEY = 128
LONGEST_VALUE = 256


class TagFilterType(StrEnum):
    """What of a tag must match."""

    KEY_ONLY = "KEY_ONLY"
    VALUE_ONLY = "VALUE_ONLY"
    KEY_AND_VALUE = "KEY_AND_VALUE"


class TagFilter(Model):
    """One tag to look for; `*` in the value matches anything.

    Source: CodeDeploy API Reference, TagFilter and EC2TagFilter (whose members are PascalCase).
    """

    model_config = ConfigDict(alias_generator=to_pascal)

    key: str = Field(default="", max_length=LONGEST_KEY)
    value: str = Field(default="", max_length=LONGEST_VALUE)
    type: TagFilterType = TagFilterType.KEY_AND_VALUE


class EC2TagSet(Model):
    """Groups of filters: an instance must match one filter of every group."""

    ec2_tag_set_list: tuple[tuple[TagFilter, ...], ...] = Field(default=(), max_length=3)


class OnPremisesTagSet(Model):
    """Groups of filters: an instance must match one filter of every group."""

    on_premises_tag_set_list: tuple[tuple[TagFilter, ...], ...] = Field(default=(), max_length=3)


class DeploymentType(StrEnum):
    """Whether instances are updated where they are or replaced by others."""

    IN_PLACE = "IN_PLACE"
    BLUE_GREEN = "BLUE_GREEN"


class DeploymentOption(StrEnum):
    """Whether a load balancer takes part."""

    WITHOUT_TRAFFIC_CONTROL = "WITHOUT_TRAFFIC_CONTROL"
    WITH_TRAFFIC_CONTROL = "WITH_TRAFFIC_CONTROL"


class DeploymentStyle(Model):
    """How instances are updated, and whether traffic is controlled."""

    deployment_type: DeploymentType = DeploymentType.IN_PLACE
    deployment_option: DeploymentOption = DeploymentOption.WITHOUT_TRAFFIC_CONTROL


class AutoRollbackEvent(StrEnum):
    """What sets off an automatic rollback."""

    DEPLOYMENT_FAILURE = "DEPLOYMENT_FAILURE"
    DEPLOYMENT_STOP_ON_ALARM = "DEPLOYMENT_STOP_ON_ALARM"
    DEPLOYMENT_STOP_ON_REQUEST = "DEPLOYMENT_STOP_ON_REQUEST"


class AutoRollbackConfiguration(Model):
    """Whether, and after what, the last good revision comes back by itself."""

    enabled: bool = False
    events: tuple[AutoRollbackEvent, ...] = ()

    def answers(self, event: AutoRollbackEvent) -> bool:
        """Whether `event` sets off a rollback."""
        return self.enabled and event in self.events


class OutdatedInstancesStrategy(StrEnum):
    """What becomes of instances that were launched with an older revision during a deployment."""

    UPDATE = "UPDATE"
    IGNORE = "IGNORE"


class ScalingProcess(StrEnum):
    """What an Auto Scaling group may be kept from doing while its instances are deployed to."""

    TERMINATE = "Terminate"
    AZ_REBALANCE = "AZRebalance"
    INSTANCE_REFRESH = "InstanceRefresh"
    SCHEDULED_ACTIONS = "ScheduledActions"


class EC2DeploymentOptions(Model):
    """How deployments treat the Auto Scaling groups of their instances."""

    auto_scaling_group_processes_to_suspend: tuple[ScalingProcess, ...] = ()


class LifecycleNotifications(Model):
    """A queue of SQS that Auto Scaling tells when an instance waits for its deployment.

    Attributes:
        queue_arn: Of the queue; without one the Auto Scaling groups are looked at every so often.
        role_arn: The role in which Auto Scaling writes to the queue.

    Differs from AWS: CodeDeploy has a queue of its own, which nobody sees.
    """

    queue_arn: str = Field(pattern=r"^arn:[\w-]+:sqs:[\w-]+:\d{12}:[\w.-]+$")
    role_arn: str = Field(pattern=r"^arn:[\w-]+:iam::\d{12}:role/.+$")


class QueuePolicy(StrEnum):
    """What becomes of a request while the group already has an active deployment.

    Differs from AWS: CodeDeploy always rejects, which is the default here too.
    """

    REJECT = "REJECT"
    QUEUE = "QUEUE"
    SUPERSEDE = "SUPERSEDE"


class GatePosition(StrEnum):
    """Where a deployment waits for approval."""

    AFTER_FIRST_BATCH = "AFTER_FIRST_BATCH"
    BEFORE_EVERY_BATCH = "BEFORE_EVERY_BATCH"


class OnDeadline(StrEnum):
    """What happens when nobody answers in time."""

    ROLLBACK = "ROLLBACK"
    CONTINUE = "CONTINUE"


class ApprovalGate(Model):
    """A wait for a person, with a deadline and a default answer.

    Attributes:
        at: Which batch boundaries the gate stands at.
        deadline_minutes: How long it waits.
        on_deadline: `ROLLBACK` stops and rolls back; `CONTINUE` goes on.

    Differs from AWS: CodeDeploy has no gates for in-place deployments.
    """

    at: GatePosition
    deadline_minutes: int = Field(default=60, ge=1, le=7 * 24 * 60)
    on_deadline: OnDeadline = OnDeadline.ROLLBACK


class ECSService(Model):
    """A service, by names or ARNs."""

    service_name: str
    cluster_name: str = "default"


def _has_list(value: Any, key: str) -> bool:
    return isinstance(value, dict) and isinstance(value.get(key), list)


class DeploymentGroup(Model):
    """Where an application is deployed, and by what rules.

    Attributes:
        queue_policy: See `QueuePolicy`.
        approvals: See `ApprovalGate`.
        agent_timeout_seconds: How long an agent may stay away before its host fails.
        environment: Variables for every script (Differs from AWS: CodeDeploy has none).
        service_role_arn: The role that the worker assumes to act on Lambda, ECS, load balancers
            and alarms; None acts with the worker's own credentials.
        hook_timeout_minutes: How long a hook function may take to say what came of it (Differs
            from AWS: always an hour there).
        traffic_timeout_seconds: How long load balancers may take to call an instance drained, or
            healthy (Differs from AWS: always an hour there).
        termination_hook_enabled: Whether instances are deployed to before they are terminated, too.
        lifecycle_notifications: See `LifecycleNotifications`.
        keep_failed_green_fleet: The copy of an Auto Scaling group is kept for inspection if its
            deployment does not end well (Differs from AWS: nobody says what becomes of it there).
        launch_failure_limit: After so many failed launches in a row, no more instances are given up
            and launched anew (Differs from AWS: that goes on for ever there).

    Source: CodeDeploy API Reference, DeploymentGroupInfo and CreateDeploymentGroup.
    """

    application_name: Name
    deployment_group_name: Name
    compute_platform: ComputePlatform = ComputePlatform.SERVER
    deployment_config_name: str = "CodeDeployDefault.OneAtATime"
    ec2_tag_filters: tuple[TagFilter, ...] = Field(default=(), max_length=10)
    ec2_tag_set: EC2TagSet | None = None
    on_premises_instance_tag_filters: tuple[TagFilter, ...] = Field(default=(), max_length=10)
    on_premises_tag_set: OnPremisesTagSet | None = None
    auto_scaling_groups: tuple[str, ...] = Field(default=(), max_length=10)
    service_role_arn: str | None = None
    trigger_configurations: tuple[dict[str, Any], ...] = Field(default=(), max_length=10)
    alarm_configuration: AlarmConfiguration = AlarmConfiguration()
    auto_rollback_configuration: AutoRollbackConfiguration = AutoRollbackConfiguration()
    outdated_instances_strategy: OutdatedInstancesStrategy = OutdatedInstancesStrategy.UPDATE
    deployment_style: DeploymentStyle = DeploymentStyle()
    blue_green_deployment_configuration: BlueGreenDeploymentConfiguration | None = None
    load_balancer_info: LoadBalancerInfo | None = None
    ecs_services: tuple[ECSService, ...] = ()
    termination_hook_enabled: bool = False
    lifecycle_notifications: LifecycleNotifications | None = None
    keep_failed_green_fleet: bool = False
    launch_failure_limit: int = Field(default=3, ge=1, le=100)
    ec2_deployment_options: EC2DeploymentOptions | None = None
    tags: tuple[dict[str, str], ...] = ()
    queue_policy: QueuePolicy = QueuePolicy.REJECT
    approvals: tuple[ApprovalGate, ...] = ()
    agent_timeout_seconds: int = Field(default=300, ge=5, le=24 * 3600)
    environment: dict[str, str] = {}
    hook_timeout_minutes: int = Field(default=60, ge=1, le=24 * 60)
    traffic_timeout_seconds: int = Field(default=3600, ge=1, le=24 * 3600)

    @property
    def full_name(self) -> str:
        """`application/group`, as people and commands write it."""
        return f"{self.application_name}/{self.deployment_group_name}"

    @property
    def controls_traffic(self) -> bool:
        """Whether load balancers take instances out of service while they are deployed to."""
        return self.deployment_style.deployment_option is DeploymentOption.WITH_TRAFFIC_CONTROL

    @property
    def is_blue_green(self) -> bool:
        """Whether instances are replaced by others."""
        return self.deployment_style.deployment_type is DeploymentType.BLUE_GREEN

    @property
    def in_place(self) -> "DeploymentGroup":
        """The group, for a deployment that replaces no instance whatever its style."""
        style = self.deployment_style.model_copy(
            update={"deployment_type": DeploymentType.IN_PLACE}
        )
        return self.model_copy(update={"deployment_style": style})

    @field_validator("ec2_tag_filters", "on_premises_instance_tag_filters", mode="before")
    @classmethod
    def _absent_is_empty(cls, value: Any) -> Any:
        if value is None:
            return ()
        return tuple(value) if isinstance(value, list) else value

    @field_validator("alarm_configuration", mode="before")
    @classmethod
    def _absent_is_none_at_all(cls, value: Any) -> Any:
        if value is None:
            return AlarmConfiguration()
        # What a validator has seen is no JSON any more, and a strict tuple is then no list.
        lists = {"alarms": tuple(value["alarms"])} if _has_list(value, "alarms") else {}
        return {**value, **lists} if lists else value

    @model_validator(mode="after")
    def _combines_no_rivals(self) -> Self:
        if self.ec2_tag_filters and self.ec2_tag_set:
            raise ValueError(
                "InvalidEC2TagCombinationException: ec2TagFilters and ec2TagSet are both given; "
                "keep one of them"
            )
        if self.on_premises_instance_tag_filters and self.on_premises_tag_set:
            raise ValueError(
                "InvalidOnPremisesTagCombinationException: onPremisesInstanceTagFilters and "
                "onPremisesTagSet are both given; keep one of them"
            )
        if self.auto_rollback_configuration.enabled and not self.auto_rollback_configuration.events:
            raise ValueError(
                "InvalidAutoRollbackConfigException: autoRollbackConfiguration is enabled but "
                "names no event; add DEPLOYMENT_FAILURE, for example"
            )
        return self
