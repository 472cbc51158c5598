"""Tables of what there is: applications, groups, configurations, instances, revisions."""

from collections.abc import Sequence

from rich.text import Text

from codedeploy.application_info import ApplicationInfo
from codedeploy.configs import DeploymentConfig, MinimumHealthyHosts, TrafficRoutingConfig
from codedeploy.revision import PinnedRevision
from starter.answers import Applied, DeploymentRow, InstanceInfo
from starter.render.canvas import Canvas, duration
from starter.render.creators import CREATORS
from starter.render.lines import Part, line, table
from starter.render.sizes import byte_size
from starter.render.statuses import GOOD, HELD, QUIET, marked


def names_view(names: Sequence[str], *, title: str, if_none: str) -> list[Text]:
    """Return `names` below `title`, or `if_none`."""
    return table([[name] for name in names], header=(title,)) if names else [line(if_none)]


def configs_view(configs: Sequence[DeploymentConfig]) -> list[Text]:
    """Return the configurations with what they mean."""
    rows: list[list[Part]] = [
        [config.deployment_config_name, config.compute_platform.value, pace_of(config)]
        for config in configs
    ]
    return table(rows, header=("CONFIGURATION", "PLATFORM", "PACE"))


def pace_of(config: DeploymentConfig) -> str:
    """Return what `config` demands, in words."""
    paces = []
    if config.minimum_healthy_hosts:
        paces.append(_floor(config.minimum_healthy_hosts))
    if config.traffic_routing_config:
        paces.append(_routing(config.traffic_routing_config))
    if config.zonal_config:
        paces.append("one zone after another")
    return ", ".join(paces) or "-"


def _floor(minimum: MinimumHealthyHosts) -> str:
    match minimum.type.value:
        case "MOST_CONCURRENCY":
            return f"at most {minimum.value} out of service"
        case "FLEET_PERCENT":
            return f"{minimum.value}% must stay healthy"
        case _:
            return f"{minimum.value} must stay healthy"


def _routing(routing: TrafficRoutingConfig) -> str:
    if canary := routing.time_based_canary:
        return f"{canary.canary_percentage}%, {canary.canary_interval} min later the rest"
    if linear := routing.time_based_linear:
        return f"{linear.linear_percentage}% every {linear.linear_interval} min"
    return "all at once"


def instances_view(instances: Sequence[InstanceInfo], canvas: Canvas) -> list[Text]:
    """Return the registered instances: tags, whether their agents are there, what they run."""
    if not instances:
        return [line("No instance is registered. Start an agent: rollway-agent run --name NAME")]
    rows: list[list[Part]] = [
        [
            instance.registration.name,
            _seen(instance, canvas),
            ",".join(f"{tag.key}={tag.value}" for tag in instance.registration.tags) or "-",
            ", ".join(f"{group} {label}" for group, label in instance.runs.items()) or "-",
        ]
        for instance in instances
    ]
    return table(rows, header=("INSTANCE", "AGENT", "TAGS", "RUNS"))


def _seen(instance: InstanceInfo, canvas: Canvas) -> Part:
    if instance.last_seen is None:
        return f"{canvas.glyphs.warning} silent", HELD
    return f"{canvas.glyphs.succeeded} seen {canvas.since(instance.last_seen)} ago", GOOD


def revisions_view(revisions: Sequence[PinnedRevision]) -> list[Text]:
    """Return the registered revisions in the given order."""
    if not revisions:
        return [line("No revision is registered. Register one: rollway push APP DIR_OR_FILE")]
    rows: list[list[Part]] = [
        [one.label, one.bundle_type.value, byte_size(one.size_bytes), one.sha256[:12]]
        for one in revisions
    ]
    return table(rows, header=("REVISION", "TYPE", "SIZE", "SHA256"))


def application_view(info: ApplicationInfo) -> list[Text]:
    """Return one application with its groups and revisions."""
    application = info.application
    groups = ", ".join(info.deployment_groups) or "none; apply a manifest that names one"
    return [
        line((application.application_name, "bold"), f"   {application.compute_platform}"),
        line(("groups  ", QUIET), groups),
        line(""),
        *revisions_view(info.revisions),
    ]


def deployments_view(rows: Sequence[DeploymentRow], canvas: Canvas) -> list[Text]:
    """Return one line a deployment, in the given order."""
    if not rows:
        return [line("No deployment is known.")]
    cells = [_deployment_cells(row, canvas) for row in rows]
    return table(
        cells, header=("DEPLOYMENT", "GROUP", "REVISION", "STATUS", "CREATED", "TOOK", "BY")
    )


def _deployment_cells(row: DeploymentRow, canvas: Canvas) -> list[Part]:
    created, ended = row.create_time, row.complete_time
    return [
        row.deployment_id,
        f"{row.application_name}/{row.deployment_group_name}",
        row.revision_label or "-",
        marked(row.status, canvas.glyphs),
        canvas.clock(created) if created else "-",
        duration(ended - created) if created and ended else "-",
        CREATORS.get(row.creator, row.creator or "-"),
    ]


def applied_view(applied: Sequence[Applied]) -> list[Text]:
    """Return what became of each document of an `apply`."""
    return table([[f"{one.kind} {one.name}", _change(one.change)] for one in applied])


def _change(change: str) -> Part:
    return (change, QUIET) if change == "unchanged" else (change, GOOD)
