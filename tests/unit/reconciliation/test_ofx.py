"""OFX is read to the cent, in SGML and in XML, and what could be two amounts is a fault."""

import io
from datetime import date
from decimal import Decimal

import pytest

from postledger.reconciliation.readers import ofx_parts
from postledger.reconciliation.readers.ofx import looks_like_ofx, read_ofx
from postledger.reconciliation.readers.rows import BadFile
from postledger.reconciliation.rules.bank_cells import read_signed
from postledger.reconciliation.rules.statement_lines import BankLine, FaultReason, LineFault
from tests.unit.reconciliation.test_bank_files import FILES, read, read_one


def read_all(content: bytes) -> list[list[BankLine | LineFault]]:
    """Read the lines of each statement."""
    return [list(statement.lines) for statement in read_ofx(io.BytesIO(content))]


def test_sgml_without_ends_is_read() -> None:
    first, second, third = read_one("ofx1_sgml.ofx")

    assert (first.amount, first.booked_on, first.bank_reference) == (Decimal("1234.56"), date(2026, 10, 31), "A1")
    assert (first.counterparty, first.remittance) == ("Müller & Söhne", "Rechnung 1001")
    assert (second.amount, second.bank_reference) == (Decimal("-12.5"), None)
    assert (second.counterparty, second.counterparty_account) == ("Affiliate 7", "999")
    assert third.remittance == "an honest twin"


def test_xml_with_several_accounts_is_read() -> None:
    [(_, [first, pending]), (_, [card])] = read("ofx2_xml_two_accounts.ofx")

    assert isinstance(first, BankLine)
    assert isinstance(pending, BankLine)
    assert isinstance(card, BankLine)
    assert (first.counterparty, pending.pending) == ("Net <work> & Co", True)
    assert (card.amount, card.instructed_currency, card.rate) == (Decimal("-9.99"), "EUR", Decimal("1.0870"))


def test_the_day_of_the_closing_balance_is_read() -> None:
    content = (FILES / "ofx1_sgml.ofx").read_bytes()

    [statement] = read_ofx(io.BytesIO(content))

    assert (statement.closing, statement.closed_on) == (Decimal("1209.56"), date(2026, 10, 31))


def test_what_cannot_be_read_is_named_and_stops_nothing() -> None:
    [(_, [_, *faults])] = read("ofx1_faults_and_no_ends.ofx")

    assert faults == [
        LineFault(2, "amount", FaultReason.BAD_AMOUNT),
        LineFault(3, "date", FaultReason.BAD_DATE),
        LineFault(4, "currency", FaultReason.BAD_CURRENCY),
        LineFault(5, "state", FaultReason.UNKNOWN_STATUS),
        LineFault(6, "sign", FaultReason.BAD_AMOUNT),
    ]


@pytest.mark.parametrize("chunk", [1, 2, 7, 64])
def test_a_chunk_can_end_anywhere(chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    files = [path.read_bytes() for path in FILES.glob("*.ofx")]
    whole = [read_all(content) for content in files]

    monkeypatch.setattr(ofx_parts, "CHUNK", chunk)

    assert [read_all(content) for content in files] == whole


@pytest.mark.parametrize(
    ("written", "currency", "amount"),
    [
        ("-12.50", "EUR", "-12.50"),
        ("+12,5", "EUR", "12.5"),
        (".5", "EUR", "0.5"),
        ("12", "EUR", "12"),
        ("12.", "EUR", "12"),
        ("1,234.56", "USD", "1234.56"),
        ("1.234.567,8", "EUR", "1234567.8"),
        ("0,125", "EUR", "0.125"),
        ("1.234", "KWD", "1.234"),
        ("1234,567", "EUR", "1234.567"),
    ],
)
def test_an_amount_is_read_as_it_is_written(written: str, currency: str, amount: str) -> None:
    assert read_signed(written, currency) == Decimal(amount)


@pytest.mark.parametrize(
    "written", ["", "1.234", "1,234", "1,23,4", "1.2.3", "1,234,567", "1e3", "--1", "1 234", "١", "."]
)
def test_an_amount_that_could_be_two_is_none(written: str) -> None:
    assert read_signed(written, "EUR") is None


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "cut off"),
        (b"<OFX><STMTRS><CURDEF>EUR<STMTTRN><TRNAMT>1", "cut off"),
        (b"<OFX></OFX>", "no statement"),
        (b'<!DOCTYPE x [<!ENTITY a "1">]><OFX><STMTRS></STMTRS></OFX>', "DOCTYPE"),
        (b"<OFX><STMTRS><STMTTRN><MEMO>" + b"x" * (2 << 20) + b"</OFX>", "text of more than 1 MiB"),
        (
            b"<OFX><STMTRS><STMTTRN>" + b"".join(b"<A%d>x" % nth for nth in range(300)) + b"</OFX>",
            "more than 200 fields",
        ),
    ],
)
def test_what_no_bank_sends_is_refused_as_a_whole(content: bytes, why: str) -> None:
    with pytest.raises(BadFile, match=why):
        read_all(content)


def test_ofx_is_recognised() -> None:
    assert looks_like_ofx(b"\r\nOFXHEADER:100\r\n")
    assert looks_like_ofx('<?xml version="1.0"?><?OFX OFXHEADER="200"?>'.encode("utf-16"))
    assert not looks_like_ofx(b"<Document/>")
