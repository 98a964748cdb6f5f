"""Files of banks are imported once, overlapping ones add only what is new, and balances prove what was read."""

import io
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

import pytest
from cryptography.fernet import Fernet
from psycopg import Connection

from postledger.platform.keyring import Keyring
from postledger.platform.postgres.connection import connect
from postledger.policy.bank_account_config import BankAccountConfig
from postledger.policy.bank_account_store import BankAccountStore
from postledger.policy.bank_texts import open_bank_texts
from postledger.reconciliation.bank.add_statements import ImportedStatement
from postledger.reconciliation.bank.bank_store import sql
from postledger.reconciliation.bank.import_bank import BankFile, ImportedBank, import_bank
from postledger.reconciliation.bank.old_texts import delete_old_texts
from postledger.reconciliation.forget_statement import forget_statement
from postledger.reconciliation.import_report import TooManyFaults
from postledger.reconciliation.rules.bank_account import BANK_KINDS, BankAccount, BankKind
from postledger.vocabulary.operator_error import InvalidRequest, NotPossible
from tests.parts.bank_files import IBAN, Booking, Statement, write_batch, write_camt
from tests.parts.databases import create_database, drop_database
from tests.parts.postgres import Postgres

NOW = datetime(2026, 11, 3, tzinfo=UTC)
SALE, TWIN, RENT = Booking(1, "100.00"), Booking(2, "5.00", "twin"), Booking(3, "-30.00", "rent", "Landlord")
_SECONDS = count()
MT940 = """:20:STARTUMS
:25:DE89370400440532013000
:28C:00010/001
:60F:C261001EUR10,00
:61:2610011001C100,00NTRFNONREF
:86:sale
:61:2610021002RC100,00NTRFNONREF
:86:sale taken back
:61:2610021002D30,00NTRFNONREF
:86:rent
:61:2610031003RD30,00NTRFNONREF
:86:rent returned
:62F:C261003EUR10,00
-
"""
OFX = f"""OFXHEADER:100
DATA:OFXSGML

<OFX><BANKMSGSRSV1><STMTTRNRS><STMTRS><CURDEF>EUR<BANKACCTFROM><BANKID>1<ACCTID>{IBAN}<ACCTTYPE>CHECKING</BANKACCTFROM>
<BANKTRANLIST><DTSTART>20261001<DTEND>2026100{{}}{{}}</BANKTRANLIST><LEDGERBAL><BALAMT>{{}}<DTASOF>20261031</LEDGERBAL>
</STMTRS></STMTTRNRS></BANKMSGSRSV1></OFX>
"""
KEYRING = Keyring([Fernet.generate_key().decode()])


@pytest.fixture(scope="module")
def connection(postgres: Postgres, template: str) -> Iterator[Connection[Any]]:
    """A connection to a database of these tests, with the account main, in euros."""
    url = create_database(postgres, template=template)
    with closing(connect(url, name="test", statement_timeout_ms=60_000)) as connection:
        add_account(connection, BankAccount("main", "EUR", BANK_KINDS), IBAN)
        yield connection
    drop_database(postgres, url)


@pytest.fixture
def ledger(connection: Connection[Any]) -> Iterator[Connection[Any]]:
    """The ledger as it was before the first test: what a test does is rolled back."""
    with connection.transaction(force_rollback=True):
        yield connection


def add_account(connection: Connection[Any], account: BankAccount, number: str) -> None:
    """Configure an account."""
    BankAccountStore(connection, KEYRING).write(BankAccountConfig(account, number), NOW)


def take(connection: Connection[Any], content: bytes, kind: BankKind = "camt053", **said: Any) -> ImportedBank:
    """Import a file."""
    file = BankFile(io.BytesIO(content), "statement.xml", kind, **said)
    now = NOW + timedelta(seconds=next(_SECONDS))
    return import_bank(connection, KEYRING, file, actor="anna", now=now, on_progress=lambda _: None)


def take_one(connection: Connection[Any], *bookings: Booking, **facts: Any) -> Any:
    """Import a file with one statement, and return what came of that."""
    days = [each.day for each in bookings]
    statement = Statement(**{"since": min(days), "until": max(days), "opening": "0.00", "bookings": bookings, **facts})
    (imported,) = take(connection, write_camt(statement)).statements
    return imported


def count_lines(connection: Connection[Any]) -> int:
    """Count the lines on record."""
    row = connection.execute("SELECT count(*) FROM statement_lines").fetchone()
    assert row is not None
    return int(row[0])


