"""A statement line on which a person decides: found by its statement and number, locked, and not of a locked month."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any

import msgspec
from psycopg import Connection
from psycopg.rows import dict_row

from postledger.people.audit_chain import append, write_body
from postledger.platform.postgres.advisory_locks import MATCHES, MONTHS, share_lock, wait_for_lock
from postledger.platform.postgres.connection import read_clock
from postledger.platform.postgres.sql import statements_of
from postledger.reconciliation.bank.match_store import sum_paid
from postledger.reconciliation.rules.matching.subjects import Line
from postledger.reconciliation.statement_store import find_statement
from postledger.vocabulary.operator_error import NotFound, NotPossible

sql = statements_of("postledger.reconciliation")

_NO_FACTS: Mapping[str, object] = MappingProxyType({})


class Part(msgspec.Struct, frozen=True):
    """A part of the line that is on record, and not undone."""

    nth: int
    state: str
    proposal: int | None
    confirmed_by: str | None


class DecidedLine(msgspec.Struct, frozen=True):
    """The line, and its parts. `now` is the moment of the decision."""

    statement: str
    line_no: int
    kind: str
    day: date | None
    amount: Decimal
    currency: str
    fee: Decimal | None
    instructed_amount: Decimal | None
    instructed_currency: str | None
    rate: Decimal | None
    account: str | None
    source_id: int | None
    imported_by: str
    parts: tuple[Part, ...]
    now: datetime

    @property
    def values(self) -> dict[str, object]:
        """The parameters of statements about the line."""
        return {"statement": self.statement, "line_no": self.line_no, "now": self.now}

    def list_nths(self, *states: str) -> list[int]:
        """List the parts in some states."""
        return [part.nth for part in self.parts if part.state in states]

    def describe(self) -> Line:
        """Describe a bank line as the matcher sees it, without its texts."""
        assert self.day is not None, "a bank line has a day"
        return Line(
            (self.statement, self.line_no), self.day, self.amount, self.currency, fee=self.fee, rate=self.rate,
            instructed_amount=self.instructed_amount, instructed_currency=self.instructed_currency,
        )  # fmt: skip


def open_line(connection: Connection[Any], statement: str, line_no: int) -> DecidedLine:
    """Find a line and lock it. The caller opens the transaction. Raises `InvalidRequest`, `NotFound`, `NotPossible`."""
    # Each statement sees what was committed before it began, so the locks come first.
    wait_for_lock(connection, MATCHES)
    share_lock(connection, MONTHS)
    statement_id = find_statement(connection, statement)
    with connection.cursor(row_factory=dict_row) as cursor:
        row = cursor.execute(sql("find_decided_line"), (statement_id, line_no)).fetchone()
    if row is None:
        raise NotFound(f"statement {statement_id[:8]} has no booked line {line_no}; run: postledger match list")
    if locked := row.pop("locked"):
        raise NotPossible(f"{locked:%Y-%m} is locked, and its matches stay; unlock it with: postledger period unlock")
    parts = connection.execute(sql("lock_line_matches"), (statement_id, line_no)).fetchall()
    return DecidedLine(
        statement_id, line_no, **row, parts=tuple(Part(*part) for part in parts), now=read_clock(connection)
    )


def close_line(
    connection: Connection[Any], line: DecidedLine, action: str, actor: str, facts: Mapping[str, object] = _NO_FACTS
) -> None:
    """Count what is paid, check it, and record the decision with its facts. Raises `NotPossible`."""
    sum_paid(connection, line.now)
    for number, paid, amount, state in connection.execute(sql("find_items_off"), line.values):
        if state not in ("approved", "exported", "open"):
            raise NotPossible(f"bill {number} is {state}, and cannot be paid; run: postledger bills show {number}")
        if paid < 0:
            raise NotPossible(
                f"more of {number} would be taken back than was paid; undo its return first:"
                f" postledger match list --bill {number}"
            )
        raise NotPossible(
            f"{number} would be paid beyond its amount of {amount:f}; run reconcile again, or match less of it by hand"
        )
    body = write_body(statement=line.statement, line=line.line_no, **facts)
    append(connection, actor, action, f"{line.statement}:{line.line_no}", body=body, at=line.now)
