"""Applications: a name, a platform, and the revisions registered under it."""

import re
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator

from codedeploy.errors import InvalidApplicationName
from codedeploy.wire import Model

_NAME = re.compile(r"[A-Za-z0-9+=,.@_-]{1,100}")


def _checked_name(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ValueError(
            f"{name!r} is no valid name: 1 to 100 of letters, digits and + = , . @ _ - are allowed"
        )
    return name


Name = Annotated[str, AfterValidator(_checked_name)]
"""A name of an application, group, configuration or instance.

Source: CodeDeploy User Guide, CodeDeploy quotas (naming).
"""


def check_name(name: str, *, of: str) -> str:
    """Return `name` if it may name a thing.

    Raises:
        InvalidApplicationName: It is empty, too long or holds a forbidden character.
    """
    try:
        return _checked_name(name)
    except ValueError as error:
        raise InvalidApplicationName(f"{of}: {error}") from error


class ComputePlatform(StrEnum):
    """Where an application runs."""

    SERVER = "Server"
    LAMBDA = "Lambda"
    ECS = "ECS"


class Application(Model):
    """A named container of one platform's deployment groups and revisions.

    Source: CodeDeploy API Reference, ApplicationInfo.
    """

    application_name: Name
    compute_platform: ComputePlatform = ComputePlatform.SERVER
