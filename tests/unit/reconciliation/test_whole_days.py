"""Lines that a statement adds to days which another one has whole contradict that other one."""

from datetime import date
from decimal import Decimal

import pytest

from postledger.reconciliation.rules.statement_chain import Stated
from postledger.reconciliation.rules.whole_days import Added, find_contradicted


def stated(since: int, until: int, opening: int, closing: int) -> Stated:
    """A proven statement of some days of October."""
    first, last = date(2026, 10, since), date(2026, 10, until)
    return Stated(f"{since} to {until}", first, last, Decimal(opening), Decimal(closing), "proven")


def by_day(amounts: dict[int, int]) -> dict[date, Decimal]:
    """Amounts of days of October."""
    return {date(2026, 10, day): Decimal(amount) for day, amount in amounts.items()}


def contradicted(new: dict[int, int], *others: Stated, known: int = 0) -> Decimal:
    """What a statement of the days 2 to 8 contradicts, which opens with 100, if all that it had before is of day 2."""
    in_file = {2: known} | {day: amount + (known if day == 2 else 0) for day, amount in new.items()}
    this = stated(2, 8, 100, 100 + sum(in_file.values()))
    return find_contradicted(Added(this, by_day(in_file), by_day(new)), others)


@pytest.mark.parametrize(
    ("day", "found"),
    [
        (2, -5),  # both begin with 100
        (5, -5),
        (6, 0),  # the other one can have been made before the day was over
        (7, 0),
        (9, 0),
    ],
)
def test_only_the_last_day_of_a_file_can_be_in_parts(day: int, found: int) -> None:
    assert contradicted({day: -5}, stated(2, 6, 100, 90)) == found


def test_a_last_day_is_whole_if_later_days_begin_with_its_balance() -> None:
    assert contradicted({6: -5}, stated(2, 6, 100, 90), stated(7, 7, 90, 80)) == -5
    assert contradicted({6: -5}, stated(2, 6, 100, 90), stated(7, 7, 85, 80)) == 0


def test_a_first_day_is_whole_if_it_begins_with_the_balance_of_the_days_before() -> None:
    assert contradicted({4: -5}, stated(4, 6, 100, 90)) == -5
    assert contradicted({4: -5}, stated(4, 6, 93, 90)) == 0
    assert contradicted({4: -5}, stated(4, 6, 93, 90), known=-7) == -5
    assert contradicted({4: -5}, stated(1, 3, 80, 93), stated(4, 6, 93, 90)) == -5


def test_lines_that_cancel_each_other_out_contradict_different_files() -> None:
    assert contradicted({3: 5, 6: -5}, stated(2, 4, 100, 90), stated(5, 7, 90, 80)) in (5, -5)
    assert contradicted({3: 5, 4: -5}, stated(2, 6, 100, 90)) == 0
