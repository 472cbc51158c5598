"""What a document's reader has to say: problems that refuse it, warnings that do not."""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Protocol, TypeVar

from codedeploy.errors import ManifestInvalid

_CLOSE = 0.75

Read = TypeVar("Read")


class Place(Protocol):
    """A value of a document, as far as a finding needs to know it."""

    @property
    def line(self) -> int:
        """Its line, counted from 1."""

    def key_path(self, *keys: str | int) -> str:
        """Return how people write where it, or something inside it, stands."""

    @property
    def described(self) -> str:
        """What was found there, in words."""


class Findings:
    """All problems and warnings of one document, gathered before any is reported.

    Attributes:
        document: The document's name, for people.
    """

    def __init__(self, document: str) -> None:
        self.document = document
        self._problems: list[tuple[int, str]] = []
        self._warnings: list[tuple[int, str]] = []

    @property
    def has_problems(self) -> bool:
        """Whether the document is refused."""
        return bool(self._problems)

    @property
    def warnings(self) -> tuple[str, ...]:
        """Sentences about what is read but not meant, in the order of the document."""
        return _in_order(self._warnings)

    def problem(self, place: Place, sentence: str, *keys: str | int) -> None:
        """Note that the document breaks a rule at `place`, or at `keys` inside it."""
        self._problems.append((place.line, _sentence(place, keys, sentence)))

    def expected(self, place: Place, what: str, *, hint: str = "") -> None:
        """Note that `place` should hold something else."""
        self.problem(place, f"expected {what}, found {place.described}{_and_then(hint)}")

    def warning(self, place: Place, sentence: str, *keys: str | int) -> None:
        """Note something at `place` that has no effect."""
        self._warnings.append((place.line, _sentence(place, keys, sentence)))

    def unreadable(self, line: int, sentence: str) -> None:
        """Note that the text cannot be read as a document."""
        self._problems.append((line, f"line {line}: {sentence}"))

    def refuse(self) -> None:
        """Raise the problems, if there are any.

        Raises:
            ManifestInvalid: With every problem, in the order of the document.
        """
        if self._problems:
            raise ManifestInvalid(self.document, _in_order(self._problems))

    def settle(self, read: Read | None) -> Read:
        """Return what was read, unless there are problems.

        Raises:
            ManifestInvalid: With every problem, in the order of the document.
        """
        self.refuse()
        assert read is not None, "what could not be read is a problem"
        return read


def _in_order(found: list[tuple[int, str]]) -> tuple[str, ...]:
    return tuple(sentence for _, sentence in sorted(found, key=lambda entry: entry[0]))


def _sentence(place: Place, keys: Iterable[str | int], sentence: str) -> str:
    path = place.key_path(*keys)
    return f"line {place.line}: {path}: {sentence}" if path else f"line {place.line}: {sentence}"


def _and_then(hint: str) -> str:
    return f"; {hint}" if hint else ""


def resembling(word: str, choices: Iterable[str]) -> str | None:
    """Return the one of `choices` that `word` was probably meant to be."""
    by_folded = {choice.casefold(): choice for choice in choices}
    close = get_close_matches(word.casefold(), by_folded, n=1, cutoff=_CLOSE)
    return by_folded[close[0]] if close else None


def did_you_mean(word: str, choices: Iterable[str]) -> str:
    """Return `; did you mean X?`, or nothing if none of `choices` is close."""
    meant = resembling(word, choices)
    return f"; did you mean {meant}?" if meant else ""


def alternatives(choices: Iterable[str]) -> str:
    """Return `A, B or C`."""
    *others, last = choices
    return f"{', '.join(others)} or {last}" if others else last
