"""What is read of a click link: nothing refuses it, and what cannot be stored is named."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from postledger.clicks.visit import MAX_LABEL_BYTES, Visit, read_visit
from postledger.vocabulary.click import LabelCause


def test_labels_and_the_affiliate_are_read() -> None:
    assert read_visit("aff=456&sub1=a%20b%26c&sub10=d+e&sub2=") == Visit("456", {"sub1": "a b&c", "sub10": "d e"})


@pytest.mark.parametrize(
    ("query", "subs", "cause"),
    [
        ("sub1=" + "x" * 256, {"sub1": "x" * 255}, LabelCause.TOO_LONG),
        ("sub1=%E9t%E9", {}, LabelCause.ENCODING),
        ("sub1=\xe9t\xe9", {}, LabelCause.ENCODING),
        ("sub1=%00", {}, LabelCause.UNPRINTABLE),
        ("sub1=a%09b", {}, LabelCause.UNPRINTABLE),
        ("sub1=a%C2%A0b", {}, LabelCause.UNPRINTABLE),
        ("sub1=a%E2%80%8Cb", {}, LabelCause.UNPRINTABLE),
        ("sub1=%ED%A0%80", {}, LabelCause.ENCODING),
        ("sub1=a&sub1=b", {"sub1": "a"}, LabelCause.REPEATED),
    ],
)
def test_a_label_that_cannot_be_stored_is_cut_or_left_out(query: str, subs: dict[str, str], cause: LabelCause) -> None:
    assert read_visit(f"aff=456&{query}&sub2=ok") == Visit("456", {**subs, "sub2": "ok"}, {"sub1": cause})


@pytest.mark.parametrize("value", ["100%", "%zz", "{sub1}", "a=b", "\xc3\xa9".encode("latin-1").decode("latin-1")])
def test_text_that_can_be_stored_is_stored(value: str) -> None:
    assert read_visit(f"sub1={value}").subs == {"sub1": value.encode("latin-1").decode()}


@pytest.mark.parametrize(
    ("value", "cause"),
    [("x" * 256, LabelCause.TOO_LONG), ("%ff", LabelCause.ENCODING), ("a%0ab", LabelCause.UNPRINTABLE)],
)
def test_an_affiliate_id_is_never_cut(value: str, cause: LabelCause) -> None:
    assert read_visit(f"aff={value}") == Visit(None, {}, {"aff": cause})


def test_the_last_labels_beyond_2_kib_are_left_out() -> None:
    visit = read_visit("&".join(f"sub{number}={'x' * 250}" for number in range(1, 11)))

    left_out = [name for name, cause in visit.notes.items() if cause is LabelCause.TOO_MANY_BYTES]
    assert list(visit.subs) == [f"sub{number}" for number in range(1, 8)]
    assert left_out == ["sub8", "sub9", "sub10"]


@pytest.mark.parametrize("letter", ["x", "%22", "%5C", "%F0%9F%98%80"])
def test_labels_take_at_most_2_kib_as_json(letter: str) -> None:
    visit = read_visit("&".join(f"sub{number}={letter * 255}" for number in range(1, 11)))

    written = msgspec.json.encode(visit.subs).replace(b'":"', b'": "').replace(b'","', b'", "')
    assert visit.subs
    assert len(written) <= MAX_LABEL_BYTES


@given(st.binary(max_size=300))
def test_any_bytes_are_read_into_text_that_can_be_stored(query: bytes) -> None:
    visit = read_visit(f"sub1={query.decode('latin-1')}&fbclid={query.decode('latin-1')}")

    assert all(value.isprintable() and len(value) <= 255 for value in visit.subs.values())


def test_parameters_of_ad_platforms_are_ignored() -> None:
    assert read_visit("fbclid=%zz&gclid=1&gclid=2&\xff=\xfe&aff=456") == Visit("456")


def test_what_follows_the_hundredth_parameter_is_ignored() -> None:
    assert read_visit("&" * 99 + "sub1=a&sub2=b") == Visit(None, {"sub1": "a"})
