"""What the emulator answers for lifecycle hooks, asked as anybody asks AWS."""

from dataclasses import dataclass
from typing import Any

import pytest

from tests.aws.emulator import Emulator
from tests.aws.fleet_parts import FleetPlan
from tests.aws.fleet_site import FleetSite, build_fleet
from tests.aws.inbox import Inbox
from tests.aws.lifecycle_actions import ABANDON, CONTINUE, LAUNCHING, TERMINATING
from tests.aws.refusals import refused
from tests.aws.waiting import until

ROLE = "arn:aws:iam::123456789012:role/hooks"


@dataclass
class Hooked:
    """A group of one instance, and a queue that its hooks may tell."""

    site: FleetSite
    client: Any
    inbox: Inbox

    def put(self, transition: str = LAUNCHING, *, name: str = "install", **members: Any) -> None:
        self.client.put_lifecycle_hook(
            AutoScalingGroupName=self.site.group,
            LifecycleHookName=name,
            LifecycleTransition=transition,
            **members,
        )

    def put_telling(self, transition: str = LAUNCHING, **members: Any) -> None:
        self.put(transition, NotificationTargetARN=self.inbox.arn, RoleARN=ROLE, **members)
        self.inbox.wait_for(Event="autoscaling:TEST_NOTIFICATION")

    def complete(self, result: str, *, hook: str = "install", **whom: str) -> None:
        self.client.complete_lifecycle_action(
            AutoScalingGroupName=self.site.group,
            LifecycleHookName=hook,
            LifecycleActionResult=result,
            **whom,
        )

    def hooks(self) -> list[dict[str, Any]]:
        found = self.client.describe_lifecycle_hooks(AutoScalingGroupName=self.site.group)
        return list(found["LifecycleHooks"])

    def launch_into_the_hook(self) -> str:
        """Grow by one, wait until a hook holds the new instance, and return its id."""
        before = set(self.site.states())
        self.site.resize(len(before) + 1)
        self.site.wait_for(InService=len(before), Pending_Wait=1)
        return (set(self.site.states()) - before).pop()

    def activities(self) -> list[dict[str, Any]]:
        """Return what the group does and did, the newest first."""
        found = self.client.describe_scaling_activities(AutoScalingGroupName=self.site.group)
        return list(found["Activities"])


@pytest.fixture
def hooked(aws: Emulator) -> Hooked:
    site = build_fleet(aws, FleetPlan(size=1, most=60, target_groups=0))
    return Hooked(site, aws.client("autoscaling"), Inbox(aws))


# --- what is kept


def test_a_hook_is_shown_with_its_defaults(hooked: Hooked) -> None:
    hooked.put()

    assert hooked.hooks() == [
        {
            "LifecycleHookName": "install",
            "AutoScalingGroupName": "web",
            "LifecycleTransition": LAUNCHING,
            "HeartbeatTimeout": 3600,
            "GlobalTimeout": 172800,
            "DefaultResult": ABANDON,
        }
    ]


def test_a_hook_is_shown_as_it_was_put(hooked: Hooked) -> None:
    members: dict[str, Any] = {
        "HeartbeatTimeout": 60,
        "DefaultResult": CONTINUE,
        "NotificationTargetARN": hooked.inbox.arn,
        "RoleARN": ROLE,
        "NotificationMetadata": "shop",
    }

    hooked.put(TERMINATING, **members)

    (shown,) = hooked.hooks()
    assert members.items() <= shown.items()
    assert shown["GlobalTimeout"] == 6000


def test_what_is_not_said_again_stays(hooked: Hooked) -> None:
    hooked.put(HeartbeatTimeout=60, NotificationMetadata="shop")

    hooked.client.put_lifecycle_hook(
        AutoScalingGroupName="web", LifecycleHookName="install", DefaultResult=CONTINUE
    )

    (shown,) = hooked.hooks()
    assert (shown["HeartbeatTimeout"], shown["NotificationMetadata"]) == (60, "shop")
    assert shown["DefaultResult"] == CONTINUE


