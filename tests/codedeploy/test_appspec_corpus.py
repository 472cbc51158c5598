"""AppSpec files as people wrote them."""

from pathlib import Path

import pytest
import yaml

from codedeploy.application import ComputePlatform
from codedeploy.appspec import parse
from codedeploy.errors import ManifestInvalid

CORPUS = Path(__file__).parent / "appspecs"
EXPECTED: dict[str, str | list[str]] = yaml.safe_load((CORPUS / "expected.yml").read_text("utf-8"))
PLATFORMS = {
    "server": ComputePlatform.SERVER,
    "lambda": ComputePlatform.LAMBDA,
    "ecs": ComputePlatform.ECS,
}


def problems_of(name: str) -> tuple[str, ...]:
    platform = PLATFORMS[name.partition("/")[0]]
    text = (CORPUS / name).read_bytes().decode("utf-8")
    try:
        parse(text, platform, filename=name)
    except ManifestInvalid as error:
        return error.problems
    return ()


def test_every_file_has_an_expectation() -> None:
    files = {f"{path.parent.name}/{path.name}" for path in CORPUS.glob("*/*")}

    assert files == set(EXPECTED)


@pytest.mark.parametrize("name", EXPECTED)
def test_a_file_is_judged_as_expected(name: str) -> None:
    expected = EXPECTED[name]
    words = [] if expected == "valid" else list(expected)

    problems = problems_of(name)

    assert len(problems) == len(words), problems
    assert all(word in problem for word, problem in zip(words, problems, strict=True)), problems


@pytest.mark.parametrize("name", [name for name in EXPECTED if EXPECTED[name] != "valid"])
def test_every_problem_names_its_line(name: str) -> None:
    problems = problems_of(name)

    assert all(problem.startswith("line ") for problem in problems)
