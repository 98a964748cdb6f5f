"""A ledger with people and requests for the tests of the decision page, and the links of the mails."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from secrets import token_bytes
from typing import Any
from uuid import uuid4

import pytest

from postledger.finance.approval.content import hash_contents
from postledger.notifications.links import make_link
from postledger.people.user import NewUser
from postledger.people.users import add_user, find_user
from postledger.platform.postgres.connection import connect
from postledger.vocabulary.receipt import ENTROPY_BYTES, make_receipt
from tests.parts.databases import create_database, drop_database, fetch
from tests.parts.postgres import Postgres
from tests.parts.waiting_requests import write_request, write_rule

_BILL = """
INSERT INTO bills (id, number, payee, period, currency, nth, exact, carried_in, amount, carried_out, items_sha256,
    state, created_by, created_at, updated_at)
VALUES (%s, '2026-10-' || %s::text, '456', '2026-10-01', 'USD', 1, 1234.56, 0, 1234.56, 0, '\\x00', 'waiting', 'test',
    now(), now())
"""
_BILL_LINE = """
INSERT INTO bill_lines (bill_id, nth, category, account, tax_code, exact, carried_in, amount, items)
VALUES (%s, %s, %s, '6010', NULL, %s, 0, %s, 7)
"""
_BILL_REQUEST = """
INSERT INTO approvals (id, subject, subject_id, rule, rule_version, payee, amount, currency, step, steps, state,
    content_sha256, created_at)
VALUES (%s, 'bill', %s, 'large', 1, '456', 1234.56, 'USD', 0, '{manager}', 'waiting', '', now())
"""
PEOPLE = {"mia": "manager", "bob": "manager", "dan": "director", "vic": "viewer"}


@dataclass(frozen=True, slots=True)
class Decisions:
    """The ledger of `url`."""

    url: str

    def ask(self, amount: str = "150", **facts: Any) -> str:
        """Write a request; return its id."""
        with connect(self.url, name="test", statement_timeout_ms=60_000) as ledger:
            return write_request(ledger, amount, **facts)

    def ask_about_bill(self) -> str:
        """Write a bill with two lines and the request about it; return the id of the request."""
        request_id, bill_id = str(uuid4()), make_receipt(1_796_000_000_000, token_bytes(ENTROPY_BYTES))
        self.execute(_BILL, bill_id, bill_id)
        for nth, (category, amount) in enumerate((("Commission", "1200.50"), ("Bonus", "34.06")), 1):
            self.execute(_BILL_LINE, bill_id, nth, category, amount, amount)
        self.execute(_BILL_REQUEST, request_id, bill_id)
        with connect(self.url, name="test", statement_timeout_ms=60_000) as ledger:
            content = hash_contents(ledger, [request_id])[request_id]
        self.execute("UPDATE approvals SET content_sha256 = %s WHERE id = %s", content, request_id)
        return request_id

    def link(self, request_id: str, login: str = "mia", at: datetime | None = None) -> str:
        """Make the code of a mail about a request, as it is now."""
        with connect(self.url, name="test", statement_timeout_ms=60_000) as ledger:
            content = fetch(self.url, "SELECT content_sha256 FROM approvals WHERE id = %s", (request_id,))[0][0]
            return make_link(ledger, request_id, find_user(ledger, login).id, content, at or datetime.now(UTC))

    def state(self, request_id: str) -> str:
        """The state of a request."""
        return str(fetch(self.url, "SELECT state FROM approvals WHERE id = %s", (request_id,))[0][0])

    def decided(self, request_id: str) -> list[tuple[Any, ...]]:
        """The decisions on a request: step, login, decision, comment."""
        return fetch(
            self.url,
            "SELECT step, login, decision, comment FROM approval_decisions AS d JOIN users ON users.id = d.user_id"
            " WHERE approval_id = %s ORDER BY step",
            (request_id,),
        )

    def execute(self, statement: str, *values: object) -> None:
        """Change the ledger."""
        with connect(self.url, name="test", statement_timeout_ms=60_000) as ledger:
            ledger.execute(statement.encode(), values or None)


@pytest.fixture(scope="module")
def decisions(postgres: Postgres, template: str) -> Iterator[Decisions]:
    """A ledger with two managers, a director and a viewer."""
    url = create_database(postgres, template=template)
    with connect(url, name="test", statement_timeout_ms=60_000) as ledger:
        for login, role in PEOPLE.items():
            add_user(ledger, NewUser(login, [role], login), "test", datetime.now(UTC))
        write_rule(ledger, "over-100", ["manager"])
    yield Decisions(url)
    drop_database(postgres, url)
