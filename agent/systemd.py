"""The agent as a service of systemd.

The unit has none of systemd's sandboxing. Everything that a deployment's scripts start inherits it,
and an application would fail for reasons that its AppSpec does not show.
"""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from agent.configuration import DEFAULT_CONFIGURATION, read_configuration
from codedeploy.errors import Refused

UNIT_DIRECTORY = Path("/etc/systemd/system")
UNIT = "rollway-agent.service"

_RUNTIME = Path("/run/systemd/system")
_LONGEST_CALL = 120
_MARK = "# Written by `rollway-agent install`, which replaces it."
_UNIT_TEXT = """\
{mark} To change it: systemctl edit rollway-agent
[Unit]
Description=Rollway host agent
After=network-online.target
Wants=network-online.target
# It never gives up: a host that cannot be deployed to is worse than one that tries for ever.
StartLimitIntervalSec=0

[Service]
Type=exec
ExecStart={command} run --config {configuration}
Restart=always
RestartSec=2
# SIGTERM goes to the agent alone. A running script and the applications that scripts started go
# on; the next agent takes the script up.
KillMode=process
# An install under way is finished first.
TimeoutStopSec=300
# A script that the kernel ends for want of memory fails; the agent and the applications stay.
OOMPolicy=continue
# Applications belong to this unit's control group: no limit of the agent's may fall on them.
TasksMax=infinity

[Install]
WantedBy=multi-user.target
"""
_CONFIGURATION_TEXT = """\
# The host agent's configuration, read when it starts: sudo systemctl restart rollway-agent
# Environment variables and flags win over it.
#
# name: web-1                # default: this machine's own name; ec2: instance id, zone and tags
# tags:
#   role: web
#   zone: a
# address: 10.0.0.5:7233     # the Temporal server
# namespace: rollway
# apiKey: ...
# tls:
#   serverCaCert: /etc/rollway/ca.pem
# s3Endpoint: http://10.0.0.6:9000   # a store other than AWS's
# s3Region: eu-west-1
# root: /var/lib/rollway-agent
# env:                       # given to every script
#   STAGE: production
"""


@dataclass(frozen=True)
class Systemd:
    """Where units are, and whether systemd is to be told of changes.

    Attributes:
        runtime: What exists if systemd runs this machine; None if it is to be left alone.
    """

    unit_directory: Path = UNIT_DIRECTORY
    runtime: Path | None = _RUNTIME

    @property
    def unit(self) -> Path:
        """The agent's unit."""
        return self.unit_directory / UNIT

    @property
    def runs(self) -> bool:
        """Whether there is somebody to be told of changes."""
        return self.runtime is not None and self.runtime.is_dir()

    def call(self, *arguments: str) -> None:
        """Run systemctl.

        Raises:
            Refused: It is missing or fails.
        """
        line = f"systemctl {' '.join(arguments)}"
        try:
            ended = subprocess.run(
                ["systemctl", *arguments],
                capture_output=True,
                text=True,
                errors="replace",
                timeout=_LONGEST_CALL,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise Refused(f"`{line}` cannot be run: {error}") from error
        if ended.returncode:
            raise Refused(f"`{line}` failed: {ended.stderr.strip()}")


def install(configuration: Path | None, systemd: Systemd) -> str:
    """Write the unit, and a configuration to fill in if there is none; start the agent.

    A second call brings the unit up to date and restarts the agent, which running scripts survive.

    Returns:
        What was done, in sentences.

    Raises:
        RollwayError: The configuration is wrong, or a file cannot be written.
    """
    given = (configuration or DEFAULT_CONFIGURATION).absolute()
    done = [*_provide(given)]
    _check_ours(systemd.unit)
    _write(systemd.unit, unit_text(given), mode=0o644)
    done.append(f"Wrote {systemd.unit}.")
    if systemd.runs:
        systemd.call("daemon-reload")
        systemd.call("enable", UNIT)
        systemd.call("restart", UNIT)
        done.append("The agent runs, now and after every boot. See: journalctl -u rollway-agent")
    else:
        done.append(
            "systemd was not told. Where it runs: "
            f"systemctl daemon-reload && systemctl enable --now {UNIT}"
        )
    return "\n".join((*done, ""))


def uninstall(systemd: Systemd) -> str:
    """Stop the agent and remove its unit; what it keeps, and what it installed, stays.

    Returns:
        What was done, in sentences.

    Raises:
        Refused: The unit is not the agent's, or cannot be removed.
    """
    if not systemd.unit.exists():
        return f"There is no {systemd.unit}; nothing to remove.\n"
    _check_ours(systemd.unit)
    if systemd.runs:
        systemd.call("disable", "--now", UNIT)
    try:
        systemd.unit.unlink()
    except OSError as error:
        raise _cannot(systemd.unit, error) from error
    if systemd.runs:
        systemd.call("daemon-reload")
    return (
        f"Removed {systemd.unit}. Scripts under way go on. The agent's root directory and its "
        "configuration are left, and so is all it installed.\n"
    )


def unit_text(configuration: Path) -> str:
    """Return a unit that runs this very agent with that configuration."""
    command = " ".join(_quoted(word) for word in _command())
    return _UNIT_TEXT.format(mark=_MARK, command=command, configuration=_quoted(str(configuration)))


def _command() -> tuple[str, ...]:
    script = Path(sys.executable).with_name("rollway-agent")
    if os.access(script, os.X_OK):
        return (str(script),)
    return (sys.executable, "-m", "agent.cli")


def _quoted(word: str) -> str:
    r"""Return `word` as systemd reads it back.

    >>> _quoted("/opt/my agent/100%")
    '"/opt/my agent/100%%"'
    """
    plain = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return f'"{plain}"' if any(one in word for one in " \t'\"\\;") else plain


def _provide(configuration: Path) -> list[str]:
    """Check the configuration, or write one that says nothing yet."""
    if configuration.exists():
        read_configuration(configuration, must_exist=True)
        return []
    _write(configuration, _CONFIGURATION_TEXT, mode=0o600)
    return [f"Wrote {configuration}, which says nothing yet: name the server there."]


def _check_ours(unit: Path) -> None:
    try:
        text = unit.read_text("utf-8", "replace")
    except FileNotFoundError:
        return
    except OSError as error:
        raise _cannot(unit, error) from error
    if not text.startswith(_MARK):
        raise Refused(
            f"{unit} was not written by rollway-agent install, or its first line was removed. "
            "Move it away first."
        )


def _write(path: Path, text: str, *, mode: int) -> None:
    """Replace `path` by a file that never has a wider mode."""
    fresh = path.with_name(f".{path.name}.new")
    try:
        path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        fresh.unlink(missing_ok=True)
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with open(descriptor, "w", encoding="utf-8") as stream:
            stream.write(text)
            os.fchmod(descriptor, mode)
        fresh.replace(path)
    except OSError as error:
        raise _cannot(path, error) from error


def _cannot(path: Path, error: OSError) -> Refused:
    way_out = " Run it as root: sudo rollway-agent ..." if os.geteuid() else ""
    return Refused(f"{path} cannot be changed: {error.strerror}.{way_out}")
