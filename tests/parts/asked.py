"""Approval rules of a test's ledger, and the requests that follow from its postbacks."""

from typing import Any

import psycopg
from psycopg.rows import dict_row

from postledger.ledger.writer import write_entries
from tests.parts.cli import CommandLine
from tests.parts.databases import fetch
from tests.parts.entries import entry_of
from tests.parts.mapping import FINANCE, RULE, configure, map_all, open_ledger

OVER_100 = """
[[approval_rules]]
slug = "over-100"
on = "line"
over = { USD = "100.00" }
steps = ["manager"]
remind_after = "2d"
"""
A_DAY = """
[[approval_rules]]
slug = "a-day"
on = "payee_day"
over = { USD = "1000.00" }
steps = ["manager"]
"""
PAYEE_CHANGE = """
[[approval_rules]]
slug = "payees"
on = "payee_change"
steps = ["manager"]
"""


def configure_rules(cli: CommandLine, *rules: str) -> None:
    """Add two managers, and apply the books with approval rules."""
    for login in ("mia", "max"):
        assert cli("user", "add", login, "--role", "manager").code == 0
    configure(cli, FINANCE, RULE, *rules)


def book(url: str, payout: str, transaction_id: str = "T1", **fields: Any) -> None:
    """Book a postback, and map it."""
    with open_ledger(url) as ledger:
        write_entries(ledger, [entry_of(transaction_id=transaction_id, payout=payout, **fields)])
    map_all(url)


def requests_of(url: str) -> list[dict[str, Any]]:
    """All requests, in the order in which they were made, with the numbers of their lines."""
    statement = """
        SELECT *, (SELECT count(*) FROM approval_lines WHERE approval_id = approvals.id) AS lines
        FROM approvals ORDER BY created_at, state = 'waiting', subject_id
    """
    with psycopg.connect(url, autocommit=True, row_factory=dict_row) as connection:
        return connection.execute(statement).fetchall()


def settle(url: str, state: str) -> None:
    """Settle the requests that wait as a person would."""
    fetch(url, "UPDATE approvals SET state = %s, settled_at = now() WHERE state = 'waiting' RETURNING 1", (state,))


def payable(url: str) -> str | None:
    """What the payable lines sum to."""
    return str(fetch(url, "SELECT sum(amount) FROM payable_lines")[0][0])
