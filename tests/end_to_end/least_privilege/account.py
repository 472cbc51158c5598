"""An account with functions and services to deploy to, an alarm, hooks and a bucket."""

import asyncio
import itertools
import json
from typing import Any

from temporalio.client import Client

from tests.aws.ecs_site import Site
from tests.aws.endpoint import Endpoint
from tests.aws.functions import publish
from tests.aws.site_parts import Plan
from tests.traffic_scenario import EcsScenario, LambdaScenario, TrafficScenario

ALARM, BUCKET = "errors", "releases"
AGREES, REFUSES = "agrees", "refuses"
"""Hook functions, by what they say."""

_SAYING = 'def handler(event, context):\n    return {"status": "%s"}\n'
_API = {"Field": "path-pattern", "Values": ["/api/*"]}


class Account:
    """Makes what is deployed to, for as long as nobody's rights are checked."""

    def __init__(self, temporal: Client, aws: Endpoint) -> None:
        self._temporal, self._aws = temporal, aws
        self._numbers = itertools.count(1)
        publish(aws, AGREES, _SAYING % "Succeeded")
        publish(aws, REFUSES, _SAYING % "Failed")
        aws.client("s3").create_bucket(Bucket=BUCKET)
        aws.client("cloudwatch").put_metric_alarm(
            AlarmName=ALARM,
            Namespace="Shop",
            MetricName="Errors",
            Statistic="Sum",
            Period=60,
            EvaluationPeriods=1,
            Threshold=1,
            ComparisonOperator="GreaterThanThreshold",
        )
        for service in ("ec2", "ecs", "elbv2"):  # the threads that build services share clients
            aws.client(service)
        aws.client("ec2").describe_subnets()

    def function(self, role: str) -> LambdaScenario:
        """Return a function of two versions; its group names `role`, hooks and an alarm."""
        scenario = LambdaScenario(self._temporal, self._aws).with_settings(**_settings(role))
        scenario.asking("BeforeAllowTraffic", AGREES).asking("AfterAllowTraffic", AGREES)
        return scenario.of(versions=2)

    async def service(self, role: str, *, hook: str = AGREES, broken: bool = False) -> EcsScenario:
        """Return a service of two versions; its group names `role`, a hook and an alarm."""
        scenario = EcsScenario(self._temporal, self._aws).with_settings(**_settings(role))
        scenario.asking("AfterInstall", hook)
        plan = Plan(
            name=f"web-{next(self._numbers)}", desired_count=1, broken=(2,) if broken else ()
        )
        await asyncio.to_thread(scenario.of, plan)
        await asyncio.to_thread(self._add_rule, scenario)
        return scenario

    def in_bucket(self, scenario: TrafficScenario) -> dict[str, Any]:
        """Put the AppSpec file of version 2 into the bucket, and return it as a revision."""
        content = json.dumps(scenario.app_spec(2) | {"Hooks": scenario.hooks})
        key = f"{scenario.application}.json"
        self._aws.client("s3").put_object(Bucket=BUCKET, Key=key, Body=content.encode())
        location = {"bucket": BUCKET, "key": key, "bundleType": "JSON"}
        return {"revisionType": "S3", "s3Location": location}

    def stop_a_task(self, scenario: EcsScenario) -> None:
        """Stop a task of the service, which starts another one."""
        ecs, cluster = self._aws.client("ecs"), scenario.site.cluster
        (task,) = ecs.list_tasks(cluster=cluster, serviceName=scenario.site.service)["taskArns"]
        ecs.stop_task(cluster=cluster, task=task)

    def _add_rule(self, scenario: EcsScenario) -> None:
        self._aws.client("elbv2").create_rule(
            ListenerArn=scenario.site.production_listener,
            Priority=1,
            Conditions=[_API],
            Actions=[{"Type": "forward", "TargetGroupArn": scenario.site.blue.arn}],
        )


def _settings(role: str) -> dict[str, Any]:
    alarms = {"enabled": True, "alarms": [{"name": ALARM}]}
    return {"serviceRoleArn": role, "alarmConfiguration": alarms}


Serving = tuple[list[str], list[Any]]
"""Task sets, and what each listener and rule in front of them does."""


def serving(site: Site) -> Serving:
    """Return what serves the users of a place, and its testers."""
    elb = site.aws.client("elbv2")
    listeners = [site.production_listener, site.test_listener]
    actions = [
        (rule["RuleArn"], rule["Actions"])
        for listener in listeners
        for rule in elb.describe_rules(ListenerArn=listener)["Rules"]
    ]
    return [site.primary()["id"], *(one["id"] for one in site.task_sets())], actions
