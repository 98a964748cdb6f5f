"""The dedup key: the same for the same event, different for everything else."""

from hypothesis import assume, given
from hypothesis import strategies as st

from postledger.domain.dedup import dedup_key

texts = st.text(max_size=20)
keys = st.tuples(st.integers(1, 99), texts, st.none() | texts, texts)


def test_the_transaction_id_decides_whatever_the_click_is() -> None:
    assert dedup_key(1, "sale", "T1", "click-a") == dedup_key(1, "sale", "T1", "click-b")


def test_without_a_transaction_id_the_click_decides() -> None:
    assert dedup_key(1, "sale", None, "click-a") != dedup_key(1, "sale", None, "click-b")


def test_a_click_id_never_stands_for_an_equal_transaction_id() -> None:
    assert dedup_key(1, "sale", "X", "click") != dedup_key(1, "sale", None, "X")


def test_parts_are_not_glued() -> None:
    assert dedup_key(1, "sale", "1x", "c") != dedup_key(1, "sale1", "x", "c")
    assert dedup_key(1, "1sale", "x", "c") != dedup_key(11, "sale", "x", "c")


@given(keys, keys)
def test_different_parts_give_different_keys(
    one: tuple[int, str, str | None, str], other: tuple[int, str, str | None, str]
) -> None:
    assume(one[:3] != other[:3] or (one[2] is None and one[3] != other[3]))

    assert dedup_key(*one) != dedup_key(*other)
