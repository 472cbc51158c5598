"""Applications, groups, configurations, instances: applying and reading them."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from temporalio.client import Client, WithStartWorkflowOperation
from temporalio.common import WorkflowIDConflictPolicy

from activities.directory import Directory
from codedeploy.application import Application
from codedeploy.application_info import ApplicationInfo
from codedeploy.configs import PREDEFINED, DeploymentConfig
from codedeploy.deployment_group import DeploymentGroup
from codedeploy.errors import (
    ApplicationDoesNotExist,
    DeploymentConfigDoesNotExist,
    DeploymentGroupDoesNotExist,
    RevisionDoesNotExist,
)
from codedeploy.group_info import DeploymentGroupInfo, no_group
from codedeploy.identifiers import (
    application_workflow_id,
    config_workflow_id,
    group_workflow_id,
)
from codedeploy.instance import InstanceRegistration
from codedeploy.revision import (
    PinnedRevision,
    Revision,
    pinned_again,
)
from starter.admission import Document, admitted
from starter.answers import Applied, InstanceInfo
from starter.connection import PATIENCE, in_words
from starter.locations import local, with_appspec
from workflows.application import ApplicationWorkflow
from workflows.deployment_config import DeploymentConfigWorkflow
from workflows.deployment_group import DeploymentGroupWorkflow
from workflows.options import CONTROL_QUEUE

ADMISSION_PATIENCE = timedelta(seconds=75)
"""Lifecycle hooks are put, and taken back if that fails, within the minute that both may take."""


class Catalog:
    """What is deployed where, and by what rules."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def apply(self, documents: Sequence[Document]) -> list[Applied]:
        """Create or update what `documents` describe: applications, configurations, groups.

        All are judged first: if one is refused, nothing of the call is applied. What only AWS
        knows of Auto Scaling groups is found out when their deployment group has its turn: if that
        is refused, it stays as it was, and what stands before it is applied.

        Raises:
            InvalidInput: A document breaks a rule of its platform.
            InvalidAutoScalingGroup: There is no such Auto Scaling group.
            LifecycleHookLimitExceeded: One can have no more lifecycle hooks.
            ECSServiceMappingLimitExceeded: Another group deploys to that ECS service.
        """
        return [await self._apply(document) for document in await admitted(documents, self)]

    async def _apply(self, document: Document) -> Applied:
        if isinstance(document, Application):
            return await self._apply_application(document)
        if isinstance(document, DeploymentConfig):
            return await self._apply_config(document)
        return await self._apply_group(document)

    async def _apply_application(self, application: Application) -> Applied:
        name = application.application_name
        is_changed, is_new = await self._define(
            ApplicationWorkflow,
            ApplicationInfo(application=application),
            application,
            workflow_id=application_workflow_id(name),
        )
        return Applied(kind="application", name=name, change=_change(is_new, is_changed))

    async def _apply_config(self, config: DeploymentConfig) -> Applied:
        name = config.deployment_config_name
        _, is_new = await self._define(
            DeploymentConfigWorkflow, config, config, workflow_id=config_workflow_id(name)
        )
        return Applied(kind="deployment configuration", name=name, change=_change(is_new, False))

    async def _apply_group(self, group: DeploymentGroup) -> Applied:
        is_changed, is_new = await self._define(
            DeploymentGroupWorkflow,
            DeploymentGroupInfo(group=group, deployment_group_id=str(uuid4()), is_defined=False),
            group,
            workflow_id=group_workflow_id(group.application_name, group.deployment_group_name),
        )
        handle = self._client.get_workflow_handle(application_workflow_id(group.application_name))
        with in_words():
            await handle.execute_update("add_group", group.deployment_group_name)
        return Applied(
            kind="deployment group", name=group.full_name, change=_change(is_new, is_changed)
        )

    async def _define(
        self, entity: Any, initial: Any, definition: Any, *, workflow_id: str
    ) -> tuple[bool, bool]:
        """Start the entity or update it; return whether it changed, and whether it is new."""
        start = WithStartWorkflowOperation(
            entity.run,
            initial,
            id=workflow_id,
            task_queue=CONTROL_QUEUE,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            static_summary=workflow_id,
        )
        is_new = not await self._is_running(workflow_id)
        with in_words():
            is_changed = await self._client.execute_update_with_start_workflow(
                "define",
                definition,
                start_workflow_operation=start,
                rpc_timeout=_patience_for(definition),
            )
        return bool(is_changed), is_new

    async def _is_running(self, workflow_id: str) -> bool:
        count = await self._client.count_workflows(
            f"WorkflowId = '{workflow_id}' AND ExecutionStatus = 'Running'"
        )
        return count.count > 0

    async def _ids(self, workflow_type: str) -> list[str]:
        query = f"WorkflowType = '{workflow_type}' AND ExecutionStatus = 'Running'"
        with in_words():
            found = [execution.id async for execution in self._client.list_workflows(query)]
        return sorted(workflow_id.partition("/")[2] for workflow_id in found)

    async def applications(self) -> list[str]:
        """Return the names of all applications."""
        return await self._ids("ApplicationWorkflow")

    async def application(self, name: str) -> ApplicationInfo:
        """Return what is known of an application.

        Raises:
            ApplicationDoesNotExist: Nobody applied it.
        """
        missing = ApplicationDoesNotExist(
            f"There is no application {name}. List them with: rollway get applications. Make it "
            "with: rollway apply -f FILE"
        )
        with in_words(missing):
            info: ApplicationInfo = await self._query(
                application_workflow_id(name), "info", ApplicationInfo
            )
        return info

    async def groups(self, application: str | None = None) -> list[str]:
        """Return the deployment groups as `application/group`."""
        names = await self._ids("DeploymentGroupWorkflow")
        return [name for name in names if application in (None, name.partition("/")[0])]

    async def group(self, application: str, group: str) -> DeploymentGroupInfo:
        """Return what is known of a deployment group.

        Raises:
            DeploymentGroupDoesNotExist: Nobody applied it.
        """
        missing = no_group(f"{application}/{group}")
        with in_words(missing):
            info: DeploymentGroupInfo = await self._query(
                group_workflow_id(application, group), "info", DeploymentGroupInfo
            )
        if not info.is_defined:
            raise missing
        return info

    async def configs(self) -> list[DeploymentConfig]:
        """Return all deployment configurations, the predefined ones first."""
        custom = [await self.config(name) for name in await self._ids("DeploymentConfigWorkflow")]
        return [*PREDEFINED.values(), *custom]

    async def config(self, name: str) -> DeploymentConfig:
        """Return a deployment configuration.

        Raises:
            DeploymentConfigDoesNotExist: Neither predefined nor applied.
        """
        if name in PREDEFINED:
            return PREDEFINED[name]
        missing = DeploymentConfigDoesNotExist(
            f"There is no deployment configuration {name}. List them with: rollway get configs"
        )
        with in_words(missing):
            config: DeploymentConfig = await self._query(
                config_workflow_id(name), "config", DeploymentConfig
            )
        return config

    async def instances(self) -> list[InstanceInfo]:
        """Return all registered instances, by name."""
        directory = Directory(self._client)
        with in_words():
            hosts = await directory.hosts()
            seen = await directory.last_seen([host.name for host in hosts])
        runs = await self._runs()
        return [
            InstanceInfo(
                registration=InstanceRegistration(name=host.name, tags=host.tags),
                last_seen=seen[host.name],
                runs=runs.get(host.name, {}),
            )
            for host in hosts
        ]

    async def _runs(self) -> dict[str, dict[str, str]]:
        """Return, for each instance, the revision each group last installed on it."""
        runs: dict[str, dict[str, str]] = {}
        for info in await self._known_groups():
            name = info.group.full_name
            for host, health in info.health.items():
                if health.installed is not None:
                    runs.setdefault(host, {})[name] = health.label
        return runs

    async def _known_groups(self) -> list[DeploymentGroupInfo]:
        """Return all deployment groups; lists still have those that have just been refused."""
        found = []
        for name in await self.groups():
            with suppress(DeploymentGroupDoesNotExist):
                found.append(await self.group(*name.split("/")))
        return found

    async def push(
        self, application: str, source: Path, *, appspec_filename: str | None = None
    ) -> PinnedRevision:
        """Register a directory, archive or AppSpec file as a revision, and return it pinned.

        Raises:
            InvalidRevision: It has no AppSpec, or one with errors, or is not what the application's
                platform takes; nothing was registered.
        """
        await self.application(application)
        handle = self._client.get_workflow_handle(application_workflow_id(application))
        with in_words():
            pinned: PinnedRevision = await handle.execute_update(
                "register_revision",
                with_appspec(local(source), appspec_filename),
                result_type=PinnedRevision,
            )
        return pinned

    async def revision(self, application: str, label: str) -> Revision:
        """Return the newest registered revision of that label, or that begins with that digest.

        Raises:
            RevisionDoesNotExist: No registered revision has it.
        """
        info = await self.application(application)
        for known in info.revisions:
            if known.label == label or (len(label) >= 6 and known.sha256.startswith(label)):
                return pinned_again(known)
        raise RevisionDoesNotExist(
            f"{application} has no revision {label!r}, and it is no path here. List them with: "
            f"rollway get application {application}. Register one with: "
            f"rollway push {application} DIR_OR_FILE"
        )

    async def _query(self, workflow_id: str, name: str, kind: type[Any]) -> Any:
        handle = self._client.get_workflow_handle(workflow_id)
        return await handle.query(name, result_type=kind, rpc_timeout=PATIENCE)


def _patience_for(definition: Any) -> timedelta:
    """Return how long a definition may take; AWS is asked about those with Auto Scaling groups."""
    is_slow = isinstance(definition, DeploymentGroup) and definition.auto_scaling_groups
    return ADMISSION_PATIENCE if is_slow else PATIENCE


def _change(is_new: bool, is_changed: bool) -> str:
    if is_new:
        return "created"
    return "updated" if is_changed else "unchanged"
