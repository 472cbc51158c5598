"""A queue that somebody is to write to, and what has come."""

import json
from typing import Any

from tests.aws.endpoint import Endpoint
from tests.aws.waiting import until


class Inbox:
    """A queue of SQS.

    Attributes:
        arn: What senders know it by.
        url: What receivers know it by.
    """

    def __init__(self, aws: Endpoint, name: str = "inbox") -> None:
        self._aws, self._queues = aws, aws.client("sqs")
        self.url = str(self._queues.create_queue(QueueName=name)["QueueUrl"])
        found = self._queues.get_queue_attributes(QueueUrl=self.url, AttributeNames=["QueueArn"])
        self.arn = str(found["Attributes"]["QueueArn"])

    def topic(self, name: str) -> str:
        """Make a topic that passes on to here what is published as it is; return its ARN."""
        topics = self._aws.client("sns")
        arn = str(topics.create_topic(Name=name)["TopicArn"])
        raw = {"RawMessageDelivery": "true"}
        topics.subscribe(TopicArn=arn, Protocol="sqs", Endpoint=self.arn, Attributes=raw)
        return arn

    def count(self) -> int:
        """Return how many messages there are, those included that somebody is reading."""
        named = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = self._queues.get_queue_attributes(QueueUrl=self.url, AttributeNames=named)
        return sum(int(number) for number in found["Attributes"].values())

    def take(self) -> list[dict[str, Any]]:
        """Return what has come, and remove it."""
        bodies = []
        while found := self._queues.receive_message(QueueUrl=self.url, MaxNumberOfMessages=10).get(
            "Messages"
        ):
            for message in found:
                self._queues.delete_message(
                    QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"]
                )
                bodies.append(json.loads(message["Body"]))
        return bodies

    def wait_for(self, count: int = 1, **members: Any) -> list[dict[str, Any]]:
        """Return so many messages with these members, as soon as they have come; drop others."""
        wanted: list[dict[str, Any]] = []

        def have_come() -> bool:
            come = self.take()
            wanted.extend(one for one in come if members.items() <= one.items())
            return len(wanted) >= count

        until(have_come)
        return wanted
