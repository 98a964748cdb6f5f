"""CSV that a spreadsheet can open without running what a sender wrote."""

import csv
import sys
from collections.abc import Mapping, Sequence
from decimal import Decimal

from postledger.cli.output import as_text

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def print_csv(names: Sequence[str], rows: Sequence[Mapping[str, object]]) -> None:
    """Print rows under their names; a text that a spreadsheet would take for a formula gets an apostrophe before it."""
    writer = csv.writer(sys.stdout)
    writer.writerow(names)
    writer.writerows([_cell(row[name]) for name in names] for row in rows)


def _cell(value: object) -> str:
    text = as_text(value)
    is_formula = text.startswith(_FORMULA_STARTS) and not isinstance(value, Decimal | int)
    return f"'{text}" if is_formula else text
