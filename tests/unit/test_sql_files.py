"""SQL stands in files: one commented statement per file, and no statement in Python."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.parts.documents import ROOT

PACKAGE = ROOT / "backend" / "postledger"
MODULES = sorted(PACKAGE.rglob("*.py"))
STATEMENTS = sorted(PACKAGE.rglob("sql/*.sql"))
_STATEMENT = re.compile(
    r"\s*(SELECT|INSERT\s+INTO|UPDATE|DELETE\s+FROM|WITH|COPY|MERGE|TRUNCATE|CREATE|ALTER|DROP|GRANT|REVOKE|SET|LOCK)\s"
)


def list_texts(module: Path) -> Iterator[str]:
    """List every string literal of a module, the parts of f-strings included."""
    for node in ast.walk(ast.parse(module.read_text("utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_module_holds_a_statement(module: Path) -> None:
    assert [text for text in list_texts(module) if _STATEMENT.match(text)] == []


@pytest.mark.parametrize("text", ["SELECT 1", "\n  UPDATE t SET a = 1", "INSERT INTO t VALUES (1)", "DROP TABLE t"])
def test_a_statement_is_recognised(text: str) -> None:
    assert _STATEMENT.match(text)


@pytest.mark.parametrize("path", STATEMENTS, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_every_statement_begins_with_a_comment(path: Path) -> None:
    assert path.read_text("utf-8").startswith("-- ")


@pytest.mark.parametrize("path", STATEMENTS, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_every_statement_is_used(path: Path) -> None:
    name = path.stem
    modules = "".join(module.read_text("utf-8") for module in path.parents[1].rglob("*.py"))
    is_composed = name.startswith("retire_") or name.endswith("_exists")  # the name contains the kind of object
    is_fetched = f'"{name}"' in modules

    assert is_fetched or is_composed
