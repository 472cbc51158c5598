"""Manifests: applications, deployment groups and configurations as files.

A manifest holds CodeDeploy's own shapes, as YAML or JSON, one or many: what `aws deploy
get-application`, `get-deployment-group` and `get-deployment-config` print, or what their `create-`
counterparts take. So the output of one system is the input of the other.
"""

from typing import Any, NamedTuple

from codedeploy.application import Application, ComputePlatform
from codedeploy.config_rules import violations
from codedeploy.configs import DEFAULT_CONFIG_NAME, DeploymentConfig
from codedeploy.deployment_group import DeploymentGroup
from codedeploy.document import Findings, Node, alternatives, did_you_mean, read_all
from codedeploy.document.node import shortened
from codedeploy.document.validation import note, validated

Resource = Application | DeploymentGroup | DeploymentConfig


class Kind(NamedTuple):
    """A kind of resource that a manifest may hold.

    Attributes:
        name_key: The member that names it.
        wrappers: Members under which AWS prints one, or a list of several.
        dropped: Members that AWS prints and that say nothing about what is wanted.
    """

    model: type[Application] | type[DeploymentGroup] | type[DeploymentConfig]
    name_key: str
    wrappers: tuple[str, ...]
    dropped: frozenset[str]


_KINDS = (
    Kind(
        DeploymentGroup,
        "deploymentGroupName",
        ("deploymentGroupInfo", "deploymentGroupsInfo"),
        frozenset(
            {
                "deploymentGroupId",
                "hooksNotCleanedUp",
                "lastAttemptedDeployment",
                "lastSuccessfulDeployment",
                "targetRevision",
            }
        ),
    ),
    Kind(
        DeploymentConfig,
        "deploymentConfigName",
        ("deploymentConfigInfo",),
        frozenset({"createTime", "deploymentConfigId"}),
    ),
    Kind(
        Application,
        "applicationName",
        ("application", "applicationsInfo"),
        frozenset({"applicationId", "createTime", "gitHubAccountName", "linkedToGitHub", "tags"}),
    ),
)
"""In the order in which they are told apart: a group also names its application and its config."""

_BAD_SCALING_GROUP = "InvalidAutoScalingGroupException"
_BESIDE_WRAPPERS = frozenset({"ResponseMetadata", "errorMessage", "hooksNotCleanedUp"})


def parse_manifest(text: str, *, document: str) -> tuple[Resource, ...]:
    """Return the resources of `text`, in its order.

    Args:
        text: One document, several, or lists of them.
        document: Its name, for people.

    Raises:
        ManifestInvalid: With everything that is wrong in any of its documents.
    """
    findings = Findings(document)
    reader = _ManifestReader(findings)
    for root in read_all(text, findings):
        reader.add(root)
    if not reader.resources and not findings.has_problems:
        findings.unreadable(1, "the document holds no resource")
    findings.refuse()
    return tuple(reader.resources)


