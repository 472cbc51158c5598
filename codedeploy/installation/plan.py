"""The decisions of an install: what is made, replaced, kept, put back and removed."""

from collections import defaultdict
from collections.abc import Mapping

from codedeploy.appspec import FileExistsBehavior, ServerAppSpec
from codedeploy.installation.operations import (
    Claim,
    Entry,
    InstallPlan,
    Kind,
    MakeDirectory,
    Operation,
    Owned,
    Place,
    Site,
)
from codedeploy.installation.permissions import Grants
from codedeploy.installation.placement import Placement, parent, place
from codedeploy.installation.previous import Departure, Held, held_by
from codedeploy.installation.ways import Ways


def plan_install(
    listing: Mapping[str, Entry],
    appspec: ServerAppSpec,
    *,
    file_exists_behavior: FileExistsBehavior,
    site: Site,
) -> InstallPlan:
    """Decide everything an install does before it does anything.

    Differs from AWS: the previous revision is removed only once nothing stands in the way of the
    new one, and as part of the same plan.

    Args:
        listing: Members of the unpacked revision by relative path, directories included.
        appspec: Its own `file_exists_behavior` wins over the deployment's.
        file_exists_behavior: The deployment's.
        site: The host, and what the group owns there.
    """
    placements = place(listing, appspec.files)
    old_ways = Ways(site.host, {*site.followed, *placements.destinations})
    ways = Ways(site.host, placements.destinations)
    held = held_by(site, old_ways)
    behavior = appspec.file_exists_behavior or file_exists_behavior
    decisions = _Decisions(site, held, behavior, ways=ways)
    decisions.settle_all(placements.at)
    departure = Departure(site, held, decisions.owned)
    grants = _granted(decisions, appspec, site)
    return InstallPlan(
        operations=(*departure.operations, *grants.operations),
        owned=decisions.owned,
        taken=_taken(site, decisions.owned),
        followed=sorted(old_ways.followed | ways.followed),
        problems=(
            *placements.problems,
            *decisions.problems,
            *departure.problems,
            *grants.problems,
        ),
        warnings=(*decisions.warnings, *departure.warnings, *grants.warnings),
    )


def _granted(decisions: "_Decisions", appspec: ServerAppSpec, site: Site) -> Grants:
    """Grant the permissions of an AppSpec to what is created; remember who gets a label."""
    grants = Grants(decisions.creations, site.host)
    for permission in appspec.permissions:
        grants.grant(permission)
    for each in grants.operations:
        if isinstance(each, MakeDirectory) and each.access.context is not None:
            decisions.owned[each.path] = Owned(Kind.DIRECTORY, is_labelled=True)
    return grants


def _taken(site: Site, owned: Mapping[str, Owned]) -> dict[str, list[str]]:
    """Return the paths that become the group's and were another's, by the other's install.

    A claim on a file is not met by a directory, nor the other way round: it waits.
    """
    taken: dict[str, list[str]] = defaultdict(list)
    for path, mine in owned.items():
        claim = site.claims.get(path)
        if claim is not None and claim.owned.is_directory == mine.is_directory:
            taken[claim.install].append(path)
    return taken


