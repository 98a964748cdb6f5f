"""`conversions parked`, `release`, `discard`: reversals that a guard has put aside, and what becomes of them."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated

import typer

from postledger.cli.connections import open_ledger
from postledger.cli.current_user import find_actor
from postledger.cli.errors import CommandFailed
from postledger.cli.output import AsJson, print_json, print_table, show_progress
from postledger.ledger import parked_reversals as parking
from postledger.ledger.parked_reversals import Row
from postledger.vocabulary.receipt import is_receipt

MOST = 1_000_000
_FACTS = (
    "id", "received_at", "source", "conversion_id", "event", "transaction_id", "click_id", "status", "booked",
    "payout", "currency", "source_status", "event_time", "unsigned",
)  # fmt: skip
_AT_A_GLANCE = (
    "received_at", "source", "event", "transaction_id", "click_id", "booked", "payout", "currency", "id",
)  # fmt: skip

Receipts = Annotated[list[str] | None, typer.Argument(metavar="RECEIPT", help="The receipts of those that are meant.")]
AllOf = Annotated[str | None, typer.Option("--source", help="All that wait of this source.")]


def list_parked(
    source: Annotated[str | None, typer.Option("--source", help="Of this source only.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="At most so many, the oldest first.")] = 1000,
    as_json: AsJson = False,
) -> None:
    """List the reversals that came faster than their source's guard allows, and are not booked."""
    with open_ledger() as connection:
        rows = parking.list_parked(connection, source=source, limit=limit)
    if as_json:
        print_json([{name: row[name] for name in _FACTS} for row in rows])
    else:
        print_table(_AT_A_GLANCE, [[row[name] for name in _AT_A_GLANCE] for row in rows])


def release_parked(receipts: Receipts = None, source: AllOf = None, as_json: AsJson = False) -> None:
    """Book parked reversals, by receipt or all of a source; what they say of the ledger as it is now is what counts."""
    _settle(receipts or [], source, books=True, as_json=as_json)


def discard_parked(receipts: Receipts = None, source: AllOf = None, as_json: AsJson = False) -> None:
    """Never book parked reversals, by receipt or all of a source; the conversions stay as they are."""
    _settle(receipts or [], source, books=False, as_json=as_json)


def _settle(receipts: Sequence[str], source: str | None, *, books: bool, as_json: bool) -> None:
    if malformed := [receipt for receipt in receipts if not is_receipt(receipt)]:
        raise CommandFailed(f"{malformed[0]} is not a receipt")
    if bool(receipts) == bool(source):
        raise CommandFailed("give either receipts or --source; postledger conversions parked lists what waits")
    with open_ledger() as connection, show_progress("settling") as tell_progress:
        parked = parking.list_parked(connection, source=source, receipts=list(receipts) or None, limit=MOST)
        _refuse_unknown(receipts, parked)
        counts = parking.settle_parked(
            connection,
            parked,
            books=books,
            actor=find_actor(),
            now=datetime.now(UTC),
            tell_progress=tell_progress,
        )
    if as_json:
        print_json(counts)
    else:
        print(", ".join(f"{count} {outcome}" for outcome, count in counts.items()) or "nothing waits")


def _refuse_unknown(receipts: Sequence[str], parked: Sequence[Row]) -> None:
    waiting = {row["id"] for row in parked}
    for receipt in receipts:
        if receipt not in waiting:
            raise CommandFailed(f"no parked reversal has the receipt {receipt}; nothing was done")
