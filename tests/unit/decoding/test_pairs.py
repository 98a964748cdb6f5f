"""Decoding bytes into parameters: strict, exact, and without a crash."""

import json
from urllib.parse import unquote_to_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postledger.decoding.pairs import (
    NESTED,
    Unreadable,
    find_json_fault,
    find_unreadable,
    load_json,
    read_flat,
    read_segments,
    unescape,
)
from postledger.vocabulary.refusal import Cause, Reason, Refused


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
def test_broken_escapes_invalid_utf8_and_nul_are_unreadable(raw: bytes) -> None:
    ((_, name, value),) = read_segments(raw)

    assert Unreadable in (type(name), type(value))


@pytest.mark.parametrize(
    ("body", "byte_offset"),
    [
        (b"a=1&b=%zz", 6), (b"a=1&b=x%F", 7), (b"a=1&b=%41%ff&c=2", 9), (b"b=\xc3\xa9\xff", 4), (b"b=%C3%A9%00x", 8),
        (b"b=x+%2B\x00", 7),
    ],
)  # fmt: skip
def test_the_fault_in_a_form_is_found(body: bytes, byte_offset: int) -> None:
    segments = read_segments(body)
    (unreadable,) = [value for _, _, value in segments if isinstance(value, Unreadable)]

    assert find_unreadable(segments, unreadable) == byte_offset


@given(st.binary(max_size=100))
def test_what_is_unreadable_keeps_its_bytes(raw: bytes) -> None:
    ((_, _, value),) = read_segments(b"a=" + b"".join(b"%%%02x" % byte for byte in raw))

    assert value.encode("utf-8", "surrogateescape") == raw


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
        b"", b"{", b"[]", b'"x"', b"1", b"null", b'{"a": NaN}',
        b'{"a": Infinity}', b'{"a": -Infinity}',
        b"\xef\xbb\xbf\xef\xbb\xbf{}", b'{"a": "\xff"}', b"[" * 60_000, b'{"a":' * 10_000, b'{"a": 1} x',
        json.dumps({str(number): number for number in range(101)}).encode(),
    ],
)  # fmt: skip
def test_json_that_is_not_one_small_object_is_malformed(body: bytes) -> None:
    with pytest.raises(Refused) as refused:
        read_object(body)

    assert refused.value.refusal.reason is Reason.MALFORMED


def find_fault(body: bytes) -> tuple[Cause | None, int | None]:
    """The cause and the offset that a flat body is refused with."""
    try:
        read_object(body)
    except Refused as refused:
        fault = refused.refusal
        found = find_json_fault(body, fault.cause) if fault.cause and fault.byte_offset is None else fault.byte_offset
        return fault.cause, found
    return None, None


@pytest.mark.parametrize(
    ("body", "cause", "byte_offset"),
    [
        ('{"é":1,}', Cause.JSON_SYNTAX, 8),
        ('{"é":1', Cause.JSON_SYNTAX, 7),
        ("", Cause.JSON_SYNTAX, 0),
        ('{"é":"NaN","a":NaN}', Cause.JSON_SYNTAX, 16),
        ('{"a":"-I","b":-Infinity}', Cause.JSON_SYNTAX, 14),
        ("[1]", Cause.JSON_STRUCTURE, 0),
        ('{"é":"\0"}', Cause.NUL, 7),
        ("[" * 60_000, Cause.TOO_MANY_VALUES, None),
    ],
)
def test_the_fault_in_a_json_body_is_found(body: str, cause: Cause, byte_offset: int | None) -> None:
    assert find_fault(body.encode()) == (cause, byte_offset)


@pytest.mark.parametrize(
    ("body", "cause", "byte_offset"),
    [('{"é":"\\\\u0000\\u0000"}', Cause.NUL, 14), ('{"é":"\\ud83d"}', Cause.ENCODING, 7)],
)
def test_a_value_that_cannot_be_stored_is_unreadable(body: str, cause: Cause, byte_offset: int) -> None:
    ((_, value),) = read_object(body.encode())

    assert isinstance(value, Unreadable)
    assert (value.cause, find_json_fault(body.encode(), cause)) == (cause, byte_offset)


@pytest.mark.parametrize(
    ("body", "byte_offset"),
    [
        ('{"é[":"{","a\\"":[1]}', 17),
        ('{"a\\"":{}}', 7),
        ('\ufeff{ "x" : {"a\\"":[]},"y":"\\"a\\":[",\n"a\\"" :\t[2]}', 45),
    ],
)
def test_a_nested_value_is_found_where_it_stands(body: str, byte_offset: int) -> None:
    assert dict(read_object(body.encode()))['a"'] is NESTED
    assert find_json_fault(body.encode(), Cause.JSON_NESTING, 'a"') == byte_offset


def test_an_invalid_byte_in_a_json_body_is_found() -> None:
    assert find_fault(b'{"\xc3\xa9":"\xff"}') == (Cause.ENCODING, 7)


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
