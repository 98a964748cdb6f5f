"""Lines are stored exactly as they were decided, and never twice."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import psycopg
import pytest
from msgspec.structs import replace

from postledger.finance.booking import Booking
from postledger.finance.line_store import Completed, insert_lines, read_lines
from postledger.finance.lines import Line
from postledger.finance.rules.exchange_rates import BaseRate
from tests.parts.books import conversion_of
from tests.parts.databases import fetch
from tests.parts.entries import new_receipt
from tests.parts.mapping import open_ledger

NOW = datetime(2026, 11, 30, 12, 0, 0, 1, tzinfo=UTC)
ODD = "tab\t line\n return\r back\\slash \\N \\. \"quote\" 'quote' , – ä"
MAPPED = Line(
    1, "accrual", None,
    Booking("receivable", f"1{ODD}", 3, f"2{ODD}", f"3{ODD}", f"4{ODD}", f"5{ODD}", date(2026, 12, 30), None),
    "USD", Decimal("12345678901234567890.123456789"), "EUR", BaseRate(Decimal("0.000000000000001"), date(2026, 11, 29)),
    Decimal("-0.000001"), date(2026, 11, 1), date(2026, 12, 1),
    datetime(2026, 11, 1, 1, 2, 3, 456789, timezone(timedelta(hours=8))),
)  # fmt: skip
UNMAPPED = replace(
    MAPPED, seq=2, kind="adjustment", adjusts=1, booking=Booking(unmapped="no_rule"), amount=Decimal("0E-7"),
    base_currency=None, rate=None, base_amount=None,
)  # fmt: skip
EMPTY = replace(UNMAPPED, seq=3, booking=Booking("payable", category="", account=""), amount=Decimal("1E+3"))


def name_no_rule(*_: object) -> None:
    """Approve nothing."""


def completed(*lines: Line) -> Completed:
    key = new_receipt()
    conversion = conversion_of(affiliate=ODD)
    return Completed(replace(conversion, dedup_key=key, id=key, campaign_id=None), new_receipt(), list(lines))


def test_lines_are_read_as_they_were_written(database: str) -> None:
    one, other = completed(MAPPED, UNMAPPED, EMPTY), completed(MAPPED)

    with open_ledger(database) as ledger:
        insert_lines(ledger, [one, other, completed()], NOW, name_no_rule)
        found = read_lines(ledger, [other.conversion.dedup_key, one.conversion.dedup_key, new_receipt()])

    assert found == {one.conversion.dedup_key: one.lines, other.conversion.dedup_key: other.lines}


def test_a_line_names_its_conversion_its_cause_and_its_time(database: str) -> None:
    one = completed(MAPPED)

    with open_ledger(database) as ledger:
        insert_lines(ledger, [one], NOW, name_no_rule)

    conversion = one.conversion
    assert fetch(
        database,
        "SELECT dedup_key::text, conversion_id::text, cause::text, revision, source_id, campaign_id, affiliate_id,"
        " event, conversion_status, created_at FROM expense_lines",
    ) == [(conversion.dedup_key, conversion.id, one.cause, 1, 1, None, ODD, "sale", "approved", NOW)]


def test_a_line_that_is_there_already_fails_with_all_others(database: str) -> None:
    one = completed(MAPPED)

    with open_ledger(database) as ledger:
        insert_lines(ledger, [one], NOW, name_no_rule)
        with pytest.raises(psycopg.errors.UniqueViolation):
            insert_lines(ledger, [completed(MAPPED), one], NOW, name_no_rule)

    assert fetch(database, "SELECT count(*) FROM expense_lines") == [(1,)]
