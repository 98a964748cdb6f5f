"""Grafana's units, in so far as our dashboards have them: how a number is written for people.

A unit that is not here cannot be drawn, and a test lets no dashboard have one.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise

_THOUSANDS = (("", 1.0), ("K", 1e3), ("M", 1e6), ("B", 1e9), ("T", 1e12))
_BYTES = (("B", 1.0), ("KiB", 2.0**10), ("MiB", 2.0**20), ("GiB", 2.0**30), ("TiB", 2.0**40))
_SECONDS = (("µs", 1e-6), ("ms", 1e-3), ("s", 1.0), ("min", 60.0), ("h", 3600.0), ("d", 86_400.0))


def write(value: float, unit: str, decimals: int | None = None) -> str:
    """Write a number in a unit, with so many decimals or with three digits that matter."""
    return FORMATS[unit](value, decimals)


def _scaled(scale: Sequence[tuple[str, float]], after: str = "") -> Callable[[float, int | None], str]:
    def form(value: float, decimals: int | None) -> str:
        name, size = next((small for small, large in pairwise(scale) if abs(value) < large[1]), scale[-1])
        if not value:
            name, size = next(one for one in scale if one[1] == 1)
        return f"{_digits(value / size, decimals)} {name}{after}".strip()

    return form


def _percent(value: float, decimals: int | None) -> str:
    return f"{_digits(value * 100, decimals)} %"


def _money(value: float, decimals: int | None) -> str:
    return f"{value:,.{2 if decimals is None else decimals}f}"


def _days(value: float, decimals: int | None) -> str:
    return f"{_digits(value, decimals)} d"


def _digits(value: float, decimals: int | None) -> str:
    if decimals is None:
        decimals = 0 if abs(value) >= 100 or value == int(value) else 1 if abs(value) >= 10 else 2
    return f"{value:.{decimals}f}"


FORMATS: dict[str, Callable[[float, int | None], str]] = {
    "short": _scaled(_THOUSANDS),
    "reqps": _scaled(_THOUSANDS, "req/s"),
    "ops": _scaled(_THOUSANDS, "ops/s"),
    "s": _scaled(_SECONDS),
    "bytes": _scaled(_BYTES),
    "Bps": _scaled(_BYTES, "/s"),
    "percentunit": _percent,
    "locale": _money,
    "d": _days,
}
"""Every unit that a panel may have, by Grafana's name."""
