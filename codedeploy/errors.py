"""What can go wrong, in CodeDeploy's own names.

    RollwayError
    |-- InvalidInput                 the request cannot be right: nothing was touched (exit code 2)
    |   |-- Invalid...               one class a CodeDeploy exception
    |   `-- ManifestInvalid          all problems of a document at once
    |-- DoesNotExist                 a name or id that nobody knows (exit code 2)
    |-- Refused                      right in itself, not possible now (exit code 1)
    `-- DeploymentFailure            why a deployment ended Failed or Stopped: a code of `ErrorCode`

Every error has a `code` that survives the wire: CodeDeploy's exception name, or an `ErrorCode`.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import ClassVar

from codedeploy.wire import sayable


class ErrorCode(StrEnum):
    """Why a deployment did not succeed.

    Differs from AWS: `PLAN_NO_LONGER_HOLDS` is ours, for deployments that were given a plan.

    Source: CodeDeploy API Reference, ErrorInformation.
    """

    AGENT_ISSUE = "AGENT_ISSUE"
    ALARM_ACTIVE = "ALARM_ACTIVE"
    APPLICATION_MISSING = "APPLICATION_MISSING"
    AUTO_SCALING_CONFIGURATION = "AUTO_SCALING_CONFIGURATION"
    CUSTOMER_APPLICATION_UNHEALTHY = "CUSTOMER_APPLICATION_UNHEALTHY"
    DEPLOYMENT_GROUP_MISSING = "DEPLOYMENT_GROUP_MISSING"
    ECS_UPDATE_ERROR = "ECS_UPDATE_ERROR"
    ELASTIC_LOAD_BALANCING_INVALID = "ELASTIC_LOAD_BALANCING_INVALID"
    HEALTH_CONSTRAINTS = "HEALTH_CONSTRAINTS"
    HEALTH_CONSTRAINTS_INVALID = "HEALTH_CONSTRAINTS_INVALID"
    HOOK_EXECUTION_FAILURE = "HOOK_EXECUTION_FAILURE"
    IAM_ROLE_MISSING = "IAM_ROLE_MISSING"
    IAM_ROLE_PERMISSIONS = "IAM_ROLE_PERMISSIONS"
    INTERNAL_ERROR = "INTERNAL_ERROR"
    INVALID_ECS_SERVICE = "INVALID_ECS_SERVICE"
    INVALID_LAMBDA_CONFIGURATION = "INVALID_LAMBDA_CONFIGURATION"
    INVALID_LAMBDA_FUNCTION = "INVALID_LAMBDA_FUNCTION"
    INVALID_REVISION = "INVALID_REVISION"
    MANUAL_STOP = "MANUAL_STOP"
    MISSING_BLUE_GREEN_DEPLOYMENT_CONFIGURATION = "MISSING_BLUE_GREEN_DEPLOYMENT_CONFIGURATION"
    PLAN_NO_LONGER_HOLDS = "PLAN_NO_LONGER_HOLDS"
    NO_INSTANCES = "NO_INSTANCES"
    OVER_MAX_INSTANCES = "OVER_MAX_INSTANCES"
    RESOURCE_LIMIT_EXCEEDED = "RESOURCE_LIMIT_EXCEEDED"
    REVISION_MISSING = "REVISION_MISSING"
    THROTTLED = "THROTTLED"
    TIMEOUT = "TIMEOUT"


class RollwayError(Exception):
    """Something the person at the keyboard must act on.

    Attributes:
        message: What happened, to which thing, expected and found, next step.
    """

    def __init__(self, message: str) -> None:
        super().__init__(sayable(message))
        self.message = sayable(message)

    @property
    def code(self) -> str:
        """The name by which CodeDeploy's clients know this error."""
        return f"{type(self).__name__}Exception"


class InvalidInput(RollwayError):
    """The request itself is wrong; nothing was touched."""


