"""The kinds of panels, each drawn into its box: a number, lines over time, bars, a table.

What is asked and what is drawn are apart: these functions get answers and know no data source.
"""

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, Locator, MaxNLocator, MultipleLocator

from monitoring.preview.asking import Rows, Series
from monitoring.preview.canvas import Canvas
from monitoring.preview.reading import Panel
from monitoring.preview.style import FAINT, INK, PALETTE, Box, color, level_color
from monitoring.preview.units import write

_LEGEND_LINE, _TABLE_LINE = 15, 20
_LEGENDS = 8
_BYTE_UNITS = {"bytes", "Bps"}
_DAY_S = 86_400
_TICKS_S = (60, 300, 600, 900, 1800, 3600, 7200, 14_400, 43_200, _DAY_S, 2 * _DAY_S, 5 * _DAY_S, 15 * _DAY_S)
Marks = Sequence[tuple[float, str]]


def draw_number(canvas: Canvas, box: Box, panel: Panel, series: Sequence[Series]) -> None:
    """Draw the last value, large, in the colour of its level, above its way there."""
    values = _numbers(series[0].values) if series else []
    if not values:
        draw_nothing(canvas, box, panel)
        return
    tint = level_color(panel.steps, values[-1])
    if len(values) > 1:
        axes = canvas.axes(Box(box.x, box.y + box.height * 0.62, box.width, box.height * 0.38), bare=True)
        axes.fill_between(range(len(values)), values, min(values), color=tint, alpha=0.18, linewidth=0)
        axes.plot(values, color=tint, linewidth=1.2, alpha=0.8)
        axes.margins(x=0, y=0.1)
    text = write(values[-1], panel.unit, panel.decimals)
    canvas.text(box.x + box.width / 2, box.y + box.height * 0.36, text, size=25, color=tint, at="center", bold=True)


def draw_lines(
    canvas: Canvas, box: Box, panel: Panel, series: Sequence[Series], *, span_s: tuple[float, float], marks: Marks
) -> None:
    """Draw values over time with their legend; stacked, or as columns, where the panel says so."""
    seen = [one for one in series if _numbers(one.values)]
    if not seen:
        draw_nothing(canvas, box, panel)
        return
    tints = [_tint(panel, one.name, number) for number, one in enumerate(seen)]
    legend = _LEGEND_LINE * math.ceil(min(len(seen), _LEGENDS) / 2) + 8
    axes = canvas.axes(Box(box.x + 58, box.y + 4, box.width - 68, box.height - legend - 24))
    for moment_s, tint in marks:
        axes.axvline(moment_s, color=tint, linewidth=1, linestyle=(0, (4, 3)), alpha=0.9)
    _plot(axes, panel, seen, tints)
    _draw_levels(axes, panel)
    _scale_values(axes, panel)
    _scale_time(axes, *span_s)
    _write_legend(canvas, Box(box.x, box.y + box.height - legend, box.width, legend), panel, seen, tints)


