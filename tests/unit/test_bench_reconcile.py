"""What `make bench RECONCILE=1` measures, and the report that it writes for it."""

from datetime import datetime

import pytest

from loadtests.bench.importing import HEADER, make_rows, write_time
from loadtests.bench.plan import BadPlan
from loadtests.bench.reconcile import BARS, choose


def test_a_bar_is_chosen_by_a_part_of_its_name() -> None:
    assert [bar.__name__ for bar in choose("import")] == ["import_a_csv_report", "import_an_xlsx_report"]
    assert choose("") == list(BARS)


def test_a_bar_that_does_not_exist_is_refused() -> None:
    with pytest.raises(BadPlan, match="import_a_csv_report"):
        choose("speed of light")


def test_every_bar_says_what_it_measures() -> None:
    assert all(bar.__doc__ for bar in BARS)


def test_rows_are_the_same_in_every_run_and_of_october() -> None:
    rows = list(make_rows(50))

    assert rows == list(make_rows(50))
    assert {len(row) for row in rows} == {len(HEADER)}
    assert {datetime.fromisoformat(write_time(second)).month for *_, second in rows} == {10}
    assert write_time(31 * 86_400 - 1) == "2026-10-31 23:59:59"
