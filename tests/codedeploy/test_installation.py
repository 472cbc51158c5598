from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

import pytest

from codedeploy.appspec import (
    FileExistsBehavior,
    FileMapping,
    Permission,
    SelinuxContext,
    ServerAppSpec,
)
from codedeploy.installation import (
    Access,
    Claim,
    Entry,
    InstallPlan,
    Kind,
    MakeDirectory,
    Owned,
    Place,
    PutBack,
    Remove,
    RemoveDirectory,
    Site,
    plan_install,
)

FILE = Entry(Kind.FILE)
SCRIPT = Entry(Kind.FILE, mode=0o755)
DIRECTORY = Entry(Kind.DIRECTORY, mode=0o755)
LINK = Entry(Kind.SYMLINK, mode=0o777, target="elsewhere")
DISALLOW = FileExistsBehavior.DISALLOW
OWNED_FILE = Owned(Kind.FILE, content="1")
OVER_ORIGINAL = Owned(Kind.FILE, 3, "1")
LEFT_FILE = Owned(Kind.FILE)
OWNED_DIRECTORY = Owned(Kind.DIRECTORY)


@dataclass
class MemoryHost:
    """A host of names and kinds only."""

    kinds: Mapping[str, Kind] = field(default_factory=dict)
    behind_links: Mapping[str, Kind] = field(default_factory=dict)
    changed: Collection[str] = ()
    users: Sequence[str] = ("www",)

    def kind(self, path: str, *, follow: bool = False) -> Kind | None:
        if path in ("/", "/srv"):
            return Kind.DIRECTORY
        found = self.kinds.get(path)
        return self.behind_links.get(path) if follow and found is Kind.SYMLINK else found

    def names(self, directory: str) -> Sequence[str]:
        below = [path for path in self.kinds if path.startswith(f"{directory}/")]
        return sorted({path[len(directory) + 1 :].split("/")[0] for path in below})

    def is_as_put(self, path: str, owned: Owned, *, settled_ns: int) -> bool:
        return path not in self.changed

    def objections(self, permission: Permission) -> Sequence[str]:
        unknown = permission.owner is not None and permission.owner not in self.users
        return [f"no user {permission.owner}"] if unknown else []


def appspec(
    *files: tuple[str, str],
    behavior: FileExistsBehavior | None = None,
    permissions: tuple[Permission, ...] = (),
) -> ServerAppSpec:
    mappings = tuple(FileMapping(source=source, destination=target) for source, target in files)
    return ServerAppSpec(
        os="linux", files=mappings, file_exists_behavior=behavior, permissions=permissions
    )


def planned(
    listing: Mapping[str, Entry],
    spec: ServerAppSpec,
    *,
    host: MemoryHost | None = None,
    owned: Mapping[str, Owned] | None = None,
) -> InstallPlan:
    site = Site(host or MemoryHost(), owned or {})
    return plan_install(listing, spec, file_exists_behavior=DISALLOW, site=site)


def test_a_file_goes_below_its_destination() -> None:
    plan = planned({"conf": DIRECTORY, "conf/a.ini": FILE}, appspec(("conf/a.ini", "/srv/etc")))

    assert plan.operations == (
        MakeDirectory("/srv/etc", DIRECTORY),
        Place("/srv/etc/a.ini", "conf/a.ini", FILE, is_unseen=True),
    )
    assert set(plan.owned) == {"/srv/etc", "/srv/etc/a.ini"}


def test_a_directorys_content_goes_into_its_destination() -> None:
    listing = {"bin": DIRECTORY, "bin/run": SCRIPT, "bin2": DIRECTORY, "bin2/no": FILE}

    plan = planned(listing, appspec(("/bin", "/srv/app/")))

    assert [operation.path for operation in plan.operations] == ["/srv/app", "/srv/app/run"]


