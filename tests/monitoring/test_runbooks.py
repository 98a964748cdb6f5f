"""Runbooks: one for each alert and none besides, with four headings, and commands that exist."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.parts.documents import ROOT, without_code
from tests.parts.promtool import BOOKS, blocks_of, list_alerts, list_rules, run_promtool

each_book = pytest.mark.parametrize("book", BOOKS, ids=lambda path: path.stem)
_QUERY = re.compile(r"""script/promql (?:'(.+)'|"(.+)")$""", re.MULTILINE)
_METRIC = re.compile(r"\b(?:\w+:)?\w*postledger\w*(?::\w+)*\b")
_BUILTIN = {"set"}
_OURS = {"postledger", "supervisorctl"}  # in .venv/bin, which the first line of each block puts into PATH


def _queries(book: Path) -> list[str]:
    found = [single or double for block in blocks_of(book) for single, double in _QUERY.findall(block)]
    return [query.replace('\\"', '"').replace("$source", "acme").replace("$campaign", "spring") for query in found]


def test_every_alert_has_its_runbook_and_every_runbook_its_alert() -> None:
    assert {book.stem for book in BOOKS} == {alert.name for alert in list_alerts()}


def test_every_runbook_that_a_dashboard_links_to_exists() -> None:
    definitions = (ROOT / "monitoring/grafana/definitions").glob("*.py")
    linked = {name for path in definitions for name in re.findall(r'runbook="(\w+)"', path.read_text("utf-8"))}

    assert linked
    assert linked - {book.stem for book in BOOKS} == set()


@each_book
def test_a_runbook_has_its_four_headings(book: Path) -> None:
    headings = re.findall(r"^#+ .*$", without_code(book.read_text("utf-8")), re.MULTILINE)

    assert headings == [f"# {book.stem}", "## Meaning", "## Impact", "## Diagnosis", "## Mitigation"]


@each_book
def test_a_diagnosis_can_be_pasted(book: Path) -> None:
    blocks = blocks_of(book)

    assert blocks, "there is something to paste"
    assert blocks[0].startswith("set -a; . var/runtime.env; set +a; export PATH=$PWD/.venv/bin:$PATH\n")
    for block in blocks:
        subprocess.run(["bash", "-n"], input=block, text=True, check=True)
        typed = {line.split(maxsplit=1)[0] for line in block.splitlines() if line and not re.match(r"\w+=", line)}
        assert {program for program in typed - _BUILTIN - _OURS if shutil.which(program) is None} == set()


@each_book
def test_the_queries_of_a_runbook_are_promql_over_series_that_exist(book: Path, tmp_path: Path) -> None:
    known = {rule["record"] for rule in list_rules() if "record" in rule}
    documented = (ROOT / "docs/operations.md").read_text("utf-8")
    rules = [{"record": f"query{number}", "expr": query} for number, query in enumerate(_queries(book))]
    file = tmp_path / "queries.yml"
    file.write_text(json.dumps({"groups": [{"name": "queries", "rules": rules}]}))

    run_promtool("check", "rules", file)

    used = {name for query in _queries(book) for name in _METRIC.findall(re.sub(r'"[^"]*"', '""', query))}
    unknown = {name for name in used - known if re.sub(r"_(bucket|sum|count)$", "", name) not in documented}
    assert unknown == set()
