"""Rules that a deployment group must keep on its platform, in CodeDeploy's error classes.

Source: CodeDeploy API Reference, CreateDeploymentGroup; User Guide, Create a deployment group.
"""

from collections.abc import Iterator

from codedeploy.application import ComputePlatform
from codedeploy.blue_green import GreenFleetAction, TerminationAction
from codedeploy.configs import DeploymentConfig
from codedeploy.deployment_group import (
    DeploymentGroup,
    DeploymentOption,
    DeploymentStyle,
    DeploymentType,
)
from codedeploy.errors import (
    InvalidAutoScalingGroup,
    InvalidBlueGreenDeploymentConfiguration,
    InvalidComputePlatform,
    InvalidDeploymentStyle,
    InvalidECSService,
    InvalidInput,
    InvalidLoadBalancerInfo,
    InvalidTag,
    InvalidTargetGroupPair,
)
from codedeploy.load_balancing import LoadBalancerInfo, TargetGroupPairInfo
from codedeploy.scaling_rules import copy_violations, scaling_violations

BLUE_GREEN_STYLE = DeploymentStyle(
    deployment_type=DeploymentType.BLUE_GREEN,
    deployment_option=DeploymentOption.WITH_TRAFFIC_CONTROL,
)


def completed(group: DeploymentGroup) -> DeploymentGroup:
    """Return `group` with the only style its platform knows, if it names none itself."""
    is_server = group.compute_platform is ComputePlatform.SERVER
    if is_server or "deployment_style" in group.model_fields_set:
        return group
    return group.model_copy(update={"deployment_style": BLUE_GREEN_STYLE})


def check_group(group: DeploymentGroup) -> None:
    """Refuse a group that its platform cannot honour; the first violation names all others.

    Raises:
        InvalidInput: The class that CodeDeploy names for the first violation.
    """
    found = list(violations(group))
    if not found:
        return
    sentences = "; ".join(f"{error.message} ({error.code})" for error in found)
    raise type(found[0])(f"{group.full_name}: {sentences}. Nothing was applied.")


def check_config(group: DeploymentGroup, config: DeploymentConfig) -> None:
    """Refuse a configuration that is for another platform than `group`.

    Raises:
        InvalidComputePlatform: It is.
    """
    if config.compute_platform is not group.compute_platform:
        raise InvalidComputePlatform(
            f"{group.full_name} is on {group.compute_platform}, and "
            f"{config.deployment_config_name} is for {config.compute_platform}. List the others "
            "with: rollway get configs"
        )


def violations(group: DeploymentGroup) -> Iterator[InvalidInput]:
    """Yield every rule of its platform that `group` breaks."""
    match group.compute_platform:
        case ComputePlatform.SERVER:
            yield from _server_violations(group)
        case ComputePlatform.LAMBDA:
            yield from _without_instances(group)
            yield from _lambda_violations(group)
        case ComputePlatform.ECS:
            yield from _without_instances(group)
            yield from _ecs_violations(group)


def _server_violations(group: DeploymentGroup) -> Iterator[InvalidInput]:
    if group.ecs_services:
        yield InvalidECSService("ecsServices are for groups on ECS, and this one is on Server")
    info = group.load_balancer_info or LoadBalancerInfo()
    if info.target_group_pair_info_list:
        yield InvalidLoadBalancerInfo(
            "targetGroupPairInfoList is for groups on ECS; servers take targetGroupInfoList"
        )
    yield from _naming_violations(info)
    if group.controls_traffic and not _names_server_balancer(info):
        yield InvalidLoadBalancerInfo(
            "deploymentOption is WITH_TRAFFIC_CONTROL, but no load balancer is named in "
            "elbInfoList, targetGroupInfoList or haProxyInfoList"
        )
    if group.is_blue_green:
        yield from _blue_green_violations(group)
    yield from scaling_violations(group)


def _naming_violations(info: LoadBalancerInfo) -> Iterator[InvalidInput]:
    listed = {
        "elbInfoList": [one.name for one in info.elb_info_list],
        "targetGroupInfoList": [one.name for one in info.target_group_info_list],
        "haProxyInfoList": [f"{one.backend} at {one.socket}" for one in info.ha_proxy_info_list],
    }
    for member, names in listed.items():
        if not all(names):
            yield InvalidLoadBalancerInfo(f"{member}: expected a name, found none")
        twice = dict.fromkeys(name for name in names if name and names.count(name) > 1)
        if twice:
            yield InvalidLoadBalancerInfo(f"{member}: {', '.join(twice)} is named twice")


def _names_server_balancer(info: LoadBalancerInfo) -> bool:
    return bool(info.elb_info_list or info.target_group_info_list or info.ha_proxy_info_list)


