"""What a CAMT entry is: the entry is the money, and what else it says is kept beside."""

import io
from datetime import date
from decimal import Decimal

import pytest

from postledger.reconciliation.readers.camt import find_camt, read_camt
from postledger.reconciliation.readers.rows import BadFile
from postledger.reconciliation.rules.statement_lines import BankLine, FaultReason, LineFault
from tests.unit.reconciliation.test_bank_files import read, read_one

HEAD = b'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt><Stmt><Id>1</Id>'
END = b"</Stmt></BkToCstmrStmt></Document>"


def read_all(content: bytes) -> list[BankLine | LineFault]:
    """Read the lines of all statements."""
    return [line for statement in read_camt(io.BytesIO(content), "camt053") for line in statement.lines]


def test_details_that_add_up_split_the_entry() -> None:
    lines = read_one("camt053_batch_adds_up.xml")

    assert [(line.line_no, line.amount, line.end_to_end, line.counterparty, line.remittance) for line in lines] == [
        (1, Decimal("10.00"), "E-1", "Network One", "Invoice 1"),
        (2, Decimal("20.00"), "E-2", "Network Two", "Invoice 2"),
    ]
    assert {line.bank_reference for line in lines} == {"R1"}


def test_details_that_do_not_add_up_leave_the_entry_whole() -> None:
    [line] = read_one("camt053_fees_in_batch.xml")

    assert (line.amount, line.fee, line.remittance) == (Decimal("295.50"), Decimal("4.50"), "B-1 B-10")


def test_an_instructed_amount_is_kept_beside() -> None:
    [line] = read_one("camt053_foreign_instructed.xml")

    assert (line.amount, line.currency) == (Decimal("-92.00"), "EUR")
    assert (line.instructed_amount, line.instructed_currency) == (Decimal("100.00"), "USD")
    assert line.rate == Decimal("0.919963201472")  # of one USD, although the bank writes that of one EUR
    assert (line.counterparty, line.counterparty_account) == ("Affiliate 456", "GB33BUKB20201555555555")
    assert line.remittance == "B-2026-7 RF18539007547034"


def test_a_pending_entry_is_no_money() -> None:
    assert [(line.amount, line.pending) for line in read_one("camt053_pending.xml")] == [
        (Decimal("5.00"), False),
        (Decimal("99.00"), True),
        (Decimal("-1.00"), True),
    ]


def test_a_reversal_keeps_the_sign_of_the_entry_and_the_parties_of_the_payment() -> None:
    [_, line] = read_one("camt053_reversal.xml")

    assert (line.amount, line.reversal, line.counterparty) == (Decimal("25.00"), True, "Affiliate 456")


@pytest.mark.parametrize(
    ("sign", "reversal", "name"),
    [
        ("CRDT", "", "Debtor"),
        ("DBIT", "", "Creditor"),
        ("CRDT", "<RvslInd>true</RvslInd>", "Creditor"),
        ("DBIT", "<RvslInd>1</RvslInd>", "Debtor"),
    ],
)
def test_the_counterparty_is_the_other_one_of_the_payment(sign: str, reversal: str, name: str) -> None:
    parties = "<RltdPties><Dbtr><Nm>Debtor</Nm></Dbtr><Cdtr><Nm>Creditor</Nm></Cdtr></RltdPties>"
    entry = f"""<Ntry><Amt Ccy="EUR">1</Amt><CdtDbtInd>{sign}</CdtDbtInd>{reversal}
        <BookgDt><Dt>2026-10-01</Dt></BookgDt><NtryDtls><TxDtls>{parties}</TxDtls></NtryDtls></Ntry>"""
    [line] = read_all(HEAD + entry.encode() + END)

    assert isinstance(line, BankLine)
    assert line.counterparty == name


@pytest.mark.parametrize("currency", ["", "EURO", "eur", "XYZ"])
def test_a_currency_that_is_none_is_a_fault(currency: str) -> None:
    entry = f"""<Ntry><Amt Ccy="{currency}">1</Amt><CdtDbtInd>CRDT</CdtDbtInd>
        <BookgDt><Dt>2026-10-01</Dt></BookgDt></Ntry>"""

    assert read_all(HEAD + entry.encode() + END) == [LineFault(1, "currency", FaultReason.BAD_CURRENCY)]


def test_a_time_without_offset_is_of_the_day_that_the_bank_writes() -> None:
    assert [line.booked_on for line in read_one("camt053_naive_times.xml")] == [date(2026, 10, 31)]


@pytest.mark.parametrize("name", ["camt053_utf16.xml", "camt053_latin1_after_blank_line.xml"])
def test_an_encoding_is_the_declared_one(name: str) -> None:
    assert (read_one(name)[0].counterparty or "").startswith("Müller")


def test_what_cannot_be_read_is_named_and_stops_nothing() -> None:
    [(_, [_, *faults])] = read("camt053_faults.xml")

    assert faults == [
        LineFault(2, "amount", FaultReason.BAD_AMOUNT),
        LineFault(3, "amount", FaultReason.BAD_AMOUNT),
        LineFault(4, "sign", FaultReason.MISSING_FIELD),
        LineFault(5, "currency", FaultReason.BAD_CURRENCY),
        LineFault(6, "state", FaultReason.UNKNOWN_STATUS),
        LineFault(7, "date", FaultReason.BAD_DATE),
    ]


def test_fees_of_an_entry_that_is_split_are_kept_once() -> None:
    assert [line.fee for line in read_one("camt054_notification.xml")] == [Decimal("0.30"), None]


def test_a_doctype_is_refused() -> None:
    bomb = b'<!DOCTYPE x [<!ENTITY a "1"><!ENTITY b "&a;&a;&a;">]>' + HEAD + END

    with pytest.raises(BadFile, match="DOCTYPE"):
        read_all(bomb)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "well-formed"),
        (b"\xff\xfe", "well-formed"),
        (HEAD, "well-formed"),  # cut off
        (b'<?xml version="1.0" encoding="x-klingon"?>' + HEAD + END, "encoding|well-formed"),
        (b"<Document><BkToCstmrStmt/></Document>", "no statement"),
        (b"<Document><BkToCstmrAcctRpt/></Document>", "is not camt053, but camt052"),
        (HEAD + b"<a>" * 100 + END, "deeper than 64"),
        (HEAD + b"<Ntry><a>" + b"x" * (5 << 20) + b"</a></Ntry>" + END, "text of more than 4 MiB"),
        (HEAD + b"<Ntry>" + b"<a>xxxxxxxxxx</a>" * 50_000 + b"</Ntry>" + END, "entry of more than 4 MiB"),
        (HEAD + b"<!--" + b"x" * (2 << 20) + b"-->" + END, "comment or a tag of more than 1 MiB"),
    ],
)
def test_what_no_bank_sends_is_refused_as_a_whole(content: bytes, why: str) -> None:
    with pytest.raises(BadFile, match=why):
        read_all(content)


@pytest.mark.parametrize(
    ("first", "kind"),
    [
        (HEAD, "camt053"),
        (HEAD.decode().encode("utf-16"), "camt053"),
        (b"<a:Document><a:BkToCstmrAcctRpt>", "camt052"),
        (b"<Document><BkToCstmrDbtCdtNtfctnV01>", "camt054"),
        (b"<Document><BkToCstmrStmtOther>", None),
        (b"BkToCstmrStmt", None),
    ],
)
def test_a_message_is_recognised(first: bytes, kind: str | None) -> None:
    assert find_camt(first) == kind
