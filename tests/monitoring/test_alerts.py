"""Alerts: each tells what whoever is woken needs, has a story in which it fires and a twin in which it stays quiet."""

import os
import re
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.monitoring.normal_traffic import make_normal_traffic
from tests.parts.documents import list_code, list_rows, read_document, read_section
from tests.parts.promtool import (
    RULE_FILES,
    RULES,
    STORY_FILES,
    Alert,
    assert_nothing_fires,
    list_alerts,
    list_rules,
    list_stories,
    run_promtool,
)
from tests.parts.stories import needed_rules, tell_stories

ALERTS = list_alerts()
NAMES = sorted({alert.name for alert in ALERTS})
NEVER_QUIET = {"Watchdog"}  # whose whole meaning is that it fires
each_alert = pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: f"{alert.name}-{alert.labels.get('severity')}")


def test_promtool_finds_no_fault_in_the_rules() -> None:
    assert "SUCCESS" in run_promtool("check", "rules", *RULE_FILES)


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[Path, Future[str]]]:
    """The stories of each file, being told on all cores: some last weeks, and take promtool seconds."""
    folders = {path: tmp_path_factory.mktemp(path.stem) for path in STORY_FILES}
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        yield {path: pool.submit(tell_stories, path, folder) for path, folder in folders.items()}


@pytest.mark.parametrize("path", STORY_FILES, ids=lambda path: path.stem)
def test_the_stories_come_out_as_told(path: Path, told: dict[Path, Future[str]]) -> None:
    assert "SUCCESS" in told[path].result()


def test_a_story_runs_with_what_its_alerts_read() -> None:
    rules = [
        {"record": "a:of_b", "expr": "rate(b:raw[5m])"},
        {"record": "b:raw", "expr": "c"},
        {"record": "d:other", "expr": "d"},
        {"alert": "High", "expr": "a:of_b > 1"},
        {"alert": "Low", "expr": "d:other < 1"},
    ]
    checked = {"name": "High", "alert_rule_test": [{"alertname": "High"}]}
    counted = {"name": "Low", "promql_expr_test": [{"expr": 'count(ALERTS{alertstate="firing", alertname="Low"})'}]}
    unnamed = {"name": "any", "promql_expr_test": [{"expr": 'ALERTS{alertname!="High"}'}]}

    needed = [needed_rules(story, [{"rules": rules}]) for story in (checked, counted, unnamed)]

    assert needed == [{"High", "a:of_b", "b:raw"}, {"Low", "d:other"}, {"High", "Low", "a:of_b", "b:raw", "d:other"}]


@each_alert
def test_an_alert_says_what_whom_and_where_to_read_on(alert: Alert) -> None:
    assert alert.labels["severity"] in {"critical", "warning", "info", "none"}
    assert alert.labels["team"] in {"platform", "partners", "finance"}
    assert alert.annotations["summary"]
    assert alert.annotations["description"].endswith(".")
    assert alert.annotations["runbook_url"] == f"{{{{ $externalLabels.runbooks }}}}/{alert.name}.md"


@pytest.mark.parametrize("name", NAMES)
def test_each_alert_has_a_story_in_which_it_fires_and_a_twin_in_which_it_stays_quiet(name: str) -> None:
    checks = [
        (story["name"], bool(check["exp_alerts"]))
        for story in list_stories()
        for check in story.get("alert_rule_test", [])
        if check["alertname"] == name
    ]
    silences = [story["name"] for story in list_stories() if story["name"].startswith(f"{name} stays quiet: ")]

    assert any(fires for _, fires in checks)
    if name not in NEVER_QUIET:
        assert silences
        fired = {story for story, fires in checks if fires}
        quiet_before = {story for story, fires in checks if not fires}
        assert fired & quiet_before, "some story is quiet before and fires after"


def test_no_threshold_stands_in_an_expression() -> None:
    """A number that decides belongs into thresholds.yml, where a dashboard finds it too; 0 and 1 say true and false."""
    literal = re.compile(r"(?:[<>]=?|==)\s*(?:bool\s+)?([\d.]+)")
    counts = {"2"}  # both of two baselines

    found = {(alert.name, number) for alert in ALERTS for number in literal.findall(alert.expression)}

    assert {(name, number) for name, number in found if number not in {"0", "1"} | counts} == set()


def test_every_threshold_is_used_and_every_used_one_exists() -> None:
    text = {path.name: path.read_text("utf-8") for path in RULES.glob("*.yml")}
    kept = {rule["record"] for rule in list_rules() if rule.get("record", "").startswith("postledger:threshold:")}
    used = {
        name
        for file, lines in text.items()
        if file != "thresholds.yml"
        for name in re.findall(r"postledger:threshold:\w+", lines)
    }

    assert kept == used


def test_every_alert_is_documented_with_its_severity_and_team() -> None:
    rows = {
        list_code(row[0])[0]: (row[1], row[2])
        for row in list_rows(read_section(read_document("docs/monitoring.md"), "Alerts"))
    }

    expected = {
        name: (
            ", ".join(dict.fromkeys(alert.labels["severity"] for alert in ALERTS if alert.name == name)),
            next(alert.labels["team"] for alert in ALERTS if alert.name == name),
        )
        for name in NAMES
    }
    assert rows == expected


def test_a_normal_hour_fires_nothing(tmp_path: Path) -> None:
    hour = make_normal_traffic(beats=241, beat_s=15, from_minute=14 * 60, seed=1)

    assert_nothing_fires(hour, beat_s=15, folder=tmp_path)


def test_a_normal_day_and_a_half_fires_nothing(tmp_path: Path) -> None:
    """Through a night, in which shares are made of few postbacks, and past the first day, when all have a normal."""
    day = make_normal_traffic(beats=541, beat_s=240, from_minute=6 * 60, seed=2)

    assert_nothing_fires(day, beat_s=240, folder=tmp_path)
