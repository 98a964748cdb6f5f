"""Files that overlap add what is new: no line is lost, and none is there twice."""

from collections import Counter
from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from postledger.reconciliation.rules.occurrences import KnownLine, NewLine, make_fingerprint, select_new
from postledger.reconciliation.rules.statement_lines import BankLine

DAY = date(2026, 10, 1)
LINE = BankLine(1, Decimal("12.50"), "EUR", DAY, counterparty="Acme GmbH", remittance="B-2026-7 thanks")


def keep(added: Sequence[NewLine]) -> list[KnownLine]:
    """Put lines on record."""
    return [KnownLine(new.fingerprint, new.line.amount, new.line.booked_on, new.line.bank_reference) for new in added]


def add(record: list[KnownLine], *lines: BankLine) -> list[NewLine]:
    """Import a file whose days are all on record; what is new is on record afterwards."""
    added = list(select_new(lines, record))
    record += keep(added)
    return added


def test_two_honest_twins_are_two_lines_and_not_three() -> None:
    record = list[KnownLine]()

    assert [new.occurrence for new in add(record, LINE)] == [1]
    assert [new.occurrence for new in add(record, LINE, LINE)] == [2]
    assert add(record, LINE, LINE) == []


def test_a_pending_line_is_neither_new_nor_known() -> None:
    record = list[KnownLine]()

    assert add(record, replace(LINE, pending=True)) == []
    assert len(add(record, LINE, replace(LINE, pending=True))) == 1


def test_twins_with_references_of_their_own_are_told_apart() -> None:
    record = list[KnownLine]()
    add(record, replace(LINE, bank_reference="R1"))

    assert [new.line.bank_reference for new in add(record, replace(LINE, bank_reference="R2"))] == ["R2"]
    assert add(record, replace(LINE, bank_reference="R2"), replace(LINE, bank_reference="R1")) == []


def test_a_reference_of_all_entries_decides_nothing() -> None:
    record = list[KnownLine]()
    same = replace(LINE, bank_reference="NONREF")
    add(record, same, same)

    [new] = add(record, same, replace(same, amount=Decimal(3)), same)

    assert new.line.amount == 3


def test_an_entry_is_known_into_whatever_lines_it_is_split() -> None:
    record = list[KnownLine]()
    add(record, replace(LINE, amount=Decimal(30), bank_reference="R1"))
    split = [replace(LINE, amount=Decimal(each), bank_reference="R1", remittance=f"B-{each}") for each in (10, 20)]

    assert add(record, *split) == []


def test_a_file_without_references_finds_lines_that_have_them() -> None:
    record = list[KnownLine]()
    add(record, replace(LINE, bank_reference="R1"))

    assert add(record, LINE) == []


def test_a_line_without_reference_is_claimed_once() -> None:
    record = list[KnownLine]()
    add(record, LINE)

    assert len(add(record, replace(LINE, bank_reference="R1"), LINE)) == 1


def test_breaks_spaces_and_case_do_not_make_a_line_another() -> None:
    assert make_fingerprint(replace(LINE, remittance="b-2026-7\n THANKS", amount=Decimal("12.5"))) == make_fingerprint(
        LINE
    )
    assert make_fingerprint(replace(LINE, counterparty="Acme GmbHB", remittance="-2026-7 thanks")) != make_fingerprint(
        LINE
    )


history = st.lists(st.tuples(st.integers(0, 5), st.sampled_from([-1, 1, 2])), max_size=25).map(sorted)
windows = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), max_size=8)


@given(history, windows)
def test_files_of_whole_days_add_up_to_what_happened(days: list[tuple[int, int]], files: list[tuple[int, int]]) -> None:
    lines = [replace(LINE, booked_on=DAY + timedelta(day), amount=Decimal(amount)) for day, amount in days]
    record = list[KnownLine]()

    for since, until in [*files, (0, 5)]:
        add(
            record,
            *(line for line in lines if DAY + timedelta(since) <= (line.booked_on or DAY) <= DAY + timedelta(until)),
        )

    assert Counter(known.fingerprint for known in record) == Counter(map(make_fingerprint, lines))


@given(history, st.lists(st.tuples(st.integers(0, 25), st.integers(0, 25)), max_size=8))
def test_with_references_any_parts_of_days_add_up(days: list[tuple[int, int]], files: list[tuple[int, int]]) -> None:
    lines = [
        replace(LINE, booked_on=DAY + timedelta(day), amount=Decimal(amount), bank_reference=f"R{nth}")
        for nth, (day, amount) in enumerate(days)
    ]
    record = list[KnownLine]()

    for since, until in [*files, (0, 25)]:
        add(record, *lines[since:until])

    assert sorted(known.bank_reference or "" for known in record) == sorted(line.bank_reference or "" for line in lines)


@given(history)
def test_occurrences_number_equal_lines(days: list[tuple[int, int]]) -> None:
    record, numbers = list[KnownLine](), Counter[tuple[bytes, int]]()

    for part in (days[::2], days):
        lines = [replace(LINE, booked_on=DAY + timedelta(day), amount=Decimal(amount)) for day, amount in part]
        numbers.update((new.fingerprint, new.occurrence) for new in add(record, *lines))

    assert set(numbers.values()) <= {1}
