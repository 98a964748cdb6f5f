"""The bar of bank lines: 10,000 lines of a month against 30,000 open bills."""

import json
import random
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import uuid4

from psycopg import Connection
from psycopg.types.json import Jsonb

from loadtests.bench.ledger import Ledger
from loadtests.bench.month import MonthGround, run_command
from loadtests.bench.report import MIB, Target
from loadtests.bench.rounds import RoundFailed
from postledger.platform.keyring import Keyring
from postledger.platform.postgres.connection import connect
from postledger.policy.bank_texts import BankTexts, open_bank_texts

BILLS, LINES, BILLS_OF_A_PAYEE = 30_000, 10_000, 10
_OCTOBER, _NOW = date(2026, 10, 1), datetime(2026, 11, 3, tzinfo=UTC)
_ACCOUNT = {
    "slug": "main", "currency": "EUR", "fee": {"absolute": "25.00", "percent": "0.5"}, "fx_percent": "1.0",
}  # fmt: skip


def match_bank_lines(ground: MonthGround) -> list[Target]:
    """Match 10,000 bank lines with 30,000 open bills: by number, amount, two bills, with a fee, and of strangers."""
    ledger = ground.make_ledger("bank")
    _fill(ledger)
    ledger.checkpoint()
    before_s = ground.cpu_s()
    ran = run_command(ledger, "reconcile", "--period", "2026-10", "--account", "main", "--json")
    found = {row["class"]: row["number"] for row in json.loads(ran.out)[0]["classes"]}
    if sum(found.values()) != LINES or found["matched"] < LINES * 0.6:
        raise RoundFailed(f"of {LINES} lines the run made {found}")
    return [
        Target(f"{LINES:,} bank lines against {BILLS:,} open bills, s", ran.took_s, 20, at_least=False),
        Target("processor time of the command, s", ran.cpu_s, None),
        Target("processor time of Postgres, s", ground.cpu_s() - before_s, None),
        Target("the most memory of the command, MiB", ran.peak_bytes / MIB, None),
    ]


def _fill(ledger: Ledger) -> None:
    amounts = [Decimal(random.Random(number).randrange(1_000, 100_000)) / 100 for number in range(BILLS)]
    with closing(connect(ledger.url, name="bench", statement_timeout_ms=600_000)) as connection:
        texts = open_bank_texts(connection, Keyring([ledger.master_key]), _NOW)
        connection.execute(
            "INSERT INTO bank_accounts VALUES ('main', %s, '', 'main', %s, %s)", (Jsonb(_ACCOUNT), _NOW, _NOW)
        )
        _copy(connection, "payees (id, name, bank_account_hash, created_at, updated_at)", _list_payees(texts))
        _copy(
            connection,
            "bills (id, number, payee, period, currency, nth, exact, carried_in, amount, carried_out, items_sha256,"
            " state, created_by, created_at, updated_at)",
            _list_bills(amounts),
        )
        _add_statement(connection, texts, amounts)


def _copy(connection: Connection[Any], table: str, rows: Iterator[tuple[object, ...]]) -> None:
    with connection.cursor() as cursor, cursor.copy(f"COPY {table} FROM STDIN".encode()) as copy:
        for row in rows:
            copy.write_row(row)


def _list_payees(texts: BankTexts) -> Iterator[tuple[object, ...]]:
    for payee in range(BILLS // BILLS_OF_A_PAYEE):
        yield f"P{payee}", f"Payee {payee} Ltd", texts.hash_account(f"ACCOUNT{payee}"), _NOW, _NOW


def _list_bills(amounts: list[Decimal]) -> Iterator[tuple[object, ...]]:
    for number, amount in enumerate(amounts):
        yield (
            uuid4(), _name(number), f"P{number // BILLS_OF_A_PAYEE}", _OCTOBER, "EUR", number % BILLS_OF_A_PAYEE + 1,
            amount, 0, amount, 0, f"{number}".encode(), "exported", "bench", _NOW, _NOW,
        )  # fmt: skip


def _add_statement(connection: Connection[Any], texts: BankTexts, amounts: list[Decimal]) -> None:
    statement = uuid4()
    connection.execute(
        "INSERT INTO statements (id, kind, account, format, file_name, file_sha256, proof, currency, since, until,"
        " lines, known, faults, imported_at, imported_by)"
        " VALUES (%s, 'bank', 'main', 'camt053', 'october.xml', '', 'proven', 'EUR', %s, %s, %s, 0, 0, %s, 'bench')",
        (statement, _OCTOBER, date(2026, 10, 31), LINES, _NOW),
    )
    _copy(
        connection,
        "statement_lines (statement_id, line_no, booked_on, amount, currency, remittance, counterparty,"
        " counterparty_account_hash, fingerprint, occurrence)",
        ((statement, *row) for row in _list_lines(texts, amounts)),
    )


def _list_lines(texts: BankTexts, amounts: list[Decimal]) -> Iterator[tuple[object, ...]]:
    """Of ten lines four name a bill, two have its amount, one is two bills, one has a fee, and two say too little."""
    for line in range(LINES):
        bill, kind = line * 3, line % 10
        payee, amount = bill // BILLS_OF_A_PAYEE, amounts[bill]
        if kind == 6 and bill % BILLS_OF_A_PAYEE < BILLS_OF_A_PAYEE - 1:
            amount += amounts[bill + 1]
        text = f"Payment for {_name(bill)}, thank you" if kind < 4 else "monthly commission"
        known = kind < 8
        yield (
            line + 1, date(2026, 10, 1 + line % 28), -(amount + 5 if kind == 7 else amount), "EUR", texts.encrypt(text),
            texts.encrypt(f"Payee {payee} Ltd" if known else "Somebody else"),
            texts.hash_account(f"ACCOUNT{payee}") if known else None, line.to_bytes(4), 1,
        )  # fmt: skip


def _name(bill: int) -> str:
    return f"PL-202610-{bill + 1:06d}"
