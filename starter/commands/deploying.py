"""`rollway plan`, `deploy` and `rollback`: changing what a group runs."""

import shlex
from collections.abc import Iterable
from typing import Any

from pydantic import ValidationError

from codedeploy.alarm import AlarmConfiguration
from codedeploy.appspec import FileExistsBehavior
from codedeploy.deployment import DEPLOYMENT_ID
from codedeploy.deployment_group import (
    AutoRollbackConfiguration,
    AutoRollbackEvent,
    EC2DeploymentOptions,
    ScalingProcess,
)
from codedeploy.deployment_request import DeploymentRequest
from codedeploy.errors import InvalidInput
from codedeploy.revision import Revision
from codedeploy.steering import Verb
from starter.commands.deploy_options import (
    AppSpecFilename,
    AutoRollback,
    Config,
    Description,
    FileExists,
    IdempotencyKey,
    IgnoreAlarms,
    IgnoreStopFailures,
    PlanId,
    RevisionOption,
    RollbackSubject,
    SuspendProcesses,
    TargetScalingGroups,
    TargetTags,
    ToRevision,
)
from starter.commands.exit_codes import exit_code_of_status
from starter.commands.following import follow
from starter.commands.naming import group_parts
from starter.commands.options import GroupName, Output, Reason, Watch
from starter.commands.replacement import target_instances
from starter.commands.session import Session, connected
from starter.commands.steering import intervene
from starter.commands.terminal import note
from starter.deployments import WayBack
from starter.locations import location, with_appspec
from starter.render.documents import OutputFormat
from starter.render.plan import plan_view


@connected
async def plan(
    session: Session,
    group: GroupName,
    *,
    revision: RevisionOption = None,
    appspec_filename: AppSpecFilename = None,
    config: Config = None,
    target_tag: TargetTags = None,
    target_auto_scaling_group: TargetScalingGroups = None,
    output: Output = OutputFormat.TABLE,
) -> None:
    """Show what a deployment would do, and change nothing.

    For servers: hosts in order, batches, floor. For Lambda and ECS: the shifts with their times.
    """
    members = {
        "deployment_config_name": config,
        "target_instances": target_instances(target_tag, target_auto_scaling_group),
    }
    found = await _revision(session, group, revision, appspec_filename)
    request = _request(group, found, members)
    rollway = await session.rollway()
    made = await rollway.plan(request)
    typed = (
        ("--revision", revision),
        ("--appspec-filename", appspec_filename),
        ("--config", config),
        *(("--target-tag", tag) for tag in target_tag or ()),
        *(("--target-auto-scaling-group", name) for name in target_auto_scaling_group or ()),
        ("--plan-id", made.plan_id),
    )
    command = deploy_command(group, typed)
    canvas = session.terminal.canvas()
    session.terminal.answer(made, output, lambda: plan_view(made, canvas, command=command))


def deploy_command(group: str, typed: Iterable[tuple[str, str | None]]) -> str:
    """Return what to type to deploy what was planned; options without a value are left out."""
    words = ["rollway", "deploy", group]
    for option, value in typed:
        words += [option, value] if value else []
    return shlex.join(words)


@connected
async def deploy(
    session: Session,
    group: GroupName,
    *,
    revision: RevisionOption = None,
    appspec_filename: AppSpecFilename = None,
    config: Config = None,
    description: Description = "",
    plan_id: PlanId = None,
    idempotency_key: IdempotencyKey = None,
    ignore_application_stop_failures: IgnoreStopFailures = False,
    file_exists_behavior: FileExists = FileExistsBehavior.DISALLOW,
    auto_rollback: AutoRollback = None,
    ignore_alarms: IgnoreAlarms = False,
    suspend_process: SuspendProcesses = None,
    target_tag: TargetTags = None,
    target_auto_scaling_group: TargetScalingGroups = None,
    watch: Watch = None,
    output: Output = OutputFormat.TABLE,
) -> int | None:
    """Deploy a revision to a group.

    Watched, the exit status is that of the deployment: 0 succeeded, 1 failed, 3 stopped.
    Unwatched, the deployment's id is printed.
    """
    members = {
        "deployment_config_name": config,
        "description": description,
        "plan_id": plan_id,
        "idempotency_key": idempotency_key,
        "ignore_application_stop_failures": ignore_application_stop_failures,
        "file_exists_behavior": file_exists_behavior.value,
        "auto_rollback_configuration": _auto_rollback(auto_rollback),
        "override_alarm_configuration": AlarmConfiguration() if ignore_alarms else None,
        "ec2_deployment_options": _suspending(suspend_process),
        "target_instances": target_instances(target_tag, target_auto_scaling_group),
    }
    found = await _revision(session, group, revision, appspec_filename)
    deployment_id = await (await session.rollway()).deploy(_request(group, found, members))
    return await _started(session, deployment_id, watch, output)


