"""The container setup is valid, and what it names exists: no container engine runs in CI."""

import importlib.util
import json
import re
import shlex
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

import worker
from agent.cli import parser as agent_parser
from agent.settings import settings_of
from starter import server
from tests.documentation import ROOT

COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))
SERVICES: dict[str, Any] = COMPOSE["services"]
BUILT = {name: service for name, service in SERVICES.items() if "build" in service}
HOSTS = ["web-1", "web-2", "web-3"]
DOCKERFILE = (ROOT / "docker/Dockerfile").read_text("utf-8")
SCRIPTS = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["scripts"]


def stage(target: str) -> str:
    """Return the instructions of a stage of the Dockerfile."""
    stages = re.split(r"^FROM \S+ AS ", DOCKERFILE, flags=re.MULTILINE)
    return next(text for text in stages if text.startswith(f"{target}\n"))


def entrypoint(service: dict[str, Any]) -> list[str]:
    """Return what a service that is built here runs first."""
    if "entrypoint" in service:
        return list(service["entrypoint"])
    found = re.search(r"^ENTRYPOINT (\[.*\])$", stage(service["build"]["target"]), re.MULTILINE)
    assert found is not None
    return list(json.loads(found[1]))


def mounts(service: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Return source, target and mode of a service's volumes, variables at their defaults."""
    found = []
    for volume in service.get("volumes", ()):
        plain = re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", volume)
        source, target, mode = (*plain.split(":"), "rw")[:3]
        found.append((source, target, mode))
    return found


def test_it_obeys_the_compose_specification() -> None:
    schema = json.loads((ROOT / "tests/schemas/compose-spec.json").read_text("utf-8"))

    Draft202012Validator.check_schema(schema)
    problems = [error.message for error in Draft202012Validator(schema).iter_errors(COMPOSE)]

    assert problems == []


def test_it_has_a_cluster_a_worker_and_three_hosts() -> None:
    assert {"database", "temporal", "ui", "worker", *HOSTS} <= SERVICES.keys()


@pytest.mark.parametrize("name", SERVICES)
def test_an_image_is_pinned(name: str) -> None:
    image, _, tag = SERVICES[name]["image"].partition(":")

    assert image
    assert re.match(r"\d+\.\d+", tag)


def test_the_images_we_build_start_from_a_pinned_python() -> None:
    bases = set(re.findall(r"^FROM (python\S*)", DOCKERFILE, re.MULTILINE))

    assert len(bases) == 1
    assert re.fullmatch(r"python:3\.\d+\.\d+-slim-bookworm", bases.pop())


@pytest.mark.parametrize("name", SERVICES)
def test_a_port_is_bound_to_the_loopback_address(name: str) -> None:
    for port in SERVICES[name].get("ports", ()):
        assert port.startswith("127.0.0.1:")


@pytest.mark.parametrize("name", SERVICES)
def test_what_a_service_waits_for_can_come_true(name: str) -> None:
    for other, wait in SERVICES[name].get("depends_on", {}).items():
        if wait["condition"] == "service_healthy":
            assert "healthcheck" in SERVICES[other]
        else:
            assert wait["condition"] == "service_completed_successfully"
            assert SERVICES[other]["restart"] == "on-failure:5"


@pytest.mark.parametrize("name", SERVICES)
def test_what_is_mounted_exists(name: str) -> None:
    for source, target, _ in mounts(SERVICES[name]):
        assert target.startswith("/")
        if source.startswith("."):
            assert (ROOT / source).exists()
        else:
            assert source in COMPOSE["volumes"]


@pytest.mark.parametrize("name", BUILT)
def test_what_is_built_here_has_a_context_and_a_stage(name: str) -> None:
    build = BUILT[name]["build"]

    assert (ROOT / build["context"] / build["dockerfile"]).is_file()
    assert stage(build["target"])


def test_the_images_hold_every_package_of_the_project() -> None:
    copied = re.findall(r"^COPY (\w+) \1$", DOCKERFILE, re.MULTILINE)
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests", "bench"}
    allowed = (ROOT / ".dockerignore").read_text("utf-8").splitlines()

    assert set(copied) == packages
    assert {f"!{name}" for name in packages} <= set(allowed)


def test_copied_files_exist_and_reach_the_build() -> None:
    files = re.findall(r"^COPY ((?:\S+\.\w+|LICENSE| )+) \./$", DOCKERFILE, re.MULTILINE)
    allowed = (ROOT / ".dockerignore").read_text("utf-8").splitlines()

    for name in files[0].split():
        assert (ROOT / name).is_file()
        assert f"!{name}" in allowed


@pytest.mark.parametrize("name", BUILT)
def test_what_a_container_runs_is_an_entry_point_of_the_project(name: str) -> None:
    program, *arguments = entrypoint(BUILT[name])

    if program == "python":
        assert arguments[0] == "-m"
        assert importlib.util.find_spec(arguments[1]) is not None
    else:
        assert program in SCRIPTS


@pytest.mark.parametrize("name", HOSTS)
def test_a_host_runs_an_agent_of_its_name(name: str) -> None:
    settings = settings_of(agent_parser().parse_args(SERVICES[name]["command"]), {})

    assert settings.name == name
    assert {tag.key for tag in settings.tags} == {"role", "zone"}


def test_hosts_read_bundles_where_the_worker_writes_them() -> None:
    flag, store = SERVICES["worker"]["command"]

    assert flag == "--store"
    assert ("bundles", store, "rw") in mounts(SERVICES["worker"])
    for name in HOSTS:
        assert ("bundles", store, "ro") in mounts(SERVICES[name])


def test_the_worker_takes_the_flags_it_is_given(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        worker.main(["--help"])

    shown = capsys.readouterr().out
    assert [word for word in SERVICES["worker"]["command"] if word.startswith("-")] == ["--store"]
    assert "--store" in shown


@pytest.mark.parametrize("name", [name for name in BUILT if name != "rollway"])
def test_what_connects_is_told_where(name: str) -> None:
    environment = SERVICES[name]["environment"]

    assert environment == {"TEMPORAL_ADDRESS": "temporal:7233", "TEMPORAL_NAMESPACE": "rollway"}


def test_the_worker_is_not_root_and_the_agent_is() -> None:
    assert "USER rollway" in stage("worker")
    assert "USER" not in stage("agent") + stage("runtime")


def test_the_cluster_has_the_limits_of_the_embedded_server() -> None:
    text = (ROOT / "docker/dynamicconfig.yaml").read_text("utf-8")
    limits = {key: values[0]["value"] for key, values in yaml.safe_load(text).items()}

    embedded = dict(setting.split("=") for setting in server._DYNAMIC_CONFIG)

    assert {key: json.dumps(value) for key, value in limits.items()} == embedded


def test_the_database_script_is_what_the_schema_service_runs() -> None:
    service = SERVICES["database-schema"]
    script = ROOT / "docker/database-schema.sh"

    assert (f"./{script.relative_to(ROOT)}", service["entrypoint"][-1], "ro") in mounts(service)
    variables = set(re.findall(r"\$(SQL_\w+)", script.read_text("utf-8")))
    assert variables <= service["environment"].keys()


def test_the_commands_in_its_head_name_services_and_files_that_exist() -> None:
    head = (ROOT / "docker-compose.yml").read_text("utf-8").split("name: rollway")[0]
    lines = re.findall(r"docker compose run --rm (.+)", head)

    assert lines
    for line in lines:
        service, *words = shlex.split(line)
        assert service in SERVICES
        paths = [word for word in words if word.startswith("/revisions/")]
        assert paths
        for path in paths:
            assert (ROOT / "examples" / Path(path).relative_to("/revisions")).exists()