def _blue_green_violations(group: DeploymentGroup) -> Iterator[InvalidInput]:
    if not group.controls_traffic:
        yield InvalidDeploymentStyle(
            "BLUE_GREEN moves traffic from one fleet to another: choose WITH_TRAFFIC_CONTROL, and "
            "name a load balancer"
        )
    rules = group.blue_green_deployment_configuration
    if rules is None or rules.green_fleet_provisioning_option is None:
        yield InvalidBlueGreenDeploymentConfiguration(
            "BLUE_GREEN needs blueGreenDeploymentConfiguration with a "
            "greenFleetProvisioningOption: DISCOVER_EXISTING or COPY_AUTO_SCALING_GROUP"
        )
        return
    if rules.green_fleet_provisioning_option.action is GreenFleetAction.COPY_AUTO_SCALING_GROUP:
        yield from copy_violations(group)


def _without_instances(group: DeploymentGroup) -> Iterator[InvalidInput]:
    platform = group.compute_platform
    if group.deployment_style != BLUE_GREEN_STYLE:
        style = group.deployment_style
        yield InvalidDeploymentStyle(
            f"{platform} is always BLUE_GREEN, WITH_TRAFFIC_CONTROL: found "
            f"{style.deployment_type}, {style.deployment_option}"
        )
    tagged = (
        *(group.ec2_tag_filters, group.ec2_tag_set),
        *(group.on_premises_instance_tag_filters, group.on_premises_tag_set),
    )
    if any(tagged):
        yield InvalidTag(f"a group on {platform} has no instances, so it takes no tag filters")
    if group.auto_scaling_groups:
        yield InvalidAutoScalingGroup(f"autoScalingGroups cannot be given for {platform}")
    blue_green = group.blue_green_deployment_configuration
    if blue_green is not None and blue_green.green_fleet_provisioning_option is not None:
        yield InvalidBlueGreenDeploymentConfiguration(
            f"greenFleetProvisioningOption is for servers, and {platform} has no fleet"
        )


def _lambda_violations(group: DeploymentGroup) -> Iterator[InvalidInput]:
    if group.load_balancer_info is not None and group.load_balancer_info.names_any:
        yield InvalidLoadBalancerInfo("Lambda aliases have no load balancer: remove it")
    if group.ecs_services:
        yield InvalidECSService("ecsServices are for groups on ECS, and this one is on Lambda")
    if group.blue_green_deployment_configuration is not None:
        yield InvalidBlueGreenDeploymentConfiguration(
            "a Lambda alias has nothing to provision or terminate: leave "
            "blueGreenDeploymentConfiguration out"
        )


def _ecs_violations(group: DeploymentGroup) -> Iterator[InvalidInput]:
    if len(group.ecs_services) != 1:
        yield InvalidECSService(
            f"ecsServices: expected exactly one service, found {len(group.ecs_services)}"
        )
    if _keeps_original(group):
        yield InvalidBlueGreenDeploymentConfiguration(
            "KEEP_ALIVE is for servers: an original task set would keep its target group from the "
            "next deployment. Give it a terminationWaitTimeInMinutes instead"
        )
    info = group.load_balancer_info or LoadBalancerInfo()
    if info.elb_info_list or info.target_group_info_list:
        yield InvalidLoadBalancerInfo(
            "ECS takes targetGroupPairInfoList, and neither elbInfoList nor targetGroupInfoList"
        )
    pairs = info.target_group_pair_info_list
    if len(pairs) != 1:
        yield InvalidTargetGroupPair(
            f"targetGroupPairInfoList: expected exactly one pair, found {len(pairs)}"
        )
    for pair in pairs:
        yield from _pair_violations(pair)


def _keeps_original(group: DeploymentGroup) -> bool:
    rules = group.blue_green_deployment_configuration
    if rules is None:
        return False
    action = rules.terminate_blue_instances_on_deployment_success.action
    return action is TerminationAction.KEEP_ALIVE


def _pair_violations(pair: TargetGroupPairInfo) -> Iterator[InvalidInput]:
    names = [group.name for group in pair.target_groups]
    if len(set(names)) != 2 or len(names) != 2 or not all(names):
        found = ", ".join(names) or "none"
        yield InvalidTargetGroupPair(f"targetGroups: expected two different names, found {found}")
    production = pair.prod_traffic_route.listener_arns if pair.prod_traffic_route else ()
    test = pair.test_traffic_route.listener_arns if pair.test_traffic_route else ()
    if len(production) != 1:
        yield InvalidTargetGroupPair(
            f"prodTrafficRoute: expected exactly one listener ARN, found {len(production)}"
        )
    if len(test) > 1:
        yield InvalidTargetGroupPair(
            f"testTrafficRoute: expected one listener ARN or none, found {len(test)}"
        )
    if production and production == test:
        yield InvalidTargetGroupPair(
            "prodTrafficRoute and testTrafficRoute name the same listener: expected two"
        )
