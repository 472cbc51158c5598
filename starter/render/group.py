"""One deployment group: its rules, its last good revision, its lock and its hosts."""

from rich.text import Text

from codedeploy.application import ComputePlatform
from codedeploy.blue_green import BlueGreenDeploymentConfiguration
from codedeploy.deployment_group import DeploymentGroup, TagFilter
from codedeploy.group_info import DeploymentGroupInfo, DeploymentRecord
from codedeploy.load_balancing import LoadBalancerInfo
from starter.render.canvas import Canvas
from starter.render.lines import Part, line, table
from starter.render.statuses import QUIET, marked

MOST_DEPLOYMENTS = 5


def group_view(info: DeploymentGroupInfo, canvas: Canvas) -> list[Text]:
    """Return what the group is and what it remembers."""
    group = info.group
    facts: list[list[Part]] = [
        [(f"  {name}", QUIET), text] for name, text in (*_rules(group), *_memory(info))
    ]
    return [line((group.full_name, "bold")), *table(facts), *_history(info, canvas)]


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
            return [("instances", targeting(group))]
        case ComputePlatform.LAMBDA:
            return [("function", "the alias that the AppSpec file names")]
        case ComputePlatform.ECS:
            return _service(group)


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
    ec2 = group.ec2_tag_set.ec2_tag_set_list if group.ec2_tag_set else ()
    on_premises = group.on_premises_tag_set
    sources = [
        _any_of(group.ec2_tag_filters),
        _all_of(ec2),
        _any_of(group.on_premises_instance_tag_filters),
        _all_of(on_premises.on_premises_tag_set_list if on_premises else ()),
    ]
    return "; or ".join(filter(None, sources)) or "none: no tag filter is given"


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
