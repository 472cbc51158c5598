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
