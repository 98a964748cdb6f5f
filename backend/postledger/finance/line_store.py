"""Reads and writes expense lines, many conversions in one statement."""

from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from secrets import token_bytes
from typing import Any

import msgspec
from psycopg import Connection

from postledger.finance.booking import Booking, Unmapped
from postledger.finance.lines import Conversion, Line, LineKind
from postledger.finance.rules.exchange_rates import BaseRate
from postledger.finance.rules.expense_rule import Direction
from postledger.people.audit_chain import append, write_body
from postledger.people.line_digest import DigestedLine, LineDigest
from postledger.platform.postgres.sql import statements_of
from postledger.vocabulary.receipt import ENTROPY_BYTES, make_receipt
from postledger.vocabulary.statuses import Status

sql = statements_of("postledger.finance")

LinesByKey = dict[str, list[Line]]
NameRule = Callable[[str, Line], str | None]
"""Names what approves a line of the conversion with a dedup key. None if no rule does."""


class Completed(msgspec.Struct, frozen=True):
    """The lines that a conversion lacks. `cause`: the receipt of the change, or the id of the task, that made them."""

    conversion: Conversion
    cause: str
    lines: list[Line]


class _LineRow(msgspec.Struct, array_like=True):
    """One line, with the columns of `copy_lines.sql` in their order."""

    dedup_key: str
    seq: int
    id: str
    conversion_id: str
    cause: str
    revision: int
    kind: LineKind
    adjusts: int | None
    direction: Direction
    source_id: int
    campaign_id: int | None
    affiliate_id: str | None
    event: str
    conversion_status: Status
    payee: str | None
    category: str | None
    account: str | None
    tax_code: str | None
    rule_version: int | None
    rule: str | None
    unmapped: Unmapped | None
    amount: Decimal
    currency: str
    base_amount: Decimal | None
    base_currency: str | None
    rate: Decimal | None
    rate_on: date | None
    origin_period: date
    period: date
    billable_from: date | None
    approved_by_rule: str | None
    happened_at: datetime
    created_at: datetime


def read_lines(connection: Connection[Any], dedup_keys: Sequence[str]) -> LinesByKey:
    """Read the lines of conversions, in order. A conversion without lines has no entry."""
    found: LinesByKey = {}
    keys = f"{{{','.join(dedup_keys)}}}"  # as an array, the driver would quote one by one
    for dedup_key, *row in connection.execute(sql("read_lines"), (keys,)):
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


def insert_lines(
    connection: Connection[Any], completed: Iterable[Completed], now: datetime, name_rule: NameRule
) -> LineDigest:
    """Add the new lines of conversions, and return a digest of them. `record_batch` belongs to the same transaction.

    A line that is there already raises `UniqueViolation`. It must not be skipped: the change that asked for it is
    deleted in the same transaction.
    """
    unix_ms = int(now.timestamp() * 1000)
    rows = [
        _make_row(
            each,
            line,
            now,
            make_receipt(unix_ms, token_bytes(ENTROPY_BYTES)),
            name_rule(each.conversion.dedup_key, line),
        )
        for each in completed
        for line in each.lines
    ]
    if rows:
        _copy(connection, rows)
    return _digest(rows)


def record_batch(connection: Connection[Any], digest: LineDigest, now: datetime) -> None:
    """Add a batch of lines to the audit chain. Call it last in their transaction, because others then wait for it."""
    if digest.lines:
        body = write_body(lines=digest.lines, sha256=digest.hexdigest())
        append(connection, "postledger", "lines.map", "expense_lines", body=body, at=now)


def _digest(rows: Iterable[_LineRow]) -> LineDigest:
    digest = LineDigest()
    for row in sorted(rows, key=lambda row: (row.dedup_key, row.seq)):
        digest.add(
            DigestedLine(
                row.dedup_key, row.seq, row.id, f"{row.amount:f}", row.currency, row.payee, row.account, row.rule
            )
        )
    return digest


def _copy(connection: Connection[Any], rows: Sequence[_LineRow]) -> None:
    with connection.cursor() as cursor, cursor.copy(sql("copy_lines")) as copy:
        # msgspec turns times and amounts into text faster than the driver does.
        for row in msgspec.to_builtins(rows):
            copy.write_row(row)


def _make_row(completed: Completed, line: Line, now: datetime, line_id: str, approved_by_rule: str | None) -> _LineRow:
    conversion, booking, rate = completed.conversion, line.booking, line.rate
    return _LineRow(
        conversion.dedup_key, line.seq, line_id, conversion.id, completed.cause, conversion.revision, line.kind,
        line.adjusts, booking.direction, conversion.source_id, conversion.campaign_id, conversion.facts.affiliate,
        conversion.facts.event, conversion.status, booking.payee, booking.category, booking.account, booking.tax_code,
        booking.rule_version, booking.rule, booking.unmapped, line.amount, line.currency, line.base_amount,
        line.base_currency, None if rate is None else rate.rate, None if rate is None else rate.on_day,
        line.origin_period, line.period, booking.billable_from, approved_by_rule, line.happened_at, now,
    )  # fmt: skip
