"""Statements that overlap are proven together: what is on record must make the balances of all of them."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest
from psycopg import Connection

from postledger.reconciliation.bank.bank_store import sql
from tests.integration.test_import_bank import OFX, connection, ledger, take, take_one
from tests.parts.bank_files import Booking, Statement, write_camt

__all__ = ["connection", "ledger"]  # the fixtures

SALE, TWIN, LATE = Booking(1, "1000.00"), Booking(2, "-10.00", "coffee"), Booking(4, "-5.00", "tea")
B1 = Statement(1, 3, "0.00", [SALE, TWIN, TWIN])
B2 = Statement(2, 4, "1000.00", [TWIN, TWIN, LATE])


def proofs(ledger: Connection[Any], *statements: Statement) -> list[tuple[str, Decimal | None]]:
    """Import each statement as a file, and return the proofs."""
    imported = [take(ledger, write_camt(each)).statements[0] for each in statements]
    return [(each.proof, each.proof_difference) for each in imported]


def broken(ledger: Connection[Any]) -> Sequence[Any]:
    """What `finance check` says of the statements."""
    return ledger.execute(sql("find_disproved_statements")).fetchall()


def test_a_third_twin_within_two_proven_files_is_not_proven(ledger: Connection[Any]) -> None:
    b3 = Statement(2, 2, "1000.00", [TWIN, TWIN, TWIN])
    b4 = Statement(5, 6, "975.00", [Booking(6, "1.00")])

    assert proofs(ledger, B1, B2, b3, b4) == [
        ("proven", None), ("proven", None), ("unproven", Decimal(-10)), ("proven", None)
    ]  # fmt: skip
    assert broken(ledger) == []


@pytest.mark.parametrize("until", [3, 5])
def test_a_third_twin_in_a_file_that_ends_no_earlier_is_not_proven(ledger: Connection[Any], until: int) -> None:
    """Both files add up, and the last balance of all days is that of the later file."""
    more = Statement(1, until, "0.00", [SALE, TWIN, TWIN, TWIN, Booking(until, "3.00")])
    known = Statement(1, 3, "0.00", [SALE, TWIN, TWIN, Booking(3, "3.00")])

    assert proofs(ledger, known if until == 3 else B1, more) == [("proven", None), ("unproven", Decimal(-10))]


def test_a_third_twin_on_the_first_day_of_files_of_equal_days_is_not_proven(ledger: Connection[Any]) -> None:
    two, three = ([TWIN] * twins + [Booking(3, "-7.50"), LATE] for twins in (2, 3))

    assert proofs(ledger, Statement(2, 4, "1000.00", two), Statement(2, 4, "1000.00", three)) == [
        ("proven", None), ("unproven", Decimal(-10))
    ]  # fmt: skip


def test_a_third_twin_that_the_file_of_its_day_does_not_have_is_not_proven(ledger: Connection[Any]) -> None:
    days = [
        Statement(1, 1, "0.00", [SALE]), Statement(2, 2, "1000.00", [TWIN, TWIN]), Statement(3, 3, "980.00"),
    ]  # fmt: skip
    month = Statement(1, 31, "0.00", [SALE, TWIN, TWIN, TWIN, Booking(31, "3.00")])

    assert proofs(ledger, *days, month)[-1] == ("unproven", Decimal(-10))


def test_what_is_not_proven_does_not_disprove_later_files(ledger: Connection[Any]) -> None:
    b3 = Statement(2, 2, "1000.00", [TWIN, TWIN, TWIN])
    later = Statement(1, 6, "0.00", [SALE, TWIN, TWIN, LATE, Booking(6, "1.00")])

    assert proofs(ledger, B1, B2, b3, later)[2:] == [("unproven", Decimal(-10)), ("proven", None)]


def test_a_line_that_a_file_within_no_longer_has_is_not_proven(ledger: Connection[Any]) -> None:
    b3 = Statement(2, 2, "1000.00", [TWIN])

    assert proofs(ledger, B1, b3)[1] == ("unproven", Decimal(-10))


def test_a_file_of_earlier_days_that_contradicts_is_not_proven(ledger: Connection[Any]) -> None:
    later = Statement(2, 4, "1000.00", [TWIN, TWIN, LATE])
    other_level = Statement(1, 2, "7.00", [SALE, TWIN, TWIN])

    assert proofs(ledger, later, other_level) == [("proven", None), ("unproven", Decimal(7))]


def test_lines_of_a_file_without_balances_are_proven_by_the_others(ledger: Connection[Any]) -> None:
    proofs(ledger, B1)
    line = "<STMTTRN><DTPOSTED>20261002<TRNAMT>-10.00<FITID>F1<NAME>other name</STMTTRN>"

    (imported,) = take(ledger, OFX.format(2, line, "1.00").encode(), "ofx").statements

    assert (imported.lines, imported.proof, imported.proof_difference) == (1, "unproven", Decimal(-10))


@pytest.mark.parametrize(
    "files",
    [
        (B1, B2, Statement(2, 2, "1000.00", [TWIN, TWIN])),
        (B2, B1, Statement(1, 4, "0.00", [SALE, TWIN, TWIN, LATE])),
        # made in the middle of the 2nd, and once more later
        (Statement(1, 2, "0.00", [SALE, TWIN]), B1),
        (Statement(1, 2, "0.00", [SALE, TWIN]), B2),
        (B2, Statement(1, 2, "0.00", [SALE, TWIN])),
        (Statement(1, 2, "0.00", [SALE, TWIN]), Statement(2, 4, "990.00", [Booking(2, "-1.00"), LATE])),
        # two pages of one day, before and after the whole day, and in the wrong order
        (Statement(2, 2, "1000.00", [TWIN, TWIN]), Statement(2, 2, "980.00", [Booking(2, "3.00")])),
        (Statement(2, 2, "980.00", [Booking(2, "3.00")]), Statement(2, 2, "1000.00", [TWIN, TWIN])),
        # each day after the whole month
        (Statement(1, 4, "0.00", [SALE, TWIN, TWIN, LATE]), B1, B2, Statement(4, 4, "980.00", [LATE])),
        # the last day once more, when it was over
        (Statement(1, 2, "0.00", [SALE, TWIN]), Statement(1, 2, "0.00", [SALE, TWIN, TWIN])),
        # the first day once more, with what came before the file that begins within it
        (Statement(2, 4, "990.00", [TWIN, LATE]), B1, Statement(1, 4, "0.00", [SALE, TWIN, TWIN, LATE])),
        # days without a line
        (Statement(1, 31, "0.00"), Statement(2, 2, "0.00")),
    ],
)
def test_honest_overlaps_are_proven(ledger: Connection[Any], files: Sequence[Statement]) -> None:
    assert {proof for proof, _ in proofs(ledger, *files)} == {"proven"}
    assert broken(ledger) == []


def test_pages_of_a_day_within_a_file_of_more_days_are_proven(ledger: Connection[Any]) -> None:
    pages = [
        Statement(2, 2, "1000.00", [TWIN], number="1"),
        Statement(2, 2, "990.00", [TWIN, Booking(2, "2.00")], number="2"),
    ]
    proofs(ledger, Statement(1, 2, "0.00", [SALE, TWIN, TWIN, Booking(2, "2.00")]))

    imported = take(ledger, write_camt(*pages)).statements

    assert [(each.lines, each.proof) for each in imported] == [(0, "proven"), (0, "proven")]


def test_a_file_that_brings_the_missing_line_is_proven(ledger: Connection[Any]) -> None:
    take_one(ledger, SALE, opening="0.00", closing="990.00", until=2)

    assert proofs(ledger, Statement(1, 2, "0.00", [SALE, TWIN])) == [("proven", None)]


def test_finance_check_finds_overlapping_files_that_contradict(ledger: Connection[Any]) -> None:
    proofs(ledger, B1, B2)
    ledger.execute("DELETE FROM statement_lines WHERE amount = -5")  # a line of the file that overlaps

    assert [(difference, currency) for _, difference, currency in broken(ledger)] == [(Decimal(5), "EUR")]