def test_a_slash_is_the_whole_revision() -> None:
    plan = planned({"d": DIRECTORY, "d/f": FILE, "l": LINK}, appspec(("/", "/srv/app")))

    assert list(plan.owned) == ["/srv/app", "/srv/app/d", "/srv/app/d/f", "/srv/app/l"]


def test_directories_of_the_host_are_neither_made_nor_owned() -> None:
    host = MemoryHost({"/srv/app": Kind.DIRECTORY})

    plan = planned({"f": FILE}, appspec(("f", "/srv/app")), host=host)

    assert plan.operations == (Place("/srv/app/f", "f", FILE),)
    assert set(plan.owned) == {"/srv/app/f"}


def test_a_hosts_link_to_a_directory_counts_as_that_directory() -> None:
    host = MemoryHost({"/srv/app": Kind.SYMLINK}, behind_links={"/srv/app": Kind.DIRECTORY})

    plan = planned({"f": FILE}, appspec(("f", "/srv/app")), host=host)

    assert plan.operations == (Place("/srv/app/f", "f", FILE),)


@pytest.mark.parametrize(
    ("link", "destination"),
    [
        pytest.param("/srv/app", "/srv/app", id="at"),
        pytest.param("/srv/app", "/srv/app/conf", id="above"),
    ],
)
def test_a_link_that_leads_to_a_destination_is_followed_and_remembered(
    link: str, destination: str
) -> None:
    host = MemoryHost({link: Kind.SYMLINK}, behind_links={link: Kind.DIRECTORY})

    plan = planned({"f": FILE}, appspec(("f", destination)), host=host)

    assert (plan.problems, plan.followed) == ((), [link])


@pytest.mark.parametrize("behavior", FileExistsBehavior)
def test_a_link_below_a_destination_is_a_problem(behavior: FileExistsBehavior) -> None:
    host = MemoryHost(
        {"/srv/d": Kind.SYMLINK, "/srv/d/f": Kind.FILE}, behind_links={"/srv/d": Kind.DIRECTORY}
    )
    listing = {"d": DIRECTORY, "d/f": FILE}

    plan = planned(listing, appspec(("/", "/srv"), behavior=behavior), host=host)

    assert [problem.split(";")[0] for problem in plan.problems] == [
        "/srv/d has to be a directory but is a link on this host, and no link below a "
        "destination is followed"
    ]


def test_a_link_below_one_destination_and_at_another_is_followed() -> None:
    host = MemoryHost({"/srv/d": Kind.SYMLINK}, behind_links={"/srv/d": Kind.DIRECTORY})
    listing = {"d": DIRECTORY, "d/f": FILE, "g": FILE}

    plan = planned(listing, appspec(("/", "/srv"), ("g", "/srv/d")), host=host)

    assert plan.problems == ()


def test_a_missing_source_is_a_problem_that_shows_what_is_there() -> None:
    listing = {"conf": DIRECTORY, "conf/app.yaml": FILE}

    plan = planned(listing, appspec(("conf/app.yml", "/srv")))

    assert plan.problems == (
        "files: source 'conf/app.yml' is not in the revision; conf holds app.yaml. "
        "Correct the AppSpec or add the file.",
    )


def test_a_destination_written_twice_is_a_problem() -> None:
    listing = {"a": DIRECTORY, "a/f": FILE, "f": FILE}

    plan = planned(listing, appspec(("a/f", "/srv"), ("f", "/srv")))

    assert [problem.split(";")[0] for problem in plan.problems] == [
        "/srv/f would be written twice, from 'a/f' and from 'f'"
    ]


def test_what_goes_to_its_destination_twice_goes_there_once() -> None:
    once = planned(LISTING, appspec(("/", "/srv")))

    assert planned(LISTING, appspec(("/", "/srv"), ("bin", "/srv/bin"))) == once


