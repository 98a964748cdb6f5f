"""Decoding bytes into parameters: strict, exact, and without a crash."""

import json
from urllib.parse import unquote_to_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postledger.decoding.pairs import load_json, read_flat, read_segments, unescape
from postledger.vocabulary.refusal import Reason, Refused


def read_object(body: bytes) -> list[tuple[str, str]]:
    """Read a flat JSON object, as a POST of version 1 is read."""
    return read_flat(load_json(body))


def test_a_segment_keeps_the_sent_text_and_its_decoded_form() -> None:
    segments = read_segments(b"a=%41+b&&%62=1")

    assert segments == [("a=%41+b", "a", "A b"), ("", "", ""), ("%62=1", "b", "1")]


def test_it_decodes_utf8_sent_raw_and_sent_escaped() -> None:
    assert read_segments("n=é".encode())[0][2] == read_segments(b"n=%C3%A9")[0][2] == "é"


@pytest.mark.parametrize(
    "raw", [b"a=%zz", b"a=%4", b"a=%", b"a=%ff", b"a=\xff", b"a=%00", b"a=\x00", b"%00=1", b"a=%ed%a0%80"]
)
def test_broken_escapes_invalid_utf8_and_nul_are_malformed(raw: bytes) -> None:
    with pytest.raises(Refused) as refused:
        read_segments(raw)

    assert refused.value.refusal.reason is Reason.MALFORMED


@pytest.mark.parametrize("value", ["%payout%", "[%VAL%]", "%ad%", "%commission%,%bonus%"])
def test_a_macro_with_percent_signs_is_kept_as_sent(value: str) -> None:
    """The search for unresolved macros must find it; it must not count as broken escapes."""
    assert read_segments(f"payout={value}".encode()) == [(f"payout={value}", "payout", value)]


@pytest.mark.parametrize("raw", [b"%payout%=1", b"a=%\xff%", b"a=%x\x00%", b"a=50%", b"a=1%zz", b"a=%x%25"])
def test_percent_signs_that_are_no_macro_are_malformed(raw: bytes) -> None:
    with pytest.raises(Refused):
        read_segments(raw)


def test_a_hundred_parameters_pass_and_one_more_is_malformed() -> None:
    assert len(read_segments(b"&".join([b"a=1"] * 100))) == 100

    with pytest.raises(Refused):
        read_segments(b"&".join([b"a=1"] * 101))


def test_json_numbers_keep_their_digits() -> None:
    pairs = read_object(b'{"payout": 0.10, "big": 12345678901234567890, "exponent": 1e3, "yes": true, "none": null}')

    assert pairs == [("payout", "0.10"), ("big", "12345678901234567890"), ("exponent", "1e3"), ("yes", "true")]


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"[]", b'"x"', b"1", b"null", b'{"a": {}}', b'{"a": []}', b'{"a": [[]]}', b'{"a": NaN}',
        b'{"a": Infinity}', b'{"a": -Infinity}', b'{"a": "\\u0000"}', b'{"\\u0000": 1}', b'{"a": "\\ud800"}',
        b"\xef\xbb\xbf{}", b'{"a": "\xff"}', b"[" * 60_000, b'{"a":' * 10_000, b'{"a": 1} x',
        json.dumps({str(number): number for number in range(101)}).encode(),
    ],
)  # fmt: skip
def test_json_that_is_not_one_flat_object_is_malformed(body: bytes) -> None:
    with pytest.raises(Refused) as refused:
        read_object(body)

    assert refused.value.refusal.reason is Reason.MALFORMED


@given(st.binary(max_size=300))
def test_no_bytes_crash_the_reading_of_a_query(raw: bytes) -> None:
    try:
        kept = "&".join(part for part, _, _ in read_segments(raw)).encode("latin-1")
    except Refused:
        kept = raw

    assert kept == raw


@given(st.one_of(st.binary(max_size=300), st.text(max_size=100).map(lambda text: json.dumps({"a": text}).encode())))
def test_no_bytes_crash_the_reading_of_json(body: bytes) -> None:
    try:
        pairs = read_object(body)
    except Refused:
        pairs = []

    assert all("\0" not in name + value for name, value in pairs)


ESCAPE_PIECES = (b"%", b"4", b"1", b"c", b"\\", b"x", b"N{", b"u00", b"\n", b"\xff", b"+", b"%5C")


@given(st.lists(st.sampled_from(ESCAPE_PIECES)).map(b"".join))
def test_escapes_are_decoded_as_by_the_standard_library(raw: bytes) -> None:
    assert unescape(raw) == unquote_to_bytes(raw)
