"""What the exit status of `rollway` says to a script."""

from enum import IntEnum

from codedeploy.deployment import DeploymentStatus
from codedeploy.errors import DoesNotExist, InvalidInput, RollwayError


class ExitCode(IntEnum):
    """Stable numbers; a watch that was left with Ctrl-C exits 130."""

    SUCCEEDED = 0
    FAILED = 1
    INVALID = 2
    STOPPED = 3


def exit_code_of_error(error: RollwayError) -> ExitCode:
    """Return how a command ends that raised `error`."""
    is_mistake = isinstance(error, InvalidInput | DoesNotExist)
    return ExitCode.INVALID if is_mistake else ExitCode.FAILED


def exit_code_of_status(status: DeploymentStatus) -> ExitCode:
    """Return how a command ends that watched a deployment to `status`."""
    match status:
        case DeploymentStatus.FAILED:
            return ExitCode.FAILED
        case DeploymentStatus.STOPPED:
            return ExitCode.STOPPED
        case _:
            return ExitCode.SUCCEEDED
