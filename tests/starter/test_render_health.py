import pytest
from hypothesis import given
from hypothesis import strategies as st

from codedeploy.deployment import DeploymentInfo, DeploymentOverview
from starter.render.canvas import ASCII
from starter.render.health import Health, bar, health_line, health_of
from starter.render.lines import line, plain
from tests.starter import deployments as given_


@pytest.mark.parametrize(
    ("info", "healthy"),
    [
        pytest.param(given_.info(), 5, id="before the first batch"),
        pytest.param(given_.running(), 3, id="one in progress, one failed"),
        pytest.param(given_.succeeded(), 5, id="all done"),
        pytest.param(given_.failed(), 4, id="skipped hosts still serve"),
        pytest.param(given_.rollback(), 5, id="a rollback's bystanders serve"),
        pytest.param(
            given_.rollback().model_copy(update={"bystanders": 1}),
            3,
            id="hosts that a rollback leaves alone may be unhealthy",
        ),
        pytest.param(
            given_.info(
                deployment_overview=DeploymentOverview(pending=4, in_progress=1),
                batches=(given_.batch(1, 0, phase="unhealthy first", in_progress=1, pending=2),),
            ),
            2,
            id="hosts that wait because they are unhealthy",
        ),
    ],
)
def test_healthy_hosts_are_those_that_serve(info: DeploymentInfo, healthy: int) -> None:
    assert health_of(info).healthy == healthy


def test_the_bar_shows_serving_busy_and_lost_hosts_and_the_floor() -> None:
    assert plain(health_line(given_.running(), given_.canvas(width=100))) == (
        "healthy 3/5 · floor 3  ██████┃▒▒░░ · 1 in progress · 1 out of service\n"
    )


def test_the_bar_needs_no_unicode() -> None:
    assert plain(health_line(given_.running(), given_.canvas(glyphs=ASCII))) == (
        "healthy 3/5 | floor 3  ######|~~.. | 1 in progress | 1 out of service\n"
    )


def test_a_narrow_terminal_gets_the_numbers_alone() -> None:
    assert plain(health_line(given_.running(), given_.canvas(width=60))) == (
        "healthy 3/5 · floor 3 · 1 in progress · 1 out of service\n"
    )


def test_there_is_no_bar_before_the_fleet_is_known() -> None:
    assert health_line(given_.info(fleet_size=0), given_.canvas()) == []


@given(
    size=st.integers(1, 10_000),
    floor=st.integers(0, 10_000),
    busy=st.integers(0, 10_000),
    lost=st.integers(0, 10_000),
    cells=st.integers(10, 50),
)
def test_the_bar_is_always_as_long_as_asked_for(
    size: int, floor: int, busy: int, lost: int, cells: int
) -> None:
    health = Health(size=size, floor=min(floor, size), busy=busy, lost=lost)

    assert line(*bar(health, given_.canvas(), cells)).cell_len == cells + 1


@given(size=st.integers(1, 10_000), cells=st.integers(10, 50))
def test_the_bar_is_full_only_if_every_host_serves(size: int, cells: int) -> None:
    canvas = given_.canvas()

    one_lost = line(*bar(Health(size=size, floor=0, busy=0, lost=1), canvas, cells)).plain

    assert canvas.glyphs.lost in one_lost
