"""A custom deployment configuration, as an entity: immutable, like CodeDeploy's."""

from temporalio import workflow
from temporalio.exceptions import ApplicationError

from codedeploy.configs import DeploymentConfig
from codedeploy.errors import DeploymentConfigAlreadyExists


@workflow.defn
class DeploymentConfigWorkflow:
    """Remembers one configuration."""

    @workflow.init
    def __init__(self, config: DeploymentConfig) -> None:
        self._config = config

    @workflow.run
    async def run(self, config: DeploymentConfig) -> None:
        """Live for ever."""
        await workflow.wait_condition(lambda: workflow.info().is_continue_as_new_suggested())
        workflow.continue_as_new(self._config)

    @workflow.update
    def define(self, config: DeploymentConfig) -> None:
        """Accept the definition there is."""

    @define.validator
    def _is_the_same(self, config: DeploymentConfig) -> None:
        if config != self._config:
            error = DeploymentConfigAlreadyExists(
                f"{config.deployment_config_name} exists with other content, and configurations "
                "are immutable. Give the new one another name."
            )
            raise ApplicationError(error.message, type=error.code, non_retryable=True)

    @workflow.query
    def config(self) -> DeploymentConfig:
        """Return the configuration."""
        return self._config
