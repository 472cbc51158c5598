"""The agent as a service."""

import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from agent.cli import perform
from agent.configuration import Configuration, read_configuration
from agent.systemd import Systemd, install, uninstall, unit_text
from codedeploy.errors import InvalidInput, Refused


@pytest.fixture
def configuration(tmp_path: Path) -> Path:
    return tmp_path / "etc" / "agent.yml"


@pytest.fixture
def quiet(tmp_path: Path) -> Systemd:
    """A machine that systemd does not run."""
    return Systemd(tmp_path / "units", runtime=None)


@pytest.fixture
def running(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Systemd:
    """A machine that systemd runs, with a systemctl that notes its calls in `calls`."""
    programs = tmp_path / "bin"
    programs.mkdir()
    systemctl = programs / "systemctl"
    systemctl.write_text(f'#!/bin/sh\necho "$@" >>{tmp_path}/calls\n[ ! -e {tmp_path}/no ]\n')
    systemctl.chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    return Systemd(tmp_path / "units", runtime=tmp_path)


def calls(systemd: Systemd) -> list[str]:
    assert systemd.runtime is not None
    return (systemd.runtime / "calls").read_text().splitlines()


def test_the_unit_runs_this_agent_with_its_configuration(
    quiet: Systemd, configuration: Path
) -> None:
    install(configuration, quiet)

    program = Path(sys.executable).with_name("rollway-agent")
    text = quiet.unit.read_text()
    assert f"ExecStart={program} run --config {configuration}\n" in text
    assert stat.S_IMODE(quiet.unit.stat().st_mode) == 0o644


@pytest.mark.parametrize(
    "setting", ["KillMode=process", "Restart=always", "After=network-online.target"]
)
def test_scripts_outlive_an_agent_that_always_comes_back(setting: str) -> None:
    assert setting in unit_text(Path("/etc/rollway/agent.yml")).splitlines()


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="needs systemd-analyze")
def test_systemd_finds_nothing_wrong_with_the_unit(quiet: Systemd, tmp_path: Path) -> None:
    install(tmp_path / "a place" / "agent 100%.yml", quiet)

    verdict = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(quiet.unit)],
        capture_output=True,
        text=True,
        check=False,
    )

    assert quiet.unit.name not in verdict.stdout + verdict.stderr


def test_a_configuration_to_fill_in_is_written_for_its_owner_only(
    quiet: Systemd, configuration: Path
) -> None:
    said = install(configuration, quiet)

    assert f"Wrote {configuration}" in said
    assert stat.S_IMODE(configuration.stat().st_mode) == 0o600
    assert read_configuration(configuration, must_exist=True) == Configuration()


def test_a_configuration_that_is_there_stays(quiet: Systemd, configuration: Path) -> None:
    configuration.parent.mkdir()
    configuration.write_text("name: web-1\n")

    install(configuration, quiet)

    assert configuration.read_text() == "name: web-1\n"


def test_a_wrong_configuration_is_refused_before_anything_is_written(
    quiet: Systemd, configuration: Path
) -> None:
    configuration.parent.mkdir()
    configuration.write_text("nmae: web-1\n")

    with pytest.raises(InvalidInput, match="did you mean name"):
        install(configuration, quiet)

    assert not quiet.unit.exists()


def test_where_systemd_does_not_run_it_says_what_to_type(
    quiet: Systemd, configuration: Path
) -> None:
    assert "systemctl daemon-reload && systemctl enable --now" in install(configuration, quiet)


def test_where_systemd_runs_it_starts_the_agent(running: Systemd, configuration: Path) -> None:
    said = install(configuration, running)

    assert calls(running) == [
        "daemon-reload",
        "enable rollway-agent.service",
        "restart rollway-agent.service",
    ]
    assert "The agent runs" in said


def test_a_second_installation_brings_the_unit_up_to_date(
    running: Systemd, configuration: Path
) -> None:
    install(configuration, running)
    running.unit.write_text(running.unit.read_text() + "# old\n")

    install(configuration, running)

    assert "# old" not in running.unit.read_text()


def test_a_unit_of_somebody_else_is_left_alone(quiet: Systemd, configuration: Path) -> None:
    quiet.unit_directory.mkdir()
    quiet.unit.write_text("[Service]\n")

    with pytest.raises(Refused, match="was not written by rollway-agent install"):
        install(configuration, quiet)
    with pytest.raises(Refused, match="was not written by rollway-agent install"):
        uninstall(quiet)

    assert quiet.unit.read_text() == "[Service]\n"


def test_what_systemctl_refuses_is_said(
    running: Systemd, configuration: Path, tmp_path: Path
) -> None:
    (tmp_path / "no").touch()

    with pytest.raises(Refused, match="`systemctl daemon-reload` failed"):
        install(configuration, running)


def test_a_directory_that_cannot_be_written_is_named(tmp_path: Path, configuration: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(Refused, match="cannot be changed: Not a directory"):
        install(configuration, Systemd(tmp_path / "file" / "units", runtime=None))


def test_uninstalling_stops_the_agent_and_removes_only_the_unit(
    running: Systemd, configuration: Path
) -> None:
    install(configuration, running)

    uninstall(running)

    assert calls(running)[-2:] == ["disable --now rollway-agent.service", "daemon-reload"]
    assert not running.unit.exists()
    assert configuration.exists()


def test_uninstalling_twice_does_no_harm(quiet: Systemd, configuration: Path) -> None:
    install(configuration, quiet)
    uninstall(quiet)

    assert "nothing to remove" in uninstall(quiet)


def test_the_command_line_takes_a_unit_directory_and_leaves_systemd_alone(
    tmp_path: Path, configuration: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    units = tmp_path / "units"
    there = ["--unit-directory", str(units)]

    assert perform(["install", "--config", str(configuration), *there]) == 0
    assert list(units.iterdir()) == [units / "rollway-agent.service"]
    assert perform(["uninstall", *there]) == 0
    assert list(units.iterdir()) == []
    assert "systemd was not told" in capsys.readouterr().out