@pytest.mark.parametrize(
    "files",
    [
        pytest.param((("f", "/srv"), ("g", "/srv/f")), id="file first"),
        pytest.param((("g", "/srv/f"), ("f", "/srv")), id="directory first"),
    ],
)
def test_a_destination_below_a_file_is_a_problem(files: tuple[tuple[str, str], ...]) -> None:
    plan = planned({"f": FILE, "g": FILE}, appspec(*files))

    assert len(plan.problems) == 1
    assert plan.problems[0].startswith("/srv/f would be both a copy of 'f' and a directory")


def test_what_cannot_be_copied_is_a_problem() -> None:
    plan = planned({"agent.sock": Entry(Kind.OTHER)}, appspec(("/", "/srv/app")))

    assert plan.problems[0].startswith("'agent.sock' of the revision is a device, socket or pipe")


def test_directories_merge_at_one_destination() -> None:
    listing = {"a": DIRECTORY, "a/x": FILE, "b": DIRECTORY, "b/y": FILE}

    plan = planned(listing, appspec(("a", "/srv/app"), ("b", "/srv/app")))

    assert [operation.path for operation in plan.operations] == [
        "/srv/app",
        "/srv/app/x",
        "/srv/app/y",
    ]


def test_all_problems_are_found_at_once() -> None:
    host = MemoryHost({"/srv/f": Kind.FILE})
    permission = Permission(object="/srv", owner="nobody-here")
    spec = appspec(("f", "/srv"), ("gone", "/srv"), permissions=(permission,))

    plan = planned({"f": FILE}, spec, host=host)

    assert [problem.split(" ")[0] for problem in plan.problems] == [
        "files:",
        "/srv/f",
        "permissions",
    ]


class TestAFileThatIsAlreadyThere:
    HOST = MemoryHost({"/srv/f": Kind.FILE})

    def test_is_a_problem_by_default(self) -> None:
        plan = planned({"f": FILE}, appspec(("f", "/srv")), host=self.HOST)

        assert plan.problems == (
            "/srv/f already exists on this host and was not put there by this deployment group; "
            "remove it, or set file_exists_behavior to OVERWRITE or RETAIN.",
        )

    def test_is_kept_as_an_original_when_overwritten(self) -> None:
        spec = appspec(("f", "/srv"), behavior=FileExistsBehavior.OVERWRITE)

        plan = planned({"f": FILE}, spec, host=self.HOST, owned={"/old": Owned(Kind.FILE, 4)})

        assert plan.operations[-1] == Place("/srv/f", "f", FILE, replaces=True, original=5)
        assert plan.owned["/srv/f"] == Owned(Kind.FILE, 5)

    def test_is_left_alone_and_not_owned_when_retained(self) -> None:
        spec = appspec(("f", "/srv"), behavior=FileExistsBehavior.RETAIN)

        plan = planned({"f": FILE}, spec, host=self.HOST)

        assert (plan.operations, plan.owned, plan.problems) == ((), {}, ())

    def test_is_simply_replaced_when_the_group_put_it_there(self) -> None:
        owned = {"/srv/f": OWNED_FILE}

        plan = planned({"f": FILE}, appspec(("f", "/srv")), host=self.HOST, owned=owned)

        assert plan.operations == (Place("/srv/f", "f", FILE, replaces=True),)

    @pytest.mark.parametrize("behavior", FileExistsBehavior)
    @pytest.mark.parametrize("kind", [Kind.DIRECTORY, Kind.OTHER])
    def test_is_always_a_problem_if_it_is_no_file(
        self, behavior: FileExistsBehavior, kind: Kind
    ) -> None:
        spec = appspec(("f", "/srv"), behavior=behavior)

        plan = planned({"f": FILE}, spec, host=MemoryHost({"/srv/f": kind}))

        assert len(plan.problems) == 1

    def test_is_a_problem_where_a_directory_is_needed(self) -> None:
        plan = planned({"g": FILE}, appspec(("g", "/srv/f")), host=self.HOST)

        assert plan.problems[0].startswith("/srv/f has to be a directory but is a file")


