"""How the preview looks: sizes in pixels, and the colours that Grafana's dark theme has for the names in the files.

Apart from the drawing so that the picture can be made larger or lighter in one place.
"""

from typing import NamedTuple

PAGE_WIDTH, UNIT_HEIGHT, GAP, MARGIN, HEADER = 1600, 35, 8, 12, 46
DPI = 100
GROUND, BOX, EDGE, LINES = "#111217", "#181b1f", "#2c3235", "#25282c"
INK, FAINT = "#d8d9da", "#8e9299"
PALETTE = (
    *("#73bf69", "#f2cc0c", "#8ab8ff", "#ff780a", "#f2495c", "#5794f2"),
    *("#b877d9", "#37872d", "#fade2a", "#c15c17", "#6ed0e0", "#e0f9d7"),
)
_NAMED = {
    "green": "#73bf69",
    "yellow": "#f2cc0c",
    "red": "#f2495c",
    "blue": "#5794f2",
    "orange": "#ff9830",
    "purple": "#b877d9",
    "text": "#b0b4ba",
}


class Box(NamedTuple):
    """A rectangle on the page, in pixels from its upper left corner."""

    x: float
    y: float
    width: float
    height: float


def color(name: str) -> str:
    """Give the colour that a file names."""
    return _NAMED[name]


def level_color(steps: tuple[tuple[float | None, str], ...], value: float) -> str:
    """Give the colour of the highest step that a value reaches."""
    reached = [name for least, name in steps if least is None or value >= least]
    return color(reached[-1])