def add_match(connection: Connection[Any], statement_id: str, state: str) -> None:
    """Match the first line of a statement with a bill."""
    connection.execute(
        "INSERT INTO matches (statement_id, line_no, nth, bill_id, part, amount, currency, method, state, matched_at)"
        " SELECT statement_id, min(line_no), 1, gen_random_uuid(), 'payment', 100, 'EUR', 'reference', %s, %s"
        " FROM statement_lines WHERE statement_id = %s GROUP BY statement_id",
        (state, NOW, statement_id),
    )


def links_of(connection: Connection[Any]) -> list[tuple[Any, ...]]:
    """Show the order of the statements: since when, since when the one before is, and what is between them."""
    return connection.execute(
        "SELECT extract(day FROM this.since)::int, extract(day FROM before.since)::int, this.gap"
        " FROM statements AS this LEFT JOIN statements AS before ON before.id = this.follows"
        " ORDER BY this.since, this.until"
    ).fetchall()


def test_a_statement_is_imported_and_proven(ledger: Connection[Any]) -> None:
    imported = take_one(ledger, SALE, TWIN, RENT, opening="20.00")

    assert (imported.account, imported.lines, imported.known, imported.faults) == ("main", 3, 0, 0)
    assert (imported.since, imported.until) == (date(2026, 10, 1), date(2026, 10, 3))
    assert (imported.opening, imported.closing, imported.proof) == (Decimal(20), Decimal(95), "proven")


def test_texts_are_encrypted_and_can_be_read_again(ledger: Connection[Any]) -> None:
    take_one(ledger, RENT)

    (counterparty, remittance, text) = ledger.execute(
        "SELECT counterparty, remittance, statement_lines::text FROM statement_lines"
    ).fetchall()[0]
    texts = open_bank_texts(ledger, KEYRING, NOW)
    assert (texts.decrypt(counterparty), texts.decrypt(remittance)) == ("Landlord", "rent")
    assert "Landlord" not in text


def test_scenario_16_the_same_file_twice_adds_nothing(ledger: Connection[Any]) -> None:
    content = write_camt(Statement(1, 3, "0.00", [SALE, TWIN, TWIN, RENT]))
    first, again = take(ledger, content), take(ledger, content)

    assert (again.known, again.id, again.lines, again.statements) == (True, first.id, 0, ())
    assert count_lines(ledger) == 4


def test_scenario_16_an_overlapping_file_adds_only_the_new_days(ledger: Connection[Any]) -> None:
    take_one(ledger, SALE, TWIN, TWIN)

    later = take_one(ledger, TWIN, TWIN, RENT, opening="100.00")

    assert (later.lines, later.known, later.proof, later.gap) == (1, 2, "proven", "overlap")
    assert count_lines(ledger) == 4


def test_scenario_16_two_honest_twins_in_both_files_stay_two_lines(ledger: Connection[Any]) -> None:
    take_one(ledger, TWIN, TWIN)

    later = take_one(ledger, TWIN, TWIN, RENT)

    assert (later.lines, later.known, later.proof) == (1, 2, "proven")
    assert ledger.execute("SELECT amount, occurrence FROM statement_lines ORDER BY 1, 2").fetchall() == [
        (Decimal("-30.00"), 1), (Decimal("5.00"), 1), (Decimal("5.00"), 2)
    ]  # fmt: skip


def test_a_third_twin_that_comes_later_is_new(ledger: Connection[Any]) -> None:
    take_one(ledger, TWIN, TWIN)

    assert take_one(ledger, TWIN, TWIN, TWIN, until=3).lines == 1


def test_twins_in_two_statements_of_a_file_are_two(ledger: Connection[Any]) -> None:
    pages = [Statement(2, 2, "0.00", [TWIN], number="1"), Statement(2, 2, "5.00", [TWIN], number="2")]

    imported = take(ledger, write_camt(*reversed(pages)))

    assert [(each.lines, each.number, each.gap) for each in imported.statements] == [(1, "1", None), (1, "2", None)]


def test_a_file_that_holds_the_same_days_twice_adds_them_once(ledger: Connection[Any]) -> None:
    day, days = Statement(1, 2, "0.00", [SALE, TWIN]), Statement(1, 3, "0.00", [SALE, TWIN, RENT])

    imported = take(ledger, write_camt(day, days))

    assert [(each.lines, each.known) for each in imported.statements] == [(2, 0), (1, 2)]
    assert imported.statements[1].proof == "proven"


def test_a_wrong_balance_is_unproven_with_its_difference(ledger: Connection[Any]) -> None:
    imported = take_one(ledger, SALE, closing="99.00")

    assert (imported.proof, imported.proof_difference) == ("unproven", Decimal("1.00"))
    assert ledger.execute("SELECT proof, proof_difference FROM statements").fetchall() == [("unproven", Decimal(1))]