def test_an_empty_target_takes_the_target_away(hooked: Hooked) -> None:
    hooked.put_telling()

    hooked.put(NotificationTargetARN="")

    assert "NotificationTargetARN" not in hooked.hooks()[0]


@pytest.mark.parametrize(
    "members",
    [{"HeartbeatTimeout": 7201}, {"DefaultResult": "RETRY"}, {"LifecycleTransition": "leaving"}],
    ids=lambda members: next(iter(members)),
)
def test_a_hook_that_makes_no_sense_is_refused(hooked: Hooked, members: dict[str, Any]) -> None:
    asked = {"LifecycleTransition": LAUNCHING, **members}

    with refused("ValidationError"):
        hooked.client.put_lifecycle_hook(
            AutoScalingGroupName="web", LifecycleHookName="install", **asked
        )

    assert hooked.hooks() == []


def test_a_queue_that_is_not_there_is_refused(hooked: Hooked) -> None:
    with refused("ValidationError", "Unable to publish test message"):
        hooked.put(NotificationTargetARN=f"{hooked.inbox.arn}-not", RoleARN=ROLE)

    assert hooked.hooks() == []


def test_a_target_without_a_role_is_refused(hooked: Hooked) -> None:
    with refused("ValidationError", "IAM role"):
        hooked.put(NotificationTargetARN=hooked.inbox.arn)


def test_a_group_has_50_hooks_at_most(hooked: Hooked) -> None:
    for number in range(50):
        hooked.put(name=f"hook-{number}")

    with refused("LimitExceeded"):
        hooked.put(name="one-more")

    hooked.put(name="hook-0", HeartbeatTimeout=60)
    assert len(hooked.hooks()) == 50


def test_a_new_group_has_the_hooks_it_was_created_with(aws: Emulator) -> None:
    hook = {"LifecycleHookName": "install", "LifecycleTransition": LAUNCHING}

    site = build_fleet(
        aws,
        FleetPlan(size=1, target_groups=0, group={"LifecycleHookSpecificationList": [hook]}),
    )

    site.wait_for(Pending_Wait=1)


# --- launches


def test_a_launch_is_held_and_told(hooked: Hooked) -> None:
    hooked.put_telling(NotificationMetadata="shop")

    instance = hooked.launch_into_the_hook()

    (told,) = hooked.inbox.wait_for(EC2InstanceId=instance)
    assert (
        told
        | {
            "LifecycleHookName": "install",
            "AutoScalingGroupName": "web",
            "LifecycleTransition": LAUNCHING,
            "NotificationMetadata": "shop",
            "Origin": "EC2",
            "Destination": "AutoScalingGroup",
            "Service": "AWS Auto Scaling",
            "AccountId": "123456789012",
        }
        == told
    )
    assert len(told["LifecycleActionToken"]) == 36
    assert hooked.activities()[0]["StatusCode"] == "MidLifecycleAction"


def test_a_topic_is_told_as_a_queue_is(hooked: Hooked) -> None:
    topic = hooked.inbox.topic("hooks")

    hooked.put(NotificationTargetARN=topic, RoleARN=ROLE)
    instance = hooked.launch_into_the_hook()

    hooked.inbox.wait_for(EC2InstanceId=instance, LifecycleTransition=LAUNCHING)


def test_an_instance_goes_into_service_when_its_action_continues(hooked: Hooked) -> None:
    hooked.put()
    instance = hooked.launch_into_the_hook()

    hooked.complete(CONTINUE, InstanceId=instance)

    assert hooked.site.states()[instance] == "InService"
    assert hooked.activities()[0]["StatusCode"] == "Successful"


