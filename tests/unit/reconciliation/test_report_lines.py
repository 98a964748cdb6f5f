"""Reports of networks are read to the cent, whatever writes them, and what cannot be read is named."""

import io
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace

from postledger.reconciliation.readers.report_rows import ReportContent, read_report_rows
from postledger.reconciliation.readers.rows import BadFile
from postledger.reconciliation.rules.cells import BadCell, make_time_reader
from postledger.reconciliation.rules.columns import BadHeader
from postledger.reconciliation.rules.read_report_line import ReportLineReader
from postledger.reconciliation.rules.report_format import ReportFormat
from postledger.reconciliation.rules.statement_lines import FaultReason, LineFault, ReportLine
from postledger.vocabulary.statuses import Status

PLAIN = ReportFormat(
    "acme-csv",
    "acme",
    "csv",
    {"transaction_id": "Order", "amount": "Commission", "currency": "Cur", "status": "State", "time": "Date"},
    statuses={Status.APPROVED: ("Sale",), Status.REVERSED: ("CB", "Charge back")},
)
HEADER = "Order,Commission,Cur,State,Date\n"


def read(content: bytes, report_format: ReportFormat = PLAIN) -> list[ReportLine | LineFault]:
    """Read a whole file."""
    table = read_report_rows(ReportContent(io.BytesIO(content)), report_format)
    reader = ReportLineReader(report_format, table.header)
    return [reader(line_no, cells) for line_no, cells in table.rows]


def read_one(row: str, **changes: Any) -> ReportLine | LineFault:
    """Read one row below the usual header."""
    [line] = read((HEADER + row + "\n").encode(), replace(PLAIN, **changes))
    return line


def line_of(found: ReportLine | LineFault) -> ReportLine:
    """The line; it must have been read."""
    assert isinstance(found, ReportLine), found
    return found


def test_a_line_is_read() -> None:
    assert read_one("T-1,12.50,usd,sale,2026-10-31T23:30:00+00:00") == ReportLine(
        2, Decimal("12.50"), "USD", Status.APPROVED, None, "T-1", None, date(2026, 10, 31),
        datetime(2026, 10, 31, 23, 30, tzinfo=UTC), "sale", None,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("written", "decimal", "amount"),
    [
        ("12", ".", "12"),
        ("-12.50", ".", "-12.50"),
        ('"1,234.56"', ".", "1234.56"),
        ('"1,234,567.8"', ".", "1234567.8"),
        ('"1.234,56"', ",", "1234.56"),
        ('"1 234,56"', ",", "1234.56"),
        ('"1\u202f234,5"', ",", "1234.5"),
        ("1'234.50", ".", "1234.50"),
        ("(5.00)", ".", "-5.00"),
        ("5.00-", ".", "-5.00"),
        ("\u22125.00", ".", "-5.00"),
        ("$5.00", ".", "5.00"),
        ("-$5.00", ".", "-5.00"),
        ('"5,00 €"', ",", "5.00"),
        ("+5", ".", "5"),
    ],
)
def test_an_amount_is_read_as_it_is_written(written: str, decimal: str, amount: str) -> None:
    assert line_of(read_one(f"T,{written},USD,Sale,2026-10-01", decimal=decimal)).amount == Decimal(amount)


@pytest.mark.parametrize(
    ("written", "decimal"),
    [
        *(("", "."), ("n/a", "."), ("1.2.3", "."), ('"1,23"', "."), ('"12,3456"', "."), ("--5", "."), ("1e3", ".")),
        *(("1.23", ","), ("1.2345", ","), ("١٢", "."), ("12345678901234", "."), ("0.1234567", "."), ("(5", ".")),
    ],
)
def test_an_amount_that_could_be_two_is_a_fault(written: str, decimal: str) -> None:
    fault = read_one(f"T,{written},USD,Sale,2026-10-01", decimal=decimal)

    assert fault == LineFault(2, "amount", FaultReason.BAD_AMOUNT)


