"""A ledger whose October can be locked, and what tests of months do with it."""

from datetime import UTC, datetime
from typing import Any

from postledger.people.user import NewUser
from postledger.people.users import add_user
from tests.parts.cli import CommandLine, Ran
from tests.parts.databases import fetch
from tests.parts.mapping import FINANCE, RULE, configure, open_ledger
from tests.parts.payable import book
from tests.parts.sources import add_click

IN_OCTOBER = "2026-10-15T12:00:00Z"
MONTH = "2026-10"
_LINES = """
SELECT to_char(period, 'YYYY-MM'), to_char(origin_period, 'YYYY-MM'), kind, amount::text
FROM expense_lines ORDER BY created_at, dedup_key, seq
"""


class Months:
    """Books of affiliate 456 in dollars, with the admins ada and ben, and the operator mia."""

    def __init__(self, cli: CommandLine, url: str) -> None:
        self.cli, self.url = cli, url
        add_click(url, "C1", None, "456")
        configure(cli, FINANCE, RULE)
        with open_ledger(url) as ledger:
            for login, role in (("ada", "admin"), ("ben", "admin"), ("mia", "operator")):
                add_user(ledger, NewUser(login, [role], login), "test", datetime.now(UTC))

    def __call__(self, verb: str, *options: str, month: str = MONTH, user: str = "mia") -> Ran:
        """Run a command of `period` about October."""
        return self.cli("period", verb, month, *(() if verb == "show" else ("--as", user)), *options)

    def lock(self, *months: str) -> None:
        """Close and lock months, October unless others are given."""
        for month in months or (MONTH,):
            for verb in ("close", "lock"):
                ran = self(verb, month=month)
                assert ran.code == 0, ran.err

    def unlock(self) -> None:
        """Unlock October, as ada asks and ben agrees."""
        assert self("unlock", "--reason", "a late bill", user="ada").code == 0
        assert self("unlock", user="ben").code == 0

    def show(self, *options: str) -> Any:
        """Show October."""
        return self("show", "--json", *options).facts

    def book(self, *transaction_ids: str, at: str = IN_OCTOBER, **fields: str) -> None:
        """Book and map postbacks of October, unless they happened at another time."""
        book(self.url, *transaction_ids, event_time=at, **fields)

    def lines(self) -> list[tuple[Any, ...]]:
        """All lines: month, month of the accrual, kind, amount."""
        return fetch(self.url, _LINES)
