"""AppSpec files for Lambda functions.

Source: CodeDeploy User Guide, AppSpec file structure for AWS Lambda deployments.
"""

from codedeploy.appspec.functions import (
    ROOT_KEYS,
    FunctionHooks,
    ResourceKind,
    function_hooks,
    function_name,
    properties_of,
    section_of,
    whole_number,
)
from codedeploy.appspec.section import Section, check_version
from codedeploy.document import Findings, read_one
from codedeploy.lifecycle import LAMBDA_HOOKS
from codedeploy.wire import Model

_FUNCTION = ResourceKind(
    type="AWS::Lambda::Function",
    name=None,
    properties=("Name", "Alias", "CurrentVersion", "TargetVersion"),
)
_HIGHEST_VERSION = 10**15


class LambdaAppSpec(Model):
    """Which version of a function an alias is moved to.

    Attributes:
        function_name: A name or ARN.
        current_version: What the alias must point to now.
        hooks: The function that validates before, and after, traffic moves.
        warnings: What the file says in vain, a sentence each.
    """

    function_name: str
    alias: str
    current_version: int
    target_version: int
    hooks: FunctionHooks = {}
    warnings: tuple[str, ...] = ()


def parse_lambda(text: str, *, filename: str = "appspec.yml") -> LambdaAppSpec:
    """Return the AppSpec file for a Lambda function that `text` is.

    Raises:
        ManifestInvalid: With everything that is wrong in it.
    """
    findings = Findings(filename)
    root = section_of(read_one(text, findings), findings, ROOT_KEYS)
    appspec = findings.settle(None if root is None else _read(root))
    return appspec.model_copy(update={"warnings": findings.warnings})


def _read(root: Section) -> LambdaAppSpec | None:
    check_version(root)
    hooks = function_hooks(root, LAMBDA_HOOKS)
    properties = properties_of(root, _FUNCTION)
    if properties is None:
        return None
    return LambdaAppSpec(
        function_name=_function_name(properties),
        alias=properties.required_text("Alias"),
        current_version=_version(properties, "CurrentVersion"),
        target_version=_version(properties, "TargetVersion"),
        hooks=hooks,
    )


def _function_name(properties: Section) -> str:
    entry = properties.require("Name")
    return "" if entry is None else function_name(entry, properties.findings)


def _version(properties: Section, key: str) -> int:
    entry = properties.require(key)
    if entry is None:
        return -1
    return whole_number(entry, properties.findings, at_least=1, at_most=_HIGHEST_VERSION)