class TestAFileOfAnotherGroup:
    HOST = MemoryHost({"/srv/f": Kind.FILE})
    CLAIM = Claim("shop/api", "their-install", OWNED_FILE)

    def plan(
        self,
        claim: Claim,
        behavior: FileExistsBehavior = FileExistsBehavior.OVERWRITE,
        host: MemoryHost = HOST,
    ) -> InstallPlan:
        site = Site(host, {}, claims={"/srv/f": claim})
        return plan_install(
            {"f": FILE}, appspec(("f", "/srv")), file_exists_behavior=behavior, site=site
        )

    def test_is_a_problem_that_names_the_group(self) -> None:
        plan = self.plan(self.CLAIM, DISALLOW)

        assert "belongs to deployment group shop/api; remove it" in plan.problems[0]

    def test_is_left_alone_when_retained(self) -> None:
        plan = self.plan(self.CLAIM, FileExistsBehavior.RETAIN)

        assert (plan.operations, plan.owned, plan.taken) == ((), {}, {})

    def test_is_taken_over_when_overwritten(self) -> None:
        plan = self.plan(self.CLAIM)

        assert plan.operations == (Place("/srv/f", "f", FILE, replaces=True),)
        assert plan.taken == {"their-install": ["/srv/f"]}

    def test_is_taken_over_with_what_stood_there_first(self) -> None:
        plan = self.plan(replace(self.CLAIM, owned=OVER_ORIGINAL, original_at="/theirs/3"))

        assert plan.operations == (
            Place("/srv/f", "f", FILE, replaces=True, original=1, original_at="/theirs/3"),
        )
        assert plan.owned == {"/srv/f": Owned(Kind.FILE, 1)}

    def test_is_kept_when_it_is_not_as_that_group_put_it_there(self) -> None:
        plan = self.plan(self.CLAIM, host=replace(self.HOST, changed={"/srv/f"}))

        assert plan.operations == (Place("/srv/f", "f", FILE, replaces=True, original=1),)
        assert plan.warnings == ()

    def test_is_no_problem_once_it_is_gone(self) -> None:
        plan = self.plan(self.CLAIM, DISALLOW, MemoryHost())

        assert plan.operations == (Place("/srv/f", "f", FILE),)
        assert plan.taken == {"their-install": ["/srv/f"]}