@connected
async def rollback(
    session: Session,
    subject: RollbackSubject,
    *,
    to: ToRevision = None,
    ignore_alarms: IgnoreAlarms = False,
    target_tag: TargetTags = None,
    target_auto_scaling_group: TargetScalingGroups = None,
    reason: Reason = "",
    watch: Watch = None,
    output: Output = OutputFormat.TABLE,
) -> int | None:
    """Take a running deployment back, or a group to its last good or a named revision."""
    if not DEPLOYMENT_ID.fullmatch(subject):
        application, group = group_parts(subject)
        rollway = await session.rollway()
        way = WayBack(
            to=to,
            ignores_alarms=ignore_alarms,
            target_instances=target_instances(target_tag, target_auto_scaling_group),
        )
        deployment_id = await rollway.rollback(application, group, way)
        return await _started(session, deployment_id, watch, output)
    if to or ignore_alarms or target_tag or target_auto_scaling_group:
        raise InvalidInput(
            f"--to, --ignore-alarms and --target-... are for a group, and {subject} is a "
            "deployment: it goes back to what was there before it, whatever alarms say. Leave "
            "them out, or name the group."
        )
    await intervene(session, subject, Verb.ROLLBACK, reason=reason)
    if not _watches(session, watch):
        return None
    sections = await follow(session, subject, output)
    return exit_code_of_status(sections[-1].status)


async def _started(
    session: Session, deployment_id: str, watch: bool | None, output: OutputFormat
) -> int | None:
    if _watches(session, watch):
        sections = await follow(session, deployment_id, output)
        return exit_code_of_status(sections[0].status)
    session.terminal.answer({"deploymentId": deployment_id}, output, list)
    if output is OutputFormat.TABLE:
        session.terminal.say(deployment_id)
        note(f"Watch it: rollway status {deployment_id} --watch")
    return None


def _watches(session: Session, watch: bool | None) -> bool:
    return session.terminal.is_live if watch is None else watch


def _request(group: str, revision: Revision | None, members: dict[str, Any]) -> DeploymentRequest:
    application, group_name = group_parts(group)
    try:
        return DeploymentRequest(
            application_name=application,
            deployment_group_name=group_name,
            revision=revision,
            **members,
        )
    except ValidationError as error:
        raise InvalidInput(_first_problem(error)) from error


async def _revision(
    session: Session, group: str, typed: str | None, appspec_filename: str | None
) -> Revision | None:
    if typed is None:
        if appspec_filename is not None:
            raise InvalidInput("--appspec-filename is for a revision: name it with --revision.")
        return None
    found = location(typed)
    if found is None:
        rollway = await session.rollway()
        found = await rollway.revision(group_parts(group)[0], typed)
    return with_appspec(found, appspec_filename)


def _first_problem(error: ValidationError) -> str:
    problem = error.errors()[0]
    option = "--" + str(problem["loc"][0]).replace("_", "-") if problem["loc"] else "request"
    return f"{option}: {problem['msg']}"


def _suspending(processes: list[ScalingProcess] | None) -> EC2DeploymentOptions | None:
    if not processes:
        return None
    return EC2DeploymentOptions(auto_scaling_group_processes_to_suspend=tuple(processes))


def _auto_rollback(wanted: bool | None) -> AutoRollbackConfiguration | None:
    if wanted is None:
        return None
    events = (AutoRollbackEvent.DEPLOYMENT_FAILURE,) if wanted else ()
    return AutoRollbackConfiguration(enabled=wanted, events=events)
