"""The dedup key: the same for the same event, different for everything else."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from postledger.ledger.rules.dedup_key import dedup_key, dedup_key_by
from postledger.ledger.rules.status_rules import Duplicates, KeyBy, Rules
from postledger.policy.source import EventSettings, Settings, Source

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


def key_by(duplicates: Duplicates, by: KeyBy, *, transaction_id: str | None, click_id: str, key: str) -> str:
    rules = Rules(duplicates, by)
    return dedup_key_by(rules, 1, "sale", transaction_id=transaction_id, click_id=click_id, idempotency_key=key)


@pytest.mark.parametrize("duplicates", ["fold", "correct", "first"])
def test_who_folds_goes_by_transaction_or_by_click_alone(duplicates: Duplicates) -> None:
    named = key_by(duplicates, "transaction", transaction_id="T1", click_id="C", key="r1")
    clicked = key_by(duplicates, "click", transaction_id="T1", click_id="C", key="r1")

    assert named == dedup_key(1, "sale", "T1", "C")
    assert clicked == dedup_key(1, "sale", None, "C")


def test_under_every_an_id_goes_by_itself_and_no_id_by_the_idempotency_key() -> None:
    first, again = (key_by("every", "transaction", transaction_id="T1", click_id="C", key=r) for r in ("r1", "r2"))
    charge, repeat, next_charge = (
        key_by("every", "click", transaction_id=None, click_id="C", key=r) for r in ("r1", "r1", "r2")
    )

    assert first == again == dedup_key(1, "sale", "T1", "C")
    assert charge == repeat != next_charge


def test_under_every_and_click_the_same_id_under_another_click_is_another_conversion() -> None:
    one, again, other = (
        key_by("every", "click", transaction_id="T1", click_id=click, key=key)
        for click, key in (("C", "r1"), ("C", "r2"), ("D", "r3"))
    )

    assert one == again
    assert one != other


def test_what_an_event_leaves_out_is_as_its_source_has_it() -> None:
    events = {"lead": EventSettings(duplicates="first"), "upsell": EventSettings(key="transaction")}
    source = Source(1, "acme", Settings(duplicates="correct", key="click", reversal_guard=7, events=events))

    told = {name: source.rules_for(name) for name in ("sale", "lead", "upsell")}

    assert told == {
        "sale": Rules("correct", "click", reversal_guard=7),
        "lead": Rules("first", "click", reversal_guard=7),
        "upsell": Rules("correct", "transaction", reversal_guard=7),
    }
