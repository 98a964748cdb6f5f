"""The container files, read and not run: what they name must exist, or they rot unseen."""

import re
from pathlib import Path

import pytest

from tests.parts.edge import ROOT

DEPLOY = ROOT / "deploy"
CONFIG = (ROOT / "script" / "edge-config").read_text() + (ROOT / "script" / "environment").read_text()


@pytest.mark.parametrize("name", ["edge.Dockerfile", "backend.Dockerfile"])
def test_what_is_copied_into_an_image_exists(name: str) -> None:
    copied = re.findall(r"^COPY (.+) \S+$", (DEPLOY / name).read_text(), re.MULTILINE)

    sources = [source for line in copied for source in line.split()]
    assert sources != []
    assert [source for source in sources if not (ROOT / source).exists()] == []


def test_what_a_script_sources_is_copied_beside_it() -> None:
    copied = re.findall(r"\bscript/[\w-]+", (DEPLOY / "edge.Dockerfile").read_text())
    sourced = {name for file in copied for name in re.findall(r"\bsource=(script/[\w-]+)", (ROOT / file).read_text())}

    assert sourced != set()
    assert sourced - set(copied) == set()


def test_the_image_of_the_edge_sets_only_what_the_edge_reads() -> None:
    names = set(re.findall(r"\bPOSTLEDGER_[A-Z_]+", (DEPLOY / "edge.Dockerfile").read_text()))

    assert names != set()
    assert {name for name in names if name not in CONFIG} == set()


def test_what_compose_mounts_and_builds_exists() -> None:
    text = (DEPLOY / "compose.yaml").read_text()
    mounted = re.findall(r'- "(\.[^:"]*):', text)
    built = re.findall(r"dockerfile: ([^}]+)}", text)

    ours = [path for path in mounted if "secrets" not in path]
    assert [path for path in ours if not (DEPLOY / path).exists()] == []
    assert [path for path in built if not (ROOT / Path(path)).exists()] == []
    assert len(built) == 2


def test_no_secret_is_in_the_files() -> None:
    for file in DEPLOY.iterdir():
        if file.is_file():
            assert not re.search(r"(PASSWORD|SECRET|KEY): *[^/\s$]", file.read_text()), file.name
