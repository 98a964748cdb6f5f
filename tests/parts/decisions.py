"""A ledger with people and requests for the tests of the decision page, and the links of the mails."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from postledger.notifications.links import make_link
from postledger.people.user import NewUser
from postledger.people.users import add_user, find_user
from postledger.platform.postgres.connection import connect
from tests.parts.databases import create_database, drop_database, fetch
from tests.parts.postgres import Postgres
from tests.parts.waiting_requests import write_request, write_rule

PEOPLE = {"mia": "manager", "bob": "manager", "dan": "director", "vic": "viewer"}


@dataclass(frozen=True, slots=True)
class Decisions:
    """The ledger of `url`."""

    url: str

    def ask(self, amount: str = "150", **facts: Any) -> str:
        """Write a request; return its id."""
        with connect(self.url, name="test", statement_timeout_ms=60_000) as ledger:
            return write_request(ledger, amount, **facts)

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