class TestThePreviousRevision:
    def test_loses_what_the_new_one_lacks_deepest_first(self) -> None:
        host = MemoryHost({"/srv/d": Kind.DIRECTORY, "/srv/d/f": Kind.FILE})
        owned = {"/srv/d": OWNED_DIRECTORY, "/srv/d/f": OWNED_FILE}

        plan = planned({}, appspec(), host=host, owned=owned)

        assert plan.operations == (Remove("/srv/d/f"), RemoveDirectory("/srv/d"))
        assert plan.owned == {}

    def test_keeps_its_directory_while_somebodys_file_is_in_it(self) -> None:
        host = MemoryHost({"/srv/d": Kind.DIRECTORY, "/srv/d/upload": Kind.FILE})
        owned = {"/srv/d": OWNED_DIRECTORY}

        plan = planned({}, appspec(), host=host, owned=owned)

        assert (plan.operations, plan.owned) == ((), owned)

    def test_gives_back_the_file_it_overwrote(self) -> None:
        host = MemoryHost({"/srv/f": Kind.FILE})

        plan = planned({}, appspec(), host=host, owned={"/srv/f": OVER_ORIGINAL})

        assert plan.operations == (PutBack("/srv/f", 3, replaces=True),)
        assert plan.owned == {}

    def test_passes_the_original_on_to_its_successor(self) -> None:
        host = MemoryHost({"/srv/f": Kind.FILE})
        owned = {"/srv/f": OVER_ORIGINAL}

        plan = planned({"f": LINK}, appspec(("f", "/srv")), host=host, owned=owned)

        assert plan.owned == {"/srv/f": Owned(Kind.SYMLINK, 3, "elsewhere")}

    def test_has_lost_what_another_group_took_over(self) -> None:
        host = MemoryHost({"/srv/d": Kind.DIRECTORY, "/srv/d/f": Kind.FILE, "/srv/f": Kind.FILE})
        owned = {"/srv/d": OWNED_DIRECTORY, "/srv/d/f": OWNED_FILE, "/srv/f": OVER_ORIGINAL}
        site = Site(host, owned, taken={"/srv/d", "/srv/f"})

        plan = plan_install({}, appspec(), file_exists_behavior=DISALLOW, site=site)

        assert (plan.operations, plan.owned) == ((), {})

    def test_is_not_looked_for_behind_a_link_that_took_its_directorys_place(self) -> None:
        host = MemoryHost({"/srv/d": Kind.SYMLINK, "/srv/d/f": Kind.FILE})
        owned = {"/srv/d": OWNED_DIRECTORY, "/srv/d/f": OWNED_FILE}

        plan = planned({}, appspec(), host=host, owned=owned)

        assert plan.operations == ()

    def test_gives_nothing_back_behind_a_link_that_took_its_directorys_place(self) -> None:
        host = MemoryHost(
            {"/srv/d": Kind.SYMLINK, "/srv/d/f": Kind.FILE},
            behind_links={"/srv/d": Kind.DIRECTORY},
        )
        owned = {"/srv/d": OWNED_DIRECTORY, "/srv/d/f": OVER_ORIGINAL}

        plan = planned({}, appspec(), host=host, owned=owned)

        assert plan.operations == ()

    @pytest.mark.parametrize("owned", [OWNED_FILE, OVER_ORIGINAL], ids=["ours", "overwritten"])
    def test_is_not_looked_for_behind_a_link_that_took_somebodys_directorys_place(
        self, owned: Owned
    ) -> None:
        host = MemoryHost(
            {"/srv/d": Kind.SYMLINK, "/srv/d/f": Kind.FILE},
            behind_links={"/srv/d": Kind.DIRECTORY},
        )

        plan = planned({}, appspec(), host=host, owned={"/srv/d/f": owned})

        assert plan.operations == ()

    def test_is_reached_through_the_links_through_which_it_came(self) -> None:
        host = MemoryHost(
            {"/srv/d": Kind.SYMLINK, "/srv/d/f": Kind.FILE},
            behind_links={"/srv/d": Kind.DIRECTORY},
        )
        site = Site(host, {"/srv/d/f": OWNED_FILE}, followed=["/srv/d"])

        plan = plan_install({}, appspec(), file_exists_behavior=DISALLOW, site=site)

        assert plan.operations == (Remove("/srv/d/f"),)
        assert plan.followed == ["/srv/d"]

    def test_does_not_own_the_files_behind_a_link_that_took_its_directorys_place(self) -> None:
        host = MemoryHost(
            {"/srv/d": Kind.SYMLINK, "/srv/d/f": Kind.FILE},
            behind_links={"/srv/d": Kind.DIRECTORY},
        )
        owned = {"/srv/d": OWNED_DIRECTORY, "/srv/d/f": OWNED_FILE}

        plan = planned({"f": FILE}, appspec(("f", "/srv/d")), host=host, owned=owned)

        assert plan.problems[0].startswith("/srv/d/f already exists on this host")

    def test_gives_an_original_back_later_if_something_else_is_in_its_place_now(self) -> None:
        owned = {"/srv/f": OVER_ORIGINAL}

        plan = planned({}, appspec(), host=MemoryHost({"/srv/f": Kind.DIRECTORY}), owned=owned)

        assert (plan.operations, plan.owned) == ((), owned)

    def test_keeps_what_came_into_a_directory_that_took_its_files_place(self) -> None:
        host = MemoryHost({"/srv/x": Kind.DIRECTORY, "/srv/x/f": Kind.FILE})
        owned = {"/srv/x": OVER_ORIGINAL, "/srv/x/f": OWNED_FILE}

        plan = planned({}, appspec(), host=host, owned=owned)

        assert plan.operations == (Remove("/srv/x/f"),)
        assert plan.owned == {"/srv/x": OVER_ORIGINAL}

    def test_makes_way_where_its_file_becomes_a_directory(self) -> None:
        host = MemoryHost({"/srv/x": Kind.FILE})

        plan = planned(
            {"f": FILE}, appspec(("f", "/srv/x")), host=host, owned={"/srv/x": OWNED_FILE}
        )

        assert plan.operations == (
            Remove("/srv/x"),
            MakeDirectory("/srv/x", DIRECTORY),
            Place("/srv/x/f", "f", FILE, is_unseen=True),
        )

    def test_makes_way_where_its_directory_becomes_a_file(self) -> None:
        host = MemoryHost({"/srv/x": Kind.DIRECTORY, "/srv/x/f": Kind.FILE})
        owned = {"/srv/x": OWNED_DIRECTORY, "/srv/x/f": OWNED_FILE}

        plan = planned({"x": FILE}, appspec(("x", "/srv")), host=host, owned=owned)

        assert plan.operations == (
            Remove("/srv/x/f"),
            RemoveDirectory("/srv/x"),
            Place("/srv/x", "x", FILE),
        )

    def test_does_not_make_way_while_somebodys_file_is_in_its_directory(self) -> None:
        host = MemoryHost({"/srv/x": Kind.DIRECTORY, "/srv/x/upload": Kind.FILE})

        plan = planned(
            {"x": FILE}, appspec(("x", "/srv")), host=host, owned={"/srv/x": OWNED_DIRECTORY}
        )

        assert plan.problems[0].startswith("/srv/x is a directory with 'upload' in it")

    def test_hands_its_directory_over_with_the_new_mode(self) -> None:
        host = MemoryHost({"/srv/d": Kind.DIRECTORY})
        entry = Entry(Kind.DIRECTORY, mode=0o700)

        plan = planned(
            {"d": entry}, appspec(("/", "/srv")), host=host, owned={"/srv/d": OWNED_DIRECTORY}
        )

        assert plan.operations == (MakeDirectory("/srv/d", entry, exists=True),)


