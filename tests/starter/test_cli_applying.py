import json
import zipfile
from pathlib import Path

import pytest

from codedeploy.errors import UnsupportedOperation
from tests.starter.fake_rollway import FakeRollway, rollway

APPLICATION = "applicationName: shop\ncomputePlatform: Server\n"
GROUP = """\
applicationName: shop
deploymentGroupName: prod
onPremisesInstanceTagFilters:
  - {Key: role, Value: web, Type: KEY_AND_VALUE}
"""
APPSPEC = """\
version: 0.0
os: linux
files:
  - {source: app, destination: /srv/shop}
hooks:
  ApplicationStart:
    - location: scripts/start.sh
"""
LAMBDA_APPSPEC = """\
version: 0.0
Resources:
  - shop:
      Type: AWS::Lambda::Function
      Properties: {Name: shop, Alias: live, CurrentVersion: 1, TargetVersion: 2}
"""


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    (tmp_path / "v1" / "scripts").mkdir(parents=True)
    (tmp_path / "v1" / "app").write_text("app")
    (tmp_path / "v1" / "scripts" / "start.sh").write_text("true\n")
    (tmp_path / "v1" / "appspec.yml").write_text(APPSPEC)
    return tmp_path / "v1"


def _written(directory: Path, **files: str) -> Path:
    for name, text in files.items():
        (directory / f"{name}.yml").write_text(text)
    return directory


def test_apply_takes_files_and_directories_in_order(tmp_path: Path) -> None:
    _written(tmp_path, a=APPLICATION, b=GROUP)
    fake = FakeRollway()

    result = rollway(fake, "apply", "-f", str(tmp_path))

    assert result.exit_code == 0
    assert fake.asked[-1] == ["application shop", "deployment group shop/prod"]
    assert "deployment group shop/prod  created" in result.stdout


def test_apply_reads_standard_input() -> None:
    fake = FakeRollway()

    rollway(fake, "apply", "-f", "-", input=APPLICATION + "---\n" + GROUP)

    assert fake.asked[-1] == ["application shop", "deployment group shop/prod"]


def test_apply_as_json_lists_what_changed() -> None:
    result = rollway(FakeRollway(), "apply", "-f", "-", "-o", "json", input=APPLICATION)

    assert json.loads(result.stdout)["applied"][0]["change"] == "created"


def test_apply_tells_all_problems_of_all_files_and_changes_nothing(tmp_path: Path) -> None:
    _written(tmp_path, a=APPLICATION + "colour: red\n", b="deploymentGroupName: prod\n", c=GROUP)
    (tmp_path / "d.json").write_bytes(b"\xff\xfe")
    fake = FakeRollway()

    result = rollway(fake, "apply", "-f", str(tmp_path), "-f", str(tmp_path / "none.yml"))

    assert result.exit_code == 2
    for words in ("a.yml has", "colour", "b.yml has", "applicationName", "d.json: no text", "none"):
        assert words in result.stderr
    assert "c.yml" not in result.stderr
    assert fake.asked == []


def test_apply_refuses_one_thing_defined_in_two_files(tmp_path: Path) -> None:
    _written(tmp_path, a=GROUP, b=GROUP)

    result = rollway(FakeRollway(), "apply", "-f", str(tmp_path))

    assert result.exit_code == 2
    assert f"group shop/prod is defined in {tmp_path / 'a.yml'} as well" in result.stderr


def test_apply_names_a_directory_without_manifests(tmp_path: Path) -> None:
    result = rollway(FakeRollway(), "apply", "-f", str(tmp_path))

    assert result.exit_code == 2
    assert f"{tmp_path}: no file in it ends in .yml, .yaml, .json." in result.stderr


def test_what_is_not_supported_yet_is_named() -> None:
    fake = FakeRollway(refusal=UnsupportedOperation("shop/prod: no load balancers yet."))

    result = rollway(fake, "apply", "-f", "-", input=GROUP)

    assert (result.exit_code, result.stderr) == (2, "error: shop/prod: no load balancers yet.\n")


