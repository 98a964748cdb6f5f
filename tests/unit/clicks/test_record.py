"""The filling of destinations, and what happens to a click that is not stored."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postledger.clicks.record import ClickCounters, RecordClick, UnknownCampaign, fill_destination
from postledger.clicks.visit import Visit
from postledger.policy.policy import Campaign, Policy
from postledger.vocabulary.click import Click, LabelCause, ShedCause
from postledger.vocabulary.click_id import verify_click_id
from postledger.vocabulary.refusal import Refused

NOW = datetime(2026, 11, 21, tzinfo=UTC)
KEY = b"k" * 32
SPRING = Campaign(7, "spring", "https://shop.example/?c={click_id}&s={sub1}", 20, 100)


class Recorder:
    """Records clicks with a store that answers what a test wants, and keeps what was counted and stored."""

    def __init__(self, shed: ShedCause | None = None, policy: Policy | None = None) -> None:
        self.counted: list[tuple[str, ...]] = []
        self.stored: list[Click] = []
        self._shed = shed
        counters = ClickCounters(self._note("recorded"), self._note("shed"), self._note("label"))
        known = policy or Policy(1, {}, {"spring": SPRING}, {7: "spring"}, click_key=KEY)
        self.record = RecordClick(lambda: known, self._store, counters)

    def _note(self, kind: str) -> Callable[..., None]:
        return lambda *labels: self.counted.append((kind, *labels))

    def _store(self, click: Click) -> ShedCause | None:
        if self._shed is None:
            self.stored.append(click)
        return self._shed


def click_id_of(location: str) -> str:
    """The id that a redirect carries."""
    return parse_qs(urlsplit(location).query)["c"][0]


def test_a_click_is_stored_under_the_id_that_the_visitor_carries() -> None:
    recorder = Recorder()

    location = recorder.record("spring", Visit("456", {"sub1": "a"}), NOW)

    assert recorder.stored == [Click(click_id_of(location), 7, "456", {"sub1": "a"}, NOW)]
    assert recorder.counted == [("recorded", "spring")]


@pytest.mark.parametrize("cause", [ShedCause.QUEUE, ShedCause.UNAVAILABLE])
def test_a_shed_click_is_redirected_with_an_id_that_verifies(cause: ShedCause) -> None:
    recorder = Recorder(cause)

    minted = verify_click_id(KEY, click_id_of(recorder.record("spring", Visit(), NOW)))

    assert minted is not None
    assert minted.campaign_id == 7
    assert recorder.counted == [("shed", "spring", cause)]


def test_a_click_over_the_rate_is_not_stored() -> None:
    recorder = Recorder()

    location = recorder.record("spring", Visit(), NOW, is_over_rate=True)

    assert verify_click_id(KEY, click_id_of(location)) is not None
    assert (recorder.stored, recorder.counted) == ([], [("shed", "spring", ShedCause.RATE)])


def test_a_redirect_alone_stores_and_counts_nothing() -> None:
    recorder = Recorder()

    assert verify_click_id(KEY, click_id_of(recorder.record.redirect("spring", Visit(), NOW))) is not None
    assert (recorder.stored, recorder.counted) == ([], [])


def test_what_became_of_a_label_is_stored_and_counted() -> None:
    recorder = Recorder()

    recorder.record("spring", Visit(notes={"sub1": LabelCause.ENCODING}), NOW)

    assert [click.label_notes for click in recorder.stored] == [{"sub1": LabelCause.ENCODING}]
    assert ("label", "spring", LabelCause.ENCODING) in recorder.counted


def test_without_the_ledgers_key_a_visitor_is_redirected_all_the_same() -> None:
    recorder = Recorder(policy=Policy(1, {}, {"spring": SPRING}, {7: "spring"}))

    assert recorder.record("spring", Visit(), NOW).startswith("https://shop.example/?c=")
    assert len(recorder.stored) == 1


def test_an_unknown_campaign_and_a_missing_policy_are_told_apart() -> None:
    recorder = Recorder()

    with pytest.raises(UnknownCampaign):
        recorder.record("winter", Visit(), NOW)
    with pytest.raises(Refused):
        RecordClick(lambda: None, lambda _: None, ClickCounters(print, print, print))("spring", Visit(), NOW)


def test_macros_are_filled_and_absent_values_are_empty() -> None:
    click = Click("abc", 1, "456", {"sub1": "a b"}, NOW)

    filled = fill_destination(
        "https://shop.example/?c={click_id}&a={affiliate_id}&n={campaign}&s={sub1}&t={sub10}", "spring", click
    )

    assert filled == "https://shop.example/?c=abc&a=456&n=spring&s=a%20b&t="


def test_a_value_that_looks_like_a_macro_is_not_filled_again() -> None:
    click = Click("abc", 1, "{sub1}", {"sub1": "secret"}, NOW)

    assert (
        fill_destination("https://shop.example/?a={affiliate_id}", "spring", click)
        == "https://shop.example/?a=%7Bsub1%7D"
    )


@given(st.text(max_size=50), st.text(max_size=50))
def test_no_value_changes_the_structure_of_the_destination(affiliate: str, sub: str) -> None:
    click = Click(
        "abc", 1, affiliate.encode("utf-8", "ignore").decode(), {"sub1": sub.encode("utf-8", "ignore").decode()}, NOW
    )

    filled = fill_destination("https://shop.example/{affiliate_id}?s={sub1}#x", "spring", click)

    assert re.fullmatch(r"https://shop\.example/[A-Za-z0-9_.~%-]*\?s=[A-Za-z0-9_.~%-]*#x", filled)
