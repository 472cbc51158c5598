import pytest

from codedeploy.appspec import Script, parse_server, readings
from codedeploy.errors import ManifestInvalid
from codedeploy.lifecycle import RESERVED, SERVER_HOOKS, LifecycleEvent

HEAD = "version: 0.0\nos: linux\nhooks:\n"
AFTER_INSTALL = LifecycleEvent.AFTER_INSTALL


def problems_of(hooks: str) -> tuple[str, ...]:
    with pytest.raises(ManifestInvalid) as refused:
        parse_server(HEAD + hooks)
    return refused.value.problems


def scripts_of(*scripts: str) -> tuple[Script, ...]:
    items = "".join(f"    - {script}\n" for script in scripts)
    return parse_server(f"{HEAD}  AfterInstall:\n{items}").scripts(AFTER_INSTALL)


def test_a_script_has_an_hour_and_no_other_user() -> None:
    (script,) = scripts_of("location: scripts/migrate.sh")

    assert script == Script(
        location="scripts/migrate.sh", timeout_seconds=3600, runas=None, sudo=False
    )


def test_reads_every_member_of_a_script() -> None:
    (script,) = scripts_of("{location: ' a.sh ', timeout: '5', runas: deploy, sudo: yes}")

    assert script == Script(location="a.sh", timeout_seconds=5, runas="deploy", sudo=True)


def test_an_account_may_be_a_number() -> None:
    (script,) = scripts_of("{location: a.sh, runas: 1000}")

    assert script.runas == "1000"


def test_scripts_keep_their_order() -> None:
    scripts = scripts_of("location: b.sh", "location: a.sh")

    assert [script.location for script in scripts] == ["b.sh", "a.sh"]


@pytest.mark.parametrize("event", SERVER_HOOKS)
def test_nine_events_run_scripts(event: LifecycleEvent) -> None:
    appspec = parse_server(f"{HEAD}  {event}: [{{location: a.sh}}]\n")

    assert list(appspec.hooks) == [event]


def test_an_answer_to_a_failure_is_an_extension() -> None:
    appspec = parse_server(HEAD + "  DeploymentFailed: [{location: a.sh}]\n")

    assert list(appspec.hooks) == [LifecycleEvent.DEPLOYMENT_FAILED]


def test_an_event_without_scripts_has_none() -> None:
    appspec = parse_server(HEAD + "  ApplicationStop:\n")

    assert appspec.scripts(LifecycleEvent.APPLICATION_STOP) == ()
    assert appspec.timeout_seconds(LifecycleEvent.APPLICATION_STOP) == 0


@pytest.mark.parametrize("event", sorted(RESERVED))
def test_refuses_scripts_of_a_reserved_event(event: LifecycleEvent) -> None:
    (problem,) = problems_of(f"  {event}: [{{location: a.sh}}]\n")

    assert problem.startswith(f"line 4: hooks.{event}: {event} is reserved and runs no scripts")


def test_suggests_the_event_that_a_typo_means() -> None:
    (problem,) = problems_of("  AfterInstal: [{location: a.sh}]\n")

    assert problem.startswith(
        "line 4: hooks.AfterInstal: no lifecycle event of a server; did you mean AfterInstall?; "
        "allowed: BeforeBlockTraffic, "
    )


def test_the_time_of_an_event_is_the_sum_of_its_scripts() -> None:
    appspec = parse_server(
        HEAD + "  AfterInstall: [{location: a, timeout: 60}, {location: b, timeout: 3540}]\n"
    )

    assert appspec.timeout_seconds(AFTER_INSTALL) == 3600


def test_scripts_may_not_ask_for_more_than_an_hour_together() -> None:
    (problem,) = problems_of(
        "  AfterInstall: [{location: a, timeout: 61}, {location: b, timeout: 3540}]\n"
    )

    assert problem == (
        "line 4: hooks.AfterInstall: expected timeouts of at most 3600 seconds in one event, found "
        "3601 in all"
    )


def test_scripts_without_a_timeout_do_not_count_towards_the_hour() -> None:
    assert len(scripts_of("location: a", "location: b", "{location: c, timeout: 3600}")) == 3


