"""What is kept of content without a signature."""

import hashlib

import pytest

from postledger.ledger.rules.raw_beginning import MAX_UNPROVED_RAW_BYTES, cut, measure

AT_LIMIT = b"a=1&b=" + b"x" * (MAX_UNPROVED_RAW_BYTES - 6)


def test_content_within_the_limit_is_kept_whole() -> None:
    assert cut(AT_LIMIT) == AT_LIMIT


@pytest.mark.parametrize(
    ("content", "kept"),
    [
        (AT_LIMIT + b"x", b"a=1"),
        (b"a=1,2&b=3,4" + b"x" * 2000, b"a=1,2"),
        (b'{"a":"1&2","b":"' + b"x" * 2000, b'{"a":"1&2",'),
        (b' [1,2,"' + b"x" * 2000, b" [1,2,"),
    ],
)
def test_longer_content_ends_after_a_whole_value(content: bytes, kept: bytes) -> None:
    assert cut(content) == kept


@pytest.mark.parametrize("content", [b"x" * 2000, b"{" + b"x" * 2000, b"&" + b"x" * 2000])
def test_one_long_value_is_cut_at_the_limit(content: bytes) -> None:
    assert cut(content) == content[:MAX_UNPROVED_RAW_BYTES]


def test_length_and_hash_are_those_of_the_whole() -> None:
    whole = measure(AT_LIMIT * 2)

    assert (whole.length, whole.sha256) == (2 * MAX_UNPROVED_RAW_BYTES, hashlib.sha256(AT_LIMIT * 2).digest())
