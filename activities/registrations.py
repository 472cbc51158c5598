"""Forgetting instances that EC2 has terminated: their agents cannot say goodbye any more.

EC2 shows terminated instances for about an hour.

Source: Amazon EC2 API Reference, DescribeInstances.
"""

import asyncio
from functools import partial

from temporalio import activity
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from activities.aws import Aws, asking
from activities.directory import Directory
from activities.liveness import alive, on_own_thread
from codedeploy.errors import ErrorCode
from codedeploy.identifiers import instance_workflow_id

_OVER = {"Name": "instance-state-name", "Values": ["shutting-down", "terminated"]}


class Registrations:
    """Ends the entities of instances that are no more."""

    def __init__(self, client: Client, aws: Aws) -> None:
        self._client = client
        self._directory = Directory(client, aws)
        self._aws = aws

    @activity.defn(name="deregister_terminated")
    async def deregister_terminated(self, role_arn: str | None) -> tuple[str, ...]:
        """Deregister instances that EC2 has terminated lately; return their names.

        A second call finds none. Without a region nothing is asked.

        Raises:
            ApplicationError: IAM_ROLE_PERMISSIONS, or what else AWS refuses; final. To be retried
                if AWS is busy or was not reached.
        """
        return await alive(self._deregister_terminated(role_arn))

    async def _deregister_terminated(self, role_arn: str | None) -> tuple[str, ...]:
        if not self._aws.region:
            return ()
        terminated = await on_own_thread(partial(self._terminated, role_arn))
        gone = [host.name for host in await self._directory.hosts() if host.name in terminated]
        await asyncio.gather(*map(self._deregister, gone))
        return tuple(gone)

    def _terminated(self, role_arn: str | None) -> set[str]:
        pages = self._aws.client("ec2", role_arn).get_paginator("describe_instances")
        with asking(
            "ec2:DescribeInstances", "terminated instances", otherwise=ErrorCode.INTERNAL_ERROR
        ):
            return {
                instance["InstanceId"]
                for page in pages.paginate(Filters=[_OVER])
                for reservation in page["Reservations"]
                for instance in reservation["Instances"]
            }

    async def _deregister(self, name: str) -> None:
        handle = self._client.get_workflow_handle(instance_workflow_id(name))
        try:
            await handle.execute_update("deregister")
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise
