"""Each threat of SECURITY.md names what bounds it, and a test or a drill that exists."""

import re

import pytest

from tests.parts.documents import ROOT

_ROWS = re.findall(
    r"^\| (?!threat |-)(.+?) \| (.+?) \|(?: (.+?))? \| (.+) \|$",
    (ROOT / "SECURITY.md").read_text("utf-8"),
    re.MULTILINE,
)


def find_missing(cell: str) -> list[str]:
    """The tests of a cell that do not exist: files, or functions after `::`."""
    named = [name.partition("::") for name in re.findall(r"`(tests/[^`]+)`", cell)]
    return [f"{file}::{test}" for file, _, test in named if not exists(file, test)]


def exists(file: str, test: str) -> bool:
    """True if the file is one of tests and, if a test is named, has it."""
    path = ROOT / file
    return path.name.startswith("test_") and path.exists() and f"def {test}" in path.read_text("utf-8")


def test_there_are_threats() -> None:
    assert len(_ROWS) > 15


@pytest.mark.parametrize("row", _ROWS, ids=lambda row: row[0][:40])
def test_each_threat_names_tests_that_exist(row: tuple[str, str, str, str]) -> None:
    assert "`tests/" in row[3], "a threat without a test"
    assert find_missing(row[3]) == []


def test_a_test_that_does_not_exist_is_found() -> None:
    cell = "`tests/unit/test_docs_security.py::test_gone`, `tests/unit/test_gone.py`, `tests/unit/test_make.py`"

    assert find_missing(cell) == ["tests/unit/test_docs_security.py::test_gone", "tests/unit/test_gone.py::"]
