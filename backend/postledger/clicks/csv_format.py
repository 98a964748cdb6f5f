"""Finds out how a CSV file is written: its encoding, its delimiter, and which column means what. Pure."""

import codecs
from collections.abc import Mapping, Sequence

import msgspec

from postledger.decoding.parameters import SUB_NAMES

COLUMNS = ("click_id", "campaign", "affiliate_id", *SUB_NAMES, "created_at")
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe"}
_BY_NAME = {**{name: delimiter for delimiter, name in _DELIMITERS.items()}, "\\t": "\t"}


class BadFormat(ValueError):
    """An option or a header cannot be used. The message says why."""


class CsvFormat(msgspec.Struct, frozen=True):
    """The encoding and the delimiter of a file, given or detected."""

    encoding: str
    delimiter: str

    def __str__(self) -> str:
        name = "utf-8" if self.encoding == "utf-8-sig" else self.encoding
        return f"read as {name}, delimiter {_DELIMITERS.get(self.delimiter, repr(self.delimiter))}"


def detect_format(head: bytes, encoding: str | None, delimiter: str | None) -> CsvFormat:
    """Detect what is not given from the first bytes of a file: the encoding by its byte order mark, else UTF-8.

    The delimiter is the one that splits the header into the most columns.
    """
    found = encoding or next((name for mark, name in _BYTE_ORDER_MARKS if head.startswith(mark)), "utf-8-sig")
    lines = head.decode(found, "replace").lstrip("\ufeff").lstrip().splitlines()
    header = lines[0] if lines else ""
    return CsvFormat(found, delimiter or max(_DELIMITERS, key=header.count))


def read_delimiter(text: str) -> str:
    """Read one character, or its name. Raises `BadFormat`."""
    delimiter = _BY_NAME.get(text.lower(), text)
    if len(delimiter) == 1 and (delimiter.isprintable() or delimiter == "\t") and delimiter not in '" ':
        return delimiter
    raise BadFormat(f"the delimiter must be one character, or one of {', '.join(_DELIMITERS.values())}")


def read_encoding(text: str) -> str:
    """Read the name of a text encoding. Raises `BadFormat`."""
    try:
        info = codecs.lookup(text)
        "".encode(info.name)
    except (LookupError, ValueError):
        raise BadFormat("the encoding is unknown; use a name such as utf-8, utf-16 or cp1251") from None
    return "utf-8-sig" if info.name == "utf-8" else info.name


def read_mapping(texts: Sequence[str]) -> dict[str, str]:
    """Read `click_id=subid,created_at=` into our names of columns and those of the file. Raises `BadFormat`."""
    mapping: dict[str, str] = {}
    for pair in (pair for text in texts for pair in text.split(",") if pair.strip()):
        name, equals, column = (part.strip() for part in pair.partition("="))
        if not equals or name not in COLUMNS:
            raise BadFormat(f"map must be NAME=COLUMN, and NAME one of {', '.join(COLUMNS)}")
        if name in mapping:
            raise BadFormat(f"map names {name} twice; keep one of them")
        mapping[name] = column
    return mapping


def find_columns(header: Sequence[str], mapping: Mapping[str, str]) -> dict[str, int]:
    """Find the position of each of our columns; others are ignored. Raises `BadFormat`."""
    cells = [cell.strip() for cell in header]
    wanted = {name: mapping.get(name, name) for name in COLUMNS}
    positions = {name: _find(cells, column, is_mapped=name in mapping) for name, column in wanted.items() if column}
    columns = {name: position for name, position in positions.items() if position is not None}
    if "click_id" not in columns:
        raise BadFormat(
            f"no column is click_id; name the column that is, such as --map click_id=COLUMN. {_list_columns(cells)}"
        )
    return columns


def _find(cells: Sequence[str], column: str, *, is_mapped: bool) -> int | None:
    found = [number for number, cell in enumerate(cells) if cell == column]
    if not found and is_mapped:  # our own names are exact, because "Campaign" of another tracker is no slug of ours
        found = [number for number, cell in enumerate(cells) if cell.lower() == column.lower()]
    if len(found) > 1:
        raise BadFormat(f'the header has "{column}" twice; rename one of them')
    if not found and is_mapped:
        raise BadFormat(f'the header has no "{column}", which --map names. {_list_columns(cells)}')
    return found[0] if found else None


def _list_columns(cells: Sequence[str]) -> str:
    return f"The columns are {', '.join(cell if cell.isprintable() else '?' for cell in cells)}"
