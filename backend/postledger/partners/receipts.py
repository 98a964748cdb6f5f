"""Finds what became of a postback, for the sender that has its receipt.

Each look-up is one statement, so that the time of an answer tells nothing about receipts of others.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from psycopg import Connection
from psycopg.rows import dict_row

from postledger.platform.postgres.sql import statements_of
from postledger.policy.source import Source
from postledger.responses.http_statuses import find_http_status
from postledger.responses.network_responses import find_notice_response
from postledger.vocabulary.receipt import is_receipt, receipt_unix_ms
from postledger.vocabulary.refusal import Cause, Reason
from postledger.vocabulary.statuses import Verdict

sql = statements_of("postledger.partners")

MAX_REPEATS = 20
LOST = "the answer was lost"
CLIENT_CLOSED = 499
"""What nginx logs if the client hung up before it was answered."""

_CLOCKS_DIFFER_BY = timedelta(days=1)
_EPOCH = datetime.fromtimestamp(0, UTC)
_OF_NO_ONE = "00000000-0000-7000-8000-000000000000"
_BOOKED = (Verdict.ACCEPTED, Verdict.UPDATED)

Row = dict[str, Any]


class Answered(msgspec.Struct, frozen=True):
    """The HTTP status that the sender got. None: it hung up before, or a replay wrote the row and answered no one."""

    http: int | None


class Conversion(msgspec.Struct, frozen=True):
    """The conversion of a postback as it stands. `contradicted_at`: when a postback contradicted it last."""

    status: str
    updated_at: datetime
    contradicted_at: datetime | None


class Repeat(msgspec.Struct, frozen=True):
    """A later postback of the same conversion."""

    receipt: str
    verdict: str
    at: datetime


class Receipt(msgspec.Struct, frozen=True):
    """What became of one postback.

    - `since`: later postbacks of its conversion, oldest first, at most `MAX_REPEATS`.
    - `replayed_by`: the receipt of its newest replay that was booked.
    - `forwarded`: how many forwards of it are in each state; None if it is not forwarded.
    - `note`: what the sender cannot know from its answer.
    """

    id: str
    received_at: datetime
    verdict: Verdict
    reason: Reason | None
    parameter: str | None
    answered: Answered
    event: str | None
    status: str | None
    payout: str | None
    currency: str | None
    conversion: Conversion | None
    since: tuple[Repeat, ...]
    replayed_by: str | None
    forwarded: dict[str, int] | None
    note: str | None = None


def find_receipt(
    connection: Connection[Any], source: Source, searched: str, edge_answered: int | None = None
) -> Receipt | None:
    """Find a receipt of a source; None if it has no such one, or if its content was erased.

    `edge_answered`: the status with which the edge has answered it, if that was not the backend's answer.
    """
    text = searched.lower()
    known = text if is_receipt(text) else _OF_NO_ONE
    earliest, latest = _list_bounds(known)
    values = {
        "receipt": known,
        "earliest": earliest,
        "latest": latest,
        "source_id": source.id,
        "keeps_addresses": source.settings.store_ip != "none",
        "limit": MAX_REPEATS,
    }
    with connection.cursor(row_factory=dict_row) as cursor:
        row = cursor.execute(sql("find_receipt"), values).fetchone()
    return None if row is None else _describe(row, source, edge_answered)


def _list_bounds(receipt: str) -> tuple[datetime, datetime]:
    try:
        made_at = _EPOCH + timedelta(milliseconds=receipt_unix_ms(receipt))
        return made_at - _CLOCKS_DIFFER_BY, made_at + _CLOCKS_DIFFER_BY
    except OverflowError:  # a year beyond 9999
        return _EPOCH, _EPOCH


def _describe(row: Row, source: Source, edge_answered: int | None) -> Receipt:
    verdict = Verdict(row["verdict"])
    usual = None if row["is_of_replay"] else _find_http(row, verdict, source)
    http = usual if edge_answered is None else edge_answered
    return Receipt(
        row["id"], row["received_at"], verdict, Reason(row["reason"]) if row["reason"] else None, row["parameter"],
        Answered(http if http != CLIENT_CLOSED else None),
        row["event"], row["status"], None if row["payout"] is None else format(row["payout"], "f"), row["currency"],
        _describe_conversion(row), msgspec.convert(row["repeats"] or (), tuple[Repeat, ...]),
        row["replayed_by"], row["forwarded"], None if edge_answered is None else _note_lost(verdict),
    )  # fmt: skip


def _note_lost(verdict: Verdict) -> str:
    return f"{'booked' if verdict in _BOOKED else 'recorded'}; {LOST}"


def _describe_conversion(row: Row) -> Conversion | None:
    if row["conversion_status"] is None:
        return None
    return Conversion(row["conversion_status"], row["updated_at"], row["conflicted_at"])


class _Said(msgspec.Struct, frozen=True):
    """What the answer that a network requires can contain."""

    click_id: str | None
    transaction_id: str | None
    event: str | None


def _find_http(row: Row, verdict: Verdict, source: Source) -> int:
    # By the settings of today: what the source requires instead of our answer is not recorded.
    reason = Reason(row["reason"]) if row["reason"] else None
    usual = find_http_status(verdict, reason)
    if row["cause"] == Cause.NOTICE:
        return find_notice_response(source.responses).status or usual
    render = source.responses.get(reason or verdict)
    required = None if render is None else render(_Said(row["click_id"], row["transaction_id"], row["event"]))
    return required.status or usual if required is not None else usual