class _Decisions:
    """Settles one destination after the other, parents first."""

    def __init__(
        self, site: Site, held: Mapping[str, Held], behavior: FileExistsBehavior, *, ways: Ways
    ) -> None:
        self.creations: list[Operation] = []
        self.owned: dict[str, Owned] = {}
        self.problems: list[str] = []
        self.warnings: list[str] = []
        self._site = site
        self._host = site.host
        self._behavior = behavior
        self._ways = ways
        self._held = held
        self._fresh: set[str] = set()
        originals = (each.original for each in site.owned.values())
        self._last_original = max((number for number in originals if number), default=0)

    def settle_all(self, placements: Mapping[str, Placement]) -> None:
        """Decide what happens at all destinations, by their paths."""
        for path, placement in sorted(placements.items()):
            if placement.is_directory:
                self._settle_directory(path, placement)
            else:
                self._settle_leaf(path, placement)

    def _settle_directory(self, path: str, placement: Placement) -> None:
        held = self._held.get(path)
        if held is not None and held.is_directory:
            self.owned[path] = Owned(Kind.DIRECTORY)
            is_labelled = held.owned.is_labelled
            self.creations.append(
                MakeDirectory(path, placement.entry, exists=True, is_labelled=is_labelled)
            )
        elif held is not None and held.owned.original is not None:
            self.problems.append(
                f"{path} has to be a directory but was a file before this deployment group came, "
                "and is to be one again after it; change the destination."
            )
        elif held is not None and held.now is not None and self._site.is_changed(path):
            self.problems.append(
                f"{path} has to be a directory but is a {held.now} that was changed on this host "
                "after it had been installed; move it away or change the destination."
            )
        elif held is not None or self._now(path) is None:
            self._fresh.add(path)
            self.creations.append(MakeDirectory(path, placement.entry))
            self.owned[path] = Owned(Kind.DIRECTORY)
        elif not self._ways.is_open(path):
            self._fresh.add(path)  # One problem is enough: nothing below is looked at.
            self.problems.append(
                f"{path} has to be a directory but is a link on this host, and no link below a "
                "destination is followed; remove it, or name it as a destination in the AppSpec."
            )
        elif self._host.kind(path, follow=True) is not Kind.DIRECTORY:
            self.problems.append(
                f"{path} has to be a directory but is a {self._now(path)} that this deployment "
                "group did not put there; remove it or change the destination."
            )

    def _settle_leaf(self, path: str, placement: Placement) -> None:
        held = self._held.get(path)
        now = held.now if held else self._now(path)
        # A directory of the group's is removed beforehand.
        is_free = held.is_directory if held else now is None
        if is_free:
            self._place(path, placement)
        elif held is not None and not (held.owned.is_left and now):
            self._renew(path, placement, held)
        elif now in (Kind.DIRECTORY, Kind.OTHER):
            what = "a directory" if now is Kind.DIRECTORY else "a device, socket or pipe"
            self.problems.append(
                f"{path} is {what} on this host, where {placement.source!r} of the revision "
                "should go; remove it or change the destination."
            )
        else:
            self._meet_stranger(path, placement, is_left=held is not None)

    def _meet_stranger(self, path: str, placement: Placement, *, is_left: bool) -> None:
        """Do with a file that is not the group's what `file_exists_behavior` says.

        One that was the group's and `is_left` to somebody makes way for the group again.
        """
        if self._behavior is FileExistsBehavior.DISALLOW and not is_left:
            self.problems.append(
                f"{path} already exists on this host and {self._whose(path)}; "
                "remove it, or set file_exists_behavior to OVERWRITE or RETAIN."
            )
        elif self._behavior is not FileExistsBehavior.RETAIN:
            self._overwrite(path, placement)

    def _whose(self, path: str) -> str:
        claim = self._site.claims.get(path)
        if claim is None or claim.owned.is_left:
            return "was not put there by this deployment group"
        return f"belongs to deployment group {claim.group}"

    def _overwrite(self, path: str, placement: Placement) -> None:
        """Replace a file: one of another group for good, any other until its path is free again."""
        claim = self._site.claim_met_at(path)
        if claim is not None:
            self.warnings.append(f"{path} was taken over from deployment group {claim.group}.")
            self._take_over(path, placement, claim, replaces=True)
            return
        number = self._own_anew(path, placement, has_original=True)
        self.creations.append(
            Place(path, placement.source or "", placement.entry, replaces=True, original=number)
        )

    def _take_over(self, path: str, placement: Placement, claim: Claim, *, replaces: bool) -> None:
        """Have another group's path, and put back in the end what stood there before that group."""
        number = self._own_anew(path, placement, has_original=bool(claim.original_at))
        self.creations.append(
            Place(
                path,
                placement.source or "",
                placement.entry,
                replaces=replaces,
                original=number,
                original_at=claim.original_at,
            )
        )

    def _renew(self, path: str, placement: Placement, held: Held) -> None:
        self.owned[path] = _owned(placement, held.owned.original)
        replaces = held.now is not None
        self.creations.append(
            Place(path, placement.source or "", placement.entry, replaces=replaces)
        )

    def _place(self, path: str, placement: Placement) -> None:
        claim = self._site.claims.get(path)
        if claim is not None and not claim.owned.is_directory:
            self._take_over(path, placement, claim, replaces=False)
            return
        self.owned[path] = _owned(placement, None)
        is_unseen = parent(path) in self._fresh
        source = placement.source or ""
        self.creations.append(Place(path, source, placement.entry, is_unseen=is_unseen))

    def _own_anew(self, path: str, placement: Placement, *, has_original: bool) -> int | None:
        """Own a path, and return the number for its original, if it has one."""
        self._last_original += has_original
        number = self._last_original if has_original else None
        self.owned[path] = _owned(placement, number)
        return number

    def _now(self, path: str) -> Kind | None:
        """Return what stands at a destination; below a directory yet to be made, nothing."""
        return None if parent(path) in self._fresh else self._host.kind(path)


def _owned(placement: Placement, original: int | None) -> Owned:
    """Return what the group owns with a file or link; a file's is known once it is there."""
    entry = placement.entry
    return Owned(entry.kind, original, entry.target if entry.kind is Kind.SYMLINK else None)