class TestAFileThatSomebodyHasChanged:
    HOST = MemoryHost({"/srv/f": Kind.FILE}, changed={"/srv/f"})

    def test_stays_with_a_warning_when_a_revision_lacks_it(self) -> None:
        plan = planned({}, appspec(), host=self.HOST, owned={"/srv/f": OWNED_FILE})

        assert plan.operations == ()
        assert plan.warnings == (
            "/srv/f was changed on this host after it had been installed, so it stays, though "
            "this revision has no such file.",
        )

    def test_stays_without_another_word_from_then_on(self) -> None:
        owned = {"/srv/f": LEFT_FILE}

        plan = planned({}, appspec(), host=self.HOST, owned=owned)

        assert (plan.operations, plan.warnings, plan.owned) == ((), (), owned)

    def test_stays_in_the_place_of_what_was_there_first(self) -> None:
        plan = planned({}, appspec(), host=self.HOST, owned={"/srv/f": OVER_ORIGINAL})

        assert plan.operations == ()
        assert plan.owned == {"/srv/f": Owned(Kind.FILE, 3)}

    def test_makes_way_for_what_was_there_first_once_it_is_gone(self) -> None:
        plan = planned({}, appspec(), owned={"/srv/f": Owned(Kind.FILE, 3)})

        assert plan.operations == (PutBack("/srv/f", 3, replaces=False),)

    def test_is_replaced_by_a_revision_that_has_it(self) -> None:
        owned = {"/srv/f": OWNED_FILE}

        plan = planned({"f": FILE}, appspec(("f", "/srv")), host=self.HOST, owned=owned)

        assert plan.operations == (Place("/srv/f", "f", FILE, replaces=True),)

    @pytest.mark.parametrize("behavior", [DISALLOW, FileExistsBehavior.OVERWRITE])
    def test_is_kept_for_later_where_a_revision_takes_the_path_back(
        self, behavior: FileExistsBehavior
    ) -> None:
        spec = appspec(("f", "/srv"), behavior=behavior)

        plan = planned({"f": FILE}, spec, host=self.HOST, owned={"/srv/f": LEFT_FILE})

        assert plan.problems == ()
        assert plan.operations == (Place("/srv/f", "f", FILE, replaces=True, original=1),)

    def test_is_left_alone_where_files_that_exist_are_retained(self) -> None:
        spec = appspec(("f", "/srv"), behavior=FileExistsBehavior.RETAIN)
        owned = {"/srv/f": LEFT_FILE}

        plan = planned({"f": FILE}, spec, host=self.HOST, owned=owned)

        assert (plan.operations, plan.owned, plan.warnings) == ((), owned, ())

    @pytest.mark.parametrize("owned", [OWNED_FILE, LEFT_FILE], ids=["ours", "left"])
    def test_is_a_problem_where_a_directory_is_needed(self, owned: Owned) -> None:
        spec = appspec(("f", "/srv/f"))

        plan = planned({"f": FILE}, spec, host=self.HOST, owned={"/srv/f": owned})

        assert [problem.split(" that")[0] for problem in plan.problems] == [
            "/srv/f has to be a directory but is a file"
        ]

    def test_keeps_its_directory_from_becoming_a_file(self) -> None:
        host = MemoryHost({"/srv/x": Kind.DIRECTORY, "/srv/x/f": Kind.FILE}, changed={"/srv/x/f"})
        owned = {"/srv/x": OWNED_DIRECTORY, "/srv/x/f": OWNED_FILE}

        plan = planned({"x": FILE}, appspec(("x", "/srv")), host=host, owned=owned)

        assert plan.problems[0].startswith("/srv/x is a directory with 'f' in it")


