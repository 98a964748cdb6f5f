"""Click ids and the filling of destinations."""

import re
import secrets
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from postledger.clicks.record import ENTROPY_BYTES, fill_destination, make_click_id
from postledger.vocabulary.click import Click

NOW = datetime(2026, 11, 21, tzinfo=UTC)


def test_a_click_id_fits_every_known_network() -> None:
    click_id = make_click_id(int(NOW.timestamp() * 1000), secrets.token_urlsafe(ENTROPY_BYTES))

    assert re.fullmatch(r"[A-Za-z0-9_-]{33,50}", click_id)


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
