"""From a hook of an AppSpec to the command that is executed: whom as, where, and by what."""

import os
import pwd
import shutil
import stat
from dataclasses import dataclass
from pathlib import Path

from agent.environment import PATH
from codedeploy.appspec import Script, readings
from codedeploy.lifecycle import LifecycleErrorCode

_PROBE_BYTES = 256


class CannotRun(Exception):
    """A script cannot even be started.

    Attributes:
        error_code: CodeDeploy's name for the kind of failure.
        phrase: What is wrong, to follow the script's name.
    """

    def __init__(self, error_code: LifecycleErrorCode, phrase: str) -> None:
        super().__init__(phrase)
        self.error_code = error_code
        self.phrase = phrase


@dataclass(frozen=True)
class Invocation:
    """A command ready to be executed.

    Attributes:
        location: As the AppSpec spells it.
        directory: Where it runs: the root of the revision it comes from.
    """

    location: str
    command: tuple[str, ...]
    directory: Path
    environment: dict[str, str]


def locate(archive: Path, location: str) -> tuple[Path, tuple[str, ...]]:
    """Return the script that `location` names in the revision, and its arguments.

    Raises:
        CannotRun: There is no such file in the revision.
    """
    for path, arguments in readings(location):
        if (script := archive / path).is_file():
            return _inside(archive, script), arguments
    raise CannotRun(
        LifecycleErrorCode.SCRIPT_MISSING,
        "does not exist in the revision. Add it to the bundle, or correct the AppSpec's hook.",
    )


def _inside(archive: Path, script: Path) -> Path:
    if script.resolve().is_relative_to(archive.resolve()):
        return script
    raise CannotRun(
        LifecycleErrorCode.SCRIPT_MISSING,
        "lies outside the revision. Scripts must be part of the bundle.",
    )


def command_line(archive: Path, script: Script) -> tuple[str, ...]:
    """Return what to execute for `script`, with its user and interpreter.

    Raises:
        CannotRun: The file, its interpreter or its user is missing.
    """
    path, arguments = locate(archive, script.location)
    _make_executable(path)
    interpreter = _interpreter(path)
    return (*_as_user(script), *interpreter, str(path), *arguments)


def _make_executable(path: Path) -> None:
    mode = path.stat().st_mode
    if mode & stat.S_IXUSR:
        return
    try:
        path.chmod(mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)
    except OSError as error:
        raise CannotRun(
            LifecycleErrorCode.SCRIPT_NOT_EXECUTABLE,
            f"is not executable and cannot be made so: {error.strerror}.",
        ) from error


def _interpreter(path: Path) -> tuple[str, ...]:
    """Return what must stand before `path` for the kernel to execute it."""
    with path.open("rb") as stream:
        beginning = stream.read(_PROBE_BYTES)
    if beginning.startswith(b"#!"):
        _check_shebang(beginning)
        return ()
    is_binary = b"\0" in beginning
    return () if is_binary else ("/bin/sh",)


def _check_shebang(beginning: bytes) -> None:
    line = beginning[2:].split(b"\n", 1)[0]
    if line.endswith(b"\r"):
        raise CannotRun(
            LifecycleErrorCode.SCRIPT_NOT_EXECUTABLE,
            "has Windows line ends (CR LF), so that its interpreter is not found. "
            "Save it with LF line ends.",
        )
    words = line.split()
    if words and not Path(os.fsdecode(words[0])).exists():
        raise CannotRun(
            LifecycleErrorCode.SCRIPT_NOT_EXECUTABLE,
            f"asks for the interpreter {os.fsdecode(words[0])}, which this host does not have.",
        )


def user_of(script: Script) -> pwd.struct_passwd:
    """Return whom `script` runs as.

    Raises:
        CannotRun: The host has no such user.
    """
    if not script.runas:
        return _account(0 if script.sudo else os.geteuid())
    try:
        return pwd.getpwnam(script.runas)
    except KeyError as error:
        raise CannotRun(
            LifecycleErrorCode.SCRIPT_FAILED,
            f"is to run as {script.runas!r}, and this host has no such user. "
            "Create the user, or correct runas in the AppSpec.",
        ) from error


def _account(uid: int) -> pwd.struct_passwd:
    """Return a user's account, or one made up: containers run agents as users that have none."""
    try:
        return pwd.getpwuid(uid)
    except KeyError:
        return pwd.struct_passwd((str(uid), "x", uid, os.getegid(), "", "/", "/bin/sh"))


def _as_user(script: Script) -> tuple[str, ...]:
    """Return the words that switch to the script's user and keep its variables."""
    user = user_of(script)
    if user.pw_uid == os.geteuid():
        return ()
    if os.geteuid() == 0:
        return _switch_from_root(user)
    if not script.sudo:
        raise CannotRun(
            LifecycleErrorCode.SCRIPT_FAILED,
            f"is to run as {user.pw_name!r}, which only an agent run by root may do. "
            "Run the agent as root, or set sudo: true.",
        )
    sudo = _tool("sudo", "is to run with sudo")
    return (sudo, "-n", "-E", "-u", user.pw_name, "--")


def _switch_from_root(user: pwd.struct_passwd) -> tuple[str, ...]:
    """Return a switch of user that needs no login shell and leaves the environment alone."""
    setpriv = shutil.which("setpriv", path=PATH)
    if setpriv:
        return (setpriv, f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--init-groups", "--")
    return (_tool("runuser", f"is to run as {user.pw_name!r}"), "-u", user.pw_name, "--")


def _tool(name: str, purpose: str) -> str:
    found = shutil.which(name, path=PATH)
    if found:
        return found
    raise CannotRun(
        LifecycleErrorCode.SCRIPT_FAILED,
        f"{purpose}, and this host has no {name}. Install it, or change the AppSpec's hook.",
    )
