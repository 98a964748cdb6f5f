"""Prints rows of the ledger while they are read: as a table, JSON or CSV.

A table never breaks an id. In a terminal it shows the most important columns that fit.
"""

import csv
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import tzinfo
from decimal import Decimal
from functools import partial
from typing import Any

import msgspec
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from postledger.cli.output import as_text, note, show_cell
from postledger.finance.rules.bill_amounts import write_amount
from postledger.vocabulary.spreadsheet import quote_formula

Row = Mapping[str, object]

_BYTE_ORDER_MARK = "\ufeff"
_GAP = 2
_LONGEST_ID = 255
_FOLDED_WIDTH = 120


class Columns(msgspec.Struct, frozen=True):
    """The names of columns: all of them, those of a table, and the latter with the most important first."""

    everything: tuple[str, ...]
    of_table: tuple[str, ...]
    by_importance: tuple[str, ...]


def print_json_rows(rows: Iterable[Row], names: Sequence[str], zone: tzinfo) -> None:
    """Print rows as one JSON list. Amounts and ids are text."""
    encode = partial(json.dumps, ensure_ascii=False, indent=2, default=partial(as_text, zone=zone))
    separator = "["
    for row in rows:
        text = encode({name: row[name] for name in names}).replace("\n", "\n  ")
        sys.stdout.write(f"{separator}\n  {text}")
        separator = ","
    sys.stdout.write("[]\n" if separator == "[" else "\n]\n")


def print_csv_rows(rows: Iterable[Row], names: Sequence[str], zone: tzinfo, *, for_excel: bool = False) -> None:
    """Print rows as CSV; `for_excel` with a byte order mark, without which Excel reads another encoding."""
    if for_excel:
        sys.stdout.write(_BYTE_ORDER_MARK)
    writer = csv.writer(sys.stdout)
    writer.writerow(names)
    writer.writerows([_write_csv_cell(row[name], zone) for name in names] for row in rows)


def print_row_table(rows: Sequence[Row], columns: Columns, zone: tzinfo, *, wide: bool) -> None:
    """Print rows as a table. In a terminal, columns that do not fit are left out, unless it is `wide`."""
    names = columns.of_table
    texts = [[show_cell(name, row[name], zone) for name in names] for row in rows]
    widths = {name: _measure(name, [text[index] for text in texts]) for index, name in enumerate(names)}
    terminal = Console()
    shown = set(names)
    if sys.stdout.isatty() and not wide:
        shown = choose_columns(widths, columns.by_importance, terminal.width)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in names:
        if name in shown:
            table.add_column(name, overflow="fold", min_width=widths[name])
    for text in texts:
        table.add_row(*(Text(cell) for name, cell in zip(names, text, strict=True) if name in shown))
    Console(width=max(terminal.width, _sum_widths(widths[name] for name in shown)), soft_wrap=False).print(table)
    if hidden := [name for name in names if name not in shown]:
        note(f"Not shown, because the terminal is too narrow: {', '.join(hidden)}. --wide shows them.")


def write_amounts(row: Mapping[str, Any], currencies: Mapping[str, str]) -> dict[str, Any]:
    """Write amounts for a table, with the digits of their currencies. `currencies`: the column of each amount's one."""
    amounts = {name: (row[name], row[of]) for name, of in currencies.items() if row[name] is not None}
    return dict(row) | {name: write_amount(amount, str(of)) for name, (amount, of) in amounts.items()}


def choose_columns(widths: Mapping[str, int], by_importance: Sequence[str], available: int) -> set[str]:
    """Choose the columns that fit side by side, the most important first. The first one is always chosen."""
    chosen = [by_importance[0]]
    for name in by_importance[1:]:
        if _sum_widths(widths[other] for other in (*chosen, name)) <= available:
            chosen.append(name)
    return set(chosen)


def _measure(title: str, texts: Iterable[str]) -> int:
    width = max(map(cell_len, (title, *texts)))
    return width if width <= _LONGEST_ID else _FOLDED_WIDTH  # only a raw request is longer than an id


def _sum_widths(widths: Iterable[int]) -> int:
    listed = list(widths)
    return sum(listed) + _GAP * (len(listed) - 1)


def _write_csv_cell(value: object, zone: tzinfo) -> str:
    text = as_text(value, zone)
    return text if isinstance(value, Decimal | int) else quote_formula(text)
