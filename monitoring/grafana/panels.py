"""The kinds of panels, each with all that a panel of ours must have: question, description, unit, empty state, links.

One function for a kind; what is common to all is put on in one place, so that no panel can go without it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from grafana_foundation_sdk.builders import bargauge, stat, table, timeseries
from grafana_foundation_sdk.builders import common as looks
from grafana_foundation_sdk.builders import dashboard as parts
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.variants import Dataquery
from grafana_foundation_sdk.models import common as choices
from grafana_foundation_sdk.models import dashboard as models

from monitoring.grafana.levels import Levels, calm
from monitoring.grafana.links import link_to_dashboard, link_to_runbook

Query = Builder[Dataquery]
Panel = stat.Panel | timeseries.Panel | bargauge.Panel | table.Panel
_Kind = TypeVar("_Kind", stat.Panel, timeseries.Panel, bargauge.Panel, table.Panel)

VERDICT_COLORS = {
    "accepted": "green",
    "updated": "blue",
    "duplicate": "text",
    "refused": "orange",
    "parked": "purple",
    "spooled": "yellow",
}
STATUS_COLORS = {"pending": "blue", "approved": "green", "rejected": "orange", "reversed": "red"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """A panel's question and what belongs to every answer; `width` is in 24ths of the page, `height` in grid units."""

    question: str
    about: str
    unit: str
    runbook: str
    below: str
    empty: str = "nothing yet"
    levels: Levels = field(default_factory=calm)
    width: int = 8
    height: int = 8
    colors: Mapping[str, str] = field(default_factory=dict)
    decimals: int | None = None


def number(ask: Ask, query: Query, *, sparkline: bool = True) -> stat.Panel:
    """Show one large number, coloured by the levels."""
    shape = choices.BigValueGraphMode.AREA if sparkline else choices.BigValueGraphMode.NONE
    panel = stat.Panel().color_mode(choices.BigValueColorMode.VALUE).graph_mode(shape)
    last = looks.ReduceDataOptions().calcs(["lastNotNull"])
    return _finish(panel.reduce_options(last), ask, [query])


def lines(ask: Ask, *queries: Query, at_most: float | None = None) -> timeseries.Panel:
    """Show values over time as lines, with the levels as dashed lines across."""
    return _finish(_over_time(ask, at_most).fill_opacity(6), ask, queries)


def layers(ask: Ask, *queries: Query) -> timeseries.Panel:
    """Show parts of a whole over time, one on top of the other."""
    stacking = looks.StackingConfig().mode(choices.StackingMode.NORMAL)
    return _finish(_over_time(ask, None).fill_opacity(45).stacking(stacking), ask, queries)


def steps(ask: Ask, *queries: Query) -> timeseries.Panel:
    """Show amounts by the hour or the day, each currency as a line of its own: two of them are no sum."""
    panel = _over_time(ask, None).line_interpolation(choices.LineInterpolation.STEP_AFTER)
    return _finish(panel.show_points(choices.VisibilityMode.ALWAYS), ask, queries)


def columns(ask: Ask, *queries: Query) -> timeseries.Panel:
    """Show counts by the hour or the day as columns, parts of a whole one on top of the other."""
    panel = _over_time(ask, None).draw_style(choices.GraphDrawStyle.BARS).fill_opacity(70)
    return _finish(panel.stacking(looks.StackingConfig().mode(choices.StackingMode.NORMAL)), ask, queries)


def bars(ask: Ask, *queries: Query, at_most: float | None = None) -> bargauge.Panel:
    """Show what stands now as horizontal bars, the longest first where the query sorts."""
    panel = bargauge.Panel().orientation(choices.VizOrientation.HORIZONTAL)
    panel = panel.display_mode(choices.BarGaugeDisplayMode.BASIC).value_mode(choices.BarGaugeValueMode.TEXT).min(0)
    if at_most is not None:
        panel = panel.max(at_most)
    return _finish(panel.reduce_options(looks.ReduceDataOptions().calcs(["lastNotNull"])), ask, queries)


def bars_of_rows(ask: Ask, query: Query) -> bargauge.Panel:
    """Show a table of two columns, a name and a number, as horizontal bars in the order of its rows."""
    return bars(ask, query).reduce_options(looks.ReduceDataOptions().values(True).limit(40))


def rows(ask: Ask, *queries: Query, units: Mapping[str, str], hidden: Sequence[str] = ()) -> table.Panel:
    """Show a table; `units` gives a column another unit than the panel's, `hidden` leaves columns out."""
    panel = _finish(table.Panel().show_header(True), ask, queries)
    for column, unit in units.items():
        panel = panel.override_by_name(column, [models.DynamicConfigValue("unit", unit)])
    away = {"Time": True, **dict.fromkeys(hidden, True)}
    return panel.with_transformation(models.DataTransformerConfig("organize", options={"excludeByName": away}))


def _over_time(ask: Ask, at_most: float | None) -> timeseries.Panel:
    legend = looks.VizLegendOptions().display_mode(choices.LegendDisplayMode.TABLE).show_legend(True)
    panel = timeseries.Panel().line_width(2).show_points(choices.VisibilityMode.NEVER).axis_soft_min(0)
    panel = panel.tooltip(looks.VizTooltipOptions().mode(choices.TooltipDisplayMode.MULTI))
    panel = panel.legend(legend.placement(choices.LegendPlacement.BOTTOM).calcs(["lastNotNull", "max"]))
    if at_most is not None:
        panel = panel.max(at_most)
    if len(ask.levels.steps) > 1:
        dashed = looks.GraphThresholdsStyleConfig().mode(choices.GraphThresholdsStyleMode.DASHED)
        panel = panel.thresholds_style(dashed)
    return panel


def _finish(panel: _Kind, ask: Ask, queries: Sequence[Query]) -> _Kind:
    panel = panel.title(ask.question).description(ask.about).unit(ask.unit).no_value(ask.empty)
    panel = panel.span(ask.width).height(ask.height).thresholds(_steps(ask.levels))
    panel = panel.links([link_to_runbook(ask.runbook), link_to_dashboard(ask.below)])
    if ask.decimals is not None:
        panel = panel.decimals(ask.decimals)
    for name, color in ask.colors.items():
        fixed = {"mode": "fixed", "fixedColor": color}
        panel = panel.override_by_name(name, [models.DynamicConfigValue("color", fixed)])
    for query in queries:
        panel = panel.with_target(query)
    return panel


def _steps(levels: Levels) -> parts.ThresholdsConfig:
    steps = [models.Threshold(value=value, color=color) for value, color in levels.steps]
    return parts.ThresholdsConfig().mode(models.ThresholdsMode.ABSOLUTE).steps(steps)
