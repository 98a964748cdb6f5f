"""Prints what commands return: JSON for programs, tables for people, notes and progress on stderr."""

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, tzinfo
from decimal import Decimal
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
_MONTHS = ("period", "origin_period")
"""Titles of months, which are their first days."""
_WIDE = 400  # the width if the output is not a terminal: lines in a file must not be folded


def print_json(value: object) -> None:
    """Print a value as one JSON document. Amounts and ids are text, times are in UTC."""
    print(json.dumps(value, ensure_ascii=False, indent=2, default=as_text))


def print_table(titles: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print rows under titles. Values of senders are never interpreted as markup."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in titles:
        table.add_column(title, overflow="fold")
    for row in rows:
        table.add_row(*(Text(show_cell(title, cell)) for title, cell in zip(titles, row, strict=True)))
    Console(width=None if sys.stdout.isatty() else _WIDE, soft_wrap=False).print(table)


@contextmanager
def show_progress(doing: str) -> Iterator[Callable[[float, float | None], None]]:
    """Show a progress bar on stderr if that is a terminal. Call the result with done and total."""
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), disable=not sys.stderr.isatty()) as progress:
        task = progress.add_task(doing, total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)


def note(text: str) -> None:
    """Print a note on stderr."""
    print(text, file=sys.stderr)


def show(value: object, zone: tzinfo = UTC) -> str:
    """Write a value for people: NULL as nothing, exact amounts, times to the second."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.astimezone(zone).isoformat(sep=" ", timespec="seconds").replace("+00:00", "Z")
    return format(value, "f") if isinstance(value, Decimal) else str(value)


def show_cell(title: str, value: object, zone: tzinfo = UTC) -> str:
    """Write a value for people, below its title. A month is written without its day."""
    return f"{value:%Y-%m}" if title in _MONTHS and isinstance(value, date) else show(value, zone)


def join_reason(row: Mapping[str, Any]) -> str:
    """Write a refusal for people: its reason, then the parameter, the cause and the place in the body if known."""
    joined = ":".join(part for part in (row["reason"], row["parameter"], row["cause"]) if part)
    return joined if row["byte_offset"] is None else f"{joined} at byte {row['byte_offset']}"


def as_text(value: object, zone: tzinfo = UTC) -> str:
    """Write a value for programs: amounts exactly as stored, times with their offset, structures as JSON."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.astimezone(zone).isoformat()
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    return format(value, "f") if isinstance(value, Decimal) else str(value)
