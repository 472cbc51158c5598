"""Runs a program that must not outlive the process that started it.

    python tether.py PARENT_PID PROGRAM [ARGUMENT ...]

It asks the kernel to kill this process when its parent ends, however that ends, and then becomes
the program. A process of its own does this, because the starting one has threads, and code between
fork and exec is not safe there. Where the kernel has no such call (macOS), the program is started
all the same and only an orderly stop of the parent ends it.
"""

import ctypes
import os
import signal
import sys

_SET_PARENT_DEATH_SIGNAL = 1


def main() -> None:
    """Become the program named on the command line, tied to the parent's life."""
    parent, *command = sys.argv[1:]
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_SET_PARENT_DEATH_SIGNAL, signal.SIGKILL)
    # The parent may have ended before the kernel was asked.
    if os.getppid() != int(parent):
        sys.exit(f"{command[0]}: not started, because process {parent} has ended")
    os.execv(command[0], command)


if __name__ == "__main__":
    main()