def test_push_registers_a_directory_and_says_what_is_next(bundle: Path) -> None:
    fake = FakeRollway()

    result = rollway(fake, "push", "shop", str(bundle))

    assert fake.asked[-1] == ("push", "shop", bundle)
    assert result.stdout.splitlines()[-1] == ("Deploy it: rollway deploy shop/GROUP --revision v1")


def test_push_may_name_another_appspec(bundle: Path) -> None:
    fake = FakeRollway()

    rollway(fake, "push", "shop", str(bundle), "--appspec-filename", "shop.yml")

    assert fake.asked[-1] == ("push", "shop", bundle, "shop.yml")


def test_push_refuses_what_is_no_archive(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no")

    result = rollway(FakeRollway(), "push", "shop", str(tmp_path / "notes.txt"))

    assert result.exit_code == 2
    assert "neither a directory nor an archive" in result.stderr


def test_a_valid_bundle_is_told_so(bundle: Path) -> None:
    result = rollway(FakeRollway(), "validate", str(bundle))

    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == f"✔ {bundle / 'appspec.yml'}: AppSpec file for Server\n"


def test_a_script_may_have_blanks_in_its_name_and_arguments(bundle: Path) -> None:
    (bundle / "scripts" / "start.sh").rename(bundle / "my start.sh")
    appspec = bundle / "appspec.yml"
    appspec.write_text(appspec.read_text().replace("scripts/start.sh", "\"'my start.sh' --fast\""))

    assert rollway(FakeRollway(), "validate", str(bundle)).exit_code == 0


def test_a_bundle_that_lacks_what_it_names_is_refused(bundle: Path) -> None:
    (bundle / "scripts" / "start.sh").unlink()
    (bundle / "app").unlink()

    result = rollway(FakeRollway(), "validate", str(bundle))

    assert result.exit_code == 2
    assert f"files: app is not in {bundle}" in result.stdout
    assert f"hooks: ApplicationStart: scripts/start.sh is not in {bundle}" in result.stdout


def test_an_archive_is_looked_into(bundle: Path) -> None:
    archive = bundle.parent / "v1.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        for file in sorted(bundle.rglob("*")):
            packed.write(file, file.relative_to(bundle))

    result = rollway(FakeRollway(), "validate", str(archive))

    assert result.stdout == f"✔ {archive}: bundle with appspec.yml\n"


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        pytest.param(APPSPEC, "AppSpec file for Server", id="server"),
        pytest.param(LAMBDA_APPSPEC, "AppSpec file for Lambda", id="lambda"),
        pytest.param(GROUP, "deployment group shop/prod", id="manifest"),
    ],
)
def test_validate_guesses_what_a_file_is(text: str, holds: str) -> None:
    result = rollway(FakeRollway(), "validate", "-", input=text)

    assert result.stdout == f"✔ standard input: {holds}\n"


def test_validate_takes_the_platform_that_is_named() -> None:
    result = rollway(FakeRollway(), "validate", "-", "--platform", "lambda", input=APPSPEC)

    assert result.exit_code == 2


def test_validate_tells_the_problems_of_every_file(tmp_path: Path) -> None:
    _written(tmp_path, appspec_a="version: 1.0\nos: solaris\n", b="{", c=GROUP)

    result = rollway(
        FakeRollway(),
        *("validate", str(tmp_path / "appspec_a.yml"), str(tmp_path / "b.yml")),
        *(str(tmp_path / "c.yml"), str(tmp_path / "none.yml")),
    )

    assert result.exit_code == 2
    assert "solaris" in result.stdout
    assert f"✔ {tmp_path / 'c.yml'}" in result.stdout
    assert "No such file" in result.stdout
    assert result.stderr == "error: 3 of 4 files must be corrected.\n"


def test_a_directory_that_holds_nothing_to_validate_is_named(tmp_path: Path) -> None:
    result = rollway(FakeRollway(), "validate", str(tmp_path))

    assert result.exit_code == 2
    assert "Nor is there an appspec.yml." in result.stdout
