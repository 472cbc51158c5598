"""How a service module changes moto: one named method at a time."""

from collections.abc import Callable
from typing import Any

Method = Callable[..., Any]


def replace(owner: type, name: str, make: Callable[[Method], Method]) -> None:
    """Replace a method of moto by what `make` returns for the original.

    Raises:
        AttributeError: moto has no such method any more; the emulator does not start.
    """
    setattr(owner, name, make(getattr(owner, name)))


def add(owner: type, name: str, method: Method) -> None:
    """Add a method that moto lacks.

    Raises:
        AttributeError: moto has one by now, which is to be looked at; the emulator does not start.
    """
    if hasattr(owner, name):
        raise AttributeError(f"{owner.__name__}.{name} is in moto now: is ours still needed?")
    setattr(owner, name, method)
