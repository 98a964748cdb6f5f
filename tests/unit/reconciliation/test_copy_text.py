"""A line of a report is written for COPY with a digest by which equal lines are found."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from msgspec.structs import replace

from postledger.reconciliation.rules.copy_text import fingerprint, write_report_line
from postledger.reconciliation.rules.statement_lines import ReportLine
from postledger.vocabulary.statuses import Status

LINE = ReportLine(
    2,
    Decimal("5.00"),
    "USD",
    Status.APPROVED,
    "sale",
    "T-1",
    "C-1",
    date(2026, 10, 1),
    datetime(2026, 10, 1, tzinfo=UTC),
)


def test_what_a_line_does_not_have_is_null() -> None:
    fields = write_report_line("s", ReportLine(2, Decimal("-5.00"), "USD", Status.PENDING)).split("\t")

    assert fields[:12] == ["s", "2", "-5.00", "USD", "pending", *["\\N"] * 7]


def test_lines_that_say_the_same_have_equal_digests() -> None:
    assert fingerprint(LINE) == fingerprint(replace(LINE, line_no=9, amount=Decimal("5.0"), status_word="Sale"))


@pytest.mark.parametrize(
    "change",
    [
        {"amount": Decimal("5.01")},
        {"currency": "EUR"},
        {"status": Status.REVERSED},
        {"event": None},
        {"transaction_id": "T-2"},
        {"click_id": None},
        {"booked_on": date(2026, 10, 2)},
        {"happened_at": None},
    ],
    ids=lambda change: next(iter(change)),
)
def test_lines_that_differ_have_other_digests(change: dict[str, object]) -> None:
    assert fingerprint(LINE) != fingerprint(replace(LINE, **change))
