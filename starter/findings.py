"""What a check of `rollway doctor` finds."""

from enum import StrEnum

from codedeploy.wire import Model


class Health(StrEnum):
    """What a check found."""

    GOOD = "good"
    WARNING = "warning"
    BROKEN = "broken"


class Check(Model):
    """One thing that was looked at.

    Attributes:
        found: What there is.
        fix: What to do about it; empty if nothing must be done.
    """

    name: str
    health: Health
    found: str
    fix: str = ""


def good(name: str, found: str) -> Check:
    """Return a check that found nothing to put right."""
    return Check(name=name, health=Health.GOOD, found=found)


def warning(name: str, found: str, *, fix: str) -> Check:
    """Return a check that found something that works, but not for ever or not for all."""
    return Check(name=name, health=Health.WARNING, found=found, fix=fix)


def broken(name: str, found: str, *, fix: str) -> Check:
    """Return a check that found why something cannot work."""
    return Check(name=name, health=Health.BROKEN, found=found, fix=fix)
