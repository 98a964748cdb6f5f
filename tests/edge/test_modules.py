"""The shape of the edge's Lua: what keeps each module readable in one sitting."""

from pathlib import Path

import pytest

from tests.parts.edge import ROOT

MODULES = sorted((ROOT / "edge" / "lua").rglob("*.lua"))
FEWER_LINES_THAN = 150


def test_there_are_modules_to_look_at() -> None:
    assert len(MODULES) > 20


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.stem)
def test_a_module_is_short_and_opens_with_what_it_is_for(module: Path) -> None:
    lines = module.read_text("utf-8").splitlines()

    assert len(lines) < FEWER_LINES_THAN
    assert lines[0].startswith("-- ")


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.stem)
def test_a_module_is_used(module: Path) -> None:
    name = f'require("postledger.{module.stem}")'
    others = [other for other in [*MODULES, *(ROOT / "edge").rglob("*.conf")] if other != module]

    assert any(name in other.read_text("utf-8") for other in others)
