"""The sizing table of docs/performance.md is what the formulas give."""

import pytest

from loadtests.sizing import size_for, table_row
from tests.parts.checkout import ROOT


@pytest.mark.parametrize(
    ("name", "postbacks_a_day", "workers"),
    [("100,000 a day", 1e5, 2), ("1 million a day", 1e6, 2), ("1,000 a second, all day", 86_400_000, 8)],
)
def test_the_table_is_computed(name: str, postbacks_a_day: float, workers: int) -> None:
    assert table_row(name, postbacks_a_day, workers) in (ROOT / "docs" / "performance.md").read_text()


def test_twice_as_many_postbacks_need_twice_the_cores() -> None:
    assert size_for(2e6).cores == pytest.approx(2 * size_for(1e6).cores)