@pytest.mark.parametrize(
    ("row", "field", "reason"),
    [
        ("T,1.00,USD,Locked,2026-10-01", "status", FaultReason.UNKNOWN_STATUS),
        ("T,1.00,USD,,2026-10-01", "status", FaultReason.UNKNOWN_STATUS),
        ("T,1.00,XYZ,Sale,2026-10-01", "currency", FaultReason.BAD_CURRENCY),
        *((f"T,1.00,{code},Sale,2026-10-01", "currency", FaultReason.BAD_CURRENCY) for code in ("XXX", "xts", "XAU")),
        ("T,1.00,,Sale,2026-10-01", "currency", FaultReason.MISSING_FIELD),
        (",1.00,USD,Sale,2026-10-01", "transaction_id", FaultReason.MISSING_FIELD),
        (f"{'x' * 256},1.00,USD,Sale,2026-10-01", "transaction_id", FaultReason.TOO_LONG),
        ("a\x00b,1.00,USD,Sale,2026-10-01", "transaction_id", FaultReason.BAD_TEXT),
        ("T,1.00,USD,Sale,yesterday", "time", FaultReason.BAD_DATE),
        ("T,1.00,USD,Sale,", "time", FaultReason.BAD_DATE),
        ("T,1.00,USD,Sale,1999-12-31", "time", FaultReason.BAD_DATE),
        ("T,1.00,USD,Sale", None, FaultReason.BAD_ROW),
        ("T,1.00,USD,Sale,2026-10-01,more", None, FaultReason.BAD_ROW),
    ],
)
def test_a_bad_row_is_named_by_line_field_and_reason(row: str, field: str | None, reason: FaultReason) -> None:
    assert read_one(row) == LineFault(2, field, reason)


@pytest.mark.parametrize(
    ("time", "zone", "moment"),
    [
        ("2026-11-01 07:30:00", "Asia/Singapore", "2026-10-31T23:30:00+00:00"),
        ("2026-10-25 02:30:00", "Europe/Berlin", "2026-10-25T00:30:00+00:00"),  # shown twice: the first
        ("2026-06-01T10:00:00+02:00", "Asia/Singapore", "2026-06-01T08:00:00+00:00"),
    ],
)
def test_a_naive_time_is_of_the_reports_zone(time: str, zone: str, moment: str) -> None:
    line = line_of(read_one(f"T,1,USD,Sale,{time}", timezone=zone))

    assert line.happened_at == datetime.fromisoformat(moment)


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC"])
def test_each_half_hour_of_a_year_is_found_as_its_zone_has_it(zone: str) -> None:
    clocks, start = ZoneInfo(zone), datetime(2026, 1, 1, 0, 29, 59)  # noqa: DTZ001 - a clock on the wall
    shown = [start + timedelta(minutes=30) * number for number in range(2 * 24 * 365)]
    reader = make_time_reader((), clocks)

    for time in shown:
        moment = time.replace(tzinfo=clocks).astimezone(UTC)
        if moment.astimezone(clocks).replace(tzinfo=None) == time:
            assert reader(str(time)) == (time.date(), moment)
        else:
            with pytest.raises(BadCell):
                reader(str(time))


def test_a_time_that_the_clocks_skip_is_a_fault() -> None:
    fault = read_one("T,1,USD,Sale,2026-03-29 02:30:00", timezone="Europe/Berlin")

    assert fault == LineFault(2, "time", FaultReason.BAD_DATE)


def test_a_day_is_a_day_of_the_report_and_no_moment() -> None:
    line = line_of(read_one("T,1,USD,Sale,31.10.2026", time_formats=("%d.%m.%Y",), timezone="Asia/Singapore"))

    assert (line.booked_on, line.happened_at) == (date(2026, 10, 31), None)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_a_mark_at_the_beginning_tells_the_encoding(encoding: str) -> None:
    text = HEADER + "Ü-1,1.00,USD,Sale,2026-10-01\n"
    marked = text if encoding in ("utf-8-sig", "utf-16") else "\ufeff" + text

    [line] = read(marked.encode(encoding))

    assert line_of(line).transaction_id == "Ü-1"


