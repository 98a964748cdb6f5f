"""The dashboards' files, read as a careful reviewer would: current, complete in every panel, and nobody's export."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard

from monitoring.grafana import targets
from monitoring.grafana.__main__ import DEFINITIONS, FOLDER, render
from monitoring.preview.reading import list_dashboards
from monitoring.preview.units import FORMATS
from tests.parts.edge import ROOT
from tests.parts.promtool import RUNBOOKS, list_rules

_AMOUNTS = re.compile(r"\b(?:sum|avg)\((?:abs\()?(?:\w+\.)?(?:payout|delta|amount)\b")
NAMES = ("overview", "source", "campaigns", "ledger", "edge", "finance")
DATA_SOURCES = {"${prometheus}", "${ledger}"}
PROVISIONED = (ROOT / "monitoring/grafana/provisioning/datasources/postledger.yaml").read_text("utf-8")


def _read(name: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text("utf-8"))
    return document


PANELS = [
    pytest.param(panel, id=f"{name}: {panel['title']}")
    for name in list_dashboards()
    for panel in _read(name)["panels"]
    if panel["type"] != "row"
]


def test_the_dashboards_are_those_that_are_defined() -> None:
    assert sorted(list_dashboards()) == sorted(NAMES) == sorted(DEFINITIONS)


@pytest.mark.parametrize("name", NAMES)
def test_a_file_is_what_its_definition_makes(name: str) -> None:
    """After a change of a definition: python -m monitoring.grafana"""
    assert (FOLDER / f"{name}.json").read_text("utf-8") == render(DEFINITIONS[name]())


@pytest.mark.parametrize("name", NAMES)
def test_grafanas_own_types_know_all_that_a_file_says(name: str) -> None:
    """Read by the SDK's models and written again: what they do not know would be lost."""
    register_default_plugins()

    known = json.loads(json.dumps(Dashboard.from_json(_read(name)), cls=JSONEncoder))

    assert _list_lost(_read(name), known) == []


def _list_lost(said: Any, known: Any, at: str = "") -> list[str]:
    if isinstance(said, dict) and isinstance(known, dict):
        return [lost for key, value in said.items() for lost in _list_lost(value, known.get(key), f"{at}/{key}")]
    if isinstance(said, list) and isinstance(known, list) and len(said) == len(known):
        return [lost for pair in zip(said, known, strict=True) for lost in _list_lost(*pair, at)]
    return [] if said == known else [at]


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_left_of_an_export(name: str) -> None:
    document = _read(name)

    assert document["uid"] == f"postledger-{name}"
    assert re.fullmatch(r"now-[1-9]\d*[mhd]", document["time"]["from"]), "the preview knows it too"
    for leftover in ("id", "version", "iteration", "gnetId", "revision", "__inputs", "__requires", "__elements"):
        assert leftover not in document
    assert [panel["id"] for panel in document["panels"]] == list(range(1, len(document["panels"]) + 1))
    assert "pluginVersion" not in json.dumps(document)


@pytest.mark.parametrize("name", NAMES)
def test_data_sources_are_named_by_variable_and_never_by_hand(name: str) -> None:
    document = _read(name)
    named = set(re.findall(r'"uid": "([^"]+)"', json.dumps(document))) - {document["uid"]}

    assert named <= DATA_SOURCES
    offered = {one["name"]: one for one in document["templating"]["list"] if one["type"] == "datasource"}
    assert {f"${{{name}}}" for name in offered} == DATA_SOURCES
    for one in offered.values():
        assert f"uid: {one['current']['value']}\n" in PROVISIONED
        assert f"type: {one['query']}\n" in PROVISIONED


@pytest.mark.parametrize("name", NAMES)
def test_no_source_campaign_or_instance_is_written_into_a_query(name: str) -> None:
    queries = re.findall(r'"(?:expr|rawSql)": ("(?:[^"\\]|\\.)*")', json.dumps(_read(name)))

    for query in map(json.loads, queries):
        assert not re.search(r'(source|campaign|instance|job)\s*=~?\s*"(?!\$)', query), query
        assert not re.search(r"slug\s*=\s*'(?!postledger-selftest')", query), query


@pytest.mark.parametrize("name", NAMES)
def test_panels_fill_the_page_and_none_lies_on_another(name: str) -> None:
    taken: set[tuple[int, int]] = set()

    for panel in _read(name)["panels"]:
        place = panel["gridPos"]
        cells = {(place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])}
        assert place["x"] + place["w"] <= 24
        assert not cells & taken, panel["title"]
        taken |= cells
    assert len(taken) == 24 * (max(y for _, y in taken) + 1), "no hole"


