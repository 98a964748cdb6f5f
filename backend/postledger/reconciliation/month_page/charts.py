"""Draws the charts of the report as SVG elements for a page. Pure.

Each bar has its text above it, and parts differ by pattern, so that nothing depends on colour alone.
"""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from html import escape
from typing import NamedTuple

WIDTH, BAR, TEXT, GAP = 480, 14, 17, 10

PATTERNS = (
    '<svg class="patterns" aria-hidden="true" width="0" height="0"><defs>'
    '<pattern id="stripes" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
    '<rect class="under" width="6" height="6"/><rect class="over" width="3" height="6"/></pattern>'
    '<pattern id="dots" width="6" height="6" patternUnits="userSpaceOnUse">'
    '<rect class="under" width="6" height="6"/><circle class="over" cx="3" cy="3" r="1.5"/></pattern>'
    "</defs></svg>"
)
"""The patterns that all charts of a page use."""


class Segment(NamedTuple):
    """A part of a bar. `kind` is a class of the style sheet: solid, stripes or dots."""

    kind: str
    amount: Decimal
    title: str


class Bar(NamedTuple):
    """One bar with the text above it. Bars of one `scale`, such as a currency, can be compared by their length."""

    text: str
    amount: str
    segments: Sequence[Segment]
    scale: str


def draw_bars(bars: Sequence[Bar], title: str) -> str:
    """Draw bars, one below the other. Negative amounts are drawn as long as positive ones."""
    longest = _find_longest(bars)
    height = len(bars) * (TEXT + BAR + GAP)
    drawn = "".join(_draw_bar(bar, number * (TEXT + BAR + GAP), longest[bar.scale]) for number, bar in enumerate(bars))
    return f'<svg class="chart" viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{escape(title)}">{drawn}</svg>'


def _find_longest(bars: Iterable[Bar]) -> dict[str, Decimal]:
    longest: dict[str, Decimal] = {}
    for bar in bars:
        longest[bar.scale] = max(longest.get(bar.scale, Decimal(0)), _sum(bar))
    return longest


def _sum(bar: Bar) -> Decimal:
    return sum((abs(segment.amount) for segment in bar.segments), Decimal(0))


def _draw_bar(bar: Bar, top: int, longest: Decimal) -> str:
    label = (
        f'<text x="0" y="{top + TEXT - 5}">{escape(bar.text)}</text>'
        f'<text x="{WIDTH}" y="{top + TEXT - 5}" class="right">{escape(bar.amount)}</text>'
    )
    return label + "".join(_draw_segments(bar, top + TEXT, longest))


def _draw_segments(bar: Bar, top: int, longest: Decimal) -> Iterable[str]:
    left = 0.0
    for segment in bar.segments:
        width = float(abs(segment.amount) / longest) * WIDTH if longest else 0.0
        if width:
            width = max(width, 1.0)  # a cent of a million is still seen
            yield (
                f'<rect class="{segment.kind}" x="{left:.1f}" y="{top}" width="{width:.1f}" height="{BAR}">'
                f"<title>{escape(segment.title)}</title></rect>"
            )
        left += width
