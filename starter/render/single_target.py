"""The one target of a deployment that moves traffic: its line of shifts, its events, its tasks."""

from rich.text import Text

from codedeploy.deployment import DeploymentInfo
from starter.render.canvas import Canvas
from starter.render.events import event_lines
from starter.render.lines import line, spaced
from starter.render.task_sets import task_set_lines
from starter.render.traffic import traffic_lines


def single_target_lines(info: DeploymentInfo, canvas: Canvas) -> list[Text]:
    """Return all that is known of the target, each part behind an empty line."""
    return [
        *spaced(traffic_lines(info, canvas)),
        *spaced(event_lines(info, canvas)),
        *spaced(task_set_lines(info.task_sets_info)),
        *spaced([line(message) for message in info.deployment_status_messages]),
    ]
