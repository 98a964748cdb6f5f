"""Splits OFX into its parts, without a DTD. OFX 1 is SGML, whose elements need no end, and OFX 2 is XML."""

import codecs
import re
from collections.abc import Iterator, Mapping
from html import unescape
from typing import IO

from postledger.reconciliation.readers.rows import BadFile

CHUNK = 64 << 10
LONGEST_TOKEN = 1 << 20
MOST_FIELDS = 200
STATEMENTS = frozenset({"STMTRS", "CCSTMTRS"})
_PARTS = frozenset({"STMTTRN", "STMTTRNP", "LEDGERBAL", "AVAILBAL", "BANKACCTFROM", "CCACCTFROM"})
_GROUPS = frozenset({"PAYEE", "BANKACCTTO", "CCACCTTO", "CURRENCY", "ORIGCURRENCY"})
_CDATA, _CDATA_END = "<![CDATA[", "]]>"
_TOKEN = re.compile(
    r"<!\[CDATA\[(?P<cdata>.*?)\]\]>[^<]*|<(?P<end>/?)(?P<tag>[A-Za-z][A-Za-z0-9_.]*)\s*/?>(?P<text>[^<]*)"
    r"|<!(?P<doctype>DOCTYPE)",
    re.DOTALL | re.IGNORECASE,
)
Fields = Mapping[str, str]
"""Texts by their tag, within a group as `PAYEE.NAME`."""


def read_parts(content: IO[bytes], encoding: str) -> Iterator[tuple[str, Fields]]:
    """Yield statements when they begin, parts when they end, and other fields with an empty name. Raises `BadFile`."""
    part, group, fields = "", "", dict[str, str]()
    for tag, is_end, text in _read_tokens(content, encoding):
        if tag in _PARTS or tag in STATEMENTS:
            if part:  # some banks leave out the end of a part
                yield part, fields
            if tag in STATEMENTS and not is_end:
                yield tag, {}
            part, group, fields = tag if tag in _PARTS and not is_end else "", "", {}
        elif is_end:
            group = "" if tag == group else group
        elif tag in _GROUPS and not text:
            group = tag
        elif not part:
            yield "", {tag: text}
        else:
            fields.setdefault(f"{group}.{tag}" if group else tag, text)
            if len(fields) > MOST_FIELDS:
                raise BadFile(f"has a part of more than {MOST_FIELDS} fields")


def _read_tokens(content: IO[bytes], encoding: str) -> Iterator[tuple[str, bool, str]]:
    """Yield tag, whether it is an end, and the text behind it."""
    is_complete, before = False, ("", False, "")
    for text in _read_pieces(content, encoding):
        for token in _TOKEN.finditer(text):
            if token["doctype"]:
                raise BadFile("has a DOCTYPE, which no bank statement has; it is refused")
            if token["cdata"] is not None:
                before = (before[0], before[1], token["cdata"].strip())
                continue
            yield before
            tag = token["tag"].upper()
            is_complete |= bool(token["end"]) and tag == "OFX"
            before = (tag, bool(token["end"]), unescape(token["text"]).strip())
    yield before
    if not is_complete:
        raise BadFile("is cut off, or no OFX: it has no </OFX>")


def _read_pieces(content: IO[bytes], encoding: str) -> Iterator[str]:
    """Yield pieces of whole tokens. The last one of a chunk may go on in the next."""
    content.seek(0)
    decoder, held = codecs.getincrementaldecoder(encoding)("replace"), ""
    while chunk := content.read(CHUNK):
        held += decoder.decode(chunk)
        cut = _find_last_token(held)
        yield held[:cut]
        held = held[cut:]
        if len(held) > LONGEST_TOKEN:
            raise BadFile(f"has a text of more than {LONGEST_TOKEN >> 20} MiB")
    yield held + decoder.decode(b"", final=True)


def _find_last_token(text: str) -> int:
    """Find where the last token begins. A text in CDATA is one token, whatever is in it."""
    cdata = text.rfind(_CDATA)
    end = text.find(_CDATA_END, cdata) if cdata >= 0 else -1
    last = text.rfind("<", 0, cdata if cdata >= 0 and end < 0 else len(text))
    return cdata if cdata <= last < end else max(last, 0)
