"""A registered host and its tags, as an entity that lives as long as the host."""

from temporalio import workflow

from activities import search_attributes
from codedeploy.instance import InstanceRegistration


@workflow.defn
class InstanceWorkflow:
    """Remembers what an agent said of its host; found in lists by its tags."""

    @workflow.init
    def __init__(self, registration: InstanceRegistration) -> None:
        self._registration = registration
        self._is_deregistered = False

    @workflow.run
    async def run(self, registration: InstanceRegistration) -> None:
        """Live until deregistered."""
        self._publish()
        await workflow.wait_condition(
            lambda: self._is_deregistered or workflow.info().is_continue_as_new_suggested()
        )
        await workflow.wait_condition(workflow.all_handlers_finished)
        if not self._is_deregistered:
            workflow.continue_as_new(self._registration)

    @workflow.update
    def register(self, registration: InstanceRegistration) -> None:
        """Remember what the agent says of its host now; the same again changes nothing."""
        if registration != self._registration:
            self._registration = registration
            self._publish()

    @workflow.update
    def deregister(self) -> None:
        """Forget the host; its name is free at once."""
        self._is_deregistered = True

    @workflow.query
    def registration(self) -> InstanceRegistration:
        """Return what the agent last said of its host."""
        return self._registration

    def _publish(self) -> None:
        tags = [f"{tag.key}={tag.value}" for tag in self._registration.tags]
        workflow.upsert_search_attributes([search_attributes.TAGS.value_set(tags)])
        listed = ", ".join(tags) or "no tags"
        workflow.set_current_details(
            f"**{self._registration.name}**: {listed}; agent {self._registration.agent_version}"
        )
