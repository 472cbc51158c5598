"""The `DownloadBundle` event: a revision's bundle, fetched, unpacked and found fit to install."""

from agent.archive import unpack
from agent.bundles import fetch
from agent.hooks import Place
from agent.interruption import Check, go_on
from agent.invocation import CannotRun, locate
from agent.layout import DeploymentDirectory
from agent.retention import prune
from agent.revisions import read_appspec
from codedeploy.appspec import ServerAppSpec
from codedeploy.commands import LifecycleCommand
from codedeploy.document import did_you_mean
from codedeploy.errors import InvalidRevision
from codedeploy.lifecycle import ScriptSource


def download_bundle(
    command: LifecycleCommand, place: Place, check: Check = go_on
) -> tuple[str, ...]:
    """Bring the command's revision to its archive directory; a second call does it anew.

    Returns what its AppSpec says in vain, a sentence each.

    Raises:
        RollwayError: The bundle cannot be had, is not what was pinned, or lacks files it names.
        Interrupted: `check` says so; what came from afar is kept for the next time.
    """
    layout, custom_events = place.layout, place.custom_events
    deployment = layout.deployment(command.deployment_id)
    prune(layout, command.deployment_group_id, running=command.deployment_id)
    bundle = fetch(command.revision, cache=layout.bundles, check=check)
    form = command.revision.bundle_type
    unpack(bundle, form, deployment.archive, limits=place.unpack_limits, check=check)
    filename = command.revision.appspec_filename
    appspec = read_appspec(deployment.archive, filename, custom_events=custom_events)
    _check_system(appspec)
    _check_scripts(appspec, deployment)
    _check_custom_events(appspec, custom_events)
    layout.group(command.deployment_group_id).point(ScriptSource.MOST_RECENT, command.deployment_id)
    return tuple(f"AppSpec {warning}" for warning in appspec.warnings)


def _check_system(appspec: ServerAppSpec) -> None:
    if appspec.os != "linux":
        raise InvalidRevision(
            f"The AppSpec says os: {appspec.os}, and this host runs linux. "
            "Deploy to hosts of that system, or correct the AppSpec."
        )


def _check_scripts(appspec: ServerAppSpec, deployment: DeploymentDirectory) -> None:
    """Refuse a revision that lacks scripts, before anything of it is installed.

    Differs from AWS: CodeDeploy's agent finds a missing script when its event comes, on a host
    that is already half changed.
    """
    missing = []
    for event, scripts in appspec.all_hooks.items():
        for script in scripts:
            try:
                locate(deployment.archive, script.location)
            except CannotRun as error:
                missing.append(f"{script.location} ({event}) {error.phrase}")
    if missing:
        raise InvalidRevision("The revision cannot run its hooks: " + " ".join(missing))


def _check_custom_events(appspec: ServerAppSpec, custom_events: tuple[str, ...]) -> None:
    """Refuse a custom event that would do nothing, because its name is probably a slip.

    Differs from AWS: `codedeploy-local` runs nothing for it, and succeeds.
    """
    for event in custom_events:
        if not appspec.scripts(event):
            raise InvalidRevision(
                f"The AppSpec's hooks have no scripts for the event {event}"
                f"{did_you_mean(event, appspec.all_hooks)}"
            )
