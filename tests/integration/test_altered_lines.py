"""`finance check` sees lines that were altered by hand, and never takes a line of the mapper for one of them."""

from datetime import UTC, datetime
from typing import Any

import msgspec
from hypothesis import given, settings
from msgspec.structs import replace
from psycopg import Connection

from postledger.finance.books import Books
from postledger.finance.line_store import Completed, insert_lines
from postledger.finance.lines import Conversion, Line, complete_lines
from postledger.ledger.writer import write_entries
from postledger.platform.postgres.sql import statements_of
from tests.parts.books import rules_of
from tests.parts.cli import CommandLine
from tests.parts.databases import fetch
from tests.parts.entries import entry_of, new_receipt
from tests.parts.mapping import FINANCE, RULE, configure, hand_over_everything, map_all, open_ledger
from tests.parts.sources import add_click
from tests.unit.finance.test_lines_of_random_histories import BOOKS, STATES, STEPS

sql = statements_of("postledger.finance")

INCOME = """
[[expense_rules]]
slug = "income"
category = "Income"
amount = "70%"
direction = "receivable"
match = { event = ["sale"] }
[[payees]]
id = "acme"
"""
SECOND = " WHERE seq = 2"
DAMAGES = {
    "UPDATE expense_lines SET payee = 'other' WHERE seq = 1": "another payee",
    "UPDATE expense_lines SET payee = 'other'": "than its rule gives",
    "UPDATE expense_lines SET payee = 'other', affiliate_id = 'other'": "than its rule gives",
    "UPDATE expense_lines SET category = 'Gift'": "than its rule gives",
    "UPDATE expense_lines SET account = '1000'": "than its rule gives",
    "UPDATE expense_lines SET direction = 'receivable' WHERE event <> 'sale'": "than its rule gives",
    "UPDATE expense_lines SET direction = 'payable' WHERE event = 'sale'": "than its rule gives",
    f"UPDATE expense_lines SET payee = 'other'{SECOND}": "than what it adjusts",
    f"UPDATE expense_lines SET direction = 'receivable'{SECOND}": "than what it adjusts",
    f"UPDATE expense_lines SET category = 'Gift'{SECOND}": "than what it adjusts",
    f"UPDATE expense_lines SET account = '1000'{SECOND}": "than what it adjusts",
    f"UPDATE expense_lines SET kind = 'remap', payee = 'other'{SECOND}": "than what it adjusts",
    f"UPDATE expense_lines SET currency = 'EUR'{SECOND}": "does not adjust the accrual",
    f"UPDATE expense_lines SET kind = 'accrual', adjusts = NULL{SECOND}": "does not adjust the accrual",
    "UPDATE expense_lines SET base_amount = base_amount * 2": "not its amount times its rate",
    f"UPDATE expense_lines SET base_amount = base_amount + 1{SECOND}": "not its amount times its rate",
    "UPDATE expense_lines SET rate = 2, base_amount = base_amount * 2": "another rate",
    f"UPDATE expense_lines SET rate = 2{SECOND}": "another rate",
    f"UPDATE expense_lines SET rate_on = rate_on - 1{SECOND}": "another rate",
    f"UPDATE expense_lines SET base_currency = 'EUR'{SECOND}": "another rate",
    f"UPDATE expense_lines SET base_amount = NULL, rate = NULL, base_currency = NULL, rate_on = NULL{SECOND}": "rate",
    "UPDATE expense_lines SET conversion_id = gen_random_uuid()": "names another conversion",
    "UPDATE expense_lines SET origin_period = origin_period - interval '3 months'": "another month of origin",
    f"UPDATE expense_lines SET origin_period = origin_period - interval '1 month'{SECOND}": "another month of origin",
    "UPDATE expense_lines SET period = period + interval '1 month'": "another month than its origin",
    "UPDATE expense_lines SET period = period - interval '1 month'": "another month than its origin",
}
INSERT_CONVERSION = """
INSERT INTO conversions (
    dedup_key, id, source_id, event, click_id, affiliate_id, status, payout, currency, created_at, updated_at
)
VALUES (%s, %s, (SELECT id FROM sources WHERE slug = 'acme'), 'sale', 'C1', %s, 'pending', 1, 'USD', %s, now())
"""
INSERT_RULE = "INSERT INTO expense_rules VALUES (%s, 1, %s, %s, now(), 'test')"
FIRST_VERSION = 100  # after those of `configure`
Step = Conversion | Books | str


