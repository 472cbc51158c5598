"""What people try on the emulator is what the guides show them."""

import re
from typing import Any

import pytest
import yaml

from tests.aws.emulator import Emulator
from tests.aws.playground import PLATFORMS
from tests.documentation import ROOT, snippets

_ID = re.compile(r"[0-9a-f]{16}")


def documents(text: str) -> list[Any]:
    return list(yaml.safe_load_all(_ID.sub("ID", text)))


@pytest.mark.parametrize("platform", sorted(PLATFORMS))
def test_the_guide_shows_the_files_that_the_playground_writes(aws: Emulator, platform: str) -> None:
    guide = ROOT / f"docs/guides/{platform}.md"
    shown = [documents(each.text) for each in snippets("yaml") if each.page == guide]

    written = {
        name: documents(yaml.safe_dump_all(content)) for name, content in PLATFORMS[platform](aws)
    }

    assert shown == [written["hello.yml"], written["v2.yml"]]
    assert sorted(written) == ["hello.yml", "v2.yml", "v3.yml"]
