"""AppSpec files for ECS services.

Source: CodeDeploy User Guide, AppSpec file structure for Amazon ECS deployments.
"""

import re
from enum import StrEnum

from codedeploy.appspec.functions import (
    ROOT_KEYS,
    FunctionHooks,
    ResourceKind,
    function_hooks,
    properties_of,
    section_of,
    whole_number,
)
from codedeploy.appspec.section import Section, check_version, texts_of
from codedeploy.document import Findings, Node, read_one
from codedeploy.lifecycle import ECS_HOOKS
from codedeploy.wire import Model

_SERVICE = ResourceKind(
    type="AWS::ECS::Service",
    name="TargetService",
    properties=(
        "TaskDefinition",
        "LoadBalancerInfo",
        "PlatformVersion",
        "NetworkConfiguration",
        "CapacityProviderStrategy",
    ),
)
_CONTAINER_KEYS = ("ContainerName", "ContainerPort")
_NETWORK_KEYS = ("Subnets", "SecurityGroups", "AssignPublicIp")
_STRATEGY_KEYS = ("Base", "CapacityProvider", "Weight")
_TASK_DEFINITION = re.compile(r"arn:[\w-]+:ecs:[\w-]+:\d+:task-definition/[\w-]+:\d+", re.ASCII)
_HIGHEST_PORT = 65535
_HIGHEST_BASE = 100_000
_HIGHEST_WEIGHT = 1000


class AssignPublicIp(StrEnum):
    """Whether tasks get a public address."""

    ENABLED = "ENABLED"
    DISABLED = "DISABLED"


class AwsvpcConfiguration(Model):
    """The network that the replacement tasks join."""

    subnets: tuple[str, ...]
    security_groups: tuple[str, ...]
    assign_public_ip: AssignPublicIp


class CapacityProvider(Model):
    """One share of the replacement tasks."""

    capacity_provider: str
    base: int = 0
    weight: int = 0


class EcsAppSpec(Model):
    """Which task definition a service is moved to, and which container gets the traffic.

    Attributes:
        task_definition: ARN with revision.
        platform_version, network: None keeps what the original tasks have.
        capacity_provider_strategy: Empty keeps what the original tasks have.
        hooks: The function that validates at each event that has one.
        warnings: What the file says in vain, a sentence each.

    Differs from AWS: a task definition that is no ARN with revision, such as a placeholder, and
    port 0 are refused when the file is read, not when the deployment is under way.
    """

    task_definition: str
    container_name: str
    container_port: int
    platform_version: str | None = None
    network: AwsvpcConfiguration | None = None
    capacity_provider_strategy: tuple[CapacityProvider, ...] = ()
    hooks: FunctionHooks = {}
    warnings: tuple[str, ...] = ()


def parse_ecs(text: str, *, filename: str = "appspec.yml") -> EcsAppSpec:
    """Return the AppSpec file for an ECS service that `text` is.

    Raises:
        ManifestInvalid: With everything that is wrong in it.
    """
    findings = Findings(filename)
    root = section_of(read_one(text, findings), findings, ROOT_KEYS)
    appspec = findings.settle(None if root is None else _read(root))
    return appspec.model_copy(update={"warnings": findings.warnings})


def _read(root: Section) -> EcsAppSpec | None:
    check_version(root)
    hooks = function_hooks(root, ECS_HOOKS)
    properties = properties_of(root, _SERVICE)
    if properties is None:
        return None
    container_name, container_port = _container(properties)
    return EcsAppSpec(
        task_definition=_task_definition(properties),
        container_name=container_name,
        container_port=container_port,
        platform_version=properties.text("PlatformVersion") or None,
        network=_network(properties),
        capacity_provider_strategy=_strategy(properties),
        hooks=hooks,
    )


def _task_definition(properties: Section) -> str:
    arn = properties.required_text("TaskDefinition")
    entry = properties.get("TaskDefinition")
    if entry is not None and arn and not _TASK_DEFINITION.fullmatch(arn):
        properties.findings.expected(
            entry,
            "the ARN of a task definition with its revision",
            hint="write arn:aws:ecs:REGION:ACCOUNT:task-definition/FAMILY:REVISION",
        )
    return arn


def _required_section(parent: Section, key: str, keys: tuple[str, ...]) -> Section | None:
    entry = parent.require(key)
    return None if entry is None else section_of(entry, parent.findings, keys)


def _container(properties: Section) -> tuple[str, int]:
    section = _required_section(properties, "LoadBalancerInfo", _CONTAINER_KEYS)
    if section is None:
        return "", 0
    name = section.required_text("ContainerName")
    return name, _number(section, "ContainerPort", at_least=1, at_most=_HIGHEST_PORT)


def _number(section: Section, key: str, *, at_least: int, at_most: int) -> int:
    entry = section.require(key)
    if entry is None:
        return at_least
    return whole_number(entry, section.findings, at_least=at_least, at_most=at_most)


def _network(properties: Section) -> AwsvpcConfiguration | None:
    entry = properties.get("NetworkConfiguration")
    outer = entry and section_of(entry, properties.findings, ("AwsvpcConfiguration",))
    network = outer and _required_section(outer, "AwsvpcConfiguration", _NETWORK_KEYS)
    if not network:
        return None
    network.require("AssignPublicIp")
    address = network.choice("AssignPublicIp", tuple(AssignPublicIp))
    return AwsvpcConfiguration(
        subnets=_names(network, "Subnets"),
        security_groups=_names(network, "SecurityGroups"),
        assign_public_ip=AssignPublicIp(address or AssignPublicIp.DISABLED),
    )


def _names(network: Section, key: str) -> tuple[str, ...]:
    entry = network.require(key)
    names = network.items(key, of="ids")
    if entry is not None and entry.value == ():
        network.findings.expected(entry, "at least one id")
    return texts_of(names, network.findings)


def _strategy(properties: Section) -> tuple[CapacityProvider, ...]:
    items = properties.items("CapacityProviderStrategy", of="capacity providers")
    read = [_provider(item, properties.findings) for item in items]
    providers = tuple(provider for provider in read if provider is not None)
    entry = properties.get("CapacityProviderStrategy")
    if entry is None:
        return ()
    if sum(provider.base > 0 for provider in providers) > 1:
        properties.findings.problem(entry, "only one capacity provider may have a Base")
    if len(providers) > 1 and not any(provider.weight > 0 for provider in providers):
        properties.findings.problem(entry, "one of several capacity providers needs a Weight")
    return providers


def _provider(item: Node, findings: Findings) -> CapacityProvider | None:
    section = section_of(item, findings, _STRATEGY_KEYS)
    if section is None:
        return None
    return CapacityProvider(
        capacity_provider=section.required_text("CapacityProvider"),
        base=_share(section, "Base", at_most=_HIGHEST_BASE),
        weight=_share(section, "Weight", at_most=_HIGHEST_WEIGHT),
    )


def _share(section: Section, key: str, *, at_most: int) -> int:
    entry = section.get(key)
    if entry is None:
        return 0
    return whole_number(entry, section.findings, at_least=0, at_most=at_most)