def test_an_encoding_is_configured() -> None:
    content = (HEADER + "Ü-1,1.00,USD,Sale,2026-10-01\n").encode("cp1252")

    assert line_of(read(content, replace(PLAIN, encoding="cp1252"))[0]).transaction_id == "Ü-1"
    with pytest.raises(BadFile, match="set encoding"):
        read(content)


def test_a_line_number_is_where_the_row_begins() -> None:
    content = HEADER + '"T\n1",1,USD,Sale,2026-10-01\n\nT2,1,USD,?,2026-10-01\n'

    assert [found.line_no for found in read(content.encode())] == [2, 5]


def test_lines_before_the_header_are_skipped() -> None:
    content = "Report of October\nAll accounts\n" + HEADER + "T,1,USD,Sale,2026-10-01\n"

    [line] = read(content.encode(), replace(PLAIN, skip_rows=2))

    assert line.line_no == 4


def test_what_an_advertiser_pays_can_be_negative_in_the_report() -> None:
    assert line_of(read_one("T,-1.50,USD,Sale,2026-10-01", negate=True)).amount == Decimal("1.50")


def test_a_missing_column_is_named_with_its_format() -> None:
    with pytest.raises(BadHeader, match="no column Commission, State; compare it with report format acme-csv"):
        read(b"Order,Cur,Date\n")


def test_a_column_that_is_there_twice_is_no_guess() -> None:
    with pytest.raises(BadHeader, match="the column Order twice"):
        read(b"Order,Commission,Cur,State,Date,order\n")


@pytest.mark.parametrize("content", [b"", b"\n\n", HEADER.encode() + b'"T,1,USD,Sale,2026-10-01\n' + b"x" * 20_000])
def test_what_is_no_table_is_refused_as_a_whole(content: bytes) -> None:
    with pytest.raises(BadFile):
        read(content)


JSON = replace(
    PLAIN, kind="json", columns={"transaction_id": "oid", "amount": "payout.amount", "currency": "payout.currency"}
)


@pytest.mark.parametrize(
    "content",
    [
        b'[{"oid": 12345678901234567890, "payout": {"amount": 0.10, "currency": "USD"}, "more": [1]}]',
        b'{"oid": "12345678901234567890", "payout": {"amount": "0.10", "currency": "USD"}}\n',
    ],
)
def test_json_keeps_every_digit(content: bytes) -> None:
    line = line_of(read(content, JSON)[0])

    assert (line.transaction_id, str(line.amount)) == ("12345678901234567890", "0.10")


def test_an_array_within_an_object_is_found_by_its_path() -> None:
    content = b'{"data": {"list": [{"oid": "T", "payout": {"amount": 1, "currency": "USD"}}]}, "next": null}'

    assert line_of(read(content, replace(JSON, rows="data.list"))[0]).transaction_id == "T"
    with pytest.raises(BadFile, match=r"has no array data\.rows"):
        read(content, replace(JSON, rows="data.rows"))


def test_unix_seconds_are_a_moment() -> None:
    line = line_of(read_one("T,1,USD,Sale,1790812800", time_formats=("unix",)))

    assert line.happened_at == datetime(2026, 10, 1, tzinfo=UTC)


@pytest.mark.parametrize("content", [b"[1]", b"[", b'{"oid": 1', b"[" * 100_000, b"\xff\xfe"])
def test_json_of_another_form_is_refused(content: bytes) -> None:
    with pytest.raises(BadFile):
        read(content, JSON)


def test_a_fault_holds_no_value() -> None:
    fault = read_one("T-canary,canary,USD,Sale,2026-10-01")

    assert "canary" not in repr(fault)
