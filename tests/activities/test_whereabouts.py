"""What EC2 says of instances that were not reached, at the emulator."""

import pytest

from activities.aws import Aws
from activities.whereabouts import Whereabouts
from tests.activities.balanced_instances import counted, launch, terminate
from tests.aws.emulator import Emulator


def test_an_instance_that_runs_is_not_lost(aws: Emulator, clients: Aws) -> None:
    launched = launch(aws, 2)

    assert Whereabouts(clients, None).lost(launched) == {}


def test_why_an_instance_does_not_run(aws: Emulator, clients: Aws) -> None:
    running, gone = launch(aws, 2)
    terminate(aws, gone)

    reasons = Whereabouts(clients, None).lost([running, gone])

    assert list(reasons) == [gone]
    assert reasons[gone].startswith("EC2 says that it is terminated (User initiated")


def test_an_instance_that_ec2_does_not_know_is_lost(aws: Emulator, clients: Aws) -> None:
    unknown = "i-00000000000000001"

    assert Whereabouts(clients, None).lost([unknown]) == {
        unknown: "EC2 does not know it: it was terminated a while ago, or is in another region"
    }


@pytest.mark.parametrize(("count", "calls"), [(0, 0), (200, 1), (201, 2)])
def test_many_instances_are_asked_for_together(
    aws: Emulator, clients: Aws, count: int, calls: int
) -> None:
    names = ["web-1", *(f"i-{number:017x}" for number in range(count))]

    with counted(clients, "ec2") as asked:
        Whereabouts(clients, None).lost(names)

    assert asked == ["DescribeInstances"] * calls


def test_without_a_region_nothing_is_known(clients: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nowhere/config")

    assert Whereabouts(clients, None).lost(["i-00000000000000001"]) == {}
