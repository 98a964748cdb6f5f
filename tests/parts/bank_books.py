"""A ledger with a bank account, payees, bills and statement lines, and what `reconcile` makes of them."""

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import uuid4

from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from postledger.platform.keyring import Keyring
from postledger.policy.bank_texts import open_bank_texts
from postledger.reconciliation.bank.reconcile_account import MatchedLines, reconcile_account
from tests.parts.mapping import open_ledger
from tests.parts.month import NOW, OCTOBER, MonthRows

FEE = {"fee": {"absolute": "25.00", "percent": "0.5"}, "fx_percent": "1.0"}


class BankBooks:
    """The account `main` in euros, the payees 456 and 457, and the rows that a test adds."""

    def __init__(self, url: str, master_key: str, **settings: Any) -> None:
        self.rows, self.keyring, self._url = MonthRows(url), Keyring([master_key]), url
        self.ledger = open_ledger(url)
        self.texts = open_bank_texts(self.ledger, self.keyring, NOW)
        self.add_account({"slug": "main", "currency": "EUR", **settings})
        for payee, name in (("456", "Affiliate 456 Ltd"), ("457", "Media House GmbH")):
            self._add_payee(payee, name, self.texts.hash_account(f"ACCOUNT{payee}"))

    def add_account(self, settings: dict[str, Any]) -> None:
        """Configure an account, whose number is made up."""
        slug = settings["slug"]
        self.ledger.execute(
            "INSERT INTO bank_accounts VALUES (%s, %s, '', %s, %s, %s)",
            (slug, Jsonb(settings), slug.encode(), NOW, NOW),
        )

    def add_lines(self, *lines: dict[str, Any], **fields: Any) -> str:
        """Add a statement. A line has an amount, and `text`, `name` and `payee`, whose account it then names."""
        return self.rows.add_bank_statement("main", *map(self._encrypt, lines), **fields)

    def reconcile(self, period: date = OCTOBER, account: str = "main") -> MatchedLines:
        """Reconcile the account."""
        return reconcile_account(
            self.ledger, self.keyring, account, period, actor="mia", on_progress=lambda _done, _of: None
        )

    def read(self, statement: str, *parameters: object) -> list[dict[str, Any]]:
        """Read rows."""
        with self.ledger.cursor(row_factory=dict_row) as cursor:
            return cursor.execute(statement.encode(), parameters).fetchall()

    def parts(self, statement_id: str, line_no: int = 1, state: str = "matched") -> list[tuple[str, str, str | None]]:
        """The parts of a line: name, amount, and the number of what is paid."""
        rows = self.read(
            "SELECT part, matches.amount, coalesce(bills.number, receivables.number) AS number FROM matches"
            " LEFT JOIN bills ON bills.id = bill_id LEFT JOIN receivables ON receivables.id = receivable_id"
            " WHERE statement_id = %s AND line_no = %s AND matches.state = %s ORDER BY matches.nth",
            statement_id, line_no, state,
        )  # fmt: skip
        return [(row["part"], f"{row['amount'].normalize():f}", row["number"]) for row in rows]

    def paid(self) -> dict[str, str]:
        """What is paid of each bill that is paid or partly paid."""
        rows = self.read("SELECT number, paid FROM bills WHERE paid <> 0 ORDER BY number")
        return {row["number"]: f"{row['paid'].normalize():f}" for row in rows}

    def items(self) -> list[tuple[str, str, str, list[str]]]:
        """The work items that are not gone: class, stake, state and reasons."""
        rows = self.read(
            "SELECT class, stake, state, facts FROM discrepancies WHERE state <> 'gone' ORDER BY class, id"
        )
        return [
            (row["class"], f"{row['stake'].normalize():f}", row["state"], row["facts"].get("reasons", []))
            for row in rows
        ]

    def add_receivable_line(self, amount: str, due: date = date(2026, 10, 20), **fields: Any) -> None:
        """Add an expense line of what the payee 457 owes us for October."""
        values = {
            "dedup_key": uuid4(), "seq": 1, "id": uuid4(), "conversion_id": uuid4(), "cause": uuid4(), "revision": 1,
            "kind": "accrual", "direction": "receivable", "source_id": 1, "event": "sale", "amount": amount,
            "conversion_status": "approved", "payee": "457", "currency": "EUR", "origin_period": OCTOBER,
            "period": OCTOBER, "billable_from": due, "happened_at": NOW, "created_at": NOW,
        } | fields  # fmt: skip
        columns, marks = ", ".join(values), ", ".join(["%s"] * len(values))
        statement = f"INSERT INTO expense_lines ({columns}) VALUES ({marks})"
        self.ledger.execute(statement.encode(), list(values.values()))

    def add_rate(self, currency: str, day: date, units: str) -> None:
        """Add a rate: so many units of the currency are one euro."""
        self.ledger.execute(
            "INSERT INTO rates VALUES ('EUR', %s, %s, %s, 'ecb', now())", (currency, day, Decimal(units))
        )

    def _encrypt(self, line: dict[str, Any]) -> dict[str, Any]:
        text, name, payee = (line.pop(key, None) for key in ("text", "name", "payee"))
        account = None if payee is None else self.texts.hash_account(f"ACCOUNT{payee}")
        return line | {
            "remittance": self.texts.encrypt(text), "counterparty": self.texts.encrypt(name),
            "counterparty_account_hash": account,
        }  # fmt: skip

    def _add_payee(self, payee: str, name: str, account_hash: bytes) -> None:
        self.ledger.execute(
            "INSERT INTO payees (id, name, bank_account_hash, created_at, updated_at) VALUES (%s, %s, %s, %s, %s)",
            (payee, name, account_hash, NOW, NOW),
        )


def day(number: int) -> date:
    """A day of October."""
    return date(2026, 10, number)