def test_an_action_can_be_named_by_its_token_alone(hooked: Hooked) -> None:
    hooked.put_telling()
    instance = hooked.launch_into_the_hook()
    (told,) = hooked.inbox.wait_for(EC2InstanceId=instance)

    hooked.complete(CONTINUE, LifecycleActionToken=told["LifecycleActionToken"])

    assert hooked.site.states()[instance] == "InService"


def test_an_abandoned_launch_is_terminated_and_tried_again(hooked: Hooked) -> None:
    hooked.put()
    instance = hooked.launch_into_the_hook()

    hooked.complete(ABANDON, InstanceId=instance)

    until(lambda: instance not in hooked.site.states())
    again = hooked.site.wait_for(InService=1, Pending_Wait=1)
    assert instance not in again


def test_an_abandoned_launch_says_so_in_its_activity(hooked: Hooked) -> None:
    hooked.put()
    instance = hooked.launch_into_the_hook()

    hooked.complete(ABANDON, InstanceId=instance)

    launch = next(
        one
        for one in hooked.activities()
        if one["Description"] == f"Launching a new EC2 instance: {instance}"
    )
    assert launch["StatusCode"] == "Cancelled"
    assert "Lifecycle Action Completed with ABANDON Result" in launch["StatusMessage"]


def test_an_instance_waits_for_all_hooks(hooked: Hooked) -> None:
    hooked.put(name="first")
    hooked.put(name="second")
    instance = hooked.launch_into_the_hook()

    hooked.complete(CONTINUE, hook="first", InstanceId=instance)

    assert hooked.site.states()[instance] == "Pending:Wait"
    hooked.complete(CONTINUE, hook="second", InstanceId=instance)
    assert hooked.site.states()[instance] == "InService"


def test_an_action_that_is_complete_cannot_be_completed(hooked: Hooked) -> None:
    hooked.put()
    instance = hooked.launch_into_the_hook()
    hooked.complete(CONTINUE, InstanceId=instance)

    with refused(
        "ValidationError", f"No active Lifecycle Action found with instance ID {instance}"
    ):
        hooked.complete(CONTINUE, InstanceId=instance)


def test_a_token_that_nobody_got_is_refused(hooked: Hooked) -> None:
    hooked.put()
    instance = hooked.launch_into_the_hook()
    token = "0" * 36

    with refused("ValidationError", f"No active Lifecycle Action found with token {token}"):
        hooked.complete(CONTINUE, LifecycleActionToken=token)

    assert hooked.site.states()[instance] == "Pending:Wait"


def test_an_unknown_hook_is_refused(hooked: Hooked) -> None:
    hooked.put()
    instance = hooked.launch_into_the_hook()

    with refused("ValidationError", "No Lifecycle Hook found with name another"):
        hooked.complete(CONTINUE, hook="another", InstanceId=instance)


def test_an_unknown_result_is_refused(hooked: Hooked) -> None:
    hooked.put()
    instance = hooked.launch_into_the_hook()

    with refused("ValidationError", "CONTINUE, ABANDON"):
        hooked.complete("RETRY", InstanceId=instance)


# --- time


def test_an_instance_goes_into_service_if_that_is_the_default_when_nobody_answers(
    hooked: Hooked,
) -> None:
    hooked.put_telling(HeartbeatTimeout=1, DefaultResult=CONTINUE)

    hooked.site.resize(2)

    _, launched = hooked.site.wait_for(InService=2)
    hooked.inbox.wait_for(EC2InstanceId=launched)


def test_a_launch_is_abandoned_if_that_is_the_default_when_nobody_answers(
    hooked: Hooked,
) -> None:
    hooked.put(HeartbeatTimeout=1, DefaultResult=ABANDON)

    hooked.site.resize(2)

    until(
        lambda: any(
            one["StatusCode"] == "Cancelled" and "Heartbeat Timeout" in one["StatusMessage"]
            for one in hooked.activities()
        )
    )


