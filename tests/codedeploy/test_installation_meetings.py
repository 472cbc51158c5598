"""What becomes of what stands on a host already: somebody's, another group's, the group's own."""

from dataclasses import replace

import pytest

from codedeploy.appspec import FileExistsBehavior
from codedeploy.installation import (
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
from tests.codedeploy.installs import (
    DIRECTORY,
    DISALLOW,
    FILE,
    LEFT_FILE,
    LINK,
    OVER_ORIGINAL,
    OWNED_DIRECTORY,
    OWNED_FILE,
    MemoryHost,
    appspec,
    planned,
)


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
