"""What a deployment does differently on each platform: its course."""

from typing import Any, Generic, Protocol, TypeVar

from codedeploy.deployment import DeploymentOutcome

P = TypeVar("P")


class Course(Protocol, Generic[P]):
    """One deployment on its way, on one platform; `P` is its kind of plan."""

    async def make_plan(self) -> P:
        """Return what it is going to do; the target is not changed."""

    async def run(self, plan: P) -> None:
        """Carry the plan out.

        Raises:
            DeploymentFailure: It did not succeed.
            ActivityError: It could not go on.
        """

    def face(self, *, is_final: bool) -> dict[str, Any]:
        """Return the members of `DeploymentInfo` that change while it runs."""

    @property
    def touched(self) -> dict[str, bool]:
        """What another deployment must take back, and whether each is in service."""

    def completed(self, outcome: DeploymentOutcome) -> DeploymentOutcome:
        """Return `outcome` with what became of the targets."""
