from codedeploy.plan import Plan
from codedeploy.revision import (
    BundleType,
    LocalLocation,
    PinnedRevision,
    Revision,
    RevisionType,
)
from codedeploy.waves import Wave
from starter.render.lines import plain
from starter.render.plan import plan_view
from tests.starter import deployments as given_

COMMAND = "rollway deploy shop/prod --plan-id p-1"

SMALL = """\
shop/prod   v1 → v2   plan p-1
  revision       v2 (tgz, 1.2 MB, sha256 abababababab)
  configuration  CodeDeployDefault.HalfAtATime
  floor          ceil(60% of 5) = 3 must stay of 5 hosts
  window         at most 2 hosts out of service at once
  order          5 hosts in 3 batches

  BATCH              HOSTS  IN THIS ORDER
  1 unhealthy first  1      web-3
  2                  2      web-1, web-2
  3                  2      web-4, web-5

! no agent asks for work on web-3

Deploy exactly this: rollway deploy shop/prod --plan-id p-1
"""


def pinned(label: str) -> PinnedRevision:
    local = LocalLocation(location="/srv/v2")
    return PinnedRevision(
        revision=Revision(revision_type=RevisionType.LOCAL, local_location=local),
        label=label,
        location="file:///store/v2",
        bundle_type=BundleType.TGZ,
        sha256="ab" * 32,
        size_bytes=1_234_567,
    )


def wave(*targets: str, size: int, name: str = "", bake: int = 0) -> Wave:
    return Wave(
        name=name,
        targets=targets,
        batch_size=size,
        zone_size=5,
        zone_minimum_healthy=3,
        bake_seconds=bake,
    )


def plan(*waves: Wave, previous: PinnedRevision | None = None, size: int = 5) -> Plan:
    return Plan(
        plan_id="p-1",
        application_name="shop",
        deployment_group_name="prod",
        deployment_config_name="CodeDeployDefault.HalfAtATime",
        revision=pinned("v2"),
        previous_revision=previous,
        size=size,
        minimum_healthy=3,
        arithmetic=f"ceil(60% of {size}) = 3 must stay",
        waves=waves,
    )


def test_a_plan_is_shown_with_its_arithmetic_order_and_next_step() -> None:
    made = plan(
        wave("web-3", size=2, name="unhealthy first"),
        wave("web-1", "web-2", "web-4", "web-5", size=2),
        previous=pinned("v1"),
    ).model_copy(update={"warnings": ("no agent asks for work on web-3",)})

    assert plain(plan_view(made, given_.canvas(), command=COMMAND)) == SMALL


def test_a_first_deployment_names_no_previous_revision() -> None:
    made = plan(wave("web-1", size=1))

    shown = plain(plan_view(made, given_.canvas(), command=COMMAND))

    assert shown.splitlines()[0] == "shop/prod   v2   plan p-1"


def test_a_zone_says_how_long_it_is_watched() -> None:
    made = plan(wave("web-1", size=1, name="zone a", bake=90), wave("web-2", size=1, name="zone b"))

    shown = plain(plan_view(made, given_.canvas(), command=COMMAND)).splitlines()

    assert "  1 zone a  1      web-1          then watch 1m30s" in shown
    assert "  2 zone b  1      web-2" in shown


def test_many_batches_and_many_names_fold() -> None:
    names = tuple(f"web-{number:03}" for number in range(1, 801))
    made = plan(wave(*names, size=50), size=800)

    shown = plain(plan_view(made, given_.canvas(), command=COMMAND)).splitlines()

    table = shown[shown.index("  BATCH  HOSTS  IN THIS ORDER") + 1 : -2]
    assert len(table) == 9
    assert table[0] == (
        "  1      50     web-001, web-002, web-003, web-004, web-005 … web-050 (50)"
    )
    assert table[6] == "  …             8 more batches"
    assert table[8].startswith("  16     50     web-751")


def test_a_plan_for_a_part_of_the_fleet_names_the_whole() -> None:
    made = plan(wave("web-1", size=1), size=9)

    shown = plain(plan_view(made, given_.canvas(), command=COMMAND))

    assert "at most 6 hosts out of service at once; 9 hosts in the fleet" in shown
