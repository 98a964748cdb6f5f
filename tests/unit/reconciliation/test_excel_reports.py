"""Reports from Excel: what it damaged is a fault, and the rest is read to the cent."""

import io
import zipfile
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from msgspec.structs import replace

from postledger.reconciliation.readers.rows import BadFile
from postledger.reconciliation.rules.report_format import ReportFormat
from postledger.reconciliation.rules.statement_lines import FaultReason, LineFault, ReportLine
from tests.parts.xlsx import Stored, pack_sheet, write_xlsx
from tests.unit.reconciliation.test_report_lines import PLAIN, read

EXCEL: ReportFormat = replace(PLAIN, kind="xlsx")
HEADER = ("Order", "Commission", "Cur", "State", "Date")
DAY = "2026-10-01"


def read_one(
    order: str | Stored | None, amount: str | Stored = "1.00", day: str | Stored = DAY
) -> ReportLine | LineFault:
    """Read a sheet with one row."""
    [line] = read(write_xlsx([HEADER, (order, amount, "USD", "Sale", day)]), EXCEL)
    return line


def test_scenario_26_excel() -> None:
    """Twenty digits in a number are lost, a text stays as it is, and a formula is its value and is never run."""
    ids: list[str | Stored] = [Stored("12345678901234567890"), "00123", Stored("7", formula="SUM(3,4)")]
    rows = [(order, "1.00", "USD", "Sale", DAY) for order in ids]

    lost, *kept = read(write_xlsx([HEADER, *rows]), EXCEL)

    assert lost == LineFault(2, "transaction_id", FaultReason.LOST_DIGITS)
    assert [line.transaction_id for line in kept if isinstance(line, ReportLine)] == ["00123", "7"]


@pytest.mark.parametrize(
    ("stored", "found"),
    [
        (Stored("45000"), "45000"),
        (Stored("45000.0"), "45000"),
        (Stored("123456789012345"), "123456789012345"),
        ("00123", "00123"),
        ("12345678901234567890", "12345678901234567890"),
        (Stored("7", formula="SUM(3,4)"), "7"),
        ("=HYPERLINK(1)", "=HYPERLINK(1)"),
    ],
)
def test_an_id_is_read_as_it_was_meant(stored: str | Stored, found: str) -> None:
    line = read_one(stored)

    assert isinstance(line, ReportLine)
    assert line.transaction_id == found


@pytest.mark.parametrize("stored", ["12345678901234567890", "1.234567890123457E+19", "1234567890123456"])
def test_an_id_that_lost_digits_is_a_fault(stored: str) -> None:
    assert read_one(Stored(stored)) == LineFault(2, "transaction_id", FaultReason.LOST_DIGITS)


@pytest.mark.parametrize(
    ("stored", "amount"), [("0.1", "0.1"), ("0.30000000000000004", "0.3"), ("-12.5", "-12.5"), ("1E-2", "0.01")]
)
def test_an_amount_goes_by_its_shortest_text(stored: str, amount: str) -> None:
    line = read_one("T", Stored(stored))

    assert isinstance(line, ReportLine)
    assert line.amount == Decimal(amount)


def test_a_day_of_excel_is_a_day_and_a_time_a_moment() -> None:
    at_midnight, later = (
        read_one("T", day=Stored("46296", is_time=True)),
        read_one("T", day=Stored("46296.5", is_time=True)),
    )

    assert isinstance(at_midnight, ReportLine)
    assert isinstance(later, ReportLine)
    assert (at_midnight.booked_on, at_midnight.happened_at) == (date(2026, 10, 1), None)
    assert later.happened_at == datetime(2026, 10, 1, 12, tzinfo=UTC)


def test_empty_rows_and_empty_columns_beside_the_table_are_none() -> None:
    rows = [
        HEADER,
        (None,) * 7,
        ("T", "1.00", "USD", "Sale", DAY, None, ""),
        ("T", "1.00", "USD", "Sale", DAY, None, "x"),
    ]

    found = read(write_xlsx(rows), EXCEL)

    assert isinstance(found[0], ReportLine)
    assert found[1] == LineFault(4, None, FaultReason.BAD_ROW)


def test_what_is_no_excel_file_is_refused() -> None:
    empty = io.BytesIO()
    zipfile.ZipFile(empty, "w").close()
    for content in (b"Order,Commission\n", b"", empty.getvalue(), write_xlsx([])):
        with pytest.raises(BadFile):
            read(content, EXCEL)


def test_what_excel_made_of_an_id_is_no_id() -> None:
    true = '<c t="b"><v>1</v></c>'
    time, day = '<c s="1"><v>0.5</v></c>', '<c s="1"><v>46296</v></c>'
    for cell in (true, time, day):
        assert _read_raw(cell, "<c><v>1</v></c>") == LineFault(2, "transaction_id", FaultReason.BAD_TEXT)
    for cell in (true, time, day):
        assert _read_raw("<c><v>1</v></c>", cell) == LineFault(2, "amount", FaultReason.BAD_AMOUNT)


def _read_raw(order: str, amount: str) -> ReportLine | LineFault:
    header, rest = (
        "".join(f'<c t="inlineStr"><is><t>{text}</t></is></c>' for text in texts)
        for texts in (HEADER, ("USD", "Sale", DAY))
    )
    [line] = read(pack_sheet(f"<row>{header}</row><row>{order}{amount}{rest}</row>"), EXCEL)
    return line
