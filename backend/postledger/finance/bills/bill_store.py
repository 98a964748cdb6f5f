"""Reads what is due, and writes bills with their lines and items."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from secrets import token_bytes
from typing import Any, Literal

import msgspec
from psycopg import Connection

from postledger.finance.bills.draft import Account, Carried, Draft, Due, Terms
from postledger.finance.bills.judge import Verdict
from postledger.finance.rules.bill_amounts import Heading, Items
from postledger.platform.postgres.sql import statements_of
from postledger.vocabulary.receipt import ENTROPY_BYTES, make_receipt

sql = statements_of("postledger.finance")

BillState = Literal["waiting", "approved", "carried", "exported", "cancelled"]
_NO_ITEMS = bytes(32)
"""The digest of a bill over an amount that was only carried."""


class NewBill(msgspec.Struct, frozen=True):
    """A bill that was made just now. A dry run gives it no id and no number."""

    draft: Draft
    verdict: Verdict
    id: str = ""
    number: str = ""
    items_sha256: bytes = _NO_ITEMS

    @property
    def state(self) -> BillState:
        """Where the bill begins."""
        if not self.draft.amounts.amount:
            return "carried"
        return "approved" if self.verdict.asked_by is None else "waiting"

    @property
    def items(self) -> int:
        """How many expense lines it holds."""
        return sum(line.items for line in self.draft.amounts.lines)


def read_terms(connection: Connection[Any], payees: Sequence[str]) -> dict[str, Terms]:
    """Read the minimums of payees. Changes of these payees wait until the end of the transaction."""
    rows = connection.execute(sql("lock_payees"), (list(payees),)).fetchall()
    return {payee: Terms(currency, min_bill) for payee, currency, min_bill in rows}


def read_due(connection: Connection[Any], payees: Sequence[str], period: date | None, today: date) -> list[Due]:
    """Gather what is due now. `write_items` later in the transaction writes the very same lines."""
    connection.execute(sql("create_due_lines"))
    connection.execute(sql("find_due_lines"), {"payees": list(payees), "period": period, "today": today})
    found: dict[tuple[Account, date], dict[Heading, Items]] = {}
    for payee, currency, month, *heading, exact, number in connection.execute(sql("sum_due_lines")):
        found.setdefault((Account(payee, currency), month), {})[Heading(*heading)] = Items(exact, number)
    return [Due(account, month, items) for (account, month), items in found.items()]


def read_carried(connection: Connection[Any], payees: Sequence[str]) -> dict[Account, Carried]:
    """Read what the bills of payees carry."""
    carry: dict[Account, dict[Heading, Decimal]] = {}
    months: dict[Account, date] = {}
    for payee, currency, *heading, amount, last_period in connection.execute(sql("read_carry"), (list(payees),)):
        account = Account(payee, currency)
        carry.setdefault(account, {})[Heading(*heading)] = amount
        months[account] = max(last_period, months.get(account, last_period))
    return {account: Carried(carry[account], months[account]) for account in carry}


def number_bills(connection: Connection[Any], bills: Sequence[NewBill], now: datetime) -> list[NewBill]:
    """Give each bill its id, its number and a digest of its items."""
    digests = {
        (Account(payee, currency), month): bytes(digest)
        for payee, currency, month, digest in connection.execute(sql("read_item_digests"))
    }
    return [
        msgspec.structs.replace(
            bill,
            id=make_receipt(int(now.timestamp() * 1000), token_bytes(ENTROPY_BYTES)),
            number=number,
            items_sha256=digests.get((bill.draft.account, bill.draft.period), _NO_ITEMS),
        )
        for bill, number in zip(bills, _list_numbers(connection, bills), strict=True)
    ]


def write_bills(connection: Connection[Any], bills: Sequence[NewBill], actor: str, now: datetime) -> None:
    """Write bills with their lines, and the lines that are due as their items."""
    counts = _count_of_accounts(connection, bills)
    with connection.cursor() as cursor:
        cursor.executemany(sql("insert_bill"), [_make_row(bill, counts, actor, now) for bill in bills])
        cursor.executemany(sql("insert_bill_line"), [row for bill in bills for row in _list_line_rows(bill)])
    connection.execute(sql("insert_bill_items"), ([bill.id for bill in bills],))


def _list_numbers(connection: Connection[Any], bills: Sequence[NewBill]) -> Iterator[str]:
    months = list({bill.draft.period for bill in bills})
    last = {month: int(total) for *_, month, _, total in connection.execute(sql("count_bills"), (months,))}
    for bill in bills:
        month = bill.draft.period
        last[month] = last.get(month, 0) + 1
        yield f"PL-{month:%Y%m}-{last[month]:06d}"


def _count_of_accounts(connection: Connection[Any], bills: Iterable[NewBill]) -> dict[tuple[Account, date], int]:
    months = list({bill.draft.period for bill in bills})
    rows = connection.execute(sql("count_bills"), (months,)).fetchall()
    return {(Account(payee, currency), month): number for payee, currency, month, number, _ in rows}


def _make_row(
    bill: NewBill, counts: Mapping[tuple[Account, date], int], actor: str, now: datetime
) -> dict[str, object]:
    draft = bill.draft
    amounts = {name: getattr(draft.amounts, name) for name in ("exact", "carried_in", "amount", "carried_out")}
    return amounts | {
        "id": bill.id,
        "number": bill.number,
        "payee": draft.account.payee,
        "period": draft.period,
        "currency": draft.account.currency,
        "nth": counts.get((draft.account, draft.period), 0) + 1,
        "items_sha256": bill.items_sha256,
        "approved_by_rule": bill.verdict.approved_by,
        "state": bill.state,
        "actor": actor,
        "now": now,
    }


def _list_line_rows(bill: NewBill) -> Iterator[tuple[object, ...]]:
    for nth, line in enumerate(bill.draft.amounts.lines, 1):
        heading = line.heading
        yield (
            bill.id, nth, heading.category, heading.account, heading.tax_code, line.exact, line.carried_in, line.amount,
            line.items,
        )  # fmt: skip
