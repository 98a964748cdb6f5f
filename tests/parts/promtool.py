"""The shipped rules, stories and runbooks as tests read them, and the real promtool that judges them.

Apart from the tests because several of them hold different parts of the monitoring against the same list of alerts.
"""

import json
import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
PROMETHEUS = ROOT / "monitoring/prometheus"
RULES = PROMETHEUS / "rules"
RUNBOOKS = ROOT / "monitoring/runbooks"
BOOKS = sorted(RUNBOOKS.glob("*.md"))
_BLOCK = re.compile(r"^```bash\n(.*?)^```", re.MULTILINE | re.DOTALL)
RULE_FILES = sorted(RULES.glob("*.yml"))
STORY_FILES = sorted((PROMETHEUS / "tests").glob("*.yml"))


@dataclass(frozen=True, slots=True)
class Alert:
    """One alerting rule; several may bear one name, as for two severities."""

    name: str
    expression: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str]


def list_rules() -> list[dict[str, Any]]:
    """All rules of all shipped files, as they stand there."""
    files = [yaml.load(path.read_text("utf-8"), yaml.CSafeLoader) for path in RULE_FILES]
    return [rule for file in files for group in file["groups"] for rule in group["rules"]]


def list_alerts() -> list[Alert]:
    """All alerting rules."""
    return [
        Alert(rule["alert"], rule["expr"], rule.get("labels", {}), rule.get("annotations", {}))
        for rule in list_rules()
        if "alert" in rule
    ]


@cache
def list_stories() -> Sequence[dict[str, Any]]:
    """All shipped tests of rules, read once: it takes half a second, and each alert looks for its own."""
    return [story for path in STORY_FILES for story in yaml.load(path.read_text("utf-8"), yaml.CSafeLoader)["tests"]]


def blocks_of(book: Path) -> list[str]:
    """What a runbook gives to paste, block by block."""
    return _BLOCK.findall(book.read_text("utf-8"))


def run_promtool(*arguments: str | Path) -> str:
    """Run promtool and give what it printed; fails with that when it finds a fault."""
    environment = {**os.environ, "GOGC": "400"}  # some stories last weeks; a rarer garbage collection saves a fifth
    done = subprocess.run(
        ["promtool", *map(str, arguments)], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def assert_nothing_fires(series: Mapping[str, Sequence[float]], *, beat_s: int, folder: Path) -> None:
    """Replay series, one value a beat, against all shipped rules; nothing but the watchdog may fire at any moment."""
    beats = max(map(len, series.values()))
    span = f"{beat_s * (beats - 1)}s"
    story = {
        "rule_files": [str(path) for path in RULE_FILES],
        "evaluation_interval": f"{beat_s}s",
        "tests": [
            {
                "interval": f"{beat_s}s",
                "input_series": [
                    {"series": name, "values": " ".join(f"{value:g}" for value in values)}
                    for name, values in series.items()
                ],
                "promql_expr_test": [
                    {
                        "expr": f'count_over_time(ALERTS{{alertname!="Watchdog", alertstate="firing"}}[{span}])',
                        "eval_time": span,
                        "exp_samples": [],
                    }
                ],
            }
        ],
    }
    path = folder / "replay.yml"
    path.write_text(json.dumps(story))
    run_promtool("test", "rules", path)
