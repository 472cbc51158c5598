"""One deployment group: its rules, its last good revision, its lock and its hosts."""

from rich.text import Text

from codedeploy.application import ComputePlatform
from codedeploy.blue_green import (
    BlueGreenDeploymentConfiguration,
    GreenFleetAction,
    TerminationAction,
)
from codedeploy.deployment_group import DeploymentGroup, TagFilter
from codedeploy.group_info import DeploymentGroupInfo, DeploymentRecord
from codedeploy.load_balancing import LoadBalancerInfo
from codedeploy.target_instances import fleet_of
from starter.render.blue_green_rules import original_end, ready_wait
from starter.render.canvas import Canvas
from starter.render.launches import breaker_lines, launch_facts
from starter.render.lines import Part, line, spaced, table
from starter.render.statuses import QUIET, marked

MOST_DEPLOYMENTS = 5
EXISTING = "instances that each deployment names (--target-tag, --target-auto-scaling-group)"


def group_view(info: DeploymentGroupInfo, canvas: Canvas) -> list[Text]:
    """Return what the group is and what it remembers."""
    group = info.group
    told = (*_rules(group), *_memory(info), *launch_facts(info, canvas))
    facts: list[list[Part]] = [[(f"  {name}", QUIET), text] for name, text in told]
    return [
        line((group.full_name, "bold")),
        *table(facts),
        *spaced(breaker_lines(info, canvas)),
        *_history(info, canvas),
    ]


def _rules(group: DeploymentGroup) -> list[tuple[str, str]]:
    rollback = group.auto_rollback_configuration
    return [
        ("configuration", group.deployment_config_name),
        *_place(group),
        ("alarms", ", ".join(group.alarm_configuration.watched) or "none"),
        ("rollback", ", ".join(rollback.events) if rollback.enabled else "only by hand"),
        ("approvals", "; ".join(_approvals(group)) or "none"),
        ("second request", group.queue_policy.value),
    ]


def _place(group: DeploymentGroup) -> list[tuple[str, str]]:
    """Return what the group deploys to: instances, a service, or what an AppSpec file names."""
    match group.compute_platform:
        case ComputePlatform.SERVER:
            return [*_fleet(group), *(_handover(group) if group.is_blue_green else [])]
        case ComputePlatform.LAMBDA:
            return [("function", "the alias that the AppSpec file names")]
        case ComputePlatform.ECS:
            return _service(group)


def _fleet(group: DeploymentGroup) -> list[tuple[str, str]]:
    """Return where the group's instances come from; tags need no word where there are none."""
    names, tags = ", ".join(group.auto_scaling_groups), _tags(group)
    told = [("instances", targeting(group))] if tags or not names else []
    return [*told, ("Auto Scaling", names)] if names else told


def _handover(group: DeploymentGroup) -> list[tuple[str, str]]:
    """Return the rules of its blue/green deployments."""
    rules = group.blue_green_deployment_configuration or BlueGreenDeploymentConfiguration()
    ready, end = rules.deployment_ready_option, rules.terminate_blue_instances_on_deployment_success
    option = rules.green_fleet_provisioning_option
    is_copied = option is not None and option.action is GreenFleetAction.COPY_AUTO_SCALING_GROUP
    original = original_end(
        rules.termination_wait_minutes, terminates=end.action is TerminationAction.TERMINATE
    )
    told = [("replacement", "a copy of the Auto Scaling group" if is_copied else EXISTING)]
    if ready.is_waited_for:
        told.append(("ready wait", ready_wait(ready.wait_time_in_minutes)))
    return [*told, ("original", original)]


def _service(group: DeploymentGroup) -> list[tuple[str, str]]:
    info = group.load_balancer_info or LoadBalancerInfo()
    services = [f"{each.cluster_name}:{each.service_name}" for each in group.ecs_services]
    names = [each.name for pair in info.target_group_pair_info_list for each in pair.target_groups]
    rules = group.blue_green_deployment_configuration or BlueGreenDeploymentConfiguration()
    ready = rules.deployment_ready_option
    told = [("service", ", ".join(services)), ("target groups", ", ".join(names))]
    if ready.is_waited_for:
        told.append(("ready wait", f"{ready.wait_time_in_minutes} min, else it stops"))
    return [*told, ("original", f"deleted after {rules.termination_wait_minutes} min")]


def _approvals(group: DeploymentGroup) -> list[str]:
    return [
        f"{gate.at}, {gate.deadline_minutes} min, else {gate.on_deadline}"
        for gate in group.approvals
    ]


def targeting(group: DeploymentGroup) -> str:
    """Return by which tags the group finds its instances."""
    return _tags(group) or "none: no tag filter is given"


def _tags(group: DeploymentGroup) -> str:
    ec2 = group.ec2_tag_set.ec2_tag_set_list if group.ec2_tag_set else ()
    on_premises = group.on_premises_tag_set
    sources = [
        _any_of(group.ec2_tag_filters),
        _all_of(ec2),
        _any_of(group.on_premises_instance_tag_filters),
        _all_of(on_premises.on_premises_tag_set_list if on_premises else ()),
    ]
    return "; or ".join(filter(None, sources))


def _all_of(lists: tuple[tuple[TagFilter, ...], ...]) -> str:
    if len(lists) == 1:
        return _any_of(lists[0])
    return " and ".join(f"({_any_of(one)})" for one in lists)


def _any_of(filters: tuple[TagFilter, ...]) -> str:
    return " or ".join(_filter(one) for one in filters)


def _filter(one: TagFilter) -> str:
    match one.type.value:
        case "KEY_ONLY":
            return f"{one.key} present"
        case "VALUE_ONLY":
            return f"any tag = {one.value}"
        case _:
            return f"{one.key}={one.value}"


def _memory(info: DeploymentGroupInfo) -> list[tuple[str, str]]:
    good = info.last_successful_revision
    told = [
        *_serving(info),
        ("last good", f"{good.label} by {info.last_successful_deployment}" if good else "none yet"),
        ("active", info.active or "none"),
        ("queue", ", ".join(info.queue) or "empty"),
    ]
    if info.group.compute_platform is not ComputePlatform.SERVER:
        return told
    healthy = sum(health.is_healthy for health in info.health.values())
    return [
        *told,
        ("hosts", f"{healthy} of {len(info.health)} ended their last deployment well"),
    ]


def _serving(info: DeploymentGroupInfo) -> list[tuple[str, str]]:
    """Return which fleet serves, if it is not the one that the definition names."""
    if info.fleet is None or fleet_of(info.serving_group) == fleet_of(info.group):
        return []
    names = ", ".join(info.fleet.auto_scaling_groups)
    scaling = f"Auto Scaling group {names}" if names else ""
    fleet = "; or ".join(filter(None, (scaling, _tags(info.serving_group))))
    since = f" since {info.fleet_of}" if info.fleet_of else ""
    return [("serving", f"{fleet}{since}, in place of the above")]


def _history(info: DeploymentGroupInfo, canvas: Canvas) -> list[Text]:
    if not info.history:
        return []
    rows = [_record(record, canvas) for record in info.history[:MOST_DEPLOYMENTS]]
    return [line(""), *table(rows, header=("  DEPLOYMENT", "REVISION", "STATUS", "CREATED"))]


def _record(record: DeploymentRecord, canvas: Canvas) -> list[Part]:
    return [
        f"  {record.deployment_id}",
        record.revision_label or "-",
        marked(record.status, canvas.glyphs),
        canvas.clock(record.create_time),
    ]
