"""What the `Install` event will do to a host, decided before anything is touched.

`plan_install` takes what the revision holds, what the AppSpec asks for and what is on the host, and
returns an `InstallPlan`: every operation in order, or every problem at once. Nothing here reads or
writes a file; the host answers through the `Host` port.
"""

from codedeploy.installation.operations import (
    AS_PACKED,
    Access,
    Claim,
    Entry,
    Host,
    InstallPlan,
    Kind,
    MakeDirectory,
    Operation,
    Owned,
    Place,
    PutBack,
    Remove,
    RemoveDirectory,
    Site,
)
from codedeploy.installation.placement import parent
from codedeploy.installation.plan import plan_install

__all__ = [
    "AS_PACKED",
    "Access",
    "Claim",
    "Entry",
    "Host",
    "InstallPlan",
    "Kind",
    "MakeDirectory",
    "Operation",
    "Owned",
    "Place",
    "PutBack",
    "Remove",
    "RemoveDirectory",
    "Site",
    "parent",
    "plan_install",
]
