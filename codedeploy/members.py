"""Which members an archive may have: none that leaves the directory it is unpacked into."""

from posixpath import isabs, join, normpath


def problem_of(name: str, *, link_target: str | None = None, is_hard_link: bool = False) -> str:
    """Return why the member `name` must not be unpacked, or an empty string.

    Args:
        name: As the archive spells it.
        link_target: Where it points, if it is a link; a hard link counts from the archive's root.
        is_hard_link: The target is another member.
    """
    if isabs(name) or _escapes(name):
        return f"member {name!r} leaves the directory it is unpacked into"
    if link_target is None:
        return ""
    start = "" if is_hard_link else join(name, "..")
    if isabs(link_target) or _escapes(join(start, link_target)):
        return f"link {name!r} points outside of the archive, to {link_target!r}"
    return ""


def _escapes(path: str) -> bool:
    return normpath(path).split("/")[0] == ".."
