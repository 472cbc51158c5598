"""The queue in which Auto Scaling tells that lifecycle hooks hold instances.

Source: Amazon EC2 Auto Scaling User Guide, Route notifications to Amazon SNS and Amazon SQS.
"""

import json
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from enum import StrEnum
from functools import partial
from math import ceil
from typing import Any

from activities.aws import Aws, asking
from codedeploy.auto_scaling import HooksOrder
from codedeploy.errors import ErrorCode

LONGEST_LISTEN_SECONDS = 20
"""SQS lets nobody wait longer in one call."""

PATIENCE_SECONDS = LONGEST_LISTEN_SECONDS + 10
"""How long a queue may stay silent."""

_SECONDS_TO_SORT = 30
_MOST_MESSAGES = 10

_asking = partial(asking, otherwise=ErrorCode.AUTO_SCALING_CONFIGURATION)

Message = Mapping[str, Any]


class Heard(StrEnum):
    """What has come to a queue."""

    OURS = "ours"
    OTHERS = "others"
    NOTHING = "nothing"


class NoticeQueue:
    """A queue of SQS that may be shared: who reads it leaves others what is theirs.

    Only that a notice has come counts, not what it says: it may come twice, late, or never.

    Args:
        aws: Whose clients to use.
        hooks: Whose notices are ours.
        queue_arn: Of the queue.
    """

    def __init__(self, aws: Aws, hooks: HooksOrder, queue_arn: str) -> None:
        self._aws = aws
        self._hooks = hooks
        self._arn = queue_arn
        self._url: str | None = None

    @property
    def _client(self) -> Any:
        return self._aws.client("sqs", self._hooks.role_arn, read_seconds=PATIENCE_SECONDS)

    def listen(self, seconds: float) -> Heard:
        """Wait for messages, at most that long; delete ours, and give others back at once."""
        messages = self._received(seconds)
        ours = [one for one in messages if self._is_ours(one)]
        others = [one for one in messages if one not in ours]
        # Messages with which SQS fails alone come again by themselves.
        self._give_back(others)
        self._delete(ours)
        if ours:
            return Heard.OURS
        return Heard.OTHERS if others else Heard.NOTHING

    def _received(self, seconds: float) -> list[Message]:
        url = self._found_url()
        with self._asked("sqs:ReceiveMessage"):
            answer = self._client.receive_message(
                QueueUrl=url,
                MaxNumberOfMessages=_MOST_MESSAGES,
                VisibilityTimeout=_SECONDS_TO_SORT,
                WaitTimeSeconds=min(max(ceil(seconds), 1), LONGEST_LISTEN_SECONDS),
            )
        return list(answer.get("Messages", ()))

    def _give_back(self, messages: list[Message]) -> None:
        if messages:
            entries = _entries(messages, VisibilityTimeout=0)
            with self._asked("sqs:ChangeMessageVisibility"):
                self._client.change_message_visibility_batch(QueueUrl=self._url, Entries=entries)

    def _delete(self, messages: list[Message]) -> None:
        if messages:
            with self._asked("sqs:DeleteMessage"):
                self._client.delete_message_batch(QueueUrl=self._url, Entries=_entries(messages))

    def _is_ours(self, message: Message) -> bool:
        """Whether a message is about our groups, and of no other hook than ours."""
        try:
            notice = json.loads(message["Body"])
        except ValueError:
            return False
        if not isinstance(notice, dict):
            return False
        hooks = (None, self._hooks.launch_hook, self._hooks.termination_hook)
        is_of_our_group = notice.get("AutoScalingGroupName") in self._hooks.names
        return is_of_our_group and notice.get("LifecycleHookName") in hooks

    def _found_url(self) -> str:
        if self._url is None:
            *_, account, name = self._arn.split(":")
            with self._asked("sqs:GetQueueUrl"):
                answer = self._client.get_queue_url(QueueName=name, QueueOwnerAWSAccountId=account)
            self._url = str(answer["QueueUrl"])
        return self._url

    def _asked(self, action: str) -> AbstractContextManager[None]:
        return _asking(action, f"the queue {self._arn}")


def _entries(messages: Iterable[Message], **more: Any) -> list[dict[str, Any]]:
    return [
        {"Id": str(number), "ReceiptHandle": message["ReceiptHandle"], **more}
        for number, message in enumerate(messages)
    ]
