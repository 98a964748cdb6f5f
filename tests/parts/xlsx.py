"""Writes small Excel files for tests, as raw as they come: numbers in the text that Excel stores."""

import io
import zipfile
from collections.abc import Iterable, Sequence
from typing import IO
from xml.sax.saxutils import escape

import msgspec

_TYPES = """<?xml version="1.0" encoding="UTF-8"?>
<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">
<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>
<Default Extension="xml" ContentType="application/xml"/>
<Override PartName="/xl/workbook.xml"
 ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>
<Override PartName="/xl/worksheets/sheet1.xml"
 ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/>
<Override PartName="/xl/styles.xml"
 ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.styles+xml"/>
</Types>"""
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
_ROOT = f"""<Relationships xmlns="{_PACKAGE}">
<Relationship Id="r1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>"""
_BOOK = f"""<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}">
<sheets><sheet name="Report" sheetId="1" r:id="r1"/></sheets></workbook>"""
_BOOK_PARTS = f"""<Relationships xmlns="{_PACKAGE}">
<Relationship Id="r1" Type="{_OFFICE}/worksheet" Target="worksheets/sheet1.xml"/>
<Relationship Id="r2" Type="{_OFFICE}/styles" Target="styles.xml"/></Relationships>"""
_STYLES = (
    f"""<styleSheet xmlns="{_MAIN}"><cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="22"/></cellXfs></styleSheet>"""
)
_PARTS = {
    "[Content_Types].xml": _TYPES,
    "_rels/.rels": _ROOT,
    "xl/workbook.xml": _BOOK,
    "xl/_rels/workbook.xml.rels": _BOOK_PARTS,
    "xl/styles.xml": _STYLES,
}


class Stored(msgspec.Struct, frozen=True):
    """A number as Excel stores it, with the formula that it comes from, and whether it is shown as a time."""

    text: str
    formula: str | None = None
    is_time: bool = False


def write_xlsx(rows: Iterable[Sequence[str | Stored | None]]) -> bytes:
    """Write a workbook with one sheet."""
    written = io.BytesIO()
    write_workbook(written, rows)
    return written.getvalue()


def write_workbook(file: IO[bytes], rows: Iterable[Sequence[str | Stored | None]]) -> None:
    """Write a workbook with one sheet into a file, row by row."""
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, content in _PARTS.items():
            archive.writestr(name, content)
        with archive.open("xl/worksheets/sheet1.xml", "w") as sheet:
            sheet.write(f'<worksheet xmlns="{_MAIN}"><sheetData>'.encode())
            for row in rows:
                sheet.write(f"<row>{''.join(map(_write_cell, row))}</row>".encode())
            sheet.write(b"</sheetData></worksheet>")


def pack_sheet(rows: str, **more: bytes) -> bytes:
    """Pack the XML of rows as it is, with more parts by their names."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in _PARTS.items():
            archive.writestr(name, content)
        archive.writestr(
            "xl/worksheets/sheet1.xml", f'<worksheet xmlns="{_MAIN}"><sheetData>{rows}</sheetData></worksheet>'
        )
        for name, part in more.items():
            archive.writestr(name, part)
    return written.getvalue()


def _write_cell(cell: str | Stored | None) -> str:
    if cell is None:
        return "<c/>"
    if isinstance(cell, str):
        return f'<c t="inlineStr"><is><t>{escape(cell)}</t></is></c>'
    formula = "" if cell.formula is None else f"<f>{escape(cell.formula)}</f>"
    return f'<c s="{int(cell.is_time)}">{formula}<v>{cell.text}</v></c>'
