"""A whole dashboard on one page: asks each panel's queries, and has each drawn where the grid says.

Apart from the plots because this is where a query that fails becomes a panel that says so, as in Grafana.
"""

from collections.abc import Mapping
from datetime import UTC, datetime

from monitoring.preview.asking import Answer, Asker, QueryFailed, Rows, Series
from monitoring.preview.canvas import Canvas
from monitoring.preview.plots import Marks, bars_of, draw_bars, draw_lines, draw_number, draw_table
from monitoring.preview.reading import Dashboard, Panel, Place
from monitoring.preview.style import FAINT, GAP, HEADER, INK, MARGIN, PAGE_WIDTH, PALETTE, UNIT_HEIGHT, Box, color

_COLUMN = (PAGE_WIDTH - 2 * MARGIN + GAP) / 24
_TITLE = 28


def draw_page(dashboard: Dashboard, asker: Asker) -> Canvas:
    """Draw a dashboard as it stands at the end of the asker's time range."""
    lowest = max(panel.place.y + panel.place.height for panel in dashboard.panels)
    canvas = Canvas(PAGE_WIDTH, HEADER + lowest * UNIT_HEIGHT + MARGIN)
    marks = _find_marks(dashboard, asker)
    _write_header(canvas, dashboard, asker)
    for heading, place in dashboard.rows:
        box = _box_of(place)
        canvas.text(box.x + 4, box.y + box.height / 2, heading, size=10.5, color=INK, bold=True)
    for panel in dashboard.panels:
        _draw_panel(canvas, panel, asker, marks)
    return canvas


def _box_of(place: Place) -> Box:
    return Box(
        MARGIN + place.x * _COLUMN,
        HEADER + place.y * UNIT_HEIGHT,
        place.width * _COLUMN - GAP,
        place.height * UNIT_HEIGHT - GAP,
    )


def _write_header(canvas: Canvas, dashboard: Dashboard, asker: Asker) -> None:
    canvas.text(MARGIN + 4, 24, dashboard.title, size=15, bold=True)
    chosen = [f"{one['name']}: {_shown(asker.variables, one['name'])}" for one in dashboard.choices]
    start, end = (datetime.fromtimestamp(moment, UTC) for moment in (asker.start_s, asker.end_s))
    spell = f"{start:%Y-%m-%d %H:%M} to {end:{'%H:%M' if start.date() == end.date() else '%Y-%m-%d %H:%M'}} UTC"
    canvas.text(PAGE_WIDTH - MARGIN - 4, 24, "    ".join([*chosen, spell]), size=10, color=FAINT, at="right")
    x = PAGE_WIDTH * 0.36
    for name, _, tint in dashboard.marks:
        canvas.bar(Box(x, 22, 14, 3), color(tint))
        canvas.text(x + 20, 24, name, size=9, color=FAINT)
        x += 150


def _shown(variables: Mapping[str, str], name: str) -> str:
    value = variables.get(name, "")
    return "All" if value == ".*" else value


def _find_marks(dashboard: Dashboard, asker: Asker) -> Marks:
    return [
        (moment_s, color(tint))
        for _, expression, tint in dashboard.marks
        for series in asker.ask_range(expression)
        for moment_s in _beginnings(series, asker.step_s)
    ]


def _beginnings(series: Series, step_s: int) -> list[float]:
    sooner = [float("-inf"), *series.times_s]
    return [moment for before, moment in zip(sooner, series.times_s, strict=False) if moment - before > 1.5 * step_s]


def _draw_panel(canvas: Canvas, panel: Panel, asker: Asker, marks: Marks) -> None:
    outer = _box_of(panel.place)
    canvas.box(outer)
    canvas.text(outer.x + 11, outer.y + 16, panel.title, size=9.5, bold=True)
    inner = Box(outer.x, outer.y + _TITLE, outer.width, outer.height - _TITLE)
    try:
        answers = [asker.ask(target) for target in panel.targets]
    except QueryFailed:
        canvas.text(outer.x + 11, outer.y + 40, "the query failed", size=9, color=PALETTE[4])
        return
    _draw_answers(canvas, inner, panel, answers, asker=asker, marks=marks)


def _draw_answers(canvas: Canvas, box: Box, panel: Panel, answers: list[Answer], *, asker: Asker, marks: Marks) -> None:
    series = [one for answer in answers if not isinstance(answer, Rows) for one in answer]
    match panel.kind:
        case "stat":
            draw_number(canvas, box, panel, series)
        case "timeseries":
            draw_lines(canvas, box, panel, series, span_s=(asker.start_s, asker.end_s), marks=marks)
        case "bargauge":
            draw_bars(canvas, box, panel, bars_of(panel, answers[0]))
        case _:
            assert isinstance(answers[0], Rows), "a table's query gives rows"
            draw_table(canvas, box, panel, answers[0])
