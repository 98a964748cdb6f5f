"""What an entry of MT940 is: whose money, from whom and what for, and what is a fault."""

import io
from datetime import date
from decimal import Decimal

import pytest

from postledger.reconciliation.readers.mt940 import looks_like_mt940, read_mt940
from postledger.reconciliation.readers.rows import BadFile
from postledger.reconciliation.rules.statement_lines import FaultReason, LineFault
from tests.unit.reconciliation.test_bank_files import read, read_one


def test_a_reversed_credit_takes_money_and_a_reversed_debit_brings_it() -> None:
    assert [(line.amount, line.reversal) for line in read_one("mt940_reversals.sta")] == [
        (Decimal("-100.00"), False),
        (Decimal("-50.00"), True),
        (Decimal("100.00"), True),
    ]


def test_german_codes_are_read() -> None:
    [line, fee] = read_one("mt940_german_details.sta")

    assert (line.amount, line.currency, line.bank_reference) == (Decimal("1234.56"), "EUR", "1234567890")
    assert (line.end_to_end, line.remittance) == ("E2E-77", "Rechnung 2026-1001 und 2026-1002")
    assert (line.counterparty, line.counterparty_account) == ("Netzwerk Nord GmbH & Co. KG", "DE02120300000000202051")
    assert (fee.remittance, fee.bank_reference) == ("Entgelt Überweisung ENTGELT", None)


def test_words_between_slashes_are_read() -> None:
    [line, foreign] = read_one("mt940_dutch_slashes.sta")

    assert (line.end_to_end, line.counterparty, line.remittance) == (
        "E-55",
        "ING Network",
        "Commission October EREF /TRCD/00100/",
    )
    assert (foreign.counterparty, foreign.counterparty_account) == ("Affiliate 7", "NL02ABNA0123456789")
    assert (foreign.instructed_amount, foreign.instructed_currency, foreign.fee) == (
        Decimal("8.00"),
        "USD",
        Decimal("0.25"),
    )
    assert foreign.rate == Decimal("0.8750")


def test_the_year_of_a_booking_is_the_one_nearest_to_its_value() -> None:
    assert [(line.booked_on, line.valued_on) for line in read_one("mt940_end_of_year_and_february_30.sta")] == [
        (date(2027, 1, 2), date(2026, 12, 31)),
        (date(2026, 12, 31), date(2027, 1, 2)),
        (date(2027, 2, 28), date(2027, 2, 28)),
    ]


def test_what_cannot_be_read_is_named_by_its_line() -> None:
    [(_, [_, *faults])] = read("mt940_faults.sta")

    assert faults == [
        LineFault(6, "amount", FaultReason.BAD_AMOUNT),
        LineFault(7, "amount", FaultReason.BAD_AMOUNT),
        LineFault(8, "date", FaultReason.BAD_DATE),
        LineFault(9, "amount", FaultReason.BAD_AMOUNT),
        LineFault(10, "amount", FaultReason.BAD_AMOUNT),
    ]


def test_what_is_not_booked_yet_is_no_money() -> None:
    assert [line.pending for line in read_one("mt942_interim.sta")] == [True]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "no statement"),
        (b":20:A\n:86:" + b"x" * 20_000, "more than 16384 characters in line 2"),
        (b":20:A\n:86:" + b"x\n" * 2_000, "field of more than 1000 lines at line 2"),
        ("\ufeff:20:A".encode("utf-16-le") + b"\xd8", "bytes after line 0|no statement"),
    ],
)
def test_what_no_bank_sends_is_refused_as_a_whole(content: bytes, why: str) -> None:
    with pytest.raises(BadFile, match=why):
        list(read_mt940(io.BytesIO(content)))


def test_mt940_is_recognised() -> None:
    assert looks_like_mt940("\ufeff:20:A\r\n:25:1".encode("utf-16-le"))
    assert looks_like_mt940(b"{4:\r\n:20:A\r\n:25:1")
    assert not looks_like_mt940(b"Date;Amount\n20:25;1")


def test_the_file_stays_open() -> None:
    content = io.BytesIO(b":20:A\n:25:1\n")

    list(read_mt940(content))

    assert not content.closed
