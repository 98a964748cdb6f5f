"""Rows of a month's end, written by SQL: reports, bank statements, runs, matches, bills, receivables and work items."""

import hashlib
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any
from uuid import uuid4

import psycopg
from psycopg import Connection, sql
from psycopg.types.json import Jsonb

OCTOBER = date(2026, 10, 1)
NOW = datetime(2026, 11, 3, 9, 30, tzinfo=UTC)


class MonthRows:
    """Adds rows of October 2026 to the tables of a test's ledger, and returns their ids."""

    def __init__(self, url: str) -> None:
        self._url = url

    def add_report(self, source_id: int, *lines: Mapping[str, Any], **fields: Any) -> str:
        """Add a network's report whose lines are approved, in dollars, of 5 October, unless they say otherwise."""
        usual = {
            "kind": "network", "source_id": source_id, "format": "acme-csv", "file_name": "october.csv",
            "timezone": "UTC", "period": OCTOBER, "proof": "no_balances",
        }  # fmt: skip
        statement_id = self._add_statement(usual | fields, len(lines))
        for line_no, line in enumerate(lines, 2):
            self._add_line(statement_id, line_no, {"status": "approved", "event": "sale"} | dict(line))
        return statement_id

    def add_bank_statement(self, account: str, *lines: Mapping[str, Any], **fields: Any) -> str:
        """Add a statement of a bank account, in euros, of the whole month and proven, unless it says otherwise."""
        usual = {
            "kind": "bank", "account": account, "format": "camt053", "file_name": "october.xml", "number": "10",
            "currency": "EUR", "proof": "proven", "since": OCTOBER, "until": date(2026, 10, 31),
        }  # fmt: skip
        statement_id = self._add_statement(usual | fields, len(lines))
        for line_no, line in enumerate(lines, 1):
            self._add_line(statement_id, line_no, {"currency": "EUR"} | dict(line))
        return statement_id

    def add_account(self, slug: str, currency: str = "EUR") -> None:
        """Add a bank account."""
        self._add("bank_accounts", slug=slug, settings=Jsonb({"slug": slug, "currency": currency}), account=b"",
                  account_hash=slug.encode(), created_at=NOW, updated_at=NOW)  # fmt: skip

    def add_match(self, statement_id: str, line_no: int, amount: str, **fields: Any) -> None:
        """Add a part of a match, a payment in euros unless it says otherwise."""
        usual = {
            "nth": 1, "part": "payment", "currency": "EUR", "method": "reference", "state": "matched", "matched_at": NOW
        }  # fmt: skip
        values: dict[str, Any] = {"statement_id": statement_id, "line_no": line_no, "amount": amount} | usual | fields
        self._add("matches", **values)

    def add_run(self, kind: str, **fields: Any) -> str:
        """Add a run that is done."""
        run_id = str(uuid4())
        usual = {"state": "done", "as_of": NOW, "started_at": NOW, "ended_at": NOW, "started_by": "mia"}
        self._add("reconciliations", **{"id": run_id, "kind": kind, "period": OCTOBER} | usual | fields)
        return run_id

    def add_item(self, item_class: str, stake: str, **fields: Any) -> bytes:
        """Add a work item that is open, in dollars, unless it says otherwise, and return its key."""
        key = hashlib.sha256(uuid4().bytes).digest()
        facts = fields.pop("facts", {})
        usual = {
            "kind": "report" if "source_id" in fields else "bank", "period": OCTOBER, "currency": "USD",
            "state": "open", "version": 1, "first_run": uuid4(), "last_run": uuid4(), "opened_at": NOW,
            "changed_at": NOW, "facts": Jsonb(facts), "facts_sha256": b"",
        }  # fmt: skip
        self._add("discrepancies", **{"key": key, "class": item_class, "stake": stake} | usual | fields)
        return key

    def add_bill(self, number: str, amount: str, paid: str = "0", **fields: Any) -> str:
        """Add a bill to the payee 456, in euros and approved, unless it says otherwise."""
        bill_id = str(uuid4())
        usual = {
            "payee": "456", "period": OCTOBER, "currency": "EUR", "nth": int(number[-6:]), "exact": amount,
            "carried_in": 0, "carried_out": 0, "items_sha256": number.encode(), "state": "approved",
            "created_by": "system", "created_at": NOW, "updated_at": NOW,
        }  # fmt: skip
        self._add("bills", **{"id": bill_id, "number": number, "amount": amount, "paid": paid} | usual | fields)
        return bill_id

    def add_receivable(self, number: str, amount: str, received: str = "0", **fields: Any) -> str:
        """Add a receivable from the payee acme, in dollars, unless it says otherwise."""
        receivable_id = str(uuid4())
        usual = {"payee": "acme", "period": OCTOBER, "currency": "USD", "created_at": NOW, "updated_at": NOW}
        self._add(
            "receivables",
            **{"id": receivable_id, "number": number, "amount": amount, "received": received} | usual | fields,
        )
        return receivable_id

    def add_note(self, key: bytes, nth: int, action: str, note: str | None = None) -> None:
        """Add a note to a work item."""
        self._add("discrepancy_notes", key=key, nth=nth, at=NOW, actor="mia", action=action, note=note)

    def set_state(self, state: str, actor: str = "mia") -> None:
        """Let the month be in a state."""
        self._add("periods", period=OCTOBER, state=state, version=1, changed_at=NOW, changed_by=actor)

    def _add_statement(self, fields: Mapping[str, Any], lines: int) -> str:
        statement_id = str(uuid4())
        usual = {
            "file_sha256": uuid4().bytes, "lines": lines, "known": 0, "faults": 0, "imported_at": NOW,
            "imported_by": "mia",
        }  # fmt: skip
        self._add("statements", **{"id": statement_id} | usual | dict(fields))
        return statement_id

    def _add_line(self, statement_id: str, line_no: int, fields: Mapping[str, Any]) -> None:
        usual = {"booked_on": date(2026, 10, 5), "currency": "USD", "fingerprint": uuid4().bytes}
        values: dict[str, Any] = {"statement_id": statement_id, "line_no": line_no} | usual | dict(fields)
        self._add("statement_lines", **values)

    def _add(self, table: str, **values: Any) -> None:
        with psycopg.connect(self._url) as connection:
            _insert(connection, table, values)


def _insert(connection: Connection[Any], table: str, values: Mapping[str, Any]) -> None:
    statement = sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
        sql.Identifier(table),
        sql.SQL(", ").join(map(sql.Identifier, values)),
        sql.SQL(", ").join([sql.Placeholder()] * len(values)),
    )
    connection.execute(statement, list(values.values()))
