"""A Lambda alias that a deployment moves from one version of its function to another.

Source: CodeDeploy User Guide, Deployments on an AWS Lambda compute platform; Lambda API Reference,
AliasRoutingConfiguration.
"""

from typing import NoReturn

from codedeploy.appspec import LambdaAppSpec
from codedeploy.errors import DeploymentFailure, ErrorCode
from codedeploy.wire import Model


class AliasQuestion(Model):
    """What must be known before an alias is moved: the alias, and whether the versions exist."""

    function_name: str
    alias: str
    versions: tuple[int, ...] = ()
    role_arn: str | None = None


class AliasState(Model):
    """Where an alias points now.

    Attributes:
        version: What gets the traffic that `weights` leaves; `$LATEST` is possible.
        weights: The part that each additional version gets that gets any: more than 0, at most 1.
        missing_versions: Of those asked for, the ones that do not exist.
    """

    function_name: str
    alias: str
    version: str
    weights: dict[str, float] = {}
    missing_versions: tuple[int, ...] = ()

    @property
    def shares(self) -> dict[str, float]:
        """The part, 0 to 1, of every version that gets any traffic."""
        rest = 1 - sum(self.weights.values())
        return {self.version: rest} | self.weights


class AliasRoute(Model):
    """How an alias is to divide its traffic.

    Attributes:
        target_percent: What `target` gets; `original` gets the rest.
    """

    function_name: str
    alias: str
    original: int
    target: int
    target_percent: int
    role_arn: str | None = None

    @property
    def version(self) -> str:
        """The version that the alias itself names."""
        return str(self.target if self.target_percent == 100 else self.original)

    @property
    def weights(self) -> dict[str, float]:
        """The part, 0 to 1, of the version beside it."""
        if self.target_percent in (0, 100):
            return {}
        return {str(self.target): self.target_percent / 100}

    def is_reached_in(self, state: AliasState) -> bool:
        """Whether the alias already divides its traffic like this."""
        return state.version == self.version and state.weights == self.weights

    def is_foreign(self, state: AliasState) -> bool:
        """Whether somebody else has moved the alias: it names a version that is not ours."""
        ours = {str(self.original), str(self.target)}
        return not {state.version, *state.weights} <= ours


def is_no_op(appspec: LambdaAppSpec, state: AliasState) -> bool:
    """Whether the alias gives everything to the target version already."""
    return state.version == str(appspec.target_version) and not state.weights


def check_alias(
    appspec: LambdaAppSpec, state: AliasState, *, takes_current_as_found: bool = False
) -> None:
    """Accept an alias that can be moved as the AppSpec file says.

    Args:
        appspec: What the deployment wants.
        state: Where the alias points.
        takes_current_as_found: CurrentVersion is not compared: going back to a revision, whatever
            the alias points to.

    Raises:
        DeploymentFailure: INVALID_LAMBDA_FUNCTION, a version does not exist;
            INVALID_LAMBDA_CONFIGURATION, the alias is not where the file says it is, or not on one
            published version.
    """
    if state.missing_versions:
        missing = ", ".join(map(str, state.missing_versions))
        raise DeploymentFailure(
            ErrorCode.INVALID_LAMBDA_FUNCTION,
            f"{state.function_name} has no version {missing}, which the AppSpec file names. "
            "Publish it (aws lambda publish-version), or correct the file.",
        )
    _check_one_version(state)
    if takes_current_as_found or is_no_op(appspec, state):
        return
    if state.version != str(appspec.current_version):
        _refuse(
            f"{_named(state)} points to version {state.version}: expected CurrentVersion "
            f"{appspec.current_version} of the AppSpec file. Correct CurrentVersion, or find out "
            "who moved the alias."
        )


def _check_one_version(state: AliasState) -> None:
    """Accept an alias that gives everything to one published version."""
    point = (
        "aws lambda update-alias --function-name "
        f"{state.function_name} --name {state.alias} --function-version"
    )
    if state.weights:
        _refuse(
            f"{_named(state)} divides its traffic already: expected one version, found "
            f"{_divided(state)}. Give it to one version first: {point} {state.version} "
            "--routing-config AdditionalVersionWeights={}"
        )
    if not state.version.isdecimal():
        _refuse(
            f"{_named(state)} points to {state.version}: expected a published version, the only "
            f"thing that Lambda divides traffic between. Point it to one first: {point} VERSION"
        )


def _refuse(message: str) -> NoReturn:
    raise DeploymentFailure(ErrorCode.INVALID_LAMBDA_CONFIGURATION, message)


def _named(state: AliasState) -> str:
    return f"{state.function_name}:{state.alias}"


def _divided(state: AliasState) -> str:
    return ", ".join(f"{100 * part:.0f}% to {version}" for version, part in state.shares.items())
