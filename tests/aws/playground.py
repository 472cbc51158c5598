"""Something to deploy to on the emulator, and the files that deploy to it, for people to try.

    python -m tests.aws.playground lambda DIRECTORY
    python -m tests.aws.playground ecs DIRECTORY

The emulator is the one that AWS_ENDPOINT_URL names.
"""

import argparse
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import yaml
from botocore.exceptions import BotoCoreError, ClientError

from tests.aws.ecs_site import Site, build_site
from tests.aws.endpoint import Endpoint
from tests.aws.functions import publish
from tests.aws.site_parts import Plan

FUNCTION, SERVICE = "hello-function", "hello-service"
"""Names, of the applications, too."""

ALIAS, GROUP = "live", "live"
ALARM = "hello-errors"
VERSIONS = 3
HOOKS = {
    "hello-check": '    return {"status": "Succeeded"}\n',
    "hello-doubt": '    return {"status": "Failed", "message": "it greets nobody"}\n',
}
"""Functions that hooks may ask, and what they do."""

Document = dict[str, Any]


def build_lambda(aws: Endpoint) -> Iterator[tuple[str, list[Document]]]:
    """Publish three versions of a function, and yield the files that deploy them."""
    _add_hooks_and_alarm(aws)
    for version in range(1, VERSIONS + 1):
        publish(aws, FUNCTION, f"def handler(event, context):\n    return 'hello {version}'\n")
    aws.client("lambda").create_alias(FunctionName=FUNCTION, Name=ALIAS, FunctionVersion="1")
    yield "hello.yml", _manifest(FUNCTION, "Lambda", {})
    for version in range(2, VERSIONS + 1):
        properties = {
            "Name": FUNCTION,
            "Alias": ALIAS,
            "CurrentVersion": version - 1,
            "TargetVersion": version,
        }
        function = {"Type": "AWS::Lambda::Function", "Properties": properties}
        yield f"v{version}.yml", [{"version": 0.0, "Resources": [{FUNCTION: function}]}]


def build_ecs(aws: Endpoint) -> Iterator[tuple[str, list[Document]]]:
    """Build a service of three versions, and yield the files that deploy them."""
    _add_hooks_and_alarm(aws)
    site = build_site(aws, Plan(name=SERVICE, versions=VERSIONS))
    yield "hello.yml", _manifest(SERVICE, "ECS", _ecs_group(site))
    for version in range(2, VERSIONS + 1):
        yield f"v{version}.yml", [site.app_spec(version)]


PLATFORMS: dict[str, Callable[[Endpoint], Iterator[tuple[str, list[Document]]]]] = {
    "lambda": build_lambda,
    "ecs": build_ecs,
}


def main() -> None:
    """Build what is asked for, and write the files."""
    parser = argparse.ArgumentParser(prog="python -m tests.aws.playground", description=__doc__)
    parser.add_argument("platform", choices=sorted(PLATFORMS))
    parser.add_argument("directory", type=Path)
    options = parser.parse_args()
    address = os.environ.get("AWS_ENDPOINT_URL")
    if not address:
        sys.exit("error: AWS_ENDPOINT_URL names no emulator: this is not for a real account.")
    options.directory.mkdir(parents=True, exist_ok=True)
    try:
        write(PLATFORMS[options.platform](Endpoint(address)), options.directory)
    except (BotoCoreError, ClientError) as error:
        sys.exit(
            f"error: {error}\nThe emulator must run, and be new: python -m tests.aws.server 5000"
        )


def write(files: Iterator[tuple[str, list[Document]]], directory: Path) -> None:
    """Write the files into a directory."""
    for name, documents in files:
        path = directory / name
        path.write_text(yaml.safe_dump_all(documents, sort_keys=False))
        print(f"wrote {path}")


def _add_hooks_and_alarm(aws: Endpoint) -> None:
    for name, verdict in HOOKS.items():
        publish(aws, name, f"def handler(event, context):\n{verdict}")
    aws.client("cloudwatch").put_metric_alarm(
        AlarmName=ALARM,
        Namespace="Hello",
        MetricName="Errors",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
    )


def _manifest(name: str, platform: str, members: Document) -> list[Document]:
    """Return an application, a pace that people do not wait long for, and a group."""
    application = {"applicationName": name, "computePlatform": platform}
    pace = {
        "deploymentConfigName": f"{name}-canary",
        "computePlatform": platform,
        "trafficRoutingConfig": {
            "type": "TimeBasedCanary",
            "timeBasedCanary": {"canaryPercentage": 10, "canaryInterval": 1},
        },
    }
    group = {
        "applicationName": name,
        "deploymentGroupName": GROUP,
        "computePlatform": platform,
        "deploymentConfigName": f"{name}-canary",
        "alarmConfiguration": {"enabled": True, "alarms": [{"name": ALARM}]},
        **members,
    }
    return [application, pace, group]


def _ecs_group(site: Site) -> Document:
    kept = {"action": "TERMINATE", "terminationWaitTimeInMinutes": 60}
    return {
        **site.group,
        "blueGreenDeploymentConfiguration": {"terminateBlueInstancesOnDeploymentSuccess": kept},
    }


if __name__ == "__main__":
    main()
