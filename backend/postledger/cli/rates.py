"""`rates`: imports the reference rates of the European Central Bank, and shows those of a day."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated

import typer

from postledger.cli.connections import LONG_STATEMENT_TIMEOUT_MS, open_ledger
from postledger.cli.current_user import AsUser, recorded
from postledger.cli.errors import CommandFailed
from postledger.cli.file_input import open_file
from postledger.cli.output import AsJson, print_json, print_table, show_progress
from postledger.finance.rates import import_rates, show_rates
from postledger.vocabulary.wording import count

rates = typer.Typer(help="Exchange rates, as the books use them.", no_args_is_help=True)

_FILE = "eurofxref-hist.csv or eurofxref.csv of the ECB, or the zip file with it; a file, a pipe, or - for stdin."
_COLUMNS = ("currency", "rate", "on_day", "age_days", "is_usable", "origin")


@rates.command("import")
def import_file(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help=_FILE, allow_dash=True)],
    *,
    as_user: AsUser = None,
    as_json: AsJson = False,
) -> None:
    """Import the rates of the European Central Bank. A file with a fault changes nothing. Repeating is harmless."""
    with (
        open_file(file) as opened,
        open_ledger(context, statement_timeout_ms=LONG_STATEMENT_TIMEOUT_MS) as connection,
        show_progress("importing"),
        recorded(connection, as_user, "rates.import", "ecb"),
    ):
        imported = import_rates(connection, opened, datetime.now(UTC))
    facts = {key: getattr(imported, key) for key in ("rates", "new", "changed", "same", "currencies", "newest")}
    if as_json:
        print_json(facts)
    else:
        counts = f"{imported.new} new, {imported.changed} changed, {imported.same} same"
        print(f"{count(imported.rates, 'rate')} up to {imported.newest}: {counts}")


@rates.command("show")
def show(
    context: typer.Context,
    *,
    day: Annotated[str | None, typer.Option("--day", help="The rates of this day, such as 2026-10-31.")] = None,
    currency: Annotated[str | None, typer.Option("--currency", help="Only this currency.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show how many units of each currency one euro has, on a day or today. `is_usable`: it is not too old."""
    with open_ledger(context) as connection:
        rows = show_rates(connection, _read_day(day), currency and currency.upper())
    if as_json:
        print_json(rows)
    elif rows:
        print_table(_COLUMNS, [[_write(row[name]) for name in _COLUMNS] for row in rows])
    else:
        print("no rate is stored for that day; import a file with postledger rates import")


def _write(value: object) -> object:
    return ("yes" if value else "no") if isinstance(value, bool) else value


def _read_day(text: str | None) -> date:
    try:
        return datetime.now(UTC).date() if text is None else date.fromisoformat(text)
    except ValueError:
        raise CommandFailed("--day is not a day; write it as 2026-10-31") from None
