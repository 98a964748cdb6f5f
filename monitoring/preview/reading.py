"""A dashboard's file as the preview needs it: panels with their place, looks and queries, and the variables.

It reads the JSON that Grafana reads, not the definitions, so that what is drawn is what is provisioned.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[1] / "grafana" / "dashboards"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a panel stands: column and width in 24ths of the page, row and height in grid units."""

    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Panel:
    """One panel; `kind` is Grafana's name of it, `steps` are thresholds as (from this value on, colour)."""

    title: str
    kind: str
    place: Place
    unit: str
    empty: str
    decimals: int | None
    steps: tuple[tuple[float | None, str], ...]
    fixed_colors: Mapping[str, str]
    column_units: Mapping[str, str]
    hidden_columns: frozenset[str]
    targets: Sequence[Mapping[str, Any]]
    field_config: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Dashboard:
    """A page; `span` is how far back it looks by itself (`6h`), `rows` are headings with their line.

    `choices` are the variables that a viewer sees; `marks` the queries of what was changed, by name and colour.
    """

    name: str
    title: str
    span: str
    panels: Sequence[Panel]
    rows: Sequence[tuple[str, Place]]
    choices: Sequence[Mapping[str, Any]]
    marks: Sequence[tuple[str, str, str]]


def list_dashboards() -> list[str]:
    """List the dashboards by name, the wall first."""
    names = sorted(path.stem for path in FOLDER.glob("*.json"))
    return sorted(names, key=lambda name: name != "overview")


def read_dashboard(name: str) -> Dashboard:
    """Read one."""
    document = json.loads((FOLDER / f"{name}.json").read_text("utf-8"))
    panels = [panel for panel in document["panels"] if panel["type"] != "row"]
    return Dashboard(
        name,
        document["title"],
        document["time"]["from"].removeprefix("now-"),
        [_read_panel(panel) for panel in panels],
        [(panel["title"], _read_place(panel)) for panel in document["panels"] if panel["type"] == "row"],
        [one for one in document["templating"]["list"] if one["type"] == "query" and "hide" not in one],
        [(one["name"], one["expr"], one["iconColor"]) for one in document["annotations"]["list"] if one.get("expr")],
    )


def _read_panel(panel: Mapping[str, Any]) -> Panel:
    defaults, overrides = panel["fieldConfig"]["defaults"], panel["fieldConfig"]["overrides"]
    return Panel(
        panel["title"],
        panel["type"],
        _read_place(panel),
        defaults["unit"],
        defaults["noValue"],
        defaults.get("decimals"),
        tuple((step["value"], step["color"]) for step in defaults["thresholds"]["steps"]),
        {name: value["fixedColor"] for name, value in _list_overrides(overrides, "color")},
        dict(_list_overrides(overrides, "unit")),
        _read_hidden(panel),
        panel["targets"],
        defaults,
    )


def _read_place(panel: Mapping[str, Any]) -> Place:
    grid = panel["gridPos"]
    return Place(grid["x"], grid["y"], grid["w"], grid["h"])


def _list_overrides(overrides: Sequence[Mapping[str, Any]], wanted: str) -> list[tuple[str, Any]]:
    return [
        (override["matcher"]["options"], one["value"])
        for override in overrides
        for one in override["properties"]
        if one["id"] == wanted
    ]


def _read_hidden(panel: Mapping[str, Any]) -> frozenset[str]:
    organize = [one["options"]["excludeByName"] for one in panel.get("transformations", []) if one["id"] == "organize"]
    return frozenset(name for excluded in organize for name, is_hidden in excluded.items() if is_hidden)
