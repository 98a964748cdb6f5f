"""How lines find their conversions, and what people decided about them stays."""

from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest

from postledger.reconciliation.statement_store import delete_statement
from postledger.vocabulary.operator_error import NotFound
from tests.parts.reconciling import IMPORTED, NOON, Books, classes, days, line, open_books

NOVEMBER = date(2026, 11, 1)


@pytest.fixture
def books(database: str) -> Iterator[Books]:
    """A ledger with the source acme."""
    with open_books(database) as books:
        yield books


def matches(books: Books, statement_id: str) -> list[tuple[int, str, str, str]]:
    """Each match of a report: line, conversion, method and state."""
    return books.connection.execute(
        "SELECT line_no, dedup_key::text, method, state FROM matches WHERE statement_id = %s ORDER BY line_no, nth",
        (statement_id,),
    ).fetchall()


def decide(books: Books, statement_id: str, state: str) -> None:
    """Confirm or undo the matches of the first line."""
    books.connection.execute(
        "UPDATE matches SET state = %s, confirmed_by = 'ben' WHERE statement_id = %s AND line_no = 2 AND nth = 1",
        (state, statement_id),
    )


def test_lines_without_ids_are_matched_by_click_in_order_of_time(books: Books) -> None:
    keys = [books.sale(f"T-{n}", "5.00", click_id="c-1", at=NOON + days(n)) for n in (1, 2)]
    report = books.report(*[line(None, "5.00", click_id="c-1", at=NOON + days(n)) for n in (2, 1)])

    assert classes(books.reconcile()) == {"matched": ("2", "0")}
    assert matches(books, report) == [(2, keys[1], "click_id", "matched"), (3, keys[0], "click_id", "matched")]


def test_a_refund_under_an_id_of_its_own_joins_its_sale(books: Books) -> None:
    key = books.sale("T-1", "20.00")
    books.change(key, "approved", NOON + days(3), "15.00", kind="refund", own_id="R-1")
    report = books.report(line("T-1", "20.00"), line("R-1", "-5.00"))

    assert classes(books.reconcile()) == {"matched": ("1", "0")}
    assert [row[1] for row in matches(books, report)] == [key, key]


def test_another_word_for_the_event_is_no_difference(books: Books) -> None:
    books.sale("T-1", "20.00", event="conversion")
    books.report(line("T-1", "20.00", event="purchase"))

    assert classes(books.reconcile()) == {"matched": ("1", "0")}


def test_amount_and_time_match_where_nothing_else_could(books: Books) -> None:
    key = books.sale(None, "13.37", at=NOON)
    report = books.report(line("X-1", "13.37", at=NOON + days(1)), line("X-2", "9.99"))

    assert classes(books.reconcile()) == {"matched": ("1", "0"), "missing_in_ledger": ("1", "9.99")}
    assert matches(books, report) == [(2, key, "amount_time", "matched")]


def test_outside_of_the_window_nothing_is_matched(books: Books) -> None:
    books.sale(None, "13.37", at=NOON)
    books.report(line("X-1", "13.37", at=NOON + days(2.1)))

    assert classes(books.reconcile()) == {"missing_at_network": ("1", "13.37"), "missing_in_ledger": ("1", "13.37")}


def test_several_candidates_are_proposed_and_none_is_matched(books: Books) -> None:
    keys = [books.sale(None, "13.37", at=NOON + days(n)) for n in (0, 1)]
    report = books.report(line("X-1", "13.37", at=NOON + days(0.4)))

    assert classes(books.reconcile()) == {"proposed": ("1", "13.37")}
    assert matches(books, report) == [
        (2, keys[0], "amount_time", "proposed"),
        (2, keys[1], "amount_time", "proposed"),
    ]


def test_ids_that_contradict_are_not_matched_by_a_common_amount(books: Books) -> None:
    books.sale("T-1", "10.00")
    books.sale("T-2", "10.00")
    books.report(line("T-1", "10.00"), line("X-2", "10.00"))

    assert classes(books.reconcile()) == {"matched": ("1", "0"), "proposed": ("1", "10")}


def test_a_confirmed_proposal_stays(books: Books) -> None:
    keys = [books.sale(None, "13.37", at=NOON + days(n)) for n in (0, 1)]
    report = books.report(line("X-1", "13.37", at=NOON + days(0.4)))
    books.reconcile()

    decide(books, report, "confirmed")

    for _ in range(2):
        assert classes(books.reconcile()) == {"matched": ("1", "0"), "missing_at_network": ("1", "13.37")}
        assert matches(books, report) == [(2, keys[0], "amount_time", "confirmed")]


