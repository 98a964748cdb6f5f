"""The tables of bank statements. Texts are encrypted before they are stored, and accounts are hashes."""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import msgspec
from psycopg import Connection
from psycopg.rows import class_row

from postledger.platform.postgres.sql import statements_of
from postledger.policy.bank_texts import BankTexts
from postledger.reconciliation.bank.our_accounts import list_numbers
from postledger.reconciliation.rules.balance_proof import Proof
from postledger.reconciliation.rules.occurrences import KnownLine, NewLine
from postledger.reconciliation.rules.statement_chain import Link, Stated, link_statements

sql = statements_of("postledger.reconciliation")

_ALL = "bank"  # one import of a bank's file at a time, because a file can be of several accounts


class NewStatement(msgspec.Struct, frozen=True):
    """A bank statement whose lines were added."""

    id: str
    account: str
    format: str
    file_name: str
    file_sha256: bytes
    number: str | None
    since: date | None
    until: date | None
    currency: str
    opening: Decimal | None
    closing: Decimal | None
    proof: str
    proof_difference: Decimal | None
    lines: int
    known: int
    faults: int
    now: datetime
    actor: str


def lock_bank(connection: Connection[Any]) -> None:
    """Wait until no other import of bank files runs, and keep others away until the transaction ends."""
    connection.execute(sql("lock_statements"), (_ALL,))


def find_bank_file(connection: Connection[Any], file_sha256: bytes) -> str | None:
    """Find the first statement as which a file was imported."""
    row = connection.execute(sql("find_bank_file"), (file_sha256,)).fetchone()
    return None if row is None else str(row[0])


def read_known_lines(connection: Connection[Any], account: str, days: Sequence[date]) -> list[KnownLine]:
    """Read the lines of an account from the first of some days to the last."""
    if not days:
        return []
    values = {"account": account, "since": min(days), "until": max(days)}
    with connection.cursor(row_factory=class_row(KnownLine)) as cursor:
        return cursor.execute(sql("read_known_lines"), values).fetchall()


def add_bank_lines(connection: Connection[Any], statement_id: str, lines: Sequence[NewLine], texts: BankTexts) -> None:
    """Add the lines of a statement that are new."""
    with connection.cursor() as cursor, cursor.copy(sql("copy_bank_lines")) as copy:
        for new in lines:
            line = new.line
            copy.write_row((
                statement_id, line.line_no, line.booked_on, line.valued_on, line.amount, line.currency, line.fee,
                line.instructed_amount, line.instructed_currency, line.rate, line.bank_reference, line.end_to_end,
                texts.encrypt(line.counterparty), _hash(line.counterparty_account, texts),
                texts.encrypt(line.remittance), line.reversal, new.fingerprint, new.occurrence,
            ))  # fmt: skip


def _hash(account: str | None, texts: BankTexts) -> bytes | None:
    numbers = list_numbers(account or "")
    return texts.hash_account(numbers[0]) if numbers else None


def insert_bank_statement(connection: Connection[Any], statement: NewStatement) -> None:
    """Add a statement."""
    connection.execute(sql("insert_bank_statement"), msgspec.structs.asdict(statement))


def read_chain(connection: Connection[Any], account: str) -> list[Stated]:
    """Read the statements of an account that have days, in the order of their import."""
    with connection.cursor(row_factory=class_row(Stated)) as cursor:
        return cursor.execute(sql("read_chain"), (account,)).fetchall()


def relink(connection: Connection[Any], account: str) -> dict[str, Link]:
    """Find the statement before each statement of an account again: one between two others can have come or gone."""
    links = link_statements(read_chain(connection, account))
    with connection.cursor() as cursor:
        cursor.executemany(
            sql("relink_statement"), [{"id": each, **msgspec.structs.asdict(link)} for each, link in links.items()]
        )
    return links


def set_proof(connection: Connection[Any], statement_id: str, proof: Proof, opening: Decimal | None) -> None:
    """Set what the balances prove, and the opening balance."""
    connection.execute(sql("set_proof"), (proof.state, proof.difference, opening, statement_id))