LISTING = {
    "bin": DIRECTORY,
    "bin/run.sh": SCRIPT,
    "bin/lib": DIRECTORY,
    "bin/lib/x.sh": FILE,
    "link": LINK,
    "top.sh": FILE,
}


def granted(permission: Permission) -> dict[str, Access]:
    plan = planned(LISTING, appspec(("/", "/srv/app"), permissions=(permission,)))
    assert plan.problems == ()
    changed = [each for each in plan.operations if isinstance(each, MakeDirectory | Place)]
    return {each.path[9:]: each.access for each in changed if each.access != Access()}


@pytest.mark.parametrize(
    ("pattern", "excepts", "expected"),
    [
        pytest.param(
            "**", (), {"bin", "bin/run.sh", "bin/lib", "bin/lib/x.sh", "top.sh"}, id="everything"
        ),
        pytest.param("*.sh", (), {"top.sh"}, id="direct children"),
        pytest.param("**/*.sh", (), {"bin/run.sh", "bin/lib/x.sh", "top.sh"}, id="any depth"),
        pytest.param("bin/*", (), {"bin/run.sh", "bin/lib"}, id="one directory"),
        pytest.param("**", ("bin/**", "top.*"), {"bin"}, id="exceptions"),
    ],
)
def test_a_pattern_names_what_a_permission_fits(
    pattern: str, excepts: tuple[str, ...], expected: set[str]
) -> None:
    permission = Permission(object="/srv/app", pattern=pattern, excepts=excepts, mode="750")

    assert granted(permission) == dict.fromkeys(expected, Access(mode=0o750))


def test_a_type_narrows_what_a_permission_fits() -> None:
    permission = Permission(object="/srv//app/./", types=("directory",), owner="www")

    assert granted(permission) == dict.fromkeys(["bin", "bin/lib"], Access(owner="www"))


