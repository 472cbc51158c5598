"""The host's own clock: how long it has been up since the agent's first deployment to it.

Clocks of hosts jump: a battery is empty, a virtual machine wakes up, time servers are wrong. This
one counts only what the kernel has counted. What passes while the host is down, or between the last
deployment before a boot and that boot, is not in it: so it is late at times, and never early.
"""

from collections.abc import Iterable

from agent.runners import boot_clock, current_boot_id
from codedeploy.wire import Model


class Moment(Model):
    """A moment on the host's own clock.

    Attributes:
        age: Seconds since the first deployment.
        boot_id: The boot it was in.
        uptime: Seconds since that boot.
    """

    age: float = 0.0
    boot_id: str = ""
    uptime: float = 0.0


def now(known: Iterable[Moment]) -> Moment:
    """Return this moment, from all earlier ones that are known."""
    latest = max(known, key=lambda moment: moment.age, default=None)
    boot_id, uptime = current_boot_id(), boot_clock()
    if latest is None:
        return Moment(boot_id=boot_id, uptime=uptime)
    passed = uptime - latest.uptime if latest.boot_id == boot_id else uptime
    return Moment(age=latest.age + passed, boot_id=boot_id, uptime=uptime)