def test_a_match_that_was_undone_is_not_made_again(books: Books) -> None:
    key = books.sale("T-1", "20.00")
    report = books.report(line("T-1", "20.00"))
    books.reconcile()

    decide(books, report, "undone")

    for _ in range(2):
        assert classes(books.reconcile()) == {"missing_at_network": ("1", "20"), "missing_in_ledger": ("1", "20")}
        assert matches(books, report) == [(2, key, "transaction_id", "undone")]


def test_what_was_decided_holds_in_a_newer_report(books: Books) -> None:
    keys = [books.sale(None, "13.37", at=NOON + days(n)) for n in (0, 1)]
    older = books.report(line("X-1", "13.37", at=NOON + days(0.4)))
    books.reconcile()
    decide(books, older, "confirmed")

    newer = books.report(line("X-0", "1.00"), line("X-1", "13.37", at=NOON + days(0.4)), imported_at=IMPORTED + days(1))
    books.reconcile()

    assert matches(books, newer) == [(3, keys[0], "amount_time", "confirmed")]
    assert matches(books, older) == [(2, keys[0], "amount_time", "confirmed")]


def test_by_hand_a_line_gets_a_conversion_that_came_later(books: Books) -> None:
    report = books.report(line("X-1", "20.00"))
    key = books.sale("T-1", "20.00", received_at=IMPORTED + days(1))
    books.connection.execute(
        "INSERT INTO matches (statement_id, line_no, nth, dedup_key, part, amount, currency, method, state,"
        " confirmed_by, matched_at) VALUES (%s, 2, 1, %s, 'payment', 20, 'USD', 'by_hand', 'confirmed', 'ben', now())",
        (report, key),
    )

    assert classes(books.reconcile()) == {"matched": ("1", "0")}
    assert matches(books, report) == [(2, key, "by_hand", "confirmed")]


def test_a_refund_of_an_earlier_month_is_explained_by_both_reports(books: Books) -> None:
    key = books.sale("T-1", "20.00", at=NOON)
    books.report(line("T-1", "20.00"))
    books.change(key, "reversed", datetime(2026, 11, 10, tzinfo=UTC), kind="reversal")
    books.report(line("T-1", "-20.00", status="reversed"), period=NOVEMBER, imported_at=IMPORTED + days(30))

    assert classes(books.reconcile(NOVEMBER)) == {"earlier_period": ("1", "0")}
    assert books.items() == []


def test_a_conversion_of_another_year_is_found_by_its_id(books: Books) -> None:
    books.sale("T-1", "20.00", at=NOON - days(400))
    books.report(line("T-1", "20.00"))

    assert classes(books.reconcile()) == {"other_period": ("1", "20")}


def test_a_sale_stays_in_the_month_of_its_first_postback(books: Books) -> None:
    now = datetime.now(UTC)
    key = books.sale("T-1", "20.00", status="pending", at=NOON, received_at=now, has_postback=True)
    books.change(key, "approved", now)
    books.connection.execute("UPDATE conversions SET event_time = %s", (NOON + days(40),))
    books.report(line("T-1", "20.00"), imported_at=now)

    assert classes(books.reconcile()) == {"matched": ("1", "0")}


def test_items_of_a_report_that_was_taken_out_are_gone(books: Books) -> None:
    report = books.report(line("X-1", "20.00"))
    books.reconcile()
    delete_statement(books.connection, report)

    assert (classes(books.reconcile()), books.items()) == ({}, [])


def test_a_replaced_report_is_taken_out_without_another_one_counting(books: Books) -> None:
    reports = [books.report(line("X-1", f"{n}.00"), imported_at=IMPORTED + days(n)) for n in (1, 2, 3)]

    delete_statement(books.connection, reports[1])

    rows = books.connection.execute(
        "SELECT id::text, replaces::text, replaced_at IS NULL FROM statements ORDER BY imported_at"
    ).fetchall()
    assert rows == [(reports[0], None, False), (reports[2], reports[0], True)]


def test_a_month_without_a_report_cannot_be_reconciled(books: Books) -> None:
    with pytest.raises(NotFound, match=r"acme has no report of 2026-10; run: postledger statement import"):
        books.reconcile()
