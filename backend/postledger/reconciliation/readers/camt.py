"""Reads bank statements in ISO 20022's CAMT.052, 053 and 054."""

import re
from collections.abc import Iterator, Sequence
from typing import IO, Literal

from postledger.reconciliation.readers.camt_details import Detail, read_detail
from postledger.reconciliation.readers.camt_entries import MOST_DETAILS, EntryReader
from postledger.reconciliation.readers.camt_heads import Head
from postledger.reconciliation.readers.rows import BadFile
from postledger.reconciliation.readers.statement_parts import Numbered, check_number, combine
from postledger.reconciliation.readers.xml_parts import Part, read_parts
from postledger.reconciliation.rules.bank_cells import BadField
from postledger.reconciliation.rules.statement_lines import BankLine, BankStatement, LineFault

CamtKind = Literal["camt052", "camt053", "camt054"]
_MESSAGES: dict[str, CamtKind] = {
    "BkToCstmrAcctRpt": "camt052",
    "BkToCstmrStmt": "camt053",
    "BkToCstmrDbtCdtNtfctn": "camt054",
}
_MESSAGE = re.compile(rf"(?:[\w.-]+:)?({'|'.join(_MESSAGES)})(?:V[0-9]+)?")
_BEGINNING = re.compile(rb"<" + _MESSAGE.pattern.encode() + rb"[\s>/]")
_MESSAGE_DEPTH, _STATEMENT_DEPTH = 2, 3
_NOT_OF_HEADS = frozenset({"NtryDtls", "TxDtls", "AmtDtls", "BkTxCd", "Chrgs", "AddtlNtryInf"})
_NOT_OF_LINES = frozenset(
    {"RltdAgts", "PstlAdr", "CtctDtls", "SplmtryData", "Btch", "Avlbty", "CardTx", "Tax", "TechInptChanl"}
)
_STATEMENTS = ("Rpt", "Stmt", "Ntfctn")


def find_camt(first: bytes) -> CamtKind | None:
    """Tell which CAMT message a file that begins so has."""
    found = _BEGINNING.search(first.replace(b"\0", b""))  # UTF-16 has a NUL in each of these letters
    return None if found is None else _MESSAGES[found[1].decode()]


def read_camt(content: IO[bytes], kind: CamtKind) -> Iterator[BankStatement]:
    """Read the statements of a file that can be sought. Raises `BadFile`, also while lines are read."""
    heads = list[Head]()
    for part in _read_parts(content, kind, _NOT_OF_HEADS):
        if part.depth == _STATEMENT_DEPTH:
            heads.append(Head())
            check_number(len(heads))
        else:
            heads[-1].add(part)
    check_number(len(heads))
    statements = [head.finish() for head in heads]
    yield from combine(statements, _read_lines(content, kind, statements))


def _read_parts(content: IO[bytes], kind: CamtKind, skipped: frozenset[str]) -> Iterator[Part]:
    """Yield each statement when it begins, and each of its parts and their details when they end."""
    is_inside = False
    for part in read_parts(content, _STATEMENT_DEPTH + 1, "TxDtls", skipped):
        if part.depth == _MESSAGE_DEPTH:
            _check_message(part, kind)
        elif part.depth == _STATEMENT_DEPTH:
            is_inside = part.name in _STATEMENTS
        if is_inside and part.depth >= _STATEMENT_DEPTH:
            yield part


def _check_message(part: Part, kind: CamtKind) -> None:
    found = _MESSAGE.fullmatch(part.name)
    if found is None or _MESSAGES[found[1]] != kind:
        raise BadFile(f"is not {kind}" + (f", but {_MESSAGES[found[1]]}" if found else ""))


def _read_lines(content: IO[bytes], kind: CamtKind, statements: Sequence[BankStatement]) -> Numbered:
    index, line_no, details = -1, 1, list[Detail]()
    for part in _read_parts(content, kind, _NOT_OF_LINES):
        if part.depth == _STATEMENT_DEPTH:
            index, line_no, details = index + 1, 1, []
            reader = _make_reader(kind, statements[index])
        elif part.name == "TxDtls":
            if len(details) <= MOST_DETAILS:
                details.append(read_detail(part))
        elif part.name == "Ntry":
            for line in _read_entry(reader, part, details, line_no):
                yield index, line
                line_no = line.line_no + 1
            details = []


def _make_reader(kind: CamtKind, statement: BankStatement) -> EntryReader:
    """Make a reader of entries. Of those without a state, only the ones of a statement are booked for certain."""
    return EntryReader(statement.currency, statement.account, "BOOK" if kind == "camt053" else "")


def _read_entry(
    reader: EntryReader, entry: Part, details: Sequence[Detail], line_no: int
) -> Sequence[BankLine | LineFault]:
    try:
        return reader.read(entry, details, line_no)
    except BadField as bad:
        return [LineFault(line_no, bad.field, bad.reason)]
