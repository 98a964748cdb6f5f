"""What commands print: JSON for programs, tables for people, notes on stderr where they are in nobody's way."""

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
_WIDE = 400  # columns where the output is no terminal, so that nothing is folded in a file


def print_json(value: object) -> None:
    """Print a value as one JSON document; money and ids as text, times in UTC."""
    print(json.dumps(value, ensure_ascii=False, indent=2, default=as_text))


def print_table(titles: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print rows under titles; what senders chose is shown as it is, never read as markup."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in titles:
        table.add_column(title, overflow="fold")
    for row in rows:
        table.add_row(*(Text(show(cell)) for cell in row))
    Console(width=None if sys.stdout.isatty() else _WIDE, soft_wrap=False).print(table)


@contextmanager
def show_progress(doing: str) -> Iterator[Callable[[float, float], None]]:
    """Show a bar on stderr while something long is done, where that is a terminal; call it with done and total."""
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), disable=not sys.stderr.isatty()) as progress:
        task = progress.add_task(doing, total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)


def note(text: str) -> None:
    """Say something to the person at the terminal."""
    print(text, file=sys.stderr)


def show(value: object) -> str:
    """Write a value for people: nothing for NULL, exact money, seconds in UTC."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC):%Y-%m-%d %H:%M:%S}Z"
    return format(value, "f") if isinstance(value, Decimal) else str(value)


def tell_reason(reason: str | None, parameter: str | None) -> str:
    """Write a refusal for people: its reason, and the parameter at fault where there is one."""
    return ":".join(part for part in (reason, parameter) if part)


def as_text(value: object) -> str:
    """Write a value for programs: money exactly as it is stored, times in UTC, structures as JSON."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    return format(value, "f") if isinstance(value, Decimal) else str(value)