def altered(connection: Connection[Any]) -> dict[str, str]:
    """What is wrong with lines, by conversion."""
    return dict(connection.execute(sql("find_altered_lines")).fetchall())


def test_lines_that_were_altered_by_hand_are_found(cli: CommandLine, database: str) -> None:
    configure(cli, FINANCE, INCOME, RULE)
    add_click(database, "C1", None, "456")
    with open_ledger(database) as ledger:
        write_entries(ledger, [entry_of(transaction_id=one, event=one, payout="10") for one in ("sale", "install")])
    map_all(database)
    fetch(database, "UPDATE conversions SET payout = 12.5 RETURNING 1")
    hand_over_everything(database)
    map_all(database)

    with open_ledger(database) as ledger:
        assert ledger.execute("SELECT count(*) FROM expense_lines").fetchone() == (4,)
        ids = {one for (one,) in ledger.execute("SELECT id::text FROM conversions")}
        assert altered(ledger) == {}
        ledger.execute("ALTER TABLE expense_lines DISABLE TRIGGER USER")
        for damage, why in DAMAGES.items():
            with ledger.transaction(force_rollback=True):
                ledger.execute(damage.encode())
                found = altered(ledger)
            assert found, damage
            assert found.keys() <= ids, damage
            assert all(why in told for told in found.values()), (damage, found)


def test_lines_of_random_histories_are_as_mapped(cli: CommandLine, database: str) -> None:
    histories: list[tuple[Conversion, Books, list[Step]]] = []

    @settings(max_examples=150)
    @given(STATES, BOOKS, STEPS)
    def collect(conversion: Conversion, books: Books, steps: list[Step]) -> None:
        histories.append((conversion, books, steps))

    collect()
    configure(cli)
    with open_ledger(database) as ledger, ledger.transaction():
        for number, history in enumerate(histories, 1):
            add(ledger, number * FIRST_VERSION, *history)
        for month in ("2026-10-01", "2026-11-01"):
            ledger.execute("INSERT INTO periods VALUES (%s, 'locked', 1, now(), 'test')", (month,))

        assert ledger.execute("SELECT count(*) > 150 FROM expense_lines").fetchone() == (True,)
        assert altered(ledger) == {}


def add(ledger: Connection[Any], version: int, conversion: Conversion, books: Books, steps: list[Step]) -> None:
    """Add a conversion with the lines that its history gives, and the rules of that history."""
    key, now, seen, lines = new_receipt(), datetime.now(UTC), list[Books](), list[Line]()
    conversion = replace(conversion, dedup_key=key, id=key)
    ledger.execute(INSERT_CONVERSION.encode(), (key, key, conversion.facts.affiliate, now))
    for step in [books, *steps]:
        if isinstance(step, Conversion):
            affiliate = conversion.facts.affiliate
            conversion = replace(step, dedup_key=key, id=key, facts=replace(step.facts, affiliate=affiliate))
        elif isinstance(step, Books):
            books = replace(step, rules_version=version + len(seen))
            seen.append(books)
        added = complete_lines(conversion, lines, books, rules_of(*seen), remaps=step == "remap")
        insert_lines(ledger, [Completed(conversion, key, added)], now, lambda *_: None)
        lines += added
    for each in seen:
        for rule in each.rules:
            body = msgspec.json.encode(rule).decode()
            ledger.execute(INSERT_RULE, (each.rules_version, rule.slug, body))
