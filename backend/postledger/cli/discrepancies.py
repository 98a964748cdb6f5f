"""`discrepancies`: lists the work items that `reconcile` found, shows one, and records what people do with them."""

import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

import typer

from postledger.cli.connections import LONG_STATEMENT_TIMEOUT_MS, open_ledger
from postledger.cli.current_user import AsUser, find_actor
from postledger.cli.errors import CommandFailed
from postledger.cli.id_arguments import read_id
from postledger.cli.list_format import (
    AsCsv,
    ForExcel,
    Format,
    Limit,
    Wide,
    Zone,
    check_format,
    limit_rows,
    print_rows,
)
from postledger.cli.output import AsJson, print_json, print_table, show
from postledger.cli.row_output import Columns, Row, write_amounts
from postledger.cli.time_options import read_month, read_zone
from postledger.reconciliation.items.change_items import Change, change_items
from postledger.reconciliation.items.list_items import ItemFilters, show_item
from postledger.reconciliation.items.list_items import list_items as read_items
from postledger.reconciliation.rules.facts_table import lay_out_facts
from postledger.reconciliation.rules.work_item import CLASSES, STATES, name_class
from postledger.vocabulary.wording import count

discrepancies = typer.Typer(help="Work items: what does not match, and what people do about it.", no_args_is_help=True)

_ITEMS = Columns(
    everything=(
        "id", "kind", "class", "source", "account", "period", "state", "owner", "stake", "currency", "transaction_id",
        "click_id", "bill", "receivable", "statement_id", "line_no", "subject", "resolution", "facts", "version",
        "opened_at", "changed_at", "key", "late_class",
    ),
    of_table=(
        "id", "class", "name", "period", "subject", "stake", "currency", "state", "owner", "opened_at", "resolution",
    ),
    by_importance=(
        "id", "class", "stake", "currency", "state", "subject", "owner", "name", "period", "opened_at", "resolution",
    ),
)  # fmt: skip
_NOT_SHOWN = ("facts", "key", "late_class")  # the class names the last one
_OF_HISTORY = ("at", "actor", "action", "note")
_OF_STDIN = "-"
_MOST_LISTED = 20
_Name = TypeVar("_Name", bound=str)

Ids = Annotated[list[str], typer.Argument(metavar="ID...", help="The ids of work items, or - for standard input.")]
Seen = Annotated[
    int | None,
    typer.Option("--seen", metavar="VERSION", help="The version that you saw. If it is another one now: refused."),
]
Comment = Annotated[str | None, typer.Option("--note", "--reason", help="Why, for those who look at it later.")]
Reason = Annotated[str, typer.Option("--reason", "--note", help="Why, for those who look at it later.")]


@discrepancies.command("list")
def list_items(
    *,
    context: typer.Context,
    period: Annotated[str | None, typer.Option("--period", help="Only this month, such as 2026-10.")] = None,
    classes: Annotated[
        list[str] | None, typer.Option("--class", help="Only this class. It can be given several times.")
    ] = None,
    states: Annotated[
        list[str] | None, typer.Option("--state", help="Only this state. It can be given several times.")
    ] = None,
    source: Annotated[str | None, typer.Option("--source", help="Only this source.")] = None,
    account: Annotated[str | None, typer.Option("--account", help="Only this bank account.")] = None,
    owner: Annotated[str | None, typer.Option("--owner", metavar="LOGIN", help="Only what this user has.")] = None,
    timezone: Zone = None,
    limit: Limit = None,
    wide: Wide = False,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
    excel: ForExcel = False,
) -> None:
    """List work items: those that are not settled first, and of these the highest stake first."""
    form = Format(read_zone(timezone), limit, as_json, as_csv, wide, excel)
    check_format(form)
    filters = ItemFilters(
        limit_rows(form), read_month("--period", period), _read_names("--class", classes, CLASSES),
        _read_names("--state", states, STATES), read_id(source), read_id(account), read_id(owner),
    )  # fmt: skip
    with open_ledger(context) as connection:
        rows = read_items(connection, filters)
    print_rows(iter(rows), _ITEMS, form, order="first", for_table=_write_for_table)


@discrepancies.command("show")
def show_one(
    context: typer.Context,
    item: Annotated[str, typer.Argument(metavar="ID", help="The id of the work item.")],
    as_json: AsJson = False,
) -> None:
    """Show a work item: what differs, and who did what. `evidence ID` gathers all that belongs to it."""
    with open_ledger(context) as connection:
        found = show_item(connection, _read_item(item))
    if as_json:
        print_json({name: found[name] for name in (*_ITEMS.everything, "notes")})
    else:
        _print(found)


