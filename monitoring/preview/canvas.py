"""A page to draw on, measured in pixels from its upper left corner, as dashboards are laid out.

It hides matplotlib's own measure, which runs upwards in fractions of the figure.
"""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from PIL import Image, ImageColor

from monitoring.preview.style import BOX, DPI, EDGE, FAINT, GROUND, INK, LINES, Box

_COLORS, _ROUNDS = 256, 3
_KEPT = [ImageColor.getrgb(GROUND), ImageColor.getrgb(BOX)]


class Canvas:
    """One picture."""

    def __init__(self, width: float, height: float) -> None:
        self.width, self.height = width, height
        self._figure = Figure(figsize=(width / DPI, height / DPI), dpi=DPI, facecolor=GROUND)

    def box(self, box: Box) -> None:
        """Draw the background of a panel."""
        self._add(box, BOX, EDGE, 1.0)

    def bar(self, box: Box, color: str, opacity: float = 1.0) -> None:
        """Draw a filled rectangle."""
        self._add(box, color, "none", opacity)

    def text(
        self,
        x: float,
        y: float,
        text: str,
        *,
        size: float = 9,
        color: str = INK,
        at: str = "left",
        bold: bool = False,
    ) -> None:
        """Write; `y` is the line's middle, `at` says which end of the text `x` is."""
        self._figure.text(
            x / self.width,
            1 - y / self.height,
            text.replace("$", r"\$"),
            fontsize=size,
            color=color,
            ha=at,
            va="center_baseline",
            weight="bold" if bold else "normal",
        )

    def axes(self, box: Box, *, bare: bool = False) -> Axes:
        """Open a part of the page for a plot; a bare one has no scale."""
        axes = self._figure.add_axes(self._place(box))
        axes.set_facecolor("none")
        for spine in axes.spines.values():
            spine.set_visible(False)
        axes.tick_params(colors=FAINT, labelsize=7.5, length=0, pad=3)
        axes.grid(visible=True, color=LINES, linewidth=0.8)
        axes.set_axisbelow(True)
        if bare:
            axes.set_axis_off()
        return axes

    def save(self, path: Path) -> None:
        """Write the picture as a PNG of few colours, which is a third of the size and looks the same."""
        self._figure.savefig(path, dpi=DPI, facecolor=GROUND)
        with Image.open(path) as picture:
            _reduce(picture.convert("RGB")).save(path, optimize=True)

    def _add(self, box: Box, face: str, edge: str, opacity: float) -> None:
        x, y, width, height = self._place(box)
        rectangle = Rectangle((x, y), width, height, facecolor=face, edgecolor=edge, alpha=opacity, linewidth=0.8)
        rectangle.set(transform=self._figure.transFigure, zorder=-1)
        self._figure.add_artist(rectangle)

    def _place(self, box: Box) -> tuple[float, float, float, float]:
        return (
            box.x / self.width,
            1 - (box.y + box.height) / self.height,
            box.width / self.width,
            box.height / self.height,
        )


def _reduce(picture: Image.Image) -> Image.Image:
    """Bring a picture to a palette; ground and panels keep their colours, which it would mix with others."""
    few = _COLORS - len(_KEPT)
    small = picture.quantize(few, Image.Quantize.MAXCOVERAGE, kmeans=_ROUNDS, dither=Image.Dither.NONE)
    pixels, palette = np.asarray(picture), small.getpalette() or []
    for index, color in enumerate(_KEPT, few):
        small.paste(index, mask=Image.fromarray((pixels == color).all(axis=2)))
        palette[3 * index :] = color
    small.putpalette(palette)
    return small
