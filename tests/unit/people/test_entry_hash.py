"""The hash of an audit entry covers every field, and no two entries have the same bytes."""

import hashlib
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postledger.people.audit_chain import NOTHING, hash_entry, write_body


def hash_of(fields: Mapping[str, Any]) -> bytes:
    entry = (fields["actor"], fields["action"], fields["subject"], fields["body"])
    return hash_entry(fields["seq"], fields["at_us"], entry, fields["prev"])


FIELDS: dict[str, Any] = {
    "seq": 7, "at_us": 1_796_000_000_000_000, "actor": "mia", "action": "user.add", "subject": "bob", "body": b"{}",
    "prev": NOTHING,
}  # fmt: skip
ENTRIES = st.tuples(
    st.integers(0, 2**63 - 1),
    st.integers(0, 2**62),
    st.text(),
    st.text(),
    st.text(),
    st.binary(),
    st.binary(max_size=40),
)


def test_the_bytes_of_an_entry_never_change() -> None:
    preimage = (
        b"postledger audit 1"
        + (7).to_bytes(8, "big")
        + (1_796_000_000_000_000).to_bytes(8, "big")
        + b"".join(length.to_bytes(8, "big") for length in (3, 8, 3, 2, 32))
        + b"miauser.addbob{}"
        + bytes(32)
    )

    assert hash_of(FIELDS) == hashlib.sha256(preimage).digest()


@pytest.mark.parametrize(
    ("field", "other"),
    [
        ("seq", 8), ("at_us", 1_796_000_000_000_001), ("actor", "mib"), ("action", "user.ade"), ("subject", "boc"),
        ("body", b"[]"), ("prev", b"\1" * 32),
    ],
)  # fmt: skip
def test_the_hash_covers_each_field(field: str, other: object) -> None:
    assert hash_of({**FIELDS, field: other}) != hash_of(FIELDS)


@given(ENTRIES, ENTRIES)
def test_different_entries_have_different_hashes(one: Any, other: Any) -> None:
    assert (hash_of(dict(zip(FIELDS, one, strict=True))) == hash_of(dict(zip(FIELDS, other, strict=True)))) == (
        one == other
    )


def test_text_cannot_move_from_a_field_to_the_next() -> None:
    moved = {**FIELDS, "actor": "miau", "action": "ser.add"}

    assert hash_of(moved) != hash_of(FIELDS)


def test_a_body_does_not_depend_on_the_order_of_its_facts() -> None:
    assert write_body(b=1, a="é") == write_body(a="é", b=1) == '{"a":"é","b":1}'.encode()