@discrepancies.command("assign")
def assign(
    context: typer.Context,
    ids: Ids,
    *,
    owner: Annotated[
        str | None, typer.Option("--to", "--owner", metavar="LOGIN", help="To this user. Default: to yourself.")
    ] = None,
    text: Comment = None,
    seen: Seen = None,
    as_user: AsUser = None,
    as_json: AsJson = False,
) -> None:
    """Give work items to a user. A resolved or accepted one is open work again."""
    _change(context, Change("assign", _read_items(ids), text, owner, seen), as_user, as_json=as_json)


@discrepancies.command("note")
def add_note(
    context: typer.Context,
    ids: Annotated[list[str], typer.Argument(metavar="ID... TEXT", help="The ids of work items, and the note.")],
    *,
    text: Annotated[
        str | None, typer.Option("--text", "--note", help="The note, instead of the last argument.")
    ] = None,
    seen: Seen = None,
    as_user: AsUser = None,
    as_json: AsJson = False,
) -> None:
    """Add a note to work items. Their state stays."""
    named, words = (ids, text) if text is not None else (ids[:-1], ids[-1])
    _change(context, Change("note", _read_items(named), words, None, seen), as_user, as_json=as_json)


@discrepancies.command("dispute")
def dispute(
    context: typer.Context,
    ids: Ids,
    *,
    text: Comment = None,
    seen: Seen = None,
    as_user: AsUser = None,
    as_json: AsJson = False,
) -> None:
    """Mark work items as disputed with the network or the bank. Other facts do not open a disputed one again."""
    _change(context, Change("dispute", _read_items(ids), text, None, seen), as_user, as_json=as_json)


@discrepancies.command("resolve")
def resolve(
    context: typer.Context,
    ids: Ids,
    *,
    reason: Reason,
    seen: Seen = None,
    as_user: AsUser = None,
    as_json: AsJson = False,
) -> None:
    """Mark work items as explained or corrected. One whose facts change later is open again."""
    _change(context, Change("resolve", _read_items(ids), reason, None, seen), as_user, as_json=as_json)


@discrepancies.command("accept")
def accept(
    context: typer.Context,
    ids: Ids,
    *,
    reason: Reason,
    seen: Seen = None,
    as_user: AsUser = None,
    as_json: AsJson = False,
) -> None:
    """Write off the money of work items. Above the threshold of an approval rule for lines an approver must do it."""
    _change(context, Change("accept", _read_items(ids), reason, None, seen), as_user, as_json=as_json)


def _change(context: typer.Context, change: Change, login: str | None, *, as_json: bool) -> None:
    with open_ledger(context, statement_timeout_ms=LONG_STATEMENT_TIMEOUT_MS) as connection:
        actor = find_actor(connection, login)
        rows = change_items(connection, _complete(change, actor), actor, datetime.now(UTC))
    if as_json:
        print_json([{name: row[name] for name in _ITEMS.everything} for row in rows])
        return
    for row in rows if len(rows) <= _MOST_LISTED else ():
        print(f"{row['id']}: {_describe(row)}")
    if len(rows) > 1:
        print(f"{count(len(rows), 'work item')} changed")


def _complete(change: Change, actor: str) -> Change:
    """Assign to the person who asks, if to no other."""
    is_own = change.action == "assign" and change.owner is None
    return Change(change.action, change.ids, change.text, actor if is_own else change.owner, change.seen)


def _describe(row: Row) -> str:
    return f"{row['state']}, owner {row['owner']}" if row["owner"] else str(row["state"])


def _read_names(option: str, given: Sequence[str] | None, known: Sequence[_Name]) -> list[_Name] | None:
    if not given:
        return None
    found = [each for each in known if each in given]
    if len(found) < len(set(given)):
        raise CommandFailed(f"{option} must be one of {', '.join(known)}")
    return found


def _read_items(texts: Sequence[str]) -> list[int]:
    named: Iterable[str] = sys.stdin.read().split() if list(texts) == [_OF_STDIN] else texts
    return [_read_item(each) for each in named]


def _read_item(text: str) -> int:
    digits = text.strip().removeprefix("#")
    if not (digits.isascii() and digits.isdecimal() and len(digits) <= len(str(2**63 - 1)) - 1):
        raise CommandFailed("the id of a work item is a number, as postledger discrepancies list prints it")
    return int(digits)


def _write_for_table(row: Row) -> Row:
    written = write_amounts(row, {"stake": "currency"})
    return written | {"class": name_class(written["class"], written["late_class"])}


def _print(found: dict[str, Any]) -> None:
    written = _write_for_table(found)
    names = [name for name in _ITEMS.everything if name not in _NOT_SHOWN and found[name] is not None]
    print_table(("field", "value"), [(name, written[name]) for name in names])
    table = lay_out_facts(found["facts"])
    if table.both:
        print_table(("fact", "value"), table.both)
    if table.rows:
        print_table(("fact", *table.sides), [(name, *values) for name, values in table.rows])
    print_table(_OF_HISTORY, [[show(note[name]) for name in _OF_HISTORY] for note in found["notes"]])
