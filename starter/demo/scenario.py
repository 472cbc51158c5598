"""The demo's story: three releases, of which the last one must not stay."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from codedeploy.deployment import DeploymentInfo
from codedeploy.deployment_group import DeploymentGroup, DeploymentOption, DeploymentStyle
from codedeploy.deployment_request import DeploymentRequest
from codedeploy.errors import Refused
from codedeploy.load_balancing import HAProxyInfo, LoadBalancerInfo
from codedeploy.manifest import parse_manifest
from codedeploy.target import TargetResult
from starter.admission import Document
from starter.client import Rollway
from starter.demo.host import APPLICATION, DemoHost, bundle
from starter.demo.ledger import Ledger

_REGISTRATION_SECONDS = 60
_TRAFFIC_SECONDS = 60
_GROUP = ("shop", "web")
GROUP_NAME = "/".join(_GROUP)

Watch = Callable[[str], Awaitable[Sequence[DeploymentInfo]]]
"""Shows a deployment to its end; returns it, and the rollback it set off."""


@dataclass(frozen=True)
class Chapter:
    """One release of the story."""

    version: str
    config: str
    title: str


STORY = (
    Chapter("v1", "CodeDeployDefault.AllAtOnce", "v1, the first release, goes to all hosts."),
    Chapter("v2", "CodeDeployDefault.OneAtATime", "v2 adds descriptions, one host at a time."),
    Chapter(
        "v3",
        "CodeDeployDefault.OneAtATime",
        "v3 adds prices. It passed every test; but the catalog on web-2 is older than the others.",
    ),
)


@dataclass(frozen=True)
class Told:
    """A deployment that has ended, with what became of each target."""

    info: DeploymentInfo
    targets: Sequence[TargetResult]

    @property
    def touched(self) -> set[str]:
        """The hosts on which it changed something."""
        return {target.target_id for target in self.targets if target.is_touched}


@dataclass(frozen=True)
class HostNow:
    """Where a host stands at the end.

    Attributes:
        revision: What Rollway says it runs.
        serving: What its application answers when it is asked for its version.
    """

    name: str
    url: str
    revision: str
    serving: str


@dataclass(frozen=True)
class Traffic:
    """The customers' requests.

    Attributes:
        url: Where they came, and where all hosts still answer.
        ledger: What became of them.
    """

    url: str
    ledger: Ledger


@dataclass(frozen=True)
class Story:
    """Everything that happened, in order, and where every host stands now.

    Attributes:
        traffic: What became of the customers' requests, if there were any customers.
    """

    deployments: Sequence[Told]
    hosts: Sequence[HostNow]
    traffic: Traffic | None = None


async def until_registered(rollway: Rollway, hosts: Sequence[DemoHost]) -> None:
    """Return when the agent of every host has registered and asks for work.

    Raises:
        Refused: One did not within a minute.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + _REGISTRATION_SECONDS
    while missing := {host.name for host in hosts} - await _asking(rollway):
        if loop.time() > deadline:
            raise Refused(
                f"{', '.join(sorted(missing))} did not register within {_REGISTRATION_SECONDS} s. "
                f"Their logs say why: {hosts[0].home / 'logs'}"
            )
        await asyncio.sleep(0.1)


async def _asking(rollway: Rollway) -> set[str]:
    return {one.registration.name for one in await rollway.instances() if one.last_seen}


async def tell(rollway: Rollway, chapter: Chapter, home: Path, watch: Watch) -> list[Told]:
    """Push the chapter's version, deploy it and watch what comes of it."""
    application, group = _GROUP
    await rollway.push(application, bundle(chapter.version, home))
    request = DeploymentRequest(
        application_name=application,
        deployment_group_name=group,
        revision=await rollway.revision(application, chapter.version),
        deployment_config_name=chapter.config,
        description=chapter.title,
    )
    ended = await watch(await rollway.deploy(request))
    return [Told(info, await rollway.targets(info.deployment_id)) for info in ended]


async def apply_manifest(rollway: Rollway, haproxy: HAProxyInfo | None = None) -> None:
    """Make the application and its deployment group known.

    Args:
        rollway: Where.
        haproxy: What stands before the hosts, if anything does.
    """
    manifest = APPLICATION / "shop.yml"
    documents = parse_manifest(manifest.read_text("utf-8"), document=manifest.name)
    await rollway.apply([_behind(haproxy, one) if haproxy else one for one in documents])


def _behind(haproxy: HAProxyInfo, document: Document) -> Document:
    """Return the deployment group with traffic control; other documents as they are."""
    if not isinstance(document, DeploymentGroup):
        return document
    style = DeploymentStyle(deployment_option=DeploymentOption.WITH_TRAFFIC_CONTROL)
    return document.model_copy(
        update={
            "deployment_style": style,
            "load_balancer_info": LoadBalancerInfo(ha_proxy_info_list=(haproxy,)),
            "traffic_timeout_seconds": _TRAFFIC_SECONDS,
        }
    )


async def where_they_stand(rollway: Rollway, hosts: Sequence[DemoHost]) -> list[HostNow]:
    """Ask Rollway what every host runs, and every host's application what it is."""
    runs = {one.registration.name: one.runs for one in await rollway.instances()}
    return [
        HostNow(
            name=host.name,
            url=host.url,
            revision=runs.get(host.name, {}).get(GROUP_NAME, ""),
            serving=await asyncio.to_thread(host.ask, "/version"),
        )
        for host in hosts
    ]
