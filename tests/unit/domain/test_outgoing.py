"""What we sign as a sender is what we believe as a receiver."""

from datetime import UTC, datetime
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postledger.domain.judge import judge
from postledger.domain.outgoing import Body, Outgoing, make_get, make_post
from postledger.domain.refusal import Reason
from postledger.domain.request import Request
from postledger.domain.signing import Key
from postledger.domain.source import Settings, Source

NOW = datetime(2026, 11, 21, tzinfo=UTC)
KEYS = [Key.from_secret(7, secret) for secret in ("s3cret-current", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")]
printable = st.text(st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=60)


def as_received(outgoing: Outgoing) -> Request:
    """The request as the backend sees it."""
    headers = {name.lower(): value for name, value in outgoing.headers.items()}
    return Request(
        receipt="01981c1b-9c80-7abc-8abc-0123456789ab",
        received_at=NOW,
        method=outgoing.method,
        query=urlsplit(outgoing.target).query.encode(),
        body=outgoing.body,
        media_type=headers.get("content-type", ""),
        headers=headers,
    )


@pytest.mark.parametrize("key", KEYS)
@given(value=printable)
def test_a_get_that_we_sign_is_believed(key: Key, value: str) -> None:
    source = Source(1, "acme", Settings(), (key,))

    entry = judge(
        as_received(make_get(source, key, [("click_id", "C1"), ("note", value)], int(NOW.timestamp()))), source
    )

    assert (entry.refusal, entry.secret_id) == (None, 7)


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("kind", ["json", "form"])
@given(value=printable)
def test_a_post_that_we_sign_is_believed(key: Key, kind: Body, value: str) -> None:
    source = Source(1, "acme", Settings(), (key,))
    pairs = [("click_id", "C1"), ("note", value)]

    outgoing = make_post(source, key, pairs, kind, message_id="msg_1", unix_s=int(NOW.timestamp()))

    assert judge(as_received(outgoing), source).refusal is None


def test_a_source_that_calls_the_signature_otherwise_gets_it_under_its_own_name() -> None:
    settings = Settings(params={"sig": ("hash",), "sub1": ("sig",)})
    source = Source(1, "acme", settings, (KEYS[0],))

    outgoing = make_get(source, KEYS[0], [("click_id", "C1")], int(NOW.timestamp()))

    assert "&hash=" in outgoing.target
    assert judge(as_received(outgoing), source).refusal is None


def test_a_name_given_twice_is_sent_twice_so_that_its_refusal_can_be_tried() -> None:
    source = Source(1, "acme", Settings(), (KEYS[0],))
    pairs = [("click_id", "C1"), ("click_id", "C2")]

    outgoing = make_post(source, KEYS[0], pairs, "json", message_id="msg_1", unix_s=int(NOW.timestamp()))
    refusal = judge(as_received(outgoing), source).refusal

    assert refusal is not None
    assert refusal.reason is Reason.DUPLICATE_PARAMETER
