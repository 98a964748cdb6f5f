"""Notes what each drill promised and measured, and prints it as a table."""

from collections.abc import Iterable

import msgspec


class Row(msgspec.Struct, frozen=True):
    """One measurement of a promise."""

    name: str
    measured_s: float
    within_s: float

    @property
    def is_kept(self) -> bool:
        """True when the measurement is within the promise."""
        return self.measured_s <= self.within_s

    @property
    def share(self) -> float:
        """How much of the promised time was used."""
        return self.measured_s / self.within_s


class Promises:
    """All measurements of one run."""

    def __init__(self) -> None:
        self._rows: list[Row] = []

    def keep(self, name: str, measured_s: float, within_s: float) -> None:
        """Note a measurement; raises AssertionError if it took longer than promised."""
        row = Row(name, measured_s, within_s)
        self._rows.append(row)
        assert row.is_kept, f"{name}: took {measured_s:.2f} s, promised within {within_s:g} s"

    def worst(self) -> list[Row]:
        """The worst measurement of each promise, in the order of their first measurements."""
        worst: dict[str, Row] = {}
        for row in self._rows:
            worst[row.name] = max(worst.get(row.name, row), row, key=lambda one: one.share)
        return list(worst.values())


def make_table(rows: Iterable[Row]) -> list[str]:
    """The lines of the table."""
    head = ("promise", "promised", "measured", "kept")
    cells = [head, *map(_cells, rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(head))]
    return [_align(line, widths) for line in cells]


def _cells(row: Row) -> tuple[str, str, str, str]:
    return row.name, f"{row.within_s:g} s", f"{row.measured_s:.2f} s", "yes" if row.is_kept else "NO"


def _align(line: tuple[str, str, str, str], widths: list[int]) -> str:
    name, *others = line
    right = [text.rjust(width) for text, width in zip(others, widths[1:], strict=True)]
    return "  ".join([name.ljust(widths[0]), *right])
