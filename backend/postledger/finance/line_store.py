"""Reads and writes expense lines, many conversions in one statement."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from secrets import token_bytes
from typing import Any

import msgspec
from psycopg import Connection

from postledger.finance.lines import Booking, Conversion, Line, LineKind, Unmapped
from postledger.finance.rules.exchange_rates import BaseRate
from postledger.finance.rules.expense_rule import Direction
from postledger.ledger.rows import encode_rows
from postledger.platform.postgres.sql import statements_of
from postledger.vocabulary.receipt import ENTROPY_BYTES, make_receipt
from postledger.vocabulary.statuses import Status

sql = statements_of("postledger.finance")

LinesByKey = dict[str, list[Line]]


class Completed(msgspec.Struct, frozen=True):
    """The lines that a conversion lacks. `cause`: the receipt of the change, or the id of the task, that made them."""

    conversion: Conversion
    cause: str
    lines: list[Line]


class _LineRow(msgspec.Struct, omit_defaults=True):
    """One line, as `insert_lines.sql` reads it."""

    dedup_key: str
    seq: int
    id: str
    conversion_id: str
    cause: str
    revision: int
    kind: LineKind
    direction: Direction
    source_id: int
    event: str
    conversion_status: Status
    amount: Decimal
    currency: str
    origin_period: date
    period: date
    happened_at: datetime
    created_at: datetime
    adjusts: int | None = None
    campaign_id: int | None = None
    affiliate_id: str | None = None
    payee: str | None = None
    category: str | None = None
    account: str | None = None
    tax_code: str | None = None
    rule_version: int | None = None
    rule: str | None = None
    unmapped: Unmapped | None = None
    base_amount: Decimal | None = None
    base_currency: str | None = None
    rate: Decimal | None = None
    rate_on: date | None = None
    billable_from: date | None = None


def read_lines(connection: Connection[Any], dedup_keys: Sequence[str]) -> LinesByKey:
    """Read the lines of conversions, in order. A conversion without lines has no entry."""
    found: LinesByKey = {}
    for dedup_key, *row in connection.execute(sql("read_lines"), (list(dedup_keys),)):
        found.setdefault(dedup_key, []).append(_read_line(*row))
    return found


def _read_line(*row: Any) -> Line:
    (
        seq, kind, adjusts, currency, amount, base_currency, rate, rate_on, base_amount, origin_period, period,
        happened_at, *booking,
    ) = row  # fmt: skip
    return Line(
        seq, kind, adjusts, Booking(*booking), currency, amount, base_currency,
        None if rate is None else BaseRate(rate, rate_on), base_amount, origin_period, period, happened_at,
    )  # fmt: skip


def insert_lines(connection: Connection[Any], completed: Iterable[Completed], now: datetime) -> None:
    """Add the new lines of conversions.

    A line that is there already raises `UniqueViolation`. It must not be skipped: the change that asked for it is
    deleted in the same transaction.
    """
    unix_ms = int(now.timestamp() * 1000)
    rows = [
        _make_row(each, line, now, make_receipt(unix_ms, token_bytes(ENTROPY_BYTES)))
        for each in completed
        for line in each.lines
    ]
    if rows:
        connection.execute(sql("insert_lines"), (encode_rows(rows),))


def _make_row(completed: Completed, line: Line, now: datetime, line_id: str) -> _LineRow:
    conversion, booking, rate = completed.conversion, line.booking, line.rate
    return _LineRow(
        conversion.dedup_key, line.seq, line_id, conversion.id, completed.cause, conversion.revision, line.kind,
        booking.direction, conversion.source_id, conversion.facts.event, conversion.status, line.amount, line.currency,
        line.origin_period, line.period, line.happened_at, now, line.adjusts, conversion.campaign_id,
        conversion.facts.affiliate, booking.payee, booking.category, booking.account, booking.tax_code,
        booking.rule_version, booking.rule, booking.unmapped, line.base_amount, line.base_currency,
        None if rate is None else rate.rate, None if rate is None else rate.on_day, booking.billable_from,
    )  # fmt: skip
