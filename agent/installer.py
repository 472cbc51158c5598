"""The `Install` event: a revision's files on the host, as a transaction."""

import secrets
from collections.abc import Sequence
from pathlib import Path

from agent.host_files import HostFiles, read_revision
from agent.interruption import Check, Interrupted, go_on
from agent.neighbourhood import Neighbourhood
from agent.ownership import RECORD, Ownership
from agent.transaction import Step, Transaction
from codedeploy.appspec import FileExistsBehavior, ServerAppSpec
from codedeploy.errors import RollwayError
from codedeploy.installation import InstallPlan, Site, plan_install

_SHOWN_PROBLEMS = 50
# What a record may raise that somebody damaged: no JSON, or JSON of another shape.
_UNREADABLE = (OSError, ValueError, LookupError, TypeError, AttributeError)


class InstallFailed(RollwayError):
    """An install did not happen; the host is as it was before.

    Attributes:
        problems: One sentence each.
    """

    def __init__(self, summary: str, problems: Sequence[str]) -> None:
        shown = [f"  - {problem}" for problem in problems[:_SHOWN_PROBLEMS]]
        if len(problems) > _SHOWN_PROBLEMS:
            shown.append(f"  - and {len(problems) - _SHOWN_PROBLEMS} more.")
        super().__init__("\n".join([summary, *shown]))
        self.problems = tuple(problems)


def _no_step() -> None:
    pass


class Installer:
    """Installs the revisions of one deployment group on this host.

    Args:
        state: The group's own directory.
        destination_root: Goes before every destination, so that several agents can share a machine.
        step: Called before every change on disk.
        check: Asked before every change of an install.
    """

    def __init__(
        self,
        state: Path,
        destination_root: Path = Path("/"),
        *,
        step: Step = _no_step,
        check: Check = go_on,
    ) -> None:
        self._state = state
        self._host = HostFiles(destination_root)
        self._transaction = Transaction(state, self._host, step, check=check)

    def recover(self) -> None:
        """Finish or take back an install that was interrupted; without one, do nothing.

        Raises:
            InstallFailed: The disk does not allow it; a later call tries again.
        """
        try:
            self._transaction.recover()
        except Exception as error:
            # Any: whatever kept it from ending must not keep its reason from being told.
            advice = f"What was replaced is safe in {self._state}; remove the cause and try again."
            raise InstallFailed(
                "An interrupted install could not be put in order:", [_said(error), advice]
            ) from error

    def install(
        self,
        archive: Path,
        appspec: ServerAppSpec,
        *,
        deployment_id: str,
        file_exists_behavior: FileExistsBehavior,
    ) -> tuple[str, ...]:
        """Replace what the group has on this host by a revision's files.

        A second call for the same deployment does nothing.

        Returns:
            Warnings for the person who wrote the AppSpec.

        Raises:
            InstallFailed: Something stood in the way; the host is as it was before.
            Interrupted: `check` says so; the host is as it was before.
        """
        self.recover()
        neighbourhood = self._neighbourhood()
        self._check_root(neighbourhood.own)
        if neighbourhood.own.deployment_id == deployment_id:
            return ()
        site = neighbourhood.site(self._host)
        plan = _plan(archive, appspec, file_exists_behavior=file_exists_behavior, site=site)
        committed = Ownership(
            deployment_id,
            secrets.token_hex(4),
            self._host.root,
            plan.owned,
            neighbourhood.takeovers(plan.taken),
            plan.followed,
        )
        self._carry_out(plan, archive, committed, neighbourhood)
        return plan.warnings

    def _neighbourhood(self) -> Neighbourhood:
        try:
            return Neighbourhood(self._state, self._host.root)
        except _UNREADABLE as error:
            raise InstallFailed(
                f"Nothing was changed; a record of what is installed on this host, {RECORD} in "
                f"{self._state} or beside it, cannot be read; restore it from a backup:",
                [_said(error)],
            ) from error

    def _check_root(self, ownership: Ownership) -> None:
        """Refuse to take the files below one destination root for those below another."""
        before, now = ownership.destination_root, self._host.root
        if ownership.paths and before != now:
            raise InstallFailed(
                "Nothing was changed; this deployment group is installed in another place:",
                [
                    f"its files are below {before}, and this install is for {now}. Deploy with "
                    f"--destination-root {before}, or give {now} a --root of its own; to leave "
                    f"what is below {before} to itself, remove {self._state}."
                ],
            )

    def _carry_out(
        self,
        plan: InstallPlan,
        archive: Path,
        committed: Ownership,
        neighbourhood: Neighbourhood,
    ) -> None:
        try:
            neighbourhood.note_what_scripts_changed(self._host)
            ownership = self._transaction.run(plan, archive, committed)
            self._transaction.clear_up(ownership)
        except Interrupted:
            self.recover()
            raise
        except Exception as error:
            # Any, also one that nobody thought of: half a release must not stay.
            self.recover()
            if self._transaction.ownership().token != committed.token:
                raise InstallFailed(
                    "The install failed and everything was put back:", [_said(error)]
                ) from error


def _said(error: Exception) -> str:
    """Return an error in words; those of an unexpected one mean little without its name."""
    return str(error) if isinstance(error, OSError) else f"{type(error).__name__}: {error}"


def _plan(
    archive: Path,
    appspec: ServerAppSpec,
    *,
    file_exists_behavior: FileExistsBehavior,
    site: Site,
) -> InstallPlan:
    if appspec.os != "linux":
        raise InstallFailed(
            "Nothing was changed:", [f"the AppSpec is for {appspec.os}, not Linux."]
        )
    try:
        plan = plan_install(
            read_revision(archive),
            appspec,
            file_exists_behavior=file_exists_behavior,
            site=site,
        )
    except OSError as error:
        raise InstallFailed("Nothing was changed; a file cannot be read:", [str(error)]) from error
    if plan.problems:
        raise InstallFailed("Nothing was changed; in the way of the install:", plan.problems)
    return plan
