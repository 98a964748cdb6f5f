"""What is kept of content without a signature."""

import hashlib
from datetime import UTC, datetime

import pytest

from postledger.ledger.entry import Entry
from postledger.ledger.rows import entry_row
from postledger.ledger.rules.raw_beginning import MAX_UNPROVED_RAW_BYTES, cut, mask_tokens, measure
from postledger.vocabulary.refusal import Reason, Refusal

TOKEN = b"plt_" + b"Ab-_0" * 8 + b"xyz"
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


@pytest.mark.parametrize(
    ("content", "stored"),
    [
        (b"a=1&token=" + TOKEN + b"&b=2", b"a=1&token=plt_***&b=2"),
        (b"a=" + TOKEN.replace(b"_", b"%5F").replace(b"-", b"%2d"), b"a=plt_***"),
        (b'{"a":"' + TOKEN.replace(b"_", b"\\u005f") + b'"}', b'{"a":"plt_***"}'),
        (TOKEN + b"&" + TOKEN, b"plt_***&plt_***"),
        (b"a=plt_short&b=complt", b"a=plt_short&b=complt"),
    ],
)
def test_a_partner_token_is_masked(content: bytes, stored: bytes) -> None:
    assert mask_tokens(content) == stored


@pytest.mark.parametrize("refusal", [None, Refusal(Reason.BAD_SIGNATURE)])
@pytest.mark.parametrize("secret_id", [None, 1])
@pytest.mark.parametrize("before", [0, MAX_UNPROVED_RAW_BYTES - 20])
def test_no_row_holds_a_partner_token(refusal: Refusal | None, secret_id: int | None, before: int) -> None:
    now = datetime(2026, 11, 30, tzinfo=UTC)
    raw = b"a=1&b=" + b"x" * before + TOKEN
    entry = Entry("receipt", now, "GET", 1, None, raw, secret_id, refusal=refusal)

    assert TOKEN[:20] not in entry_row(entry).raw
