"""Random small ledgers and reports: the passes find what a slow oracle finds, and count nothing twice."""

from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from postledger.platform.postgres.connection import connect
from postledger.reconciliation.reports.reconcile_report import Sums
from postledger.reconciliation.rules.statement_lines import ReportLine
from postledger.vocabulary.statuses import Status
from tests.parts.reconciling import IMPORTED, Books
from tests.parts.report_oracle import Sale, find, worth_of
from tests.parts.sources import add_bare_source

MIDNIGHT = datetime(2026, 10, 1, tzinfo=UTC)
END = datetime(2026, 11, 1, tzinfo=UTC)
REPORT_SINCE, REPORT_UNTIL = MIDNIGHT - timedelta(hours=8), END - timedelta(hours=8)  # of Asia/Singapore

amounts = st.sampled_from([Decimal(text) for text in ("10.00", "10.005", "12.5", "20", "7")])
ids = st.sampled_from([None, "T-1", "T-2", "T-3", "T-4"])
clicks = st.sampled_from(["c-1", "c-2", "c-3", "c-4", "c-5"])
events = st.sampled_from(["sale", "sale", "lead"])
currencies = st.sampled_from(["USD", "USD", "USD", "EUR"])
statuses = st.sampled_from(list(Status))
times = st.one_of(
    st.integers(0, 20).map(lambda hours: MIDNIGHT + timedelta(hours=hours * 11)),
    st.integers(-12, 12).map(lambda hours: END + timedelta(hours=hours)),
)


class Opened(msgspec.Struct, frozen=True):
    """A conversion, and perhaps a change of it, before or after the import of the report."""

    event: str
    transaction_id: str | None
    click_id: str
    at: datetime
    status: Status
    payout: Decimal
    currency: str
    becomes: Status | None
    is_late: bool

    @property
    def standing(self) -> Status:
        return self.status if self.becomes is None or self.is_late else self.becomes


opened = st.builds(
    Opened, events, ids, clicks, times, statuses, amounts, currencies, st.one_of(st.none(), statuses), st.booleans()
)
lines = st.builds(
    lambda transaction_id, click_id, amount, refunds, status, event, currency, at: ReportLine(
        0, -amount if refunds else amount, currency, status, event, transaction_id,
        click_id if transaction_id is None or click_id == "c-1" else None, at.date(), at,
    ),
    ids, clicks, amounts, st.sampled_from([False, False, False, True]), statuses,
    st.sampled_from(["sale", "lead", None]), currencies, times,
)  # fmt: skip


def put(books: Books, conversions: Sequence[Opened]) -> list[Sale]:
    """Put conversions into the ledger, and return them as they stood at the import."""
    sales = []
    for each in conversions:
        key = books.sale(
            each.transaction_id, str(each.payout), status=each.status, currency=each.currency, event=each.event,
            click_id=each.click_id, at=each.at,
        )  # fmt: skip
        if each.becomes is not None:
            at = IMPORTED + timedelta(days=7 if each.is_late else -0.5)
            books.change(key, each.becomes, at)
        sales.append(
            Sale(
                key, each.event, each.transaction_id, each.click_id, each.at, each.standing, each.payout, each.currency,
                MIDNIGHT <= each.at < END, REPORT_SINCE <= each.at < REPORT_UNTIL,
            )
        )  # fmt: skip
    return sales


def add_up(run: Sums, side: str, number: str) -> dict[str, tuple[Decimal, int]]:
    """Sum the classes of a run by currency."""
    money, numbers = Counter[str](), Counter[str]()
    for row in run:
        money[row["currency"]] += Decimal(row[side])  # type: ignore[assignment]
        numbers[row["currency"]] += row[number]
    return {currency: (Decimal(money[currency]), numbers[currency]) for currency in numbers if numbers[currency]}


def total(amounts: Sequence[tuple[str, Decimal]]) -> dict[str, tuple[Decimal, int]]:
    """Sum amounts by currency."""
    return {
        currency: (sum((amount for of, amount in amounts if of == currency), Decimal(0)), len(
            [1 for of, _ in amounts if of == currency]
        ))
        for currency in {of for of, _ in amounts}
    }  # fmt: skip


def read_items(books: Books) -> list[tuple[Any, ...]]:
    return books.connection.execute(
        "SELECT class, stake, currency, version FROM discrepancies WHERE source_id = %s"
        " ORDER BY class, stake, currency",
        (books.source_id,),
    ).fetchall()


def read_claims(books: Books, statement_id: str) -> dict[int, str]:
    rows = books.connection.execute(
        "SELECT line_no, dedup_key::text FROM matches WHERE statement_id = %s AND state = 'matched'", (statement_id,)
    ).fetchall()
    assert len(rows) == len(dict(rows)), "a line is claimed at most once"
    return dict(rows)


def test_passes_find_what_the_oracle_finds(database: str) -> None:
    with closing(connect(database, name="test", statement_timeout_ms=60_000)) as connection:

        @settings(max_examples=60)
        @given(
            st.lists(opened, max_size=7, unique_by=lambda each: (each.transaction_id or each.click_id, each.event)),
            st.lists(lines, min_size=1, max_size=8),
        )
        def check(conversions: list[Opened], report: list[ReportLine]) -> None:
            books = Books(connection, *add_bare_source(connection))
            numbered = [msgspec.structs.replace(each, line_no=no) for no, each in enumerate(report, 2)]
            sales, statement_id = put(books, conversions), books.report(*numbered, timezone="Asia/Singapore")

            run, expected = books.reconcile(), find(sales, numbered)

            claims, items = read_claims(books, statement_id), read_items(books)
            assert claims == expected.claims
            assert sorted((name, stake, currency) for name, stake, currency, _ in items) == expected.items
            in_books = [(sale.currency, sale.worth) for sale in sales if sale.in_books]
            assert add_up(run, "ledger", "conversions") == total(in_books)
            assert add_up(run, "network", "lines") == total([(each.currency, worth_of(each)) for each in numbered])
            again = books.reconcile()
            assert again == run
            assert (read_claims(books, statement_id), read_items(books)) == (claims, items)

        check()
