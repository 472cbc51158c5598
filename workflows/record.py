"""What others see of a deployment: queries, lists, and the Web UI's page."""

from typing import Any

from temporalio import workflow

from activities import search_attributes
from codedeploy.deployment import DeploymentInfo, Intervention, RelatedDeployments, RollbackInfo
from codedeploy.revision import PinnedRevision
from workflows.courses.course import Course
from workflows.details import markdown
from workflows.gates import Gates
from workflows.orders import DeploymentOrder

KEPT_INTERVENTIONS = 100


class Record:
    """A deployment's public face; what changes while it runs is read from its parts.

    Args:
        order: What the deployment is.
        gates: What may hold it back.

    Attributes:
        course: Tells how far it has come; None until there is one.
    """

    def __init__(self, order: DeploymentOrder, gates: Gates) -> None:
        self._info = _first_info(order)
        self._gates = gates
        self.course: Course[Any] | None = None

    @property
    def info(self) -> DeploymentInfo:
        """The deployment as people and the API see it now."""
        if self.course is None:
            return self._info
        held = {"is_paused": self._gates.is_paused} | (
            {"wait": self._gates.wait} if self._gates.wait else {}
        )
        return self._info.model_copy(
            update=held | self.course.face(is_final=self._info.status.is_final)
        )

    def publish(self, **changes: Any) -> None:
        """Change members of the record, and what lists and the Web UI show of them."""
        before = self._info
        self._info = before.model_copy(update=changes)
        if self._info.status is not before.status:
            workflow.upsert_search_attributes(
                [search_attributes.DEPLOYMENT_STATUS.value_set(self._info.status.value)]
            )
        if self._info.revision_label != before.revision_label:
            workflow.upsert_search_attributes(
                [search_attributes.REVISION.value_set(self._info.revision_label)]
            )
        self.show()

    def publish_rollback(self, **changes: Any) -> None:
        """Change what is said of the rollback."""
        self.publish(rollback_info=self._info.rollback_info.model_copy(update=changes))

    def note(self, intervention: Intervention) -> None:
        """Keep what somebody asked for, and what came of it."""
        kept = (*self._info.interventions, intervention)[-KEPT_INTERVENTIONS:]
        self.publish(interventions=kept)

    def show(self) -> None:
        """Let the Web UI's page say what is so now."""
        workflow.set_current_details(markdown(self.info))


def _first_info(order: DeploymentOrder) -> DeploymentInfo:
    request, group = order.request, order.group
    return DeploymentInfo(
        deployment_id=order.deployment_id,
        application_name=group.application_name,
        deployment_group_name=group.deployment_group_name,
        deployment_config_name=request.deployment_config_name or group.deployment_config_name,
        compute_platform=group.compute_platform,
        deployment_style=group.deployment_style,
        target_instances=request.target_instances,
        revision=request.revision,
        create_time=order.create_time,
        description=request.description,
        creator=order.creator,
        rollback_info=RollbackInfo(rollback_triggering_deployment_id=order.rollback_of),
        related_deployments=RelatedDeployments(
            auto_update_outdated_instances_root_deployment_id=order.root
        ),
        **previous(order.previous),
    )


def previous(pinned: PinnedRevision | None) -> dict[str, Any]:
    """Return the members that tell of the revision before."""
    if pinned is None:
        return {}
    return {"previous_revision": pinned.revision, "previous_revision_label": pinned.label}