def test_a_line_that_a_later_file_no_longer_has_shows_in_the_proof(ledger: Connection[Any]) -> None:
    take_one(ledger, SALE, TWIN)

    # The bank's own file is right, but the line that was known before is not in it: two lines stand for one.
    later = take_one(ledger, SALE, Booking(2, "5.00", "corrected text"), RENT)

    assert (later.lines, later.proof, later.proof_difference) == (2, "unproven", Decimal("5.00"))


def test_scenario_21_a_batch_with_fees_inside_is_one_line(ledger: Connection[Any]) -> None:
    batch = write_batch(2, "95.00", "5.00", "60.00", "40.00")

    (imported,) = take(ledger, write_camt(Statement(1, 2, "0.00", closing="95.00"), more=batch)).statements

    assert (imported.lines, imported.proof) == (1, "proven")
    assert ledger.execute("SELECT amount, fee FROM statement_lines").fetchall() == [(Decimal(95), Decimal(5))]


def test_scenario_21_reversals_in_mt940_have_the_right_signs(ledger: Connection[Any]) -> None:
    (imported,) = take(ledger, MT940.encode(), "mt940").statements

    assert (imported.account, imported.lines, imported.proof) == ("main", 4, "proven")
    lines = ledger.execute("SELECT amount, reversal FROM statement_lines ORDER BY line_no").fetchall()
    assert lines == [(Decimal(100), False), (Decimal(-100), True), (Decimal(-30), False), (Decimal(30), True)]


def test_scenario_21_a_missing_day_is_named_until_it_is_imported(ledger: Connection[Any]) -> None:
    take_one(ledger, SALE)
    assert take_one(ledger, RENT, opening="105.00").gap == "gap"

    take_one(ledger, TWIN, opening="100.00")

    assert links_of(ledger) == [(1, None, None), (2, 1, None), (3, 2, None)]


def test_a_day_that_is_forgotten_is_a_gap_again(ledger: Connection[Any]) -> None:
    take_one(ledger, SALE)
    middle = take_one(ledger, TWIN, opening="100.00")
    take_one(ledger, RENT, opening="105.00")

    forget_statement(ledger, middle.id, NOW)

    assert links_of(ledger) == [(1, None, None), (3, 1, "gap")]
    assert count_lines(ledger) == 2


def test_a_statement_on_whose_lines_another_counts_is_not_forgotten(ledger: Connection[Any]) -> None:
    first, later = take_one(ledger, SALE, TWIN), take_one(ledger, TWIN, RENT, opening="100.00")

    with pytest.raises(NotPossible, match=f"statement {later.id} has days of this one"):
        forget_statement(ledger, first.id, NOW)

    forget_statement(ledger, later.id, NOW)
    forget_statement(ledger, first.id, NOW)
    assert count_lines(ledger) == 0


def test_a_statement_of_a_locked_month_is_not_forgotten(ledger: Connection[Any]) -> None:
    imported = take_one(ledger, SALE)
    ledger.execute("INSERT INTO periods VALUES ('2026-10-01', 'locked', 1, %s, 'anna')", (NOW,))

    with pytest.raises(NotPossible, match="2026-10 is locked"):
        forget_statement(ledger, imported.id, NOW)


