"""`conversions parked`, `release` and `discard`: reversals that the guard has parked, and how to settle them."""

from datetime import UTC, datetime
from typing import Annotated, NamedTuple

import typer

from postledger.cli.connections import open_ledger
from postledger.cli.current_user import AsUser, record
from postledger.cli.id_arguments import MOST_ROWS, read_receipt
from postledger.cli.list_format import Wide
from postledger.cli.output import AsJson, print_json, show_progress
from postledger.cli.row_output import Columns, print_row_table
from postledger.ledger.parked_reversals import list_parked as read_parked
from postledger.ledger.settle_parked import settle

_PARKED = Columns(
    everything=(
        "id", "received_at", "source", "conversion_id", "event", "transaction_id", "click_id", "status", "booked",
        "payout", "currency", "source_status", "event_time", "unsigned", "replay",
    ),
    of_table=("received_at", "source", "event", "transaction_id", "click_id", "booked", "payout", "currency", "id"),
    by_importance=(
        "id", "booked", "payout", "currency", "source", "received_at", "transaction_id", "event", "click_id",
    ),
)  # fmt: skip

Receipts = Annotated[list[str] | None, typer.Argument(metavar="RECEIPT", help="The receipts of parked reversals.")]
AllOf = Annotated[str | None, typer.Option("--source", help="All parked reversals of this source.")]
AllOfReplay = Annotated[
    str | None, typer.Option("--replay", metavar="ID", help="All reversals that this replay has parked.")
]


class _Chosen(NamedTuple):
    """Which parked reversals are settled: those with these receipts, or all of a source or of a replay."""

    receipts: list[str]
    source: str | None
    replay: str | None

    @property
    def subject(self) -> str:
        """What the audit chain names."""
        return self.source or (f"replay {self.replay}" if self.replay else "receipts")


def list_parked(
    context: typer.Context,
    *,
    source: Annotated[str | None, typer.Option("--source", help="Only this source.")] = None,
    replay: Annotated[str | None, typer.Option("--replay", metavar="ID", help="Only those of this replay.")] = None,
    limit: Annotated[
        int | None, typer.Option("--limit", min=1, max=MOST_ROWS, help="At most this many, oldest first.")
    ] = None,
    wide: Wide = False,
    as_json: AsJson = False,
) -> None:
    """List the parked reversals: more came in an hour than the reversal_guard of the source allows."""
    with open_ledger(context) as connection:
        rows = read_parked(connection, source=source, replay=replay and read_receipt(replay), limit=limit)
    if as_json:
        print_json([{name: row[name] for name in _PARKED.everything} for row in rows])
    else:
        print_row_table(rows, _PARKED, UTC, wide=wide)


def release_parked(
    context: typer.Context,
    receipts: Receipts = None,
    *,
    source: AllOf = None,
    replay: AllOfReplay = None,
    as_user: AsUser = None,
    as_json: AsJson = False,
) -> None:
    """Book parked reversals, by receipt, or all of a source or replay. Each is judged by the ledger as it is now."""
    chosen = _Chosen([read_receipt(one) for one in receipts or []], source, replay and read_receipt(replay))
    _settle(context, chosen, as_user, books=True, as_json=as_json)


def discard_parked(
    context: typer.Context,
    receipts: Receipts = None,
    *,
    source: AllOf = None,
    replay: AllOfReplay = None,
    as_user: AsUser = None,
    as_json: AsJson = False,
) -> None:
    """Discard parked reversals, by receipt, or all of a source or replay. The conversions stay as they are."""
    chosen = _Chosen([read_receipt(one) for one in receipts or []], source, replay and read_receipt(replay))
    _settle(context, chosen, as_user, books=False, as_json=as_json)


def _settle(context: typer.Context, chosen: _Chosen, as_user: str | None, *, books: bool, as_json: bool) -> None:
    action = "conversions.release" if books else "conversions.discard"
    with open_ledger(context) as connection, show_progress("settling") as on_progress:
        counts = settle(
            connection,
            **chosen._asdict(),
            books=books,
            actor=record(connection, as_user, action, chosen.subject, receipts=chosen.receipts),
            now=datetime.now(UTC),
            on_progress=on_progress,
        )
    if as_json:
        print_json(counts)
    else:
        print(", ".join(f"{number} {outcome}" for outcome, number in counts.items()) or "no reversal is parked")