class ManifestInvalid(InvalidInput):
    """A document breaks rules; every violation is listed.

    Attributes:
        problems: One sentence a violation, in the order of the document.
    """

    def __init__(self, document: str, problems: Sequence[str]) -> None:
        listed = "\n".join(f"  - {problem}" for problem in problems)
        super().__init__(f"{document} has {_count(len(problems), 'problem')}:\n{listed}")
        self.document = document
        self.problems = tuple(problems)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


class InvalidApplicationName(InvalidInput):
    """A name is empty, over 100 characters, or holds a character outside [A-Za-z0-9+=,.@_-]."""


class InvalidMinimumHealthyHostValue(InvalidInput):
    """A floor is negative, or a percentage over 99."""


class InvalidTrafficRoutingConfiguration(InvalidInput):
    """A shift percentage is outside 1 to 99, or an interval outside the allowed range."""


class InvalidZonalDeploymentConfiguration(InvalidInput):
    """A zonal configuration does not fit its deployment configuration."""


class InvalidDeploymentConfigName(InvalidInput):
    """A configuration's name is malformed or starts with the reserved `CodeDeployDefault.`."""


class InvalidComputePlatform(InvalidInput):
    """The platform does not fit the application, configuration or request."""


class InvalidRevision(InvalidInput):
    """A revision cannot be read: wrong location, not an archive, or an AppSpec with errors."""


class InvalidEC2TagCombination(InvalidInput):
    """Both `ec2TagFilters` and `ec2TagSet` were given."""


class InvalidOnPremisesTagCombination(InvalidInput):
    """Both `onPremisesInstanceTagFilters` and `onPremisesTagSet` were given."""


class InvalidAlarmConfig(InvalidInput):
    """Alarms are enabled but none is named, or one is named twice."""


class InvalidAutoScalingGroup(InvalidInput):
    """An Auto Scaling group is unknown, or given for a platform that has none."""


class InvalidBlueGreenDeploymentConfiguration(InvalidInput):
    """The rules of a blue/green deployment contradict each other or its platform."""


class InvalidTargetInstances(InvalidInput):
    """The replacement of a blue/green deployment is not named, or named where none is."""


class InvalidAutoScalingGroupProcessToSuspend(InvalidInput):
    """Processes of Auto Scaling groups are named where none can be suspended."""


class InvalidDeploymentStyle(InvalidInput):
    """The platform cannot be deployed to in that style."""


class InvalidECSService(InvalidInput):
    """An ECS service is missing, given twice, or given for another platform."""


class InvalidLoadBalancerInfo(InvalidInput):
    """A load balancer is missing, or given for a platform that has none."""


class InvalidTargetGroupPair(InvalidInput):
    """A pair of target groups is not two groups, one production and at most one test listener."""


class InvalidTag(InvalidInput):
    """Tag filters are given for a platform that has no instances."""


class InvalidLifecycleEventHookExecutionId(InvalidInput):
    """The deployment awaits no verdict of that hook execution."""


class InvalidLifecycleEventHookExecutionStatus(InvalidInput):
    """A hook's verdict is neither Succeeded nor Failed."""


class UnsupportedActionForDeploymentType(InvalidInput):
    """The deployment is to another platform than the request is for."""


class InvalidAutoRollbackConfig(InvalidInput):
    """Automatic rollback is enabled but names no event."""


class InvalidDeploymentId(InvalidInput):
    """A deployment id is not `d-` and nine of A-Z0-9."""


class InvalidInstanceName(InvalidInput):
    """An instance name is malformed."""


class UnsupportedOperation(InvalidInput):
    """A setting that CodeDeploy knows and Rollway does not carry out yet."""


class DoesNotExist(RollwayError):
    """A name or id that nobody knows."""


class ApplicationDoesNotExist(DoesNotExist):
    """No application of that name was applied."""


class DeploymentGroupDoesNotExist(DoesNotExist):
    """The application has no deployment group of that name."""


class DeploymentConfigDoesNotExist(DoesNotExist):
    """No deployment configuration of that name, predefined or custom."""


