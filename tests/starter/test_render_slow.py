"""The hosts that keep a deployment waiting, as `status` shows them."""

from codedeploy.commands import Progress
from codedeploy.lifecycle import LifecycleEvent, LifecycleEventResult, LifecycleEventStatus
from codedeploy.target import TargetResult, TargetStatus
from starter.render.canvas import ASCII
from starter.render.deployment import deployment_view
from starter.render.lines import plain
from starter.render.slow import MOST_SLOW, slow_lines
from tests.starter import deployments as given_


def busy(name: str, progress: Progress | None = None) -> TargetResult:
    stop = LifecycleEventResult(
        lifecycle_event_name=LifecycleEvent.APPLICATION_STOP,
        status=LifecycleEventStatus.IN_PROGRESS,
        start_time=given_.at(5),
    )
    return TargetResult(
        target_id=name, status=TargetStatus.IN_PROGRESS, events=(stop,), progress=progress
    )


def shown(*targets: TargetResult) -> str:
    return plain(slow_lines(targets, given_.canvas(6, glyphs=ASCII)))


def test_a_host_that_waits_says_behind_which_deployment() -> None:
    said = shown(busy("web-1", Progress(waiting_behind="d-BBBBBBBBB")))

    assert said == "o web-1  ApplicationStop  1m00s  waits behind d-BBBBBBBBB\n"


def test_a_host_that_is_busy_shows_its_event_and_the_last_output() -> None:
    progress = Progress(event=LifecycleEvent.INSTALL, last_output="warming up\x1b[2J")

    assert shown(busy("web-1", progress)) == 'o web-1  Install  1m00s  "warming up"\n'


def test_a_host_whose_agent_is_silent_shows_the_event_it_was_given() -> None:
    assert shown(busy("web-1")) == "o web-1  ApplicationStop  1m00s\n"


def test_many_hosts_are_folded() -> None:
    lines = shown(*(busy(f"web-{n}") for n in range(MOST_SLOW + 2))).splitlines()

    assert len(lines) == MOST_SLOW + 1
    assert lines[-1] == "and 2 more hosts take long"


def test_status_shows_them_below_the_batches() -> None:
    info = given_.running().model_copy(update={"slow_targets": (busy("web-3"),)})

    view = plain(deployment_view(info, given_.canvas()))

    assert view.index("BATCH") < view.index("web-3  ApplicationStop") < view.index("web-2")
