"""A quote that is not closed takes the lines behind it into its row. Each of them counts as a bad line."""

import io

import pytest

from postledger.reconciliation.readers.bank_csv import read_bank_csv
from postledger.reconciliation.readers.csv_rows import MOST_LINES, read_csv
from postledger.reconciliation.readers.report_rows import ReportContent, read_report_rows
from postledger.reconciliation.readers.rows import BadFile
from postledger.reconciliation.rules.bank_format import BankFormat
from postledger.reconciliation.rules.read_report_line import ReportLineReader
from postledger.reconciliation.rules.report_format import ReportFormat
from postledger.reconciliation.rules.statement_lines import LineFault, ReportLine

FORMAT = ReportFormat("acme-csv", "acme", "csv", {"transaction_id": "Order", "amount": "Commission", "currency": "Cur"})
HEADER = "Order,Commission,Cur,Note\n"


def read(rows: str) -> list[ReportLine | LineFault]:
    """Read rows below the header. The first one is line 2."""
    table = read_report_rows(ReportContent(io.BytesIO((HEADER + rows).encode())), FORMAT)
    reader = ReportLineReader(FORMAT, table.header)
    return [reader(line_no, cells) for line_no, cells in table.rows]


def bad_lines(rows: str) -> list[int]:
    """The lines that a quote has taken."""
    return [each.line_no for each in read(rows) if isinstance(each, LineFault) and each.reason == "unclosed_quote"]


def ids(rows: str) -> list[str | None]:
    """What could be read."""
    return [each.transaction_id for each in read(rows) if isinstance(each, ReportLine)]


def plain(first: int, last: int) -> str:
    """Rows without quotes."""
    return "".join(f"T{nth},1.00,USD,ok\n" for nth in range(first, last + 1))


@pytest.mark.parametrize("closing", ['T32,1.00,USD,"fine"\n', '"T32",1.00,USD,fine\n', 'T32,1.00,USD,"fine\n'])
def test_each_line_that_a_quote_takes_is_a_bad_line(closing: str) -> None:
    rows = 'T1,1.00,USD,"not closed\n' + plain(2, 31) + closing + plain(33, 34)

    assert bad_lines(rows) == list(range(2, 34))
    assert ids(rows) == ["T33", "T34"]


@pytest.mark.parametrize(
    "rows",
    [
        'T1,1.00,USD,"not closed\nT2,9.00,USD,"x"\n',
        'T1,"1.00,USD,ok\nT2,"9.00",USD,ok\n',
        'T1,1.00,USD,"24 inch\nT2,9.00,USD,24"\n',
        'T1,1.00,USD,"24 inch\nT2,9.00,USD,ok\nT3,9.00,USD,24"\n',
    ],
)
def test_a_row_of_the_right_width_hides_no_other_row(rows: str) -> None:
    """The amount of one row must not become that of another one."""
    assert bad_lines(rows) == list(range(2, 2 + rows.count("\n")))
    assert ids(rows + plain(7, 8)) == ["T7", "T8"]


@pytest.mark.parametrize("rows", ['T1,1.00,USD,"cut o', 'T1,1.00,USD,"cut\n' + plain(2, 5)])
def test_a_quote_that_is_open_at_the_end_of_the_file_takes_the_rest(rows: str) -> None:
    assert bad_lines(plain(1, 1) + rows) == list(range(3, 3 + len(rows.splitlines())))


@pytest.mark.parametrize(
    "note", ['"two\nlines"', '"1 Main St,\nOslo"', '"a ""quoted""\r\nword"', '"\n\n"', '"' + "line\n" * 99 + '"']
)
def test_a_cell_with_line_breaks_is_read(note: str) -> None:
    assert ids(f"T1,1.00,USD,{note}\n" + plain(2, 2)) == ["T1", "T2"]


def test_a_cell_of_more_lines_than_any_text_has_is_bad() -> None:
    rows = 'T1,1.00,USD,"' + "line\n" * MOST_LINES + '"\n' + plain(2, 2)

    assert len(bad_lines(rows)) == MOST_LINES + 1
    assert ids(rows) == ["T2"]


@pytest.mark.parametrize("note", ['"Best" offer', '5" screen', '"a "b" c"', '""'])
def test_a_quote_within_one_line_takes_no_other_line(note: str) -> None:
    assert ids(f"T1,1.00,USD,{note}\n" + plain(2, 2)) == ["T1", "T2"]


def test_a_header_with_an_open_quote_is_no_table() -> None:
    with pytest.raises(BadFile, match="is not a table from line 3 on: a quote is not closed"):
        read_csv(io.BytesIO(b'Report of "October"\n\n"Order,Cur\n"T1","USD"\n'), skip_rows=1)


def test_lines_of_a_bank_are_counted_too() -> None:
    bank = BankFormat({"date": "Date", "amount": "Amount", "text": "Text"}, currency="EUR")
    rows = "2026-10-01,1.00,ok\n" + '2026-10-01,1.00,"open\n' + "2026-10-01,1.00,ok\n" * 9 + '2026-10-01,1.00,"ok"\n'

    (statement,) = read_bank_csv(io.BytesIO(b"Date,Amount,Text\n" + rows.encode()), bank)

    faults = [each for each in statement.lines if isinstance(each, LineFault)]
    assert [fault.line_no for fault in faults] == list(range(3, 14))