@pytest.mark.parametrize("panel", PANELS)
def test_a_panel_says_all_that_a_panel_must(panel: dict[str, Any]) -> None:
    defaults = panel["fieldConfig"]["defaults"]

    assert panel["title"].endswith("?")
    assert len(panel["description"]) > 30
    assert defaults["unit"] in FORMATS
    assert defaults["noValue"]
    assert defaults["thresholds"]["steps"][0]["value"] is None
    assert panel["targets"] != []
    assert [target["refId"] for target in panel["targets"]] == list("ABCDEFGH"[: len(panel["targets"])])
    assert {target["datasource"]["uid"] for target in panel["targets"]} <= DATA_SOURCES


@pytest.mark.parametrize("panel", PANELS)
def test_a_panel_leads_to_a_runbook_and_to_the_next_dashboard(panel: dict[str, Any]) -> None:
    runbook, below = (link["url"] for link in panel["links"])

    assert runbook in {f"${{runbooks:raw}}/{path.name}" for path in RUNBOOKS.glob("*.md")}
    assert below in {f"/d/postledger-{name}" for name in NAMES}


@pytest.mark.parametrize("panel", PANELS)
def test_amounts_are_never_stacked_because_currencies_do_not_add_up(panel: dict[str, Any]) -> None:
    statements = "".join(target.get("rawSql", "") for target in panel["targets"])
    stacking = panel["fieldConfig"]["defaults"].get("custom", {}).get("stacking", {}).get("mode")

    assert not (_AMOUNTS.search(statements) and stacking == "normal")


@pytest.mark.parametrize("path", sorted((ROOT / "monitoring/grafana/sql").glob("*.sql")), ids=lambda path: path.stem)
def test_amounts_are_added_up_for_each_currency_alone(path: Path) -> None:
    """By the column itself, or by the first two, of which one is the currency or a name that ends with it."""
    text = path.read_text("utf-8")

    for found in _AMOUNTS.finditer(text):
        grouped = re.search(r"\bGROUP BY (.+)", text[found.end() :])
        assert grouped is not None
        assert "currency" in grouped[1] or grouped[1].startswith("1, 2"), f"{found[0]} mixes currencies"


@pytest.mark.parametrize("panel", PANELS)
def test_several_lines_can_be_told_apart(panel: dict[str, Any]) -> None:
    legends = [target["legendFormat"] for target in panel["targets"] if "expr" in target and "format" not in target]

    assert len(set(legends)) == len(legends)
    assert len(legends) < 2 or "" not in legends


@pytest.mark.parametrize(
    ("number", "record", "labels"),
    [
        (1 - targets.AVAILABILITY, "error_budget_ratio", {"slo": "availability"}),
        (1 - targets.FASTNESS, "error_budget_ratio", {"slo": "latency"}),
        (targets.CONVERSION_RATE_LIMIT, "conversion_rate_ratio", {}),
        (targets.CLIENT_ERROR_EXCESS, "excess_ratio", {"kind": "client_error"}),
        (targets.DUPLICATE_EXCESS, "excess_ratio", {"kind": "duplicate"}),
        (targets.FLUSH_SLOW_S, "flush_p99_seconds", {}),
        (targets.LEDGER_SILENT_S, "ledger_silence_seconds", {}),
        (targets.QUEUE_LIMIT, "queue_ratio", {}),
        (targets.CONNECTIONS_LIMIT, "connections_ratio", {}),
        (targets.POLICY_STALE_S, "policy_age_seconds", {}),
        (targets.PARKED_REVERSALS, "parked_reversals", {}),
        (targets.SOURCE_UNUSABLE, "source_unusable", {}),
        (targets.OUTBOX_AGE_S, "outbox_age_seconds", {}),
        (targets.PUBLICATIONS_AGE_S, "publications_age_seconds", {}),
        (targets.FORWARD_OFF, "forward_off", {}),
        (targets.DEAD_TASKS, "dead_tasks", {}),
        (targets.RATES_AGE_RATIO, "rates_age_ratio", {}),
        (targets.EXPORT_AGE_S, "export_age_seconds", {}),
        (targets.DISCREPANCY_AGE_S, "discrepancy_age_seconds", {}),
        (targets.CERTIFICATE_DAYS, "certificate_days", {"severity": "warning"}),
        (targets.CERTIFICATE_LAST_DAYS, "certificate_days", {"severity": "critical"}),
    ],
)
def test_a_line_on_a_dashboard_is_where_the_alert_stands(number: float, record: str, labels: dict[str, str]) -> None:
    (threshold,) = [
        rule["expr"]
        for rule in list_rules()
        if rule.get("record") == f"postledger:threshold:{record}" and rule.get("labels", {}) == labels
    ]

    assert number == pytest.approx(float(threshold))
