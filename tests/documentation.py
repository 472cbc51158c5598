"""Reading the project's Markdown: its fenced snippets, its inline code, its links."""

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
PAGES = (
    *sorted(ROOT.glob("*.md")),
    *sorted(ROOT.glob("docs/**/*.md")),
    *sorted(ROOT.glob("examples/**/*.md")),
)

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
_LINK = re.compile(r"\]\((?!https?:|mailto:)([^)#\s]*)(?:#([^)\s]+))?\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
_SHELL = {"", "console", "sh", "bash", "shell"}


@dataclass(frozen=True)
class Snippet:
    """A fenced block.

    Attributes:
        language: The word behind the fence; empty if there is none.
        line: Where its text begins.
    """

    page: Path
    language: str
    text: str
    line: int

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def snippets(*languages: str) -> list[Snippet]:
    """Return the fenced blocks of all pages that are in one of `languages`."""
    found = []
    for page in PAGES:
        text = page.read_text("utf-8")
        for match in _FENCE.finditer(text):
            line = text.count("\n", 0, match.start(2)) + 1
            found.append(Snippet(page, match[1], match[2], line))
    return [snippet for snippet in found if snippet.language in languages]


def command_lines(program: str) -> dict[str, list[str]]:
    """Return the arguments given to `program` in shell snippets, by where each line stands."""
    found = {}
    for snippet in snippets(*_SHELL):
        for offset, line in enumerate(snippet.text.replace("\\\n", "  ").splitlines()):
            words = _words_after(program, line)
            if words is not None:
                found[f"{snippet}+{offset} {line.strip()}"] = words
    return found


def mentions(program: str) -> dict[str, list[str]]:
    """Return the arguments given to `program` in inline code, by page and text."""
    found = {}
    for page in PAGES:
        for match in _INLINE.finditer(_FENCE.sub("", page.read_text("utf-8"))):
            words = _words_after(program, match[1])
            if words:
                found[f"{page.relative_to(ROOT)} {match[1]}"] = words
    return found


def _words_after(program: str, line: str) -> list[str] | None:
    """Return the words behind `program` up to a comment, pipe or redirection."""
    command = re.split(r"\s#\s|\s[|>&;]", line.strip().removeprefix("$ "))[0].split()
    while command and (command[0] in {"sudo", "exec"} or re.fullmatch(r"[A-Z_]+=\S*", command[0])):
        command = command[1:]
    if command[:4] == ["docker", "compose", "run", "--rm"]:
        command = command[4:]
    if not command or command[0].rpartition("/")[2] != program:
        return None
    return _joined_quotes(command[1:])


def _joined_quotes(words: list[str]) -> list[str]:
    """Return `words` with what stands between quotes as one word."""
    text = " ".join(words)
    return [first or second or bare for first, second, bare in _WORD.findall(text)]


_WORD = re.compile(r"""'([^']*)'|"([^"]*)"|(\S+)""")


def links() -> dict[str, tuple[Path, str]]:
    """Return the relative links of all pages: the file, and the heading's anchor if any."""
    found = {}
    for page in PAGES:
        for match in _LINK.finditer(_FENCE.sub("", page.read_text("utf-8"))):
            target = (page.parent / match[1]).resolve() if match[1] else page
            found[f"{page.relative_to(ROOT)} -> {match[1]}#{match[2] or ''}"] = (
                target,
                match[2] or "",
            )
    return found


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as forges make them."""
    headings = _HEADING.findall(_FENCE.sub("", page.read_text("utf-8")))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
