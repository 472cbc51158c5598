from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from activities.backends.ha_proxy_servers import Server, Unreadable, servers_of
from codedeploy.traffic_control import Reachability

STATES = """\
1
# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_check_state
3 web 1 i-1 127.0.0.1 2 0 6
3 web 2 i-2 127.0.0.1 0 8 0"""
HEADER = (
    "# pxname,svname,qcur,scur,status,weight,type,check_status,check_code,check_desc,last_chk,\n"
)
STATISTICS = (
    HEADER
    + 'web,i-1,1,2,UP 1/3,100,2,* L7STS,503,Layer7 wrong status,"Busy, sorry",\n'
    + "web,i-2,0,0,no check,1,2,,,,,"
)


def server(**changed: Any) -> Server:
    usual: dict[str, Any] = {
        "name": "i-1",
        "admin_state": 0,
        "status": "UP",
        "sessions": 0,
        "weight": 1,
        "check_status": "L7OK",
        "check": "",
        "is_checked": True,
    }
    return Server(**usual | changed)


def test_servers_are_read_from_both_descriptions() -> None:
    found = servers_of(STATES, STATISTICS)

    assert found["i-1"] == server(
        status="UP 1/3",
        sessions=3,
        weight=100,
        check_status="L7STS",
        check="Layer7 wrong status, code 503 (Busy, sorry)",
    )
    assert (found["i-2"].admin_state, found["i-2"].is_checked) == (8, False)


@pytest.mark.parametrize(
    ("states", "statistics", "why"),
    [
        ("2\n# be_id", STATISTICS, "in format 1, found '2"),
        ("", STATISTICS, "in format 1, found ''"),
        (STATES, "<html>", "as CSV, found '<html>'"),
        (STATES, STATISTICS.replace("i-2", "i-3"), "'i-3'"),
        (STATES, STATISTICS.replace(",1,2,UP", ",1,x,UP"), "'x'"),
        (STATES.replace(" 2 0 6", ""), STATISTICS, "shorter"),
        (STATES, HEADER.replace("scur,", "") + "web,i-1,1,UP,1,2,,,,,", "'scur'"),
    ],
    ids=["newer", "nothing", "no csv", "unlike names", "no number", "short line", "no column"],
)
def test_what_cannot_be_read_is_refused_in_words(states: str, statistics: str, why: str) -> None:
    with pytest.raises(Unreadable, match=why):
        servers_of(states, statistics)


@given(st.text(), st.text())
def test_no_text_does_any_other_harm(states: str, statistics: str) -> None:
    for one, other in ((states, statistics), (STATES, HEADER + statistics), (states, STATISTICS)):
        with suppress(Unreadable):
            servers_of(one, other)


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, Reachability.IN),
        ({"status": "UP 1/3"}, Reachability.IN),
        ({"status": "no check", "is_checked": False}, Reachability.IN),
        ({"weight": 0}, Reachability.FAILING),
        ({"status": "DOWN 1/2"}, Reachability.STARTING),
        ({"status": "DOWN", "check_status": ""}, Reachability.STARTING),
        ({"status": "DOWN", "check_status": "L4CON"}, Reachability.FAILING),
        ({"status": "DOWN", "is_checked": False, "check_status": ""}, Reachability.FAILING),
        ({"status": "NOLB"}, Reachability.FAILING),
        ({"status": "MAINT (resolution)", "admin_state": 32}, Reachability.FAILING),
        ({"status": "DRAIN", "admin_state": 8}, Reachability.DRAINED),
        ({"status": "DRAIN", "admin_state": 8, "sessions": 1}, Reachability.DRAINING),
        ({"status": "MAINT", "admin_state": 1}, Reachability.OUT),
        ({"status": "MAINT", "admin_state": 5}, Reachability.OUT),
        ({"status": "UP", "admin_state": 4}, Reachability.IN),
        ({"status": "MAINT", "admin_state": 9, "sessions": 1}, Reachability.DRAINING),
    ],
)
def test_a_server_stands_as_its_state_says(changed: dict[str, Any], expected: Reachability) -> None:
    assert server(**changed).standing.reachability is expected