def test_a_permission_for_one_file_fits_that_file() -> None:
    permission = Permission(object="/srv/app/top.sh", mode="4755", types=("file",))

    assert granted(permission) == {"top.sh": Access(mode=0o4755)}


def test_default_acls_go_to_directories_only() -> None:
    permission = Permission(object="/srv/app/bin", acls=("u:www:rw", "d:u:www:rw"))

    assert granted(permission) == {
        "bin/run.sh": Access(acls=("u:www:rw",)),
        "bin/lib": Access(acls=("u:www:rw", "d:u:www:rw")),
        "bin/lib/x.sh": Access(acls=("u:www:rw",)),
    }


def test_a_directory_that_was_given_a_context_is_remembered() -> None:
    permission = Permission(object="/srv", context=SelinuxContext(type="etc_t"))
    spec = appspec(("f", "/srv/app"), permissions=(permission,))

    plan = planned({"f": FILE}, spec)

    assert plan.owned["/srv/app"] == Owned(Kind.DIRECTORY, is_labelled=True)


def test_a_directory_loses_its_context_with_the_revision_that_gave_it() -> None:
    host = MemoryHost({"/srv/app": Kind.DIRECTORY})
    owned = {"/srv/app": Owned(Kind.DIRECTORY, is_labelled=True)}

    plan = planned({"f": FILE}, appspec(("f", "/srv/app")), host=host, owned=owned)

    assert plan.operations[0] == MakeDirectory("/srv/app", DIRECTORY, exists=True, is_labelled=True)
    assert plan.owned["/srv/app"] == OWNED_DIRECTORY


def test_a_permission_that_fits_nothing_is_a_warning() -> None:
    spec = appspec(("/", "/srv/app"), permissions=(Permission(object="/srv/other", mode="700"),))

    plan = planned(LISTING, spec)

    assert len(plan.warnings) == 1
    assert plan.problems == ()


def test_a_retained_file_gets_no_permission() -> None:
    host = MemoryHost({"/srv/top.sh": Kind.FILE})
    spec = appspec(
        ("top.sh", "/srv"),
        behavior=FileExistsBehavior.RETAIN,
        permissions=(Permission(object="/srv", mode="700"),),
    )

    plan = planned(LISTING, spec, host=host)

    assert plan.operations == ()


@pytest.mark.parametrize(
    "permission",
    [
        pytest.param(Permission(object="/srv/app/top.sh", pattern="*"), id="pattern"),
        pytest.param(Permission(object="/srv/app/top.sh", excepts=("x",)), id="except"),
        pytest.param(Permission(object="/srv/app/top.sh", types=("directory",)), id="type"),
        pytest.param(Permission(object="/srv/app/top.sh", acls=("d:u:www:r",)), id="default acl"),
    ],
)
def test_a_file_takes_no_permission_made_for_directories(permission: Permission) -> None:
    plan = planned(LISTING, appspec(("/", "/srv/app"), permissions=(permission,)))

    assert plan.problems[0].startswith("permissions for /srv/app/top.sh: this object is a file")


def test_two_permissions_for_one_object_that_fit_the_same_file_are_a_problem() -> None:
    twice = (Permission(object="/srv/app", types=("file",)), Permission(object="/srv/app/"))

    plan = planned(LISTING, appspec(("/", "/srv/app"), permissions=twice))

    (problem,) = plan.problems
    assert problem.startswith("permissions for /srv/app/: given twice, and both fit /srv/app/")


def test_two_permissions_for_one_object_may_part_files_from_directories() -> None:
    parted = (
        Permission(object="/srv/app", types=("file",), mode="644"),
        Permission(object="/srv/app", types=("directory",), mode="755"),
    )

    plan = planned(LISTING, appspec(("/", "/srv/app"), permissions=parted))

    assert plan.problems == ()
