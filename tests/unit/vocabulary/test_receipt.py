"""Receipts are UUIDs of version 7."""

import uuid

from hypothesis import given
from hypothesis import strategies as st

from postledger.vocabulary.receipt import is_receipt, make_receipt, receipt_unix_ms


@given(st.integers(0, 2**48 - 1), st.binary(min_size=10, max_size=10))
def test_a_receipt_is_a_uuid7_that_tells_its_time(unix_ms: int, entropy: bytes) -> None:
    receipt = make_receipt(unix_ms, entropy)

    parsed = uuid.UUID(receipt)
    assert (parsed.version, parsed.variant, str(parsed)) == (7, uuid.RFC_4122, receipt)
    assert receipt_unix_ms(receipt) == unix_ms
    assert is_receipt(receipt)


def test_other_texts_are_no_receipts() -> None:
    assert not any(map(is_receipt, ["", "x", str(uuid.UUID(int=0)), make_receipt(1, b"\0" * 10).upper() + " "]))
