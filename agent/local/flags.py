"""The flags of `rollway-agent local`: those of `codedeploy-local`, and two of our own.

Source: CodeDeploy User Guide, Use the CodeDeploy agent to validate a deployment package on a local
machine.
"""

import argparse

from agent.local.order import DEFAULT_EVENTS
from codedeploy.appspec import FileExistsBehavior
from codedeploy.revision import BundleType

DEFAULT_GROUP = "default-local-deployment-group"
DEFAULT_GROUP_NAME = "LocalFleet"
DEFAULT_APPSPEC = "appspec.yml"

_TYPES = (BundleType.DIRECTORY, BundleType.ZIP, BundleType.TAR, BundleType.TGZ)


def add_local_flags(parser: argparse.ArgumentParser) -> None:
    """Add what `local_settings_of` wants to know."""
    _add_bundle_flags(parser)
    _add_naming_flags(parser)
    parser.add_argument(
        "-c",
        "--agent-configuration-file",
        metavar="FILE",
        help="a codedeployagent.yml, of which :root_dir: counts",
    )
    parser.add_argument(
        "--root", metavar="DIR", help="where the agent keeps what it knows; wins over the others"
    )
    parser.add_argument(
        "--destination-root",
        metavar="DIR",
        help="goes before every destination of the AppSpec (default: /)",
    )


def _add_bundle_flags(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "-l",
        "--bundle-location",
        default=".",
        metavar="LOCATION",
        help="a directory or archive on this host, s3://BUCKET/KEY[?versionId=...&etag=...], "
        "https://HOST/PATH or github:OWNER/REPOSITORY@COMMIT (default: the current directory)",
    )
    parser.add_argument(
        "-t",
        "--type",
        choices=[each.value for each in _TYPES],
        help="what the bundle is (default: directory; if it is not on this host, what its name "
        "ends in)",
    )
    parser.add_argument(
        "-b",
        "--file-exists-behavior",
        type=str.upper,
        choices=[each.value for each in FileExistsBehavior],
        default=FileExistsBehavior.DISALLOW.value,
        help="what to do with files that are there and not the group's (default: DISALLOW)",
    )
    parser.add_argument(
        "-A",
        "--appspec-filename",
        default=DEFAULT_APPSPEC,
        metavar="NAME",
        help=f"the AppSpec file at the bundle's root (default: {DEFAULT_APPSPEC})",
    )


def _add_naming_flags(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "-e",
        "--events",
        metavar="EVENT,...",
        help="run these, in this order, besides DownloadBundle and Install; names that are none of "
        f"CodeDeploy's are custom events (default: {','.join(DEFAULT_EVENTS)})",
    )
    parser.add_argument(
        "-g",
        "--deployment-group",
        default=DEFAULT_GROUP,
        metavar="ID",
        help=f"whose files are replaced (default: {DEFAULT_GROUP})",
    )
    parser.add_argument(
        "-d",
        "--deployment-group-name",
        default=DEFAULT_GROUP_NAME,
        metavar="NAME",
        help=f"what scripts find in DEPLOYMENT_GROUP_NAME (default: {DEFAULT_GROUP_NAME})",
    )
    parser.add_argument(
        "-a",
        "--application-name",
        metavar="NAME",
        help="what scripts find in APPLICATION_NAME (default: the bundle's location)",
    )
