"""AppSpec files: what a revision wants done, on each of the three platforms.

Source: CodeDeploy User Guide, AppSpec file reference.
"""

from codedeploy.application import ComputePlatform
from codedeploy.appspec.ecs import (
    AssignPublicIp,
    AwsvpcConfiguration,
    CapacityProvider,
    EcsAppSpec,
    parse_ecs,
)
from codedeploy.appspec.hooks import Script, readings
from codedeploy.appspec.lambda_ import LambdaAppSpec, parse_lambda
from codedeploy.appspec.permissions import Permission, PermissionType, SelinuxContext
from codedeploy.appspec.server import (
    MOST_BYTES,
    FileExistsBehavior,
    FileMapping,
    ServerAppSpec,
    parse_server,
)

__all__ = [
    "MOST_BYTES",
    "AppSpec",
    "AssignPublicIp",
    "AwsvpcConfiguration",
    "CapacityProvider",
    "EcsAppSpec",
    "FileExistsBehavior",
    "FileMapping",
    "LambdaAppSpec",
    "Permission",
    "PermissionType",
    "Script",
    "SelinuxContext",
    "ServerAppSpec",
    "parse",
    "parse_ecs",
    "parse_lambda",
    "parse_server",
    "readings",
]

AppSpec = ServerAppSpec | LambdaAppSpec | EcsAppSpec


def parse(text: str, platform: ComputePlatform, *, filename: str = "appspec.yml") -> AppSpec:
    """Return the AppSpec file that `text` is, read by the rules of `platform`.

    Raises:
        ManifestInvalid: With everything that is wrong in it.
    """
    match platform:
        case ComputePlatform.SERVER:
            return parse_server(text, filename=filename)
        case ComputePlatform.LAMBDA:
            return parse_lambda(text, filename=filename)
        case ComputePlatform.ECS:
            return parse_ecs(text, filename=filename)
