"""What an agent remembers of a deployment's events."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.journal import Entry, Journal
from codedeploy.lifecycle import (
    Diagnostics,
    LifecycleEvent,
    LifecycleEventResult,
    LifecycleEventStatus,
)

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
INSTALL = LifecycleEvent.INSTALL


def begun(event: LifecycleEvent = INSTALL) -> Entry:
    result = LifecycleEventResult(
        lifecycle_event_name=event, status=LifecycleEventStatus.IN_PROGRESS, start_time=NOON
    )
    return Entry(event=result, boot_id="boot-1")


def ended(event: LifecycleEvent = INSTALL) -> Entry:
    result = LifecycleEventResult(
        lifecycle_event_name=event,
        status=LifecycleEventStatus.SUCCEEDED,
        start_time=NOON,
        end_time=NOON,
        diagnostics=Diagnostics(),
    )
    return Entry(event=result)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.jsonl"


def test_an_event_that_never_began_is_unknown(path: Path) -> None:
    journal = Journal(path)

    assert journal.begun(INSTALL) is None
    assert journal.result(INSTALL) is None


def test_an_event_under_way_is_remembered_with_its_boot(path: Path) -> None:
    Journal(path).append(begun())

    entry = Journal(path).begun(INSTALL)

    assert entry == begun()


def test_an_event_that_ended_is_no_longer_under_way(path: Path) -> None:
    journal = Journal(path)
    journal.append(begun())
    journal.append(ended())

    reread = Journal(path)

    assert reread.result(INSTALL) == ended().event
    assert reread.begun(INSTALL) is None


def test_a_finished_deployment_is_remembered(path: Path) -> None:
    Journal(path).append(Entry(is_complete=True))

    assert Journal(path).is_complete


def test_events_come_in_the_order_in_which_they_began(path: Path) -> None:
    journal = Journal(path)
    for entry in (begun(LifecycleEvent.DOWNLOAD_BUNDLE), begun(), ended()):
        journal.append(entry)

    names = [event.lifecycle_event_name for event in Journal(path).events]

    assert names == [LifecycleEvent.DOWNLOAD_BUNDLE, INSTALL]


@given(lost=st.integers(min_value=1, max_value=60))
def test_a_torn_last_line_is_dropped_and_writing_goes_on(
    tmp_path_factory: pytest.TempPathFactory, lost: int
) -> None:
    path = tmp_path_factory.mktemp("torn") / "journal.jsonl"
    journal = Journal(path)
    journal.append(begun())
    journal.append(ended())
    path.write_bytes(path.read_bytes()[:-lost])

    reread = Journal(path)
    reread.append(ended())

    assert Journal(path).result(INSTALL) == ended().event


def test_a_line_of_a_newer_agent_is_read_as_far_as_it_is_known(path: Path) -> None:
    Journal(path).append(begun())
    path.write_text(path.read_text().replace("{", '{"new":1,', 1))

    assert Journal(path).begun(INSTALL) == begun()
