"""Settles reversals that the guard has parked: an operator books or discards them, by receipt, source or replay."""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import Any

from psycopg import Connection

from postledger.ledger.parked_reversals import Row, list_parked, settle_parked
from postledger.vocabulary.operator_error import InvalidRequest, NotFound
from postledger.vocabulary.receipt import is_receipt

MOST = 1_000_000


def settle(
    connection: Connection[Any],
    *,
    receipts: Sequence[str],
    source: str | None = None,
    replay: str | None = None,
    books: bool,
    actor: str,
    now: datetime,
    on_progress: Callable[[int, int], None],
) -> dict[str, int]:
    """Book (`books`) or discard what waits, and count by outcome. Give receipts, a source or a replay.

    A booked reversal is judged against the ledger as it is now. Raises `InvalidRequest` or `NotFound`.
    """
    _check(receipts, source, replay)
    parked = list_parked(connection, source=source, replay=replay, receipts=list(receipts) or None, limit=MOST)
    _check_all_found(receipts, parked)
    return settle_parked(connection, parked, books=books, actor=actor, now=now, on_progress=on_progress)


def _check(receipts: Sequence[str], source: str | None, replay: str | None) -> None:
    for receipt in receipts:
        if not is_receipt(receipt):
            raise InvalidRequest(f"{receipt} is not a receipt; run: postledger conversions parked")
    if [bool(receipts), bool(source), bool(replay)].count(True) != 1:
        raise InvalidRequest("give either receipts, --source or --replay; run: postledger conversions parked")


def _check_all_found(receipts: Sequence[str], parked: Collection[Row]) -> None:
    waiting = {row["id"] for row in parked}
    for receipt in receipts:
        if receipt not in waiting:
            raise NotFound(f"no parked reversal has the receipt {receipt}; nothing was changed")