def test_a_heartbeat_holds_an_instance_longer(hooked: Hooked) -> None:
    hooked.put(HeartbeatTimeout=3, DefaultResult=CONTINUE)
    hooked.site.resize(3)
    (_, silent, beating) = hooked.site.wait_for(InService=1, Pending_Wait=2)

    def beat_until_the_other_is_through() -> bool:
        hooked.client.record_lifecycle_action_heartbeat(
            AutoScalingGroupName="web", LifecycleHookName="install", InstanceId=beating
        )
        return hooked.site.states()[silent] == "InService"

    until(beat_until_the_other_is_through)

    assert hooked.site.states()[beating] == "Pending:Wait"


def test_no_heartbeat_is_taken_for_an_instance_that_is_not_held(hooked: Hooked) -> None:
    hooked.put()

    with refused("ValidationError", "No active Lifecycle Action found"):
        hooked.client.record_lifecycle_action_heartbeat(
            AutoScalingGroupName="web",
            LifecycleHookName="install",
            InstanceId=hooked.site.in_service()[0],
        )


# --- terminations


@pytest.mark.parametrize("result", [CONTINUE, ABANDON])
def test_a_termination_is_held_and_then_goes_on_whatever_the_result(
    hooked: Hooked, result: str
) -> None:
    hooked.put_telling(TERMINATING)
    (instance,) = hooked.site.in_service()
    hooked.site.resize(0)
    hooked.site.wait_for(Terminating_Wait=1)
    (told,) = hooked.inbox.wait_for(EC2InstanceId=instance)
    running = instance_state(hooked, instance)

    hooked.complete(result, LifecycleActionToken=told["LifecycleActionToken"])

    assert (told["Origin"], told["Destination"]) == ("AutoScalingGroup", "EC2")
    assert (running, instance_state(hooked, instance)) == ("running", "terminated")
    assert hooked.site.states() == {}


def test_an_instance_that_was_terminated_by_hand_is_held_and_replaced(hooked: Hooked) -> None:
    hooked.put(TERMINATING)
    (instance,) = hooked.site.in_service()

    hooked.site.aws.client("ec2").terminate_instances(InstanceIds=[instance])

    hooked.site.wait_for(Terminating_Wait=1, InService=1)
    assert hooked.site.states()[instance] == "Terminating:Wait"


def instance_state(hooked: Hooked, instance: str) -> str:
    found = hooked.site.aws.client("ec2").describe_instances(InstanceIds=[instance])
    return str(found["Reservations"][0]["Instances"][0]["State"]["Name"])


# --- hooks that go


def test_a_launch_is_abandoned_when_its_hook_is_deleted(hooked: Hooked) -> None:
    hooked.put()
    instance = hooked.launch_into_the_hook()

    hooked.client.delete_lifecycle_hook(AutoScalingGroupName="web", LifecycleHookName="install")

    hooked.site.wait_for(InService=2)
    assert instance not in hooked.site.states()
    assert hooked.hooks() == []


def test_a_termination_goes_on_when_its_hook_is_deleted(hooked: Hooked) -> None:
    hooked.put(TERMINATING)
    hooked.site.resize(0)
    hooked.site.wait_for(Terminating_Wait=1)

    hooked.client.delete_lifecycle_hook(AutoScalingGroupName="web", LifecycleHookName="install")

    hooked.site.wait_for()


def test_a_hook_that_is_not_there_cannot_be_deleted(hooked: Hooked) -> None:
    with refused("ValidationError", "install"):
        hooked.client.delete_lifecycle_hook(AutoScalingGroupName="web", LifecycleHookName="install")


def test_a_queue_that_is_gone_stops_nobody(hooked: Hooked, aws: Emulator) -> None:
    hooked.put_telling()
    aws.client("sqs").delete_queue(QueueUrl=hooked.inbox.url)

    instance = hooked.launch_into_the_hook()

    hooked.complete(CONTINUE, InstanceId=instance)
    assert hooked.site.states()[instance] == "InService"
