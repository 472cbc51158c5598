"""The two task sets of a deployment to an ECS service."""

from collections.abc import Sequence

from rich.text import Text

from codedeploy.deployment import ECSTaskSet
from starter.render.lines import Part, table


def task_set_lines(task_sets: Sequence[ECSTaskSet]) -> list[Text]:
    """Return one line a task set: its part, its tasks, and the traffic it gets."""
    rows = [_row(task_set) for task_set in task_sets]
    header = ("TASK SET", "ID", "RUNNING", "TRAFFIC", "TARGET GROUP", "STATUS")
    return table(rows, header=header) if rows else []


def _row(task_set: ECSTaskSet) -> list[Part]:
    pending = f", {task_set.pending_count} pending" if task_set.pending_count else ""
    return [
        (task_set.task_set_label, "bold"),
        task_set.identifer.rpartition("/")[2],
        f"{task_set.running_count}/{task_set.desired_count}{pending}",
        f"{task_set.traffic_weight:g}%",
        task_set.target_group or "-",
        task_set.status or "-",
    ]
