"""A load balancer's health check, really made: one HTTP request to a target."""

import http.client

from tests.aws.target_health import FAILED, HEALTHY, TIMED_OUT, Health, Target, answered

_TIMEOUT_SECONDS = 10


def check(
    target: Target, *, path: str, codes: str, timeout_seconds: float = _TIMEOUT_SECONDS
) -> Health:
    """Ask a target, and return how it stands.

    Args:
        target: By address.
        codes: The codes that mean healthy, as a target group's matcher writes them.
    """
    connection = http.client.HTTPConnection(*target, timeout=timeout_seconds)
    try:
        connection.request("GET", path)
        status = connection.getresponse().status
    except TimeoutError:
        return TIMED_OUT
    except (OSError, http.client.HTTPException):
        return FAILED
    finally:
        connection.close()
    return HEALTHY if matches(status, codes) else answered(status)


def matches(status: int, codes: str) -> bool:
    """Whether a status is among codes such as `200`, `200,302` or `200-399`."""
    for part in codes.split(","):
        first, _, last = part.partition("-")
        if int(first) <= status <= int(last or first):
            return True
    return False
