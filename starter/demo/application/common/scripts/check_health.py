"""Asks a web application for its health until it answers; the exit code says what it answered.

check_health.py URL
"""

import sys
import time
from urllib.error import HTTPError
from urllib.request import urlopen

TRIES = 100
PAUSE_SECONDS = 0.1


def main(url: str) -> None:
    """Exit with a sentence unless the application says that it is healthy."""
    for _ in range(TRIES):
        try:
            with urlopen(url, timeout=2) as answer:
                print(f"GET {url} answered {answer.status}: {answer.read().decode()}")  # noqa: T201
                return
        except HTTPError as error:
            sys.exit(f"GET {url} answered {error.code}: {error.read().decode()}")
        except OSError:  # It has not begun to listen yet.
            time.sleep(PAUSE_SECONDS)
    sys.exit(f"GET {url}: nobody answered within {TRIES * PAUSE_SECONDS:.0f} s")


if __name__ == "__main__":
    main(*sys.argv[1:])
