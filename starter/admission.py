"""Which documents may be applied: all of a call are judged before the first one is applied."""

from collections.abc import Sequence
from contextlib import suppress
from typing import Protocol

from codedeploy.application import Application, ComputePlatform
from codedeploy.application_info import ApplicationInfo
from codedeploy.config_rules import validate_custom
from codedeploy.configs import DEFAULT_CONFIG_NAME, DeploymentConfig
from codedeploy.deployment_group import DeploymentGroup
from codedeploy.ecs_mapping import check_service_is_free
from codedeploy.errors import DeploymentGroupDoesNotExist, InvalidComputePlatform
from codedeploy.group_info import DeploymentGroupInfo
from codedeploy.group_rules import check_config, check_group, completed
from codedeploy.support import check_supported

Document = Application | DeploymentGroup | DeploymentConfig

_ORDER = (Application, DeploymentConfig, DeploymentGroup)


class Known(Protocol):
    """What was applied before."""

    async def application(self, name: str) -> ApplicationInfo:
        """Return an application, or raise ApplicationDoesNotExist."""

    async def config(self, name: str) -> DeploymentConfig:
        """Return a configuration, or raise DeploymentConfigDoesNotExist."""

    async def groups(self, application: str | None = None) -> list[str]:
        """Return the groups as `application/group`."""

    async def group(self, application: str, group: str) -> DeploymentGroupInfo:
        """Return a deployment group."""


async def admitted(documents: Sequence[Document], known: Known) -> list[Document]:
    """Return `documents` in the order of applying, each group completed for its platform.

    Raises:
        InvalidInput: One breaks a rule, or does not fit what it belongs to.
        DoesNotExist: A group names an application or configuration that is neither known nor
            among `documents`.
        ECSServiceMappingLimitExceeded: Two groups deploy to one ECS service.
    """
    admission = _Admission(documents, known)
    for document in documents:
        if isinstance(document, DeploymentConfig):
            validate_custom(document)
    return [
        await admission.of_group(document) if isinstance(document, DeploymentGroup) else document
        for document in sorted(documents, key=lambda document: _ORDER.index(type(document)))
    ]


class _Admission:
    """Judges groups by what is known, and by what is going to be."""

    def __init__(self, documents: Sequence[Document], known: Known) -> None:
        self._documents = documents
        self._known = known

    async def of_group(self, group: DeploymentGroup) -> DeploymentGroup:
        """Return `group` as it is going to be defined."""
        group = _on_platform(group, await self._platform_of(group))
        check_config(group, await self._config(group.deployment_config_name))
        check_group(group)
        check_supported(group)
        if group.ecs_services:
            check_service_is_free(group, await self._others())
        return group

    async def _platform_of(self, group: DeploymentGroup) -> ComputePlatform:
        for document in self._documents:
            if isinstance(document, Application) and (
                document.application_name == group.application_name
            ):
                return document.compute_platform
        return (await self._known.application(group.application_name)).application.compute_platform

    async def _config(self, name: str) -> DeploymentConfig:
        for document in self._documents:
            if isinstance(document, DeploymentConfig) and document.deployment_config_name == name:
                return document
        return await self._known.config(name)

    async def _others(self) -> list[DeploymentGroup]:
        """Return all groups as they are going to be."""
        proposed = [one for one in self._documents if isinstance(one, DeploymentGroup)]
        replaced = {group.full_name for group in proposed}
        names = [name for name in await self._known.groups() if name not in replaced]
        known = []
        for name in names:
            with suppress(DeploymentGroupDoesNotExist):  # Lists still have what was just refused.
                known.append((await self._known.group(*name.split("/"))).group)
        return [*proposed, *known]


def _on_platform(group: DeploymentGroup, platform: ComputePlatform) -> DeploymentGroup:
    """Return `group` with what its platform leaves no choice about, where it says nothing."""
    given = group.model_fields_set
    if "compute_platform" in given and group.compute_platform is not platform:
        raise InvalidComputePlatform(
            f"{group.full_name} says {group.compute_platform}, and its application is on "
            f"{platform}. Leave computePlatform out, or correct it."
        )
    changes: dict[str, object] = {"compute_platform": platform}
    if "deployment_config_name" not in given:
        changes["deployment_config_name"] = DEFAULT_CONFIG_NAME[platform]
    return completed(group.model_copy(update=changes))
