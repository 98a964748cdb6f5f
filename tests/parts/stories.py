"""Runs the stories of alerts with promtool, each on the rules that its alerts need.

promtool evaluates every rule of its files at every moment of a story, and a story lasts days. Nine in ten of these
rules are no concern of the story. That all rules evaluate without an error is what the stories of normal traffic prove.
It also writes the annotations of all that fires at every moment, so an alert has them only if the story quotes them.
"""

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from tests.parts.promtool import run_promtool

Group = Mapping[str, Any]
_ALL = re.compile(r'\bALERTS\b(?!{[^}]*alertname=")')
_NAMED = re.compile(r'alertname=\\?"(\w+)')
_NAME = re.compile(r"[a-zA-Z_][\w:]*")


def tell_stories(path: Path, folder: Path) -> str:
    """Run a file of stories, and give what promtool printed; fails with that when it finds a fault.

    `folder` must be empty.
    """
    content = yaml.load(path.read_text("utf-8"), yaml.CSafeLoader)
    groups = [group for name in content["rule_files"] for group in _read_groups(path.parent / name)]
    told: dict[tuple[frozenset[str], frozenset[str]], list[Any]] = defaultdict(list)
    for story in content["tests"]:
        told[needed_rules(story, groups), _quoted_alerts(story)].append(story)
    for number, ((needed, quoted), stories) in enumerate(told.items()):
        rules = folder / f"{number}.rules"
        rules.write_text(json.dumps({"groups": _choose(needed, quoted, groups)}))
        changed = {**content, "rule_files": [str(rules)], "tests": stories}
        (folder / f"{path.stem}-{number}.yml").write_text(json.dumps(changed))
    return run_promtool("test", "rules", *sorted(folder.glob("*.yml")))


def needed_rules(story: Mapping[str, Any], groups: Sequence[Group]) -> frozenset[str]:
    """Name the alerts that a story speaks of, and every record that one of them or the story is made from.

    A story that counts alerts without naming them needs all rules.
    """
    rules = [rule for group in groups for rule in group["rules"]]
    asked = json.dumps(story.get("promql_expr_test", []))
    if _ALL.search(asked.replace('\\"', '"')):
        return frozenset(map(_name_of, rules))
    alerts = {check["alertname"] for check in story.get("alert_rule_test", [])} | set(_NAMED.findall(asked))
    assert alerts <= {rule.get("alert") for rule in rules}, f"{story['name']}: {alerts} are in its rule files"
    return frozenset(_close(alerts | set(_NAME.findall(asked)), rules))


def _close(names: set[str], rules: Sequence[Mapping[str, Any]]) -> Iterable[str]:
    """Add what the rules of these names read, until nothing is missing."""
    reads: dict[str, set[str]] = defaultdict(set)
    for rule in rules:
        reads[_name_of(rule)].update(_NAME.findall(json.dumps(rule)))
    found: set[str] = set()
    while names := names & reads.keys() - found:
        found |= names
        names = set().union(*(reads[name] for name in names))
    return found


def _quoted_alerts(story: Mapping[str, Any]) -> frozenset[str]:
    return frozenset(check["alertname"] for check in story.get("alert_rule_test", []) if check["exp_alerts"])


def _choose(needed: frozenset[str], quoted: frozenset[str], groups: Sequence[Group]) -> list[dict[str, Any]]:
    chosen = [{**group, "rules": _choose_rules(needed, quoted, group["rules"])} for group in groups]
    return [group for group in chosen if group["rules"]]


def _choose_rules(
    needed: frozenset[str], quoted: frozenset[str], rules: Iterable[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    return [
        {key: value for key, value in rule.items() if key != "annotations" or rule["alert"] in quoted}
        for rule in rules
        if _name_of(rule) in needed
    ]


def _name_of(rule: Mapping[str, Any]) -> str:
    return str(rule.get("alert") or rule["record"])


def _read_groups(path: Path) -> list[Group]:
    """Read a file of rules as it stands: every number stays the text that it is."""
    groups: list[Group] = yaml.load(path.read_text("utf-8"), yaml.BaseLoader)["groups"]  # noqa: S506 - our own file
    return groups
