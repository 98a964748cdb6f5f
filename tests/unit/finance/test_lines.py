"""Which lines a conversion gets, and what they are booked as."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from msgspec.structs import replace

from postledger.finance.books import Books
from postledger.finance.lines import Conversion, Line, complete_lines
from postledger.finance.rules.expense_amount import Share
from postledger.finance.rules.expense_rule import ExpenseRule, Match
from postledger.vocabulary.statuses import Status
from tests.parts.books import SHARE, books_of, conversion_of, fixed, rules_of, sums

BOOKS = books_of(SHARE)


def book(*steps: tuple[Conversion, Books], remaps: bool = False) -> list[Line]:
    """The lines after a conversion was seen in each of these states; only the last step may remap."""
    rules, lines = rules_of(*(books for _, books in steps)), list[Line]()
    for number, (conversion, books) in enumerate(steps, 1):
        lines += complete_lines(conversion, lines, books, rules, remaps=remaps and number == len(steps))
    return lines


def told(lines: Sequence[Line]) -> list[tuple[str, int | None, str, str, str | None]]:
    return [(line.kind, line.adjusts, format(line.amount, "f"), line.currency, line.booking.unmapped) for line in lines]


def test_an_approved_conversion_gets_one_line_with_all_that_is_booked() -> None:
    rule = replace(SHARE, account="6010", tax_code="V0", hold_days=30)

    (line,) = book((conversion_of(payout="0.50"), books_of(rule, version=7)))

    booking = line.booking
    assert told([line]) == [("accrual", None, "0.50", "USD", None)]
    assert (booking.payee, booking.category) == ("456", "Affiliate Commission — Spring sale")
    assert (booking.account, booking.tax_code, booking.direction) == ("6010", "V0", "payable")
    assert (booking.rule, booking.rule_version, booking.billable_from) == ("spring", 7, date(2026, 11, 14))
    assert (line.base_amount, line.base_currency, line.rate and line.rate.on_day) == (
        Decimal("0.4"),
        "EUR",
        date(2026, 10, 15),
    )


@pytest.mark.parametrize("status", [Status.PENDING, Status.REJECTED, Status.REVERSED])
def test_a_status_that_carries_no_money_gets_no_line(status: Status) -> None:
    assert book((conversion_of(status), BOOKS)) == []
    assert book((conversion_of(status), books_of())) == []


def test_a_share_of_nothing_needs_neither_payee_nor_rate_and_gets_no_line() -> None:
    free = books_of(replace(SHARE, amount=Share(Decimal(0))), payees=())

    assert book((conversion_of(affiliate=None, currency="VND"), free)) == []


def test_a_remap_to_a_share_of_nothing_takes_the_unmapped_money_back() -> None:
    free = books_of(replace(SHARE, amount=Share(Decimal(0))), payees=(), version=2)

    lines = book((conversion_of(affiliate=None), books_of()), (conversion_of(affiliate=None), free), remaps=True)

    assert len(lines) > 1
    assert sums(lines) == {}
    assert lines[-1].booking.unmapped is None


def test_a_repeat_adds_nothing() -> None:
    assert len(book(*[(conversion_of(), BOOKS)] * 3)) == 1


def test_a_refund_a_reversal_and_a_new_approval_adjust_the_accrual() -> None:
    lines = book(
        (conversion_of(), BOOKS),
        (conversion_of(payout="7"), BOOKS),
        (conversion_of(Status.REVERSED, "7"), BOOKS),
        (conversion_of(payout="7"), BOOKS),
    )

    assert told(lines) == [
        ("accrual", None, "10", "USD", None),
        ("adjustment", 1, "-3", "USD", None),
        ("adjustment", 1, "-7", "USD", None),
        ("adjustment", 1, "7", "USD", None),
    ]


def test_scenario_09_pending_in_dollars_approved_in_euros() -> None:
    rule = replace(SHARE, accrue=(Status.PENDING, Status.APPROVED))
    pending, approved = conversion_of(Status.PENDING), conversion_of(payout="9", currency="EUR")

    assert told(book((pending, BOOKS), (approved, BOOKS))) == [("accrual", None, "9", "EUR", None)]
    assert told(book((pending, books_of(rule)), (approved, books_of(rule)))) == [
        ("accrual", None, "10", "USD", None),
        ("adjustment", 1, "-10", "USD", None),
        ("accrual", None, "9", "EUR", None),
    ]


@pytest.mark.parametrize(
    ("books", "conversion", "reason", "amount"),
    [
        (books_of(), conversion_of(), "no_rule", "10"),
        (books_of(), conversion_of(payout=None), "no_rule", "0"),
        (books_of(SHARE, payees=()), conversion_of(), "no_payee", "10"),
        (BOOKS, conversion_of(affiliate=None), "no_payee", "10"),
        (BOOKS, conversion_of(payout=None), "no_amount", "0"),
        (BOOKS, conversion_of(currency=None), "no_amount", "10"),
        (BOOKS, conversion_of(currency="THB"), "no_rate", "10"),
    ],
)
def test_money_that_cannot_be_mapped_is_a_line_with_its_reason(
    books: Books, conversion: Conversion, reason: str, amount: str
) -> None:
    lines = book((conversion, books), (conversion, books))

    assert told(lines) == [("accrual", None, amount, conversion.currency or "XXX", reason)]
    assert lines[0].booking.billable_from is None


def test_a_payout_of_nothing_gets_no_line() -> None:
    assert book((conversion_of(payout="0.00"), BOOKS)) == []
    assert book((conversion_of(payout="0.00"), books_of())) == []


@pytest.mark.parametrize("remaps", [True, False], ids=["by a remap", "by its next change"])
def test_an_unmapped_line_is_taken_back_once_it_can_be_mapped(remaps: bool) -> None:
    lines = book((conversion_of(), books_of()), (conversion_of(), books_of(SHARE, version=2)), remaps=remaps)

    assert told(lines) == [
        ("accrual", None, "10", "USD", "no_rule"),
        ("remap", 1, "-10", "USD", "no_rule"),
        ("remap", 1, "10", "USD", None),
    ]


def test_unmapped_money_without_an_amount_is_settled_by_a_line_of_nothing() -> None:
    missing = conversion_of(payout=None)

    assert told(book((missing, BOOKS), (replace(missing, status=Status.REJECTED), BOOKS)))[1:] == [
        ("adjustment", 1, "0", "USD", None)
    ]
    assert told(book((missing, BOOKS), (conversion_of(payout="0"), BOOKS)))[1:] == [("remap", 1, "0", "USD", None)]
    assert told(book((missing, BOOKS), (conversion_of(), BOOKS)))[1:] == [("remap", 1, "10", "USD", None)]


def test_unmapped_money_that_is_rejected_is_taken_back() -> None:
    lines = book((conversion_of(), books_of()), (conversion_of(Status.REJECTED), books_of()))

    assert told(lines)[1:] == [("adjustment", 1, "-10", "USD", "no_rule")]


def test_a_mapped_conversion_keeps_its_mapping_when_it_changes() -> None:
    other = books_of(replace(SHARE, category="Other", amount=Share(Decimal(50))), version=2, payees=())

    lines = book((conversion_of(), BOOKS), (conversion_of(payout="8"), other))

    assert told(lines)[1:] == [("adjustment", 1, "-2", "USD", None)]
    assert lines[1].booking == lines[0].booking


def test_a_mapped_conversion_that_loses_its_currency_is_unmapped_and_visible() -> None:
    lines = book((conversion_of(), BOOKS), (conversion_of(payout="12", currency=None), BOOKS), (conversion_of(), BOOKS))

    assert told(lines)[1:] == [
        ("remap", 1, "-10", "USD", None),
        ("remap", 1, "12", "XXX", "no_amount"),
        ("remap", 1, "-12", "XXX", "no_amount"),
        ("remap", 1, "10", "USD", None),
    ]


def test_a_remap_moves_the_money_of_a_rule_that_was_changed() -> None:
    halved = books_of(replace(SHARE, category="Other", amount=Share(Decimal(50))), version=2)

    lines = book((conversion_of(), BOOKS), (conversion_of(), halved), remaps=True)

    assert told(lines)[1:] == [("remap", 1, "-10", "USD", None), ("remap", 1, "5", "USD", None)]
    assert [line.booking.category for line in lines[1:]] == ["Affiliate Commission — Spring sale", "Other"]


def test_a_remap_changes_nothing_if_the_rules_still_book_the_same() -> None:
    renamed = replace(SHARE, slug="renamed")

    assert len(book((conversion_of(), BOOKS), (conversion_of(), books_of(renamed, version=2)), remaps=True)) == 1


@pytest.mark.parametrize("books", [books_of(version=2), books_of(SHARE, version=2, payees=())])
def test_a_remap_takes_no_mapping_away(books: Books) -> None:
    assert len(book((conversion_of(), BOOKS), (conversion_of(), books), remaps=True)) == 1


def test_a_remap_to_a_rule_that_does_not_accrue_takes_the_money_back_for_good() -> None:
    early = books_of(replace(SHARE, accrue=(Status.PENDING, Status.APPROVED)))
    late = books_of(replace(SHARE, category="Late"), version=2)
    pending = conversion_of(Status.PENDING)

    lines = book((pending, early), (pending, late), remaps=True)
    rules = rules_of(early, late)

    assert sums(lines) == {}
    assert complete_lines(pending, lines, late, rules) == []
    assert sums([*lines, *complete_lines(conversion_of(), lines, late, rules)]) == {"USD": Decimal(10)}


def test_a_fixed_amount_does_not_depend_on_the_payout() -> None:
    books = books_of(replace(SHARE, amount=fixed("5.00", "EUR")))

    lines = book((conversion_of(payout=None), books), (conversion_of(payout="3"), books))

    assert told(lines) == [("accrual", None, "5.00", "EUR", None)]


def test_a_share_keeps_all_digits() -> None:
    books = books_of(replace(SHARE, amount=Share(Decimal("33.333333"))))

    lines = book((conversion_of(payout="123456789012.123457"), books), (conversion_of(Status.REVERSED), books))

    assert Fraction(lines[0].amount) == Fraction("123456789012.123457") * Fraction("0.33333333")
    assert sums(lines) == {}


def test_the_payee_of_a_receivable_line_is_the_source() -> None:
    books = books_of(replace(SHARE, direction="receivable"), payees=("acme",))

    (line,) = book((conversion_of(affiliate=None), books))

    assert (line.booking.payee, line.booking.direction) == ("acme", "receivable")


def test_the_first_rule_that_matches_decides() -> None:
    first = ExpenseRule("autumn", "Autumn", Share(Decimal(1)), Match(campaign=("autumn*",)))

    (line,) = book((conversion_of(), books_of(first, SHARE)))

    assert line.booking.rule == "spring"


def test_a_line_belongs_to_the_month_of_its_event_in_the_zone_of_the_books() -> None:
    late = conversion_of(happened_at=datetime(2026, 10, 31, 23, 30, tzinfo=UTC))

    assert [line.period for line in book((late, BOOKS))] == [date(2026, 10, 1)]
    assert [line.period for line in book((late, books_of(SHARE, zone="Europe/Berlin")))] == [date(2026, 11, 1)]


def test_scenario_08_a_reversal_of_a_locked_month_is_booked_in_the_next_open_one() -> None:
    locked = books_of(SHARE, locked=[date(2026, 10, 1), date(2026, 11, 1)])
    reversed_late = conversion_of(Status.REVERSED, happened_at=datetime(2026, 12, 2, tzinfo=UTC))

    lines = book((conversion_of(), BOOKS), (reversed_late, locked))

    assert [(line.origin_period, line.period) for line in lines] == [
        (date(2026, 10, 1), date(2026, 10, 1)),
        (date(2026, 10, 1), date(2026, 12, 1)),
    ]


def test_a_reversal_takes_the_base_amount_back_at_the_rate_of_the_accrual() -> None:
    later: dict[str, Any] = {"rates": {"USD": "0.9"}}

    lines = book((conversion_of(payout="0.000001"), BOOKS), (conversion_of(Status.REVERSED), books_of(SHARE, **later)))

    assert sum(line.base_amount or 0 for line in lines) == 0
    assert {line.rate for line in lines} == {lines[0].rate}


def test_another_currency_without_a_rate_leaves_the_money_unmapped_until_there_is_one() -> None:
    steps = [(conversion_of(), BOOKS), (conversion_of(payout="9", currency="THB"), BOOKS)]

    lines = book(*steps)
    with_rate = book(*steps, (steps[1][0], books_of(SHARE, rates={"THB": "0.03"})))

    assert told(lines)[1:] == [("remap", 1, "-10", "USD", None), ("remap", 1, "9", "THB", "no_rate")]
    assert told(with_rate)[3:] == [("remap", 1, "-9", "THB", "no_rate"), ("remap", 1, "9", "THB", None)]


def test_a_line_that_takes_back_money_without_a_rate_has_none_either() -> None:
    rated = books_of(SHARE, rates={"THB": "0.027"})

    withdrawn = book((conversion_of(currency="THB"), BOOKS), (conversion_of(Status.REVERSED, currency="THB"), rated))
    remapped = book((conversion_of(currency="THB"), BOOKS), (conversion_of(currency="THB"), rated), remaps=True)

    assert [(line.base_currency, line.rate, line.base_amount) for line in withdrawn] == [(None, None, None)] * 2
    assert [line.rate is None for line in remapped] == [True, True, False]
    assert remapped[2].base_amount == Decimal("0.27")
