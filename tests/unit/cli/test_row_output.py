"""A table in a terminal shows the most important columns that fit, and never breaks a value."""

from datetime import UTC, date
from decimal import Decimal

import pytest

from postledger.cli.output import print_table
from postledger.cli.row_output import Columns, choose_columns, print_csv_rows, print_row_table, write_amounts

WIDTHS = {"created_at": 20, "source": 10, "status": 8, "payout": 6, "id": 36}
BY_IMPORTANCE = ("id", "status", "payout", "source", "created_at")


def test_all_columns_are_chosen_if_they_fit_with_their_gaps() -> None:
    needed = sum(WIDTHS.values()) + 4 * 2

    assert choose_columns(WIDTHS, BY_IMPORTANCE, needed) == set(WIDTHS)
    assert choose_columns(WIDTHS, BY_IMPORTANCE, needed - 1) == set(WIDTHS) - {"created_at"}


def test_the_first_column_is_chosen_however_narrow_the_terminal_is() -> None:
    assert choose_columns(WIDTHS, BY_IMPORTANCE, 10) == {"id"}


def test_a_narrow_column_is_chosen_after_one_that_does_not_fit() -> None:
    assert choose_columns(WIDTHS, ("id", "created_at", "payout"), 50) == {"id", "payout"}


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\uff1d", "\uff0b", "\uff0d", "\uff20"])
def test_a_text_that_looks_like_a_formula_is_quoted(start: str, capsys: pytest.CaptureFixture[str]) -> None:
    print_csv_rows([{"sub1": f"{start}1+1"}], ["sub1"], UTC)

    assert capsys.readouterr().out == f"sub1\r\n'{start}1+1\r\n"


def test_a_month_is_written_without_its_day_for_people_only(capsys: pytest.CaptureFixture[str]) -> None:
    row = {"period": date(2026, 10, 1), "since": date(2026, 10, 1)}

    print_row_table([row], Columns(tuple(row), tuple(row), tuple(row)), UTC, wide=True)
    table = capsys.readouterr().out
    print_csv_rows([row], list(row), UTC)

    assert table.split() == ["period", "since", "2026-10", "2026-10-01"]
    assert capsys.readouterr().out.splitlines()[-1] == "2026-10-01,2026-10-01"


def test_a_table_of_few_rows_writes_a_month_in_the_same_way(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(("origin_period", "on"), [(date(2026, 10, 1), date(2026, 10, 1))])

    assert capsys.readouterr().out.split() == ["origin_period", "on", "2026-10", "2026-10-01"]


def test_amounts_of_a_table_are_exact_and_have_the_digits_of_their_currency() -> None:
    row = {"stake": Decimal("1E+2"), "currency": "EUR", "applied": "0.0050", "applied_currency": "USD", "none": None}

    written = write_amounts(row, {"stake": "currency", "applied": "applied_currency", "none": "currency"})

    assert written == row | {"stake": "100.00", "applied": "0.005"}
