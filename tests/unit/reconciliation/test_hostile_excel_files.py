"""Excel files that would take more memory than any report needs are refused before they are opened."""

import io
import zipfile

import pytest

from postledger.reconciliation.readers.report_rows import ReportContent, read_report_rows
from postledger.reconciliation.readers.rows import BadFile, TooLarge
from postledger.reconciliation.readers.xlsx_check import check_xlsx
from tests.parts.xlsx import pack_sheet, write_xlsx
from tests.unit.reconciliation.test_excel_reports import EXCEL, HEADER

CELL = '<c r="{}" t="inlineStr"><is><t> </t></is></c>'
FIRST = f"<row>{CELL.format('A1')}</row>"


@pytest.mark.parametrize(
    "rows",
    [
        f"{FIRST}<row>{CELL.format('XFD1048576')}</row>",
        f"{FIRST}<row r='1048576'>{CELL.format('Z1048576')}</row>",
        f"{FIRST}<row>{CELL.format('xfd99999')}</row>",
        f"{FIRST}<row><c x='<>' r = 'XFD1048576'><v>1</v></c></row>",
        f"{FIRST}<x:row r = '1048576'><x:c r='Z1048576'><x:v>1</x:v></x:c></x:row>",
        f"<row r='1'>{'<c><v>1</v></c>' * 30}</row><row r='1048576'><c><v>1</v></c></row>",
        f"<row r='1048000'/>{'<row/>' * 500}<row>{CELL.format('T1')}</row>",
        f"{FIRST}<row>{CELL.format('A99999999999999999999')}</row>",
        f"{FIRST}<row>{CELL.format('ZZZZZZZZZZ1')}</row>",
        f"<!--{'x' * 700_000}-->{FIRST}<row>{CELL.format('XFD1048576')}</row>",
    ],
)
def test_a_cell_far_from_the_table_is_refused(rows: str) -> None:
    with pytest.raises(TooLarge, match=r"rows and [0-9]+ columns, more than 20,000,000 cells; delete what stands far"):
        check_xlsx(io.BytesIO(pack_sheet(rows)))


@pytest.mark.parametrize("where", ["S1048576", "XFD1000"])
def test_a_large_sheet_within_the_bound_passes(where: str) -> None:
    check_xlsx(io.BytesIO(pack_sheet(f"<row r='1'>{CELL.format('A1')}</row><row r='2'>{CELL.format(where)}</row>")))


def test_a_part_that_unpacks_to_many_times_its_size_is_refused() -> None:
    for packed in (pack_sheet(f"{FIRST}{'<x/>' * (3 << 20)}"), pack_sheet(FIRST, strings=b"<si/>" * (3 << 20))):
        with pytest.raises(TooLarge, match="unpacks to more than 100 times its size"):
            check_xlsx(io.BytesIO(packed))


def test_a_file_that_unpacks_to_too_much_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("postledger.reconciliation.readers.xlsx_check.MOST_BYTES", 1000)

    with pytest.raises(TooLarge, match="unpacks to more than"):
        check_xlsx(io.BytesIO(write_xlsx([HEADER])))


def test_a_part_larger_than_it_says_is_refused() -> None:
    packed = pack_sheet(FIRST * 1000)
    size = len(zipfile.ZipFile(io.BytesIO(packed)).read("xl/worksheets/sheet1.xml")).to_bytes(4, "little")

    with pytest.raises(TooLarge, match="more than it says"):
        check_xlsx(io.BytesIO(packed.replace(size, (100).to_bytes(4, "little"))))


def test_too_many_cells_at_one_place_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("postledger.reconciliation.readers.xlsx_check.MOST_CELLS", 100)

    for packed in (pack_sheet(f"<row>{CELL.format('A1') * 101}</row>"), pack_sheet(FIRST, strings=b"<si/>" * 101)):
        with pytest.raises(TooLarge, match="more than 100 cells"):
            check_xlsx(io.BytesIO(packed))


def test_a_text_longer_than_excel_has_is_refused() -> None:
    text = bytes(range(97, 123)) * (1 << 17)
    with pytest.raises(TooLarge, match="a text that is longer than any of Excel"):
        check_xlsx(io.BytesIO(pack_sheet(f"<row><c><v>{text.decode()}</v></c></row>")))


@pytest.mark.parametrize(
    "content",
    [
        b"\xd0\xcf\x11\xe0" + write_xlsx([HEADER]),
        pack_sheet(FIRST, **{"content.xml": b"<x/>"}),
        pack_sheet(FIRST, **{"xl/workbook.bin": b""}),
        write_xlsx([HEADER])[:-30],
    ],
)
def test_another_kind_of_table_is_refused(content: bytes) -> None:
    with pytest.raises(BadFile):
        check_xlsx(io.BytesIO(content))


def test_a_sheet_is_opened_once_for_all_formats() -> None:
    content = ReportContent(io.BytesIO(write_xlsx([HEADER, ("T", "1.00", "USD", "Sale", "2026-10-01")])))

    first = list(read_report_rows(content, EXCEL).rows)
    sheet = content.sheet

    assert list(read_report_rows(content, EXCEL).rows) == first
    assert len(first) == 1
    assert content.sheet is sheet
