"""An application, as an entity: its platform, its groups, its registered revisions."""

from temporalio import workflow
from temporalio.exceptions import ApplicationError

from activities.appspecs import AppSpecs
from activities.revisions import Revisions
from codedeploy.application import Application, ComputePlatform
from codedeploy.application_info import ApplicationInfo
from codedeploy.errors import InvalidComputePlatform
from codedeploy.revision import PinnedRevision, Revision
from codedeploy.traffic_plan import AppSpecQuestion
from workflows.options import PIN

REMEMBERED_REVISIONS = 100


@workflow.defn
class ApplicationWorkflow:
    """Remembers one application."""

    @workflow.init
    def __init__(self, info: ApplicationInfo) -> None:
        self._info = info

    @workflow.run
    async def run(self, info: ApplicationInfo) -> None:
        """Live for ever."""
        await workflow.wait_condition(lambda: workflow.info().is_continue_as_new_suggested())
        await workflow.wait_condition(workflow.all_handlers_finished)
        workflow.continue_as_new(self._info)

    @workflow.update
    def define(self, application: Application) -> bool:
        """Remember the application; return whether that changed anything."""
        is_changed = application != self._info.application
        self._info = self._info.model_copy(update={"application": application})
        return is_changed

    @define.validator
    def _keeps_its_platform(self, application: Application) -> None:
        known = self._info.application
        if application.compute_platform is not known.compute_platform:
            error = InvalidComputePlatform(
                f"{known.application_name} is on {known.compute_platform}; its platform cannot "
                f"become {application.compute_platform}. Give the new one another name."
            )
            raise ApplicationError(error.message, type=error.code, non_retryable=True)

    @workflow.update
    def add_group(self, name: str) -> None:
        """Remember that a deployment group of that name exists."""
        names = sorted({*self._info.deployment_groups, name})
        self._info = self._info.model_copy(update={"deployment_groups": tuple(names)})

    @workflow.update
    async def register_revision(self, revision: Revision) -> PinnedRevision:
        """Pin a revision and remember it under its label, newest first."""
        pinned = await self._pinned(revision)
        others = [known for known in self._info.revisions if known.sha256 != pinned.sha256]
        kept = (pinned, *others)[:REMEMBERED_REVISIONS]
        self._info = self._info.model_copy(update={"revisions": kept})
        return pinned

    async def _pinned(self, revision: Revision) -> PinnedRevision:
        """Return the revision pinned: a bundle for servers, else an AppSpec file alone."""
        platform = self._info.application.compute_platform
        if platform is ComputePlatform.SERVER:
            return await workflow.execute_activity_method(
                Revisions.pin, revision, summary="Pin the revision", **PIN
            )
        question = AppSpecQuestion(revision=revision, platform=platform)
        found = await workflow.execute_activity_method(
            AppSpecs.pin, question, summary="Pin the AppSpec file", **PIN
        )
        return found.pinned

    @workflow.query
    def info(self) -> ApplicationInfo:
        """Return all that is known of the application."""
        return self._info