class DeploymentDoesNotExist(DoesNotExist):
    """No deployment has that id, or its history has passed the retention period."""


class PlanDoesNotExist(DoesNotExist):
    """No plan has that id, or it has passed the retention period."""


class DeploymentTargetDoesNotExist(DoesNotExist):
    """The deployment has no target of that name."""


class InstanceNotRegistered(DoesNotExist):
    """No agent ever registered under that name."""


class RevisionDoesNotExist(DoesNotExist):
    """The application has no such revision, or its bundle is gone from the store."""


class Refused(RollwayError):
    """A request that is right in itself but not possible now."""


class DeploymentLimitExceeded(Refused):
    """The group already has an active deployment."""


class DeploymentAlreadyCompleted(Refused):
    """The deployment has ended."""


class DeploymentIsNotInReadyState(Refused):
    """The deployment waits for nothing that could be approved, rejected or continued."""


class ECSServiceMappingLimitExceeded(Refused):
    """Another deployment group deploys to that ECS service already."""


class LifecycleHookLimitExceeded(Refused):
    """An Auto Scaling group has as many lifecycle hooks as it may have."""


class LifecycleEventAlreadyCompleted(Refused):
    """The hook execution has its verdict, or its time is over."""


class DeploymentConfigAlreadyExists(Refused):
    """Configurations are immutable: the same name with other content is refused."""


class DeploymentConfigInUse(Refused):
    """A deployment group still names the configuration."""


class PlanNoLongerHolds(Refused):
    """Between `rollway plan` and `rollway deploy --plan-id` something changed."""


class ServerUnreachable(Refused):
    """No Temporal server answers at the configured address."""


class DeploymentFailure(RollwayError):
    """Why a deployment ends Failed or Stopped.

    Attributes:
        error_code: CodeDeploy's code for the cause.
    """

    def __init__(self, error_code: ErrorCode, message: str) -> None:
        super().__init__(message)
        self.error_code = error_code

    @property
    def code(self) -> str:
        """The `ErrorCode` as a string."""
        return self.error_code.value


_AS_ERROR_CODE = {
    "ApplicationDoesNotExistException": ErrorCode.APPLICATION_MISSING,
    "DeploymentGroupDoesNotExistException": ErrorCode.DEPLOYMENT_GROUP_MISSING,
    "InvalidBlueGreenDeploymentConfigurationException": (
        ErrorCode.MISSING_BLUE_GREEN_DEPLOYMENT_CONFIGURATION
    ),
    "InvalidRevisionException": ErrorCode.INVALID_REVISION,
    "InvalidTargetInstancesException": ErrorCode.NO_INSTANCES,
    "InvalidTrafficRoutingConfigurationException": ErrorCode.ELASTIC_LOAD_BALANCING_INVALID,
    "RevisionDoesNotExistException": ErrorCode.REVISION_MISSING,
    "UnsupportedOperationException": ErrorCode.INVALID_REVISION,
}


def error_code_of(exception_name: str) -> str:
    """Return what CodeDeploy calls an error of that name once it has ended a deployment."""
    return _AS_ERROR_CODE.get(exception_name, exception_name)


class _Registry:
    """All error classes by the code that crosses the wire."""

    by_code: ClassVar[dict[str, type[RollwayError]]] = {}

    @classmethod
    def fill(cls, root: type[RollwayError]) -> None:
        for subclass in root.__subclasses__():
            cls.by_code[f"{subclass.__name__}Exception"] = subclass
            cls.fill(subclass)


_Registry.fill(RollwayError)


def from_code(code: str | None, message: str) -> RollwayError:
    """Return the error that `code` names, as it was before it crossed the wire."""
    if code is not None and code in ErrorCode.__members__:
        return DeploymentFailure(ErrorCode(code), message)
    error_class = _Registry.by_code.get(code or "", Refused)
    if error_class in (ManifestInvalid, DeploymentFailure):
        return InvalidInput(message)
    return error_class(message)
