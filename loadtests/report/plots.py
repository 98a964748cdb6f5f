"""Plots as SVG, which a page holds inline: no library, no request, and colours that follow light and dark."""

import math
from collections.abc import Mapping, Sequence
from html import escape

import msgspec

from loadtests.history import Mark

WIDTH, HEIGHT = 900, 240
LEFT, RIGHT, TOP, BOTTOM = 62, 12, 12, 26
COLOURS = 10


class Plot(msgspec.Struct, frozen=True):
    """One plot over the seconds of a run: a title, a unit, and a value for each second of each series.

    A second without a value is None, and the line leads past it.
    """

    title: str
    unit: str
    series: Mapping[str, Sequence[float | None]]


def draw(plot: Plot, marks: Sequence[Mark], start_s: float) -> str:
    """Draw a plot as an SVG element."""
    seconds = max((len(values) for values in plot.series.values()), default=1)
    known = [value for values in plot.series.values() for value in values if value is not None]
    top = nice_ceiling(max(known, default=0.0))
    lines = "".join(
        f'<polyline class="s{number % COLOURS}" points="{_points(values, seconds, top)}">'
        f"<title>{escape(name)}</title></polyline>"
        for number, (name, values) in enumerate(plot.series.items())
    )
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(plot.title)}">'
        f"{_grid(top, plot.unit, seconds)}{_marks(marks, start_s, seconds)}{lines}</svg>"
    )


def nice_ceiling(value: float) -> float:
    """The next of 1, 2, 5, 10, 20 … that is not below a value; 1 for nothing."""
    if value <= 0:
        return 1.0
    size = 10.0 ** math.floor(math.log10(value))
    return next(step * size for step in (1, 2, 5, 10) if step * size >= value)


def _points(values: Sequence[float | None], seconds: int, top: float) -> str:
    known = ((at, value) for at, value in enumerate(values) if value is not None)
    return " ".join(f"{_x(at, seconds):.1f},{_y(value, top):.1f}" for at, value in known)


def _x(second: float, seconds: int) -> float:
    return LEFT + (WIDTH - LEFT - RIGHT) * second / max(1, seconds - 1)


def _y(value: float, top: float) -> float:
    return TOP + (HEIGHT - TOP - BOTTOM) * (1 - value / top)


def _grid(top: float, unit: str, seconds: int) -> str:
    unit = f" {escape(unit)}"
    rows = "".join(
        f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{_y(value, top):.1f}" y2="{_y(value, top):.1f}"/>'
        f'<text x="{LEFT - 6}" y="{_y(value, top) + 4:.1f}" class="right">{value:g}{unit if value == top else ""}'
        "</text>"
        for value in (0, top / 4, top / 2, top * 3 / 4, top)
    )
    columns = "".join(
        f'<text x="{_x(second, seconds):.1f}" y="{HEIGHT - 8}" class="middle">{second:.0f} s</text>'
        for second in (0, seconds // 4, seconds // 2, seconds * 3 // 4, seconds - 1)
    )
    return rows + columns


def _marks(marks: Sequence[Mark], start_s: float, seconds: int) -> str:
    return "".join(
        f'<line class="mark" x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" y2="{HEIGHT - BOTTOM}">'
        f"<title>{escape(mark.says)}, {mark.at_s - start_s:.1f} s</title></line>"
        for mark in marks
        if (x := _x(mark.at_s - start_s, seconds)) <= WIDTH
    )