class _ManifestReader:
    """Gathers resources; what is wrong with one becomes a finding."""

    def __init__(self, findings: Findings) -> None:
        self.resources: list[Resource] = []
        self._findings = findings
        self._lines: dict[tuple[str, ...], int] = {}

    def add(self, node: Node) -> None:
        """Take in a document, or each of a list of documents."""
        if isinstance(node.value, tuple):
            for item in node.value:
                self.add(item)
        elif isinstance(node.value, dict):
            self._add_map(node, node.value)
        elif not node.is_refused:
            self._findings.expected(node, "a map with the members of a resource")

    def _add_map(self, node: Node, entries: dict[str, Node]) -> None:
        wrapped = [(kind, key) for kind in _KINDS for key in kind.wrappers if key in entries]
        for kind, key in wrapped:
            self._add_wrapped(entries[key], kind)
        if wrapped:
            self._refuse_others(entries, tuple(key for _, key in wrapped))
            return
        kind_of_bare = next((kind for kind in _KINDS if kind.name_key in entries), None)
        if kind_of_bare is None:
            self._unknown_kind(node, entries)
        else:
            self._add_resource(node, kind_of_bare)

    def _add_wrapped(self, node: Node, kind: Kind) -> None:
        for item in node.value if isinstance(node.value, tuple) else (node,):
            self._add_resource(item, kind)

    def _refuse_others(self, entries: dict[str, Node], wrappers: tuple[str, ...]) -> None:
        for key, entry in entries.items():
            if key not in wrappers and key not in _BESIDE_WRAPPERS:
                self._findings.problem(entry, f"unknown key beside {', '.join(wrappers)}")

    def _unknown_kind(self, node: Node, entries: dict[str, Node]) -> None:
        wanted = [name for kind in _KINDS for name in (kind.name_key, *kind.wrappers)]
        meant = [did_you_mean(key, wanted) for key in entries]
        hint = next((text for text in meant if text), "")
        keys = shortened(", ".join(entries)) or "none"
        self._findings.problem(
            node, f"expected one of the keys {alternatives(wanted)}, found {keys}{hint}"
        )

    def _add_resource(self, node: Node, kind: Kind) -> None:
        resource = _resource(node, kind, self._findings)
        if resource is None:
            return
        name = _full_name(resource)
        if name in self._lines:
            first = self._lines[name]
            self._findings.problem(node, f"{'/'.join(name[1:])} is defined on line {first} as well")
        self._lines[name] = node.line
        self.resources.append(resource)


def _full_name(resource: Resource) -> tuple[str, ...]:
    match resource:
        case DeploymentGroup():
            return ("group", resource.application_name, resource.deployment_group_name)
        case DeploymentConfig():
            return ("config", resource.deployment_config_name)
        case Application():
            return ("application", resource.application_name)


def _resource(node: Node, kind: Kind, findings: Findings) -> Resource | None:
    if not isinstance(node.value, dict):
        if not node.is_refused:
            findings.expected(node, f"a map with {kind.name_key}")
        return None
    members = {key: value for key, value in node.without_nulls().items() if key not in kind.dropped}
    if kind.model is DeploymentGroup:
        _complete_group(members)
        _name_scaling_groups(node, members, findings)
    resource = validated(node, kind.model, members=members, findings=findings)
    if isinstance(resource, DeploymentConfig):
        _check_config(node, resource, findings)
    return resource


def _complete_group(members: dict[str, Any]) -> None:
    """Give a group that names no configuration the default one of its platform."""
    platform = members.get("computePlatform")
    if platform in tuple(ComputePlatform):
        default = DEFAULT_CONFIG_NAME[ComputePlatform(platform)]
        members.setdefault("deploymentConfigName", default)


def _name_scaling_groups(node: Node, members: dict[str, Any], findings: Findings) -> None:
    """Replace Auto Scaling groups by their names: AWS prints them as {name, hook}."""
    groups = members.get("autoScalingGroups")
    if not isinstance(groups, list):
        return
    names = [group.get("name") if isinstance(group, dict) else group for group in groups]
    seen: set[str] = set()
    for index, name in enumerate(names):
        path = ("autoScalingGroups", index)
        if not isinstance(name, str) or not name:
            wanted = "expected the name of an Auto Scaling group, or a map with it"
            sentence = f"{wanted}, found {node.nearest(path).described}"
            note(node, path, f"{sentence} ({_BAD_SCALING_GROUP})", findings=findings)
            continue
        if name in seen:
            note(node, path, f"{name!r} is named twice ({_BAD_SCALING_GROUP})", findings=findings)
        seen.add(name)
    members["autoScalingGroups"] = [name for name in names if isinstance(name, str)]


def _check_config(node: Node, config: DeploymentConfig, findings: Findings) -> None:
    for key, error in violations(config):
        note(node, key, f"{error.message} ({error.code})", findings=findings)
