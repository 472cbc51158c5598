"""Reading what people type for groups and lifecycle events."""

from codedeploy.application import check_name
from codedeploy.document import did_you_mean
from codedeploy.errors import InvalidInput
from codedeploy.lifecycle import LifecycleEvent


def group_parts(name: str) -> tuple[str, str]:
    """Return application and group of `application/group`.

    Raises:
        InvalidInput: It is not two names with a slash between them.
    """
    application, slash, group = name.partition("/")
    if not slash or "/" in group:
        raise InvalidInput(
            f"{name!r} names no deployment group: expected APP/GROUP, such as shop/production. "
            "List them with: rollway get groups"
        )
    return check_name(application, of="application"), check_name(group, of="deployment group")


def check_group_name(name: str) -> str:
    """Return `name` if it has the form `application/group`.

    Raises:
        InvalidInput: It has not.
    """
    group_parts(name)
    return name


def lifecycle_event(typed: str) -> LifecycleEvent:
    """Return the event that `typed` names, in any case.

    Raises:
        InvalidInput: There is none.
    """
    for event in LifecycleEvent:
        if event.lower() == typed.lower():
            return event
    hint = did_you_mean(typed, LifecycleEvent) or "."
    raise InvalidInput(
        f"{typed!r} is no lifecycle event{hint} There are: {', '.join(LifecycleEvent)}."
    )