def test_overlapping_files_in_any_order_are_no_broken_invariant(ledger: Connection[Any]) -> None:
    days = [Booking(day, f"{day}.00") for day in range(1, 16)]
    ends = {day: day * (day + 1) // 2 for day in range(16)}
    for since, until in ((1, 5), (10, 15), (2, 2), (4, 12), (1, 15), (14, 15)):
        take_one(ledger, *days[since - 1 : until], opening=f"{ends[since - 1]}.00")

    assert count_lines(ledger) == 15
    assert ledger.execute("SELECT DISTINCT proof FROM statements").fetchall() == [("proven",)]
    assert ledger.execute(sql("find_disproved_statements")).fetchall() == []


def test_what_is_matched_automatically_ends_with_its_statement(ledger: Connection[Any]) -> None:
    imported = take_one(ledger, SALE)
    add_match(ledger, imported.id, "matched")

    forget_statement(ledger, imported.id, NOW)

    assert ledger.execute("SELECT count(*) FROM matches").fetchone() == (0,)


def test_a_statement_on_which_a_person_decided_is_not_forgotten(ledger: Connection[Any]) -> None:
    imported = take_one(ledger, SALE)
    add_match(ledger, imported.id, "confirmed")

    with pytest.raises(NotPossible, match="a person decided on 1 match of it; undo what is no longer true"):
        forget_statement(ledger, imported.id, NOW)


def test_what_is_matched_stays_when_the_texts_are_deleted(ledger: Connection[Any]) -> None:
    add_match(ledger, take_one(ledger, SALE, RENT).id, "matched")

    assert delete_old_texts(ledger, datetime(2027, 11, 6, tzinfo=UTC)) == 1

    assert ledger.execute("SELECT state, confirmed_by FROM matches").fetchall() == [("confirmed", "retain")]
    assert ledger.execute("SELECT count(*) FROM statement_lines WHERE remittance IS NULL").fetchone() == (1,)


def test_a_closing_balance_alone_is_proven_by_the_statement_before(ledger: Connection[Any]) -> None:
    closings = [("F1", "100.00", "1100.00"), ("F2", "-20.00", "1080.00"), ("F3", "5.00", "1099.00")]
    lines, statements = "", list[ImportedStatement]()
    for nth, (reference, amount, balance) in enumerate(closings, 1):
        lines += f"<STMTTRN><DTPOSTED>2026100{nth}<TRNAMT>{amount}<FITID>{reference}<NAME>N</STMTTRN>"
        statements += take(ledger, OFX.format(nth, lines, balance).encode(), "ofx").statements

    assert [(each.lines, each.known, each.proof, each.opening) for each in statements] == [
        (1, 0, "no_balances", None), (1, 1, "proven", Decimal(1000)), (1, 2, "no_balances", None)
    ]  # fmt: skip


def test_a_file_of_several_accounts_is_parted(ledger: Connection[Any]) -> None:
    add_account(ledger, BankAccount("dollars", "USD"), IBAN)
    statements = [Statement(1, 1, "0", [SALE]), Statement(1, 1, "7", [SALE], currency="USD")]

    imported = take(ledger, write_camt(*statements))

    assert [(each.account, each.currency, each.lines) for each in imported.statements] == [
        ("main", "EUR", 1), ("dollars", "USD", 1)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("statement", "iban", "said", "message"),
    [
        (Statement(1, 1, "0"), "GB29NWBK60161331926819", {}, "of an account that is not in"),
        (Statement(1, 1, "0", currency="USD"), IBAN, {}, "a statement in USD, and bank account main is in EUR"),
        (Statement(1, 1, "0"), IBAN, {"account": "other"}, "bank account other is not configured"),
        (Statement(1, 1, "0"), IBAN, {"account": "second"}, "a statement of bank account main, and not of second"),
        (
            Statement(1, 1, "0"),
            "FR1420041010050500013M02606",
            {"account": None},
            "bank account second takes no camt053",
        ),
    ],
)
def test_a_file_of_no_account_is_refused_without_its_number(
    ledger: Connection[Any], statement: Statement, iban: str, said: dict[str, Any], message: str
) -> None:
    add_account(ledger, BankAccount("second", "EUR", ("mt940",)), "FR1420041010050500013M02606")

    with pytest.raises(InvalidRequest, match=message) as refused:
        take(ledger, write_camt(statement, iban=iban), **said)

    assert iban not in str(refused.value)
    assert ledger.execute("SELECT count(*) FROM statements").fetchone() == (0,)


def test_an_operator_can_insist_on_an_account(ledger: Connection[Any]) -> None:
    imported = take(ledger, write_camt(Statement(1, 1, "0", [SALE]), iban="XX00"), account="main")

    assert imported.statements[0].account == "main"


def test_an_import_is_an_entry_of_the_audit_chain(ledger: Connection[Any]) -> None:
    imported = take_one(ledger, SALE)

    entries = ledger.execute("SELECT actor, subject, body FROM audit_log WHERE action = 'statement.import'")
    ((actor, subject, body),) = entries.fetchall()
    assert (actor, subject) == ("anna", imported.id)
    assert b"main" in body
    assert not any(text in body for text in (b"Acme", b"100.00", IBAN.encode()))


def test_the_number_in_the_name_of_a_file_is_hidden(ledger: Connection[Any]) -> None:
    content = write_camt(Statement(1, 1, "0", [SALE]))
    file = BankFile(io.BytesIO(content), "DE89 3704 0044 0532 0130 00_2026.xml", "camt053")

    import_bank(ledger, KEYRING, file, actor="anna", now=NOW, on_progress=lambda _: None)

    assert ledger.execute("SELECT file_name FROM statements").fetchall() == [("***_2026.xml",)]


def test_over_a_twentieth_of_bad_lines_nothing_is_imported(ledger: Connection[Any]) -> None:
    content = write_camt(Statement(1, 3, "0.00", [SALE, TWIN, RENT])).replace(b">5.00</Amt>", b">five</Amt>", 1)

    with pytest.raises(TooManyFaults, match="ask the bank for a correct file, or import the others"):
        take(ledger, content)

    (accepted,) = take(ledger, content, accepts_faults=True).statements
    assert (accepted.lines, accepted.faults, accepted.proof) == (2, 1, "unproven")
