"""Click ids: what they hold, that none can be forged, and that no network spoils one."""

import re

from hypothesis import given
from hypothesis import strategies as st

from postledger.decoding.unresolved_macros import find_macro
from postledger.vocabulary.click_id import LENGTH, Minted, mint_click_id, verify_click_id

KEY, OTHER_KEY = b"k" * 32, b"o" * 32
NOW_MS = 1_795_000_000_000
MOST_MS = (1 << 48) - 1
MOST_CAMPAIGNS = (1 << 31) - 1


def test_a_click_id_fits_every_known_network() -> None:
    click_id = mint_click_id(KEY, NOW_MS, 7)

    assert len(click_id) == LENGTH <= 50
    assert re.fullmatch(r"[0-9a-v]+", click_id)
    assert find_macro(click_id) is None


@given(st.integers(0, MOST_MS), st.integers(0, MOST_CAMPAIGNS))
def test_an_id_gives_back_its_time_and_campaign(unix_ms: int, campaign_id: int) -> None:
    assert verify_click_id(KEY, mint_click_id(KEY, unix_ms, campaign_id)) == Minted(unix_ms, campaign_id)


def test_two_visits_of_one_millisecond_have_two_ids() -> None:
    assert len({mint_click_id(KEY, NOW_MS, 7) for _ in range(100)}) == 100


def test_a_later_id_sorts_after_an_earlier_one() -> None:
    ids = [mint_click_id(KEY, NOW_MS + step * 1000, 7) for step in range(100)]

    assert ids == sorted(ids)


def test_an_id_of_another_ledger_is_not_verified() -> None:
    assert verify_click_id(OTHER_KEY, mint_click_id(KEY, NOW_MS, 7)) is None


@given(st.integers(0, LENGTH - 1), st.sampled_from("0123456789abcdefghijklmnopqrstuv"))
def test_an_id_with_one_other_character_is_not_verified(at: int, letter: str) -> None:
    click_id = mint_click_id(KEY, NOW_MS, 7)
    forged = click_id[:at] + letter + click_id[at + 1 :]

    assert (verify_click_id(KEY, forged) is not None) == (forged == click_id)


@given(st.text(max_size=60) | st.text("0123456789abcdefghijklmnopqrstuv_+- ", min_size=LENGTH, max_size=LENGTH))
def test_any_other_text_is_no_click_id(text: str) -> None:
    assert verify_click_id(KEY, text) is None


def test_what_int_would_accept_is_no_click_id() -> None:
    click_id = mint_click_id(KEY, NOW_MS, 7)

    assert click_id[0] == "0"
    for text in (f" {click_id[1:]}", f"+{click_id[1:]}", click_id.upper(), f"{click_id}\n", f"0_{click_id[2:]}"):
        assert verify_click_id(KEY, text) is None