def draw_bars(canvas: Canvas, box: Box, panel: Panel, bars: Sequence[tuple[str, float]]) -> None:
    """Draw horizontal bars with name and value."""
    if not bars:
        draw_nothing(canvas, box, panel)
        return
    height = min(30.0, (box.height - 6) / len(bars))
    shown = bars[: int((box.height - 6) // height)]
    largest = max(value for _, value in shown) or 1
    for number, (name, value) in enumerate(shown):
        middle = box.y + 4 + height * (number + 0.5)
        width = (box.width - 220) * max(value, 0) / largest
        tint = color(panel.steps[0][1]) if len(panel.steps) == 1 else level_color(panel.steps, value)
        if tint == color("text"):
            tint = PALETTE[5]
        size = 8 if height > 14 else 6.5
        canvas.text(box.x + 142, middle, _short(name, 22), size=size, color=INK, at="right")
        canvas.bar(Box(box.x + 150, middle - height * 0.36, max(width, 1), height * 0.72), tint, 0.75)
        text = write(value, panel.unit, panel.decimals)
        canvas.text(box.x + 156 + width, middle, text, size=size, color=INK)


def draw_table(canvas: Canvas, box: Box, panel: Panel, table: Rows) -> None:
    """Draw as many rows as there is room for."""
    columns = [
        number
        for number, name in enumerate(table.columns)
        if name not in panel.hidden_columns and any(row[number] not in ("", None) for row in table.rows)
    ]
    if not table.rows or not columns:
        draw_nothing(canvas, box, panel)
        return
    names = [table.columns[number] for number in columns]
    cells = [[_cell(row[number], panel.column_units.get(name)) for number, name in zip(columns, names, strict=True)]
             for row in table.rows[: int((box.height - _TABLE_LINE - 6) // _TABLE_LINE)]]  # fmt: skip
    starts = _column_starts(box, names, cells)
    for line, texts in enumerate([names, *cells]):
        middle = box.y + 6 + _TABLE_LINE * (line + 0.5)
        for start, text in zip(starts, texts, strict=True):
            canvas.text(start, middle, text, size=8, color=INK if line else FAINT, bold=not line)


def draw_nothing(canvas: Canvas, box: Box, panel: Panel) -> None:
    """Say what the panel says when there is nothing."""
    canvas.text(box.x + box.width / 2, box.y + box.height / 2, panel.empty, size=9.5, color=FAINT, at="center")


def bars_of(panel: Panel, answer: Sequence[Series] | Rows) -> list[tuple[str, float]]:
    """Take bars from an answer: the last value of each series, or the rows of a name and a number."""
    if isinstance(answer, Rows):
        return [(str(name), float(value)) for name, value in answer.rows]
    named = [(one.name or panel.title, _numbers(one.values)) for one in answer]
    return [(name, values[-1]) for name, values in named if values]


def _plot(axes: Axes, panel: Panel, series: Sequence[Series], tints: Sequence[str]) -> None:
    looks: Mapping[str, Any] = panel.field_config.get("custom", {})
    is_stacked = looks.get("stacking", {}).get("mode") == "normal"
    if looks.get("drawStyle") == "bars":
        _plot_columns(axes, series, tints)
    elif is_stacked:
        moments = sorted({moment for one in series for moment in one.times_s})
        heights = [_on_grid(one, moments) for one in series]
        axes.stackplot(moments, *heights, colors=list(tints), alpha=0.75, linewidth=0)
    else:
        for one, tint in zip(series, tints, strict=True):
            _plot_line(axes, one, tint, is_stepped=looks.get("lineInterpolation") == "stepAfter")


def _plot_line(axes: Axes, series: Series, tint: str, *, is_stepped: bool) -> None:
    has_points = is_stepped or len(series.times_s) == 1
    shape = "steps-post" if is_stepped else "default"
    style = "o-" if has_points else "-"
    axes.plot(series.times_s, series.values, style, color=tint, linewidth=1.4, markersize=4, drawstyle=shape)
    if not is_stepped:
        axes.fill_between(series.times_s, series.values, 0, color=tint, alpha=0.05, linewidth=0)


def _plot_columns(axes: Axes, series: Sequence[Series], tints: Sequence[str]) -> None:
    moments = sorted({moment for one in series for moment in one.times_s})
    step_s = min((later - sooner for sooner, later in pairwise(moments)), default=3600)
    below = [0.0] * len(moments)
    for one, tint in zip(series, tints, strict=True):
        heights = _on_grid(one, moments)
        axes.bar(moments, heights, width=step_s * 0.85, bottom=below, align="edge", color=tint, alpha=0.8)
        below = [low + height for low, height in zip(below, heights, strict=True)]


def _draw_levels(axes: Axes, panel: Panel) -> None:
    style = panel.field_config.get("custom", {}).get("thresholdsStyle", {}).get("mode")
    if style != "dashed":
        return
    for least, name in panel.steps:
        if least is not None:
            axes.axhline(least, color=color(name), linewidth=1.1, linestyle=(0, (6, 4)), alpha=0.9)


def _scale_values(axes: Axes, panel: Panel) -> None:
    _, highest = axes.get_ylim()
    highest = highest if axes.dataLim.ymax > 0 else 1
    axes.set_ylim(min(axes.dataLim.ymin, 0), highest)
    axes.yaxis.set_major_locator(_choose_ticks(panel, highest))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: write(value, panel.unit, panel.decimals)))


def _choose_ticks(panel: Panel, highest: float) -> Locator:
    """Choose numbers that are round in the panel's unit: bytes come by powers of two, and the half of 100 % is 50 %."""
    if panel.unit in _BYTE_UNITS:
        return MultipleLocator(2 ** math.ceil(math.log2(highest / 4)))
    return MaxNLocator(nbins=4, integer=panel.decimals == 0 and panel.unit != "percentunit")


def _scale_time(axes: Axes, start_s: float, end_s: float) -> None:
    axes.set_xlim(start_s, end_s)
    step_s = next((step for step in _TICKS_S if (end_s - start_s) / step <= 7), end_s - start_s)
    first_s = math.ceil((start_s + (end_s - start_s) / 30) / step_s) * step_s  # not under the scale of the values
    axes.set_xticks(range(int(first_s), int(end_s), int(step_s)))
    form = "%H:%M" if step_s < _DAY_S else "%d %b"
    axes.xaxis.set_major_formatter(FuncFormatter(lambda moment, _: format(datetime.fromtimestamp(moment, UTC), form)))


def _write_legend(canvas: Canvas, box: Box, panel: Panel, series: Sequence[Series], tints: Sequence[str]) -> None:
    half = (box.width - 24) / 2
    for number, (one, tint) in enumerate(zip(series[:_LEGENDS], tints, strict=False)):
        x = box.x + 12 + half * (number % 2)
        middle = box.y + 6 + _LEGEND_LINE * (number // 2 + 0.5)
        canvas.bar(Box(x, middle - 1.5, 10, 3), tint)
        canvas.text(x + 15, middle, _short(one.name or "value", int(half / 12)), size=7.5, color=INK)
        last = write(_numbers(one.values)[-1], panel.unit, panel.decimals)
        canvas.text(x + half - 14, middle, last, size=7.5, color=FAINT, at="right")


def _tint(panel: Panel, name: str, number: int) -> str:
    named = panel.fixed_colors.get(name)
    return color(named) if named else PALETTE[number % len(PALETTE)]


def _numbers(values: Sequence[float]) -> list[float]:
    return [value for value in values if math.isfinite(value)]


def _on_grid(series: Series, moments: Sequence[float]) -> list[float]:
    known = dict(zip(series.times_s, series.values, strict=True))
    return [value if math.isfinite(value := known.get(moment, 0.0)) else 0.0 for moment in moments]


def _cell(value: object, unit: str | None) -> str:
    if value is None:
        return "–"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, str):
        return _short(value, 34)
    return write(float(str(value)), unit or "short", 0 if isinstance(value, int) else None)


def _column_starts(box: Box, names: Sequence[str], cells: Sequence[Sequence[str]]) -> list[float]:
    widths = [max(len(text) for text in column) + 2 for column in zip(names, *cells, strict=True)]
    scale = (box.width - 20) / sum(widths)
    return [box.x + 12 + sum(widths[:number]) * scale for number in range(len(widths))]


def _short(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"
