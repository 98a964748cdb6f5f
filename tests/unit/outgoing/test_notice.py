"""What a consumer reads of a message. Whatever the message is, reading it never fails."""

import pytest

from postledger.ledger.set_aside import ChangeRow
from postledger.outgoing.consuming.notice import read_notice
from postledger.outgoing.consuming.receiver import LARGEST_BYTES, encode_body
from tests.parts.broker_queue import AT, message_of
from tests.parts.entries import new_receipt

KEY, RECEIPT = new_receipt(), new_receipt()
GOOD = message_of(KEY, RECEIPT)


def with_value(value: bytes) -> bytes:
    return GOOD[:-1] + b',"x":' + value + b"}"


def test_a_notice_names_the_row_of_its_change() -> None:
    notice = read_notice(with_value(b"[[1]]"))

    assert notice is not None
    assert notice.to_row() == ChangeRow(AT, KEY, RECEIPT, 1, "opened")


@pytest.mark.parametrize(
    "body",
    [
        b"", b"null", b"\xff\xfe", with_value(b"[" * 20_000 + b"]" * 20_000), with_value(b'{"a":' * 20_000),
        with_value(b'"\\ud800"'), with_value(b"NaN"), message_of(KEY, RECEIPT, revision=10**30),
        message_of(KEY, RECEIPT, revision=0), GOOD.replace(b":1}", b":1e999999}"),
        GOOD.replace(b":1}", b":" + b"9" * 10_000 + b"}"), message_of(KEY, RECEIPT, version=10**30),
        message_of(KEY, RECEIPT, kind="x"), message_of(KEY, RECEIPT, received_at="2026-11-29T12:00:00"),
        encode_body("\ud800"), encode_body(with_value(b" " * LARGEST_BYTES + b"1")),
    ],
    ids=range(16),
)  # fmt: skip
def test_what_is_no_notice_is_none(body: bytes) -> None:
    assert read_notice(body) is None
