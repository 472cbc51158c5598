"""The environment of a script: what is documented, what the manifest adds, and nothing else."""

import re
from collections.abc import Mapping
from pwd import struct_passwd

from codedeploy.commands import LifecycleCommand
from codedeploy.revision import Revision

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

_ALWAYS = (
    "LIFECYCLE_EVENT",
    "DEPLOYMENT_ID",
    "APPLICATION_NAME",
    "DEPLOYMENT_GROUP_NAME",
    "DEPLOYMENT_GROUP_ID",
)
_OF_BUNDLE = ("BUNDLE_BUCKET", "BUNDLE_KEY", "BUNDLE_VERSION", "BUNDLE_ETAG", "BUNDLE_COMMIT")
FAILED_EVENT = "FAILED_LIFECYCLE_EVENT"
DOCUMENTED = frozenset((*_ALWAYS, *_OF_BUNDLE, FAILED_EVENT))

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_HIJACKS = re.compile(
    r"PATH|LD_.*|DYLD_.*|GLIBC_TUNABLES|GCONV_PATH|ENV|BASH_ENV|BASH_FUNC_.*|SHELLOPTS|BASHOPTS|IFS|"
    r"PS4|rollway_.*"
)


def refused_variable(name: str) -> str | None:
    """Return why a manifest may not set the variable `name`; None if it may.

    Differs from AWS: CodeDeploy has no such variables. These would decide what the agent itself
    executes, often as root, before the script is reached.
    """
    if not _NAME.fullmatch(name):
        return f"{name!r} is no name of a variable"
    if name in DOCUMENTED:
        return f"{name} is set by the agent"
    if _HIJACKS.fullmatch(name):
        return f"{name} would change which programs run; set it with the agent's --env instead"
    return None


def documented_variables(command: LifecycleCommand, event: str) -> dict[str, str]:
    """Return the variables that CodeDeploy documents for hook scripts.

    Source: CodeDeploy User Guide, Environment variable availability for hooks.
    """
    values = (
        str(event),
        command.deployment_id,
        command.application_name,
        command.deployment_group_name,
        command.deployment_group_id,
    )
    return dict(zip(_ALWAYS, values, strict=True)) | _bundle_variables(command.revision.revision)


def _bundle_variables(revision: Revision) -> dict[str, str]:
    if revision.s3_location is not None:
        location = revision.s3_location
        values = (location.bucket, location.key, location.version, location.e_tag)
        pairs = zip(_OF_BUNDLE, values, strict=False)
        return {name: value for name, value in pairs if value is not None}
    if revision.git_hub_location is not None:
        return {"BUNDLE_COMMIT": revision.git_hub_location.commit_id}
    return {}


def script_environment(
    command: LifecycleCommand,
    event: str,
    *,
    user: struct_passwd,
    host: Mapping[str, str],
) -> dict[str, str]:
    """Return the whole environment of a script that runs as `user`.

    Args:
        command: Whose manifest's variables are given; refused ones are left out.
        event: The event that runs the script.
        user: Whom the script runs as.
        host: The host's own variables, which win over the manifest's.
    """
    basics = {
        "PATH": PATH,
        "HOME": user.pw_dir,
        "USER": user.pw_name,
        "LOGNAME": user.pw_name,
        "SHELL": user.pw_shell or "/bin/sh",
        "LANG": "C.UTF-8",
    }
    manifest = {
        name: value
        for name, value in command.environment.items()
        if refused_variable(name) is None and "\0" not in value
    }
    return basics | manifest | dict(host) | documented_variables(command, event)


def warnings(command: LifecycleCommand) -> list[str]:
    """Return a sentence for each variable of the manifest that scripts will not get."""
    refusals = map(refused_variable, sorted(command.environment))
    return [f"not set: {refusal}" for refusal in refusals if refusal is not None]
