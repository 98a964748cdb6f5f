"""The tables that bank lines are matched with: what is read of them, and the matches that are written."""

from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any

import msgspec
from psycopg import Connection

from postledger.finance.base_rates import BaseRates
from postledger.platform.postgres.sql import statements_of
from postledger.reconciliation.plans import joined_by_hash
from postledger.reconciliation.rules.bank_account import BankAccount
from postledger.reconciliation.rules.matching.subjects import (
    Item,
    Line,
    Match,
    Outcome,
    Part,
    Payee,
    Settled,
    Terms,
)
from postledger.reconciliation.runs import Run

sql = statements_of("postledger.reconciliation")

Decrypt = Callable[[bytes | None], str | None]
_LOOKS_BACK = timedelta(days=400)
"""A payment that is older is not returned any more."""
_USUAL_MAX_AGE_DAYS = 7  # of a rate


class Scope(msgspec.Struct, frozen=True):
    """The bank lines of one account and month. `until` is the first day that is no more in it."""

    account: str
    currency: str
    since: date
    until: date
    locked: bool

    @property
    def looked_back(self) -> date:
        """Since when payments are looked for that a line takes back."""
        return self.since - _LOOKS_BACK


class OpenLine(msgspec.Struct, frozen=True):
    """A line without a match. `nth`: the last part that is on record. `subject` names it in work items."""

    line: Line
    nth: int
    subject: str


def find_account(connection: Connection[Any], slug: str) -> BankAccount | None:
    """Find the settings of an account. None if it is not configured."""
    row = connection.execute(sql("read_bank_account"), (slug,)).fetchone()
    return None if row is None else msgspec.convert(row[0], BankAccount, strict=False)


def read_lines(connection: Connection[Any], scope: Scope, decrypt: Decrypt) -> list[OpenLine]:
    """Read the lines that have no match, and delete what was proposed for them before."""
    values = msgspec.structs.asdict(scope)
    connection.execute(sql("delete_bank_proposals"), values)
    return [_read_line(row, decrypt) for row in connection.execute(sql("read_bank_lines"), values)]


def read_items(connection: Connection[Any], looked_back: date) -> list[Item]:
    """Read the bills and receivables that lines can pay."""
    with joined_by_hash(connection):
        rows = connection.execute(sql("read_payable_items"), {"looked_back": looked_back}).fetchall()
    return [
        Item(item_id, kind, number, payee, currency, amount, period, paid, payable)
        for item_id, kind, number, payee, currency, amount, period, paid, payable in rows
    ]


def read_payee_accounts(connection: Connection[Any]) -> list[Payee]:
    """Read the payees."""
    return [
        Payee(payee, name, None if account_hash is None else bytes(account_hash))
        for payee, name, account_hash in connection.execute(sql("read_payee_accounts"))
    ]


def read_settled(connection: Connection[Any], scope: Scope) -> list[Settled]:
    """Read the lines whose matches stay."""
    values = {"account": scope.account, "looked_back": scope.looked_back}
    rows = connection.execute(sql("read_settled_lines"), values).fetchall()
    return [_read_settled(list(parts)) for _, parts in groupby(rows, key=lambda row: row[:2])]


def read_terms(
    connection: Connection[Any],
    account: BankAccount,
    lines: Iterable[Line],
    currencies: Iterable[str],
    max_age_days: int | None,
) -> Terms:
    """Read the tolerances of an account, and the rates of currencies on the days of its lines."""
    rates = BaseRates(account.currency, max_age_days or _USUAL_MAX_AGE_DAYS)
    foreign = set(currencies) - {account.currency}
    wanted = [(currency, day) for currency in foreign for day in {line.day for line in lines}]
    rates.load(connection, wanted)
    found = {pair: rates.find(*pair) for pair in wanted}
    known = {pair: rate.rate for pair, rate in found.items() if rate is not None}
    return Terms(account.fee.absolute, account.fee.percent, account.fx_percent, known)


def write_outcomes(
    connection: Connection[Any], run: Run, outcomes: Sequence[Outcome], lines: Iterable[OpenLine], now: datetime
) -> None:
    """Write the matches and the proposals of a run, behind the parts of each line that are on record."""
    known = {each.line.key: each.nth for each in lines}
    with connection.cursor() as cursor, cursor.copy(sql("copy_bank_matches")) as copy:
        for outcome in outcomes:
            for nth, row in enumerate(_list_rows(outcome, run, now), known[outcome.line.key] + 1):
                copy.write_row((*outcome.line.key, nth, *row))


def sum_paid(connection: Connection[Any], now: datetime) -> None:
    """Set what is paid of bills and receivables to the sum of their matched payments."""
    with joined_by_hash(connection):
        for name in ("sum_paid_bills", "sum_received"):
            connection.execute(sql(name), {"now": now})


def list_columns(part: Part, line: Line) -> tuple[object, ...]:
    """Return the columns of a part, from `bill_id` to `applied_currency`."""
    bill_id, receivable_id = (part.item, None) if part.item_kind == "bill" else (None, part.item)
    return (bill_id, receivable_id, part.part, part.amount, line.currency, part.applied, part.applied_currency)


def _read_line(row: Sequence[Any], decrypt: Decrypt) -> OpenLine:
    (
        statement_id, line_no, day, amount, currency, fee, instructed_amount, instructed_currency, rate, reference,
        end_to_end, counterparty, account_hash, remittance, reversal, undone, nth, subject,
    ) = row  # fmt: skip
    texts = [end_to_end, reference, decrypt(_as_bytes(remittance))]
    line = Line(
        (statement_id, line_no), day, amount, currency, "\n".join(filter(None, texts)),
        decrypt(_as_bytes(counterparty)) or "", _as_bytes(account_hash), end_to_end, fee, instructed_amount,
        instructed_currency, rate, reversal, undone,
    )  # fmt: skip
    return OpenLine(line, nth, subject)


def _read_settled(rows: Sequence[Sequence[Any]]) -> Settled:
    statement_id, line_no, day, amount, currency, account_hash, end_to_end, method, *_ = rows[0]
    line = Line(
        (statement_id, line_no), day, amount, currency, account_hash=_as_bytes(account_hash), end_to_end=end_to_end
    )
    return Settled(line, Match(method, tuple(Part(*row[8:]) for row in rows)))


def _list_rows(outcome: Outcome, run: Run, now: datetime) -> list[tuple[object, ...]]:
    if outcome.match is not None:
        made = ("matched", None, None, run.id, None, now)
        return [(*list_columns(part, outcome.line), outcome.match.method, *made) for part in outcome.match.parts]
    reasons = [str(reason) for reason in outcome.reasons]
    return [
        (*list_columns(part, outcome.line), match.method, "proposed", proposal, reasons, run.id, None, now)
        for proposal, match in enumerate(outcome.proposals, 1)
        for part in match.parts
    ]


def _as_bytes(value: Any) -> bytes | None:
    return None if value is None else bytes(value)