BAD_SCRIPTS = {
    "no list": ("  AfterInstall: {location: a}", "expected a list of scripts, found a map"),
    "text": ("  AfterInstall: a.sh", "expected a list of scripts, found 'a.sh'"),
    "item text": ("  AfterInstall: [a.sh]", "AfterInstall[0]: expected a map with location"),
    "no location": ("  AfterInstall: [{timeout: 5}]", "location: is required and missing"),
    "empty location": ("  AfterInstall: [{location: ''}]", "location: is empty"),
    "root": ("  AfterInstall: [{location: /}]", "location: expected the path of a script"),
    "parent": ("  AfterInstall: [{location: ../a}]", "expected a script inside the bundle"),
    "zero": ("  AfterInstall: [{location: a, timeout: 0}]", "expected a whole number of seconds"),
    "negative": ("  AfterInstall: [{location: a, timeout: -5}]", "timeout: expected a whole"),
    "word": ("  AfterInstall: [{location: a, timeout: abc}]", "timeout: expected a whole"),
    "fraction": ("  AfterInstall: [{location: a, timeout: 1.5}]", "timeout: expected a whole"),
    "octal": ("  AfterInstall: [{location: a, timeout: 0300}]", "timeout: expected a whole"),
    "clock": ("  AfterInstall: [{location: a, timeout: '1:30'}]", "timeout: expected a whole"),
    "boolean": ("  AfterInstall: [{location: a, timeout: yes}]", "timeout: expected a whole"),
    "too long": ("  AfterInstall: [{location: a, timeout: 3601}]", "at most 3600 seconds"),
    "sudo text": ("  AfterInstall: [{location: a, sudo: 'false'}]", "expected true or false"),
    "option as user": ("  AfterInstall: [{location: a, runas: -c}]", "the name of a user or group"),
    "path as user": ("  AfterInstall: [{location: a, runas: a/b}]", "the name of a user or group"),
    "near miss": ("  AfterInstall: [{location: a, timout: 5}]", "did you mean timeout?"),
}


@pytest.mark.parametrize(("hooks", "expected"), BAD_SCRIPTS.values(), ids=BAD_SCRIPTS)
def test_refuses_scripts(hooks: str, expected: str) -> None:
    (problem,) = problems_of(hooks)

    assert expected in problem


def test_hooks_are_a_map() -> None:
    with pytest.raises(ManifestInvalid, match="hooks: expected a map from lifecycle events"):
        parse_server("version: 0.0\nos: linux\nhooks: [BeforeInstall]\n")


def test_another_user_has_no_effect_on_windows() -> None:
    hooks = "hooks: {AfterInstall: [{location: a.bat, runas: Administrator}]}\n"

    appspec = parse_server("version: 0.0\nos: windows\n" + hooks)

    assert appspec.warnings == ("line 3: hooks.AfterInstall[0].runas: has no effect on windows",)


def test_reports_the_problems_of_all_events_at_once() -> None:
    problems = problems_of(
        "  BeforeInstall: [{location: ../a}]\n"
        "  Setup: [{location: a}]\n"
        "  AfterInstall: [{location: a, timeout: x}]\n"
    )

    assert [problem[:6] for problem in problems] == ["line 4", "line 5", "line 6"]


@pytest.mark.parametrize(
    ("location", "expected"),
    [
        ("/scripts/../start.sh", [("start.sh", ()), ("start.sh", ())]),
        ("start.sh a 'b c'", [("start.sh a 'b c'", ()), ("start.sh", ("a", "b c"))]),
        ("'my start.sh' a", [("'my start.sh' a", ()), ("my start.sh", ("a",))]),
        ("it's.sh", [("it's.sh", ()), ("it's.sh", ())]),
        ("'../out.sh' a", [("'../out.sh' a", ())]),
    ],
)
def test_a_location_may_be_one_name_or_words_of_a_shell(
    location: str, expected: list[tuple[str, tuple[str, ...]]]
) -> None:
    assert [(str(path), arguments) for path, arguments in readings(location)] == expected
