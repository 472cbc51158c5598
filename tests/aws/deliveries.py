"""Messages that a service of the emulator sends to the queues and topics of an account."""

import json
from typing import Any

from moto.core.exceptions import ServiceException
from moto.sns.models import sns_backends
from moto.sqs.models import sqs_backends


class UndeliverableError(Exception):
    """There is no such queue or topic."""


def deliver(arn: str, message: dict[str, Any]) -> None:
    """Send a message to a queue, or publish it to a topic.

    Raises:
        UndeliverableError: There is none of this name.
    """
    _, _, service, region, account, name, *_ = [*arn.split(":"), *[""] * 6]
    body = json.dumps(message)
    try:
        if service == "sqs":
            sqs_backends[account][region].send_message(name, body)
        elif service == "sns":
            sns_backends[account][region].publish(body, arn=arn)
        else:
            raise UndeliverableError(arn)
    except (ServiceException, KeyError) as error:
        raise UndeliverableError(arn) from error
