"""The emulator as a process: what everything else in this directory stands on."""

import urllib.parse
from pathlib import Path

import moto
import psutil
import pytest

from tests.aws.emulator import Emulator, emulator


def test_the_emulator_extends_the_moto_it_was_written_for() -> None:
    assert moto.__version__ == "5.2.5"


def test_it_listens_on_the_loopback_interface_only(aws: Emulator) -> None:
    port = urllib.parse.urlsplit(aws.url).port

    listening = psutil.Process(aws.pid).net_connections("tcp")

    assert {(one.laddr.ip, one.laddr.port) for one in listening if one.status == "LISTEN"} == {
        ("127.0.0.1", port)
    }


def test_a_reset_forgets_what_was_made(aws: Emulator) -> None:
    aws.client("ecs").create_cluster(clusterName="shop")

    aws.reset()

    assert aws.client("ecs").list_clusters()["clusterArns"] == []


def test_its_environment_points_a_program_at_it(
    aws: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    import boto3

    aws.client("ecs").create_cluster(clusterName="shop")
    for name, value in aws.environment.items():
        monkeypatch.setenv(name, value)

    client = boto3.session.Session().client("ecs")
    clusters = client.list_clusters()["clusterArns"]
    client.close()

    assert [arn.rpartition("/")[2] for arn in clusters] == ["shop"]


def test_nothing_is_left_when_it_is_stopped() -> None:
    with emulator() as running:
        pid = running.pid
        home = Path(psutil.Process(pid).environ()["TMPDIR"])
        assert home.is_dir()

    assert not psutil.pid_exists(pid)
    assert not home.exists()
