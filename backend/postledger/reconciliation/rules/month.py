"""The report of one month: what is due, what was paid, what differs, and who must act. Values only.

The report of a locked month is stored and read for ever, so a field that is added later needs a default.
"""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal

import msgspec

MOST_ROWS = 1_000
"""The bills, receivables, work items and bank lines that a report lists. Its totals are over all of them."""


class ReportFile(msgspec.Struct, frozen=True):
    """A network's report that counts for the month."""

    id: str
    format: str
    file_name: str
    timezone: str
    lines: int
    faults: int
    imported_at: datetime
    imported_by: str


class Run(msgspec.Struct, frozen=True):
    """A run of `reconcile`. `name` is the source or the bank account."""

    id: str
    kind: str
    name: str
    as_of: datetime
    state: str
    started_at: datetime
    ended_at: datetime | None
    started_by: str


class SideTotals(msgspec.Struct, frozen=True):
    """The money of one currency in the ledger and in the network's report, and what of the report is matched."""

    currency: str
    conversions: int
    ledger: Decimal
    lines: int
    report: Decimal
    matched: Decimal

    @property
    def difference(self) -> Decimal:
        """What the report has more than the ledger."""
        return self.report - self.ledger


class Bridge(msgspec.Struct, frozen=True):
    """What lies between ledger and report: the conversions and lines of one class and currency, as the last run found.

    Each conversion and each line is in one class, so the differences add up to that of the totals.
    """

    item_class: str = msgspec.field(name="class")
    currency: str
    conversions: int
    ledger: Decimal
    lines: int
    report: Decimal

    @property
    def difference(self) -> Decimal:
        """What the report has more than the ledger."""
        return self.report - self.ledger


class ClassTotal(msgspec.Struct, frozen=True):
    """The work items of one class and currency. `settled` of them a person has resolved or accepted."""

    item_class: str = msgspec.field(name="class")
    currency: str
    items: int
    stake: Decimal
    disputed: int
    disputed_stake: Decimal
    settled: int
    settled_stake: Decimal

    @property
    def open(self) -> int:
        """How many wait for a decision."""
        return self.items - self.disputed - self.settled

    @property
    def open_stake(self) -> Decimal:
        """The money of those that wait for a decision."""
        return self.stake - self.disputed_stake - self.settled_stake


class SourceMonth(msgspec.Struct, frozen=True):
    """A source in the month. Without a `file` there is no report yet, without a `run` it was not reconciled.

    `is_expected`: a report is expected by a day.
    """

    source: str
    name: str
    file: ReportFile | None
    run: Run | None
    totals: tuple[SideTotals, ...]
    bridge: tuple[Bridge, ...]
    classes: tuple[ClassTotal, ...]
    is_expected: bool


class BankStatement(msgspec.Struct, frozen=True):
    """A bank statement that has days of the month. `gap` is what lies between it and the statement before.

    `lacks_opening`: it is the first one of its account, has only a closing balance, and was read without a fault.
    """

    id: str
    format: str
    number: str | None
    since: date
    until: date
    opening: Decimal | None
    closing: Decimal | None
    lines: int
    proof: str
    proof_difference: Decimal | None
    gap: str | None
    lacks_opening: bool = False


class Flow(msgspec.Struct, frozen=True):
    """The money that went in or out of an account, and what of it matches explain."""

    direction: Literal["in", "out"]
    lines: int
    amount: Decimal
    explained_lines: int
    explained: Decimal

    @property
    def unexplained(self) -> Decimal:
        """The amount that no match explains."""
        return self.amount - self.explained


class PartTotal(msgspec.Struct, frozen=True):
    """What the matches of an account's lines are made of: payments, fees, exchange differences and so on."""

    part: str
    parts: int
    amount: Decimal


class BankPart(msgspec.Struct, frozen=True):
    """A part of what a bank line is: which bill or receivable it pays or takes back, or what else it is."""

    part: str
    amount: Decimal
    returned: bool
    number: str | None
    payee: str | None


class BankEntry(msgspec.Struct, frozen=True):
    """A bank line of the month. Its parts add up to it; without any it is not explained."""

    booked_on: date
    reference: str | None
    amount: Decimal
    parts: tuple[BankPart, ...]


class AccountMonth(msgspec.Struct, frozen=True):
    """A bank account in the month. `opening` and `closing` are the balances at the month's ends, if known.

    `proof_difference`: opening + booked lines - closing. `is_expected`: statements are expected.
    """

    account: str
    currency: str
    opening: Decimal | None
    closing: Decimal | None
    lines: int
    booked: Decimal
    proof: str
    proof_difference: Decimal | None
    statements: tuple[BankStatement, ...]
    flows: tuple[Flow, ...]
    parts: tuple[PartTotal, ...]
    entries: tuple[BankEntry, ...]
    run: Run | None
    classes: tuple[ClassTotal, ...]
    is_expected: bool


class Claim(msgspec.Struct, frozen=True):
    """A bill that we pay, or a receivable that a network pays us. `settled` is what was paid of it."""

    number: str
    payee: str
    payee_name: str | None
    currency: str
    amount: Decimal
    settled: Decimal
    state: str

    @property
    def open(self) -> Decimal:
        """What is not paid yet."""
        return self.amount - self.settled


class ClaimTotal(msgspec.Struct, frozen=True):
    """The bills or the receivables of one currency."""

    currency: str
    number: int
    due: Decimal
    settled: Decimal

    @property
    def open(self) -> Decimal:
        """What is not paid yet."""
        return self.due - self.settled


class ItemTotal(msgspec.Struct, frozen=True):
    """The work items of one state and currency."""

    state: str
    currency: str
    items: int
    stake: Decimal


class WorkItem(msgspec.Struct, frozen=True):
    """A work item that is not gone. `scope` is its source or account, `subject` the transaction, bill or bank line."""

    id: int
    item_class: str = msgspec.field(name="class")
    scope: str
    subject: str
    stake: Decimal
    currency: str
    state: str
    owner: str | None
    opened_at: datetime
    age_days: int
    facts: Mapping[str, Any]
    note: str | None

    @property
    def late_class(self) -> str | None:
        """The class that an item of the class `after_lock` would have in an open month."""
        return self.facts.get("class") if self.item_class == "after_lock" else None


class MonthReport(msgspec.Struct, frozen=True):
    """The report of a month. `state` is that of the month: open, closing or locked; `changed_by` set it so."""

    period: date
    timezone: str
    base_currency: str | None
    made_at: datetime
    state: str
    changed_at: datetime | None
    changed_by: str | None
    sources: tuple[SourceMonth, ...]
    accounts: tuple[AccountMonth, ...]
    bill_totals: tuple[ClaimTotal, ...]
    bills: tuple[Claim, ...]
    receivable_totals: tuple[ClaimTotal, ...]
    receivables: tuple[Claim, ...]
    item_totals: tuple[ItemTotal, ...]
    items: tuple[WorkItem, ...]
    runs: tuple[Run, ...]


def write_month_report(report: MonthReport) -> bytes:
    """Write a report as JSON. Amounts are text with every digit."""
    return msgspec.json.encode(report)


def read_month_report(content: bytes | str) -> MonthReport:
    """Read a report that was stored as JSON."""
    return msgspec.json.decode(content, type=MonthReport)
