"""The instances that lifecycle hooks of a deployment group hold, and what is done about them."""

from collections.abc import Iterator

from rich.text import Text

from codedeploy.group_info import DeploymentGroupInfo
from codedeploy.launches import HeldDeployment
from starter.render.canvas import Canvas
from starter.render.lines import counted, folded, line, paragraph
from starter.render.statuses import HELD, QUIET

MOST_HELD = 6


def launch_facts(info: DeploymentGroupInfo, canvas: Canvas) -> Iterator[tuple[str, str]]:
    """Yield the held instances and those with an older revision, if there are any."""
    launches = info.launches
    for name, is_launching in (("launching", True), ("terminating", False)):
        held = [_told(one) for one in launches.held if one.instance.is_launching is is_launching]
        if held:
            yield name, folded(held, most=MOST_HELD, ellipsis=canvas.glyphs.ellipsis)
    if launches.outdated:
        names = folded(launches.outdated, most=MOST_HELD, ellipsis=canvas.glyphs.ellipsis)
        yield "outdated", f"{names}, launched with another revision than the last good one"


def _told(held: HeldDeployment) -> str:
    if held.owed is not None:
        return f"{held.instance.name} ({held.owed.result} is owed to its hook)"
    return f"{held.instance.name} ({held.deployment_id or 'waits'})"


def breaker_lines(info: DeploymentGroupInfo, canvas: Canvas) -> list[Text]:
    """Return why launched instances are kept waiting, and what to do; nothing if none is."""
    launches = info.launches
    names = [instance.name for instance in launches.kept]
    waiting = f" ({folded(names, most=MOST_HELD, ellipsis=canvas.glyphs.ellipsis)})"
    if launches.unanswered:
        others = f" Until then, others are kept waiting{waiting}." if names else ""
        return _warning(f"{launches.complaint}{others}", canvas)
    if launches.failures < info.group.launch_failure_limit:
        return []
    sentence = (
        f"{counted(launches.failures, 'launch')} in a row failed, the last one is "
        f"{launches.last_failed}: instances wait{waiting if names else ''} until a deployment "
        "succeeds. Deploy a revision that works:"
    )
    command = f"rollway deploy {info.group.full_name} --revision REVISION"
    return [*_warning(sentence, canvas), line(("next: ", QUIET), (command, "bold"))]


def _warning(sentence: str, canvas: Canvas) -> list[Text]:
    told = paragraph(f"{canvas.glyphs.warning} {sentence}", width=canvas.width)
    return [line((text.plain, HELD)) for text in told]
