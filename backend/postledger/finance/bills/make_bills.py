"""Makes bills of the expense lines that are due, approved and in no bill yet, some payees in one transaction.

An interrupted run can be repeated: what is in a bill is not billed again.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from typing import Any

import msgspec
from psycopg import Connection

from postledger.finance.approval.plan import NewRequest
from postledger.finance.approval.request_store import OnRequests, insert_requests
from postledger.finance.bills.bill_store import (
    NewBill,
    number_bills,
    read_carried,
    read_due,
    read_terms,
    write_bills,
)
from postledger.finance.bills.draft import Draft, draft_bills
from postledger.finance.bills.judge import judge
from postledger.finance.books import Books
from postledger.finance.remap import let_worker_in, open_books
from postledger.finance.rules.approval_rule import ApprovalRule
from postledger.ledger.dispatch import hold_dispatch
from postledger.people.audit_chain import Entry, append_all, write_body
from postledger.platform.postgres.advisory_locks import BILLS, wait_for_lock
from postledger.platform.postgres.connection import read_clock
from postledger.platform.postgres.sql import statements_of
from postledger.policy.approval_store import read_approval_rules
from postledger.vocabulary.operator_error import NotFound

sql = statements_of("postledger.finance")

PORTION_PAYEES = 100

OnProgress = Callable[[float, float | None], None]


class Wanted(msgspec.Struct, frozen=True):
    """What to bill. None: every payee, every month."""

    payee: str | None = None
    period: date | None = None


def make_bills(
    connection: Connection[Any],
    wanted: Wanted,
    actor: str,
    on_progress: OnProgress,
    *,
    on_requests: OnRequests,
    dry_run: bool,
) -> list[NewBill]:
    """Make bills, and return them by payee, currency and month.

    Raises `NotPossible` without books, or `NotFound` if there is no such payee.
    """
    books, made = open_books(connection), list[NewBill]()
    _check_payee(connection, wanted.payee)
    today = read_clock(connection).astimezone(books.zone).date()
    values = {"payee": wanted.payee, "period": wanted.period, "today": today}
    payees = [payee for (payee,) in connection.execute(sql("find_billable_payees"), values)]
    for portion in _list_portions(payees, on_progress):
        with connection.transaction():
            drafts = _draft(connection, portion, wanted.period, today)
            bills = _judge(connection, drafts, books, today)
            made += bills if dry_run else _write(connection, bills, actor, on_requests)
        let_worker_in(connection)
    return made


def _check_payee(connection: Connection[Any], payee: str | None) -> None:
    # An empty result would hide that the id is misspelt.
    if payee is not None and connection.execute(sql("payee_exists"), (payee,)).fetchone() == (False,):
        raise NotFound(f"payee {payee} does not exist; run: postledger payees list")


def _list_portions(payees: Sequence[str], on_progress: OnProgress) -> Iterator[Sequence[str]]:
    for start in range(0, len(payees), PORTION_PAYEES):
        yield payees[start : start + PORTION_PAYEES]
        on_progress(min(start + PORTION_PAYEES, len(payees)), len(payees))


def _draft(connection: Connection[Any], payees: Sequence[str], period: date | None, today: date) -> list[Draft]:
    # Each statement sees what was committed before it began: the lock comes before the first one that reads.
    wait_for_lock(connection, BILLS)
    # A mapper that does not see the bill would ask people about its lines again, with a refund that joins them.
    hold_dispatch(connection)
    terms = read_terms(connection, payees)
    due = read_due(connection, payees, period, today)
    return draft_bills(due, read_carried(connection, payees), terms, with_carried=period is None)


def _judge(connection: Connection[Any], drafts: Sequence[Draft], books: Books, today: date) -> list[NewBill]:
    rules, rates = read_approval_rules(connection), books.rates
    rates.load(connection, {(draft.account.currency, today) for draft in drafts})
    return [
        NewBill(draft, judge(draft, rules, books.settings.base_currency, lambda currency: rates.find(currency, today)))
        for draft in drafts
    ]


def _write(connection: Connection[Any], bills: Sequence[NewBill], actor: str, on_requests: OnRequests) -> list[NewBill]:
    now = read_clock(connection)
    numbered = number_bills(connection, bills, now)
    write_bills(connection, numbered, actor, now)
    asked = [_ask(bill, bill.verdict.asked_by, actor) for bill in numbered if bill.verdict.asked_by]
    if requests := insert_requests(connection, asked, now):
        on_requests(connection, requests, now)
    append_all(connection, [_make_entry(bill, actor) for bill in numbered], now)
    return numbered


def _ask(bill: NewBill, rule: ApprovalRule, actor: str) -> NewRequest:
    account = bill.draft.account
    return NewRequest(
        "bill", bill.id, rule.slug, bill.verdict.rules_version, rule.steps, rule.remind_after_s, account.payee,
        bill.draft.amounts.amount, account.currency, created_by=actor, lines=(),
    )  # fmt: skip


def _make_entry(bill: NewBill, actor: str) -> Entry:
    body = write_body(bill=bill.id, items=bill.items, sha256=bill.items_sha256.hex())
    return Entry(actor, "bill.make", bill.number, body)
