"""The replacements of personal data and client addresses."""

import ipaddress
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from postledger.ingest.receive import evaluate
from postledger.policy.privacy import hash_personal, is_hash, shorten_address
from postledger.policy.source import Settings, Source
from postledger.vocabulary.incoming_request import Request

KEY = b"k" * 32
JSON = "application/json"
EMAIL = "ann@example.org"
NOW = datetime(2026, 11, 22, tzinfo=UTC)


def source(**settings: Any) -> Source:
    stored = msgspec.convert({"auth": "none", "currency": "USD", **settings}, Settings)
    return Source(1, "acme", stored, pii_key=KEY)


@given(st.text(), st.text())
def test_the_hash_ignores_case_and_surrounding_spaces_only(one: str, other: str) -> None:
    same = one.strip().lower() == other.strip().lower() and bool(one) == bool(other)

    assert (hash_personal(KEY, one) == hash_personal(KEY, other)) == same


@given(st.text(min_size=1))
def test_the_hash_depends_on_the_key(value: str) -> None:
    assert is_hash(hash_personal(KEY, value))
    assert hash_personal(KEY, value) != hash_personal(b"other", value)


@pytest.mark.parametrize(
    ("address", "kept"),
    [("203.0.113.77", "203.0.113.0/24"), ("2001:db8:1:2::3", "2001:db8:1::/48"), (None, None)],
)
def test_a_truncated_address_is_its_network(address: str | None, kept: str | None) -> None:
    assert shorten_address(address) == kept


@given(st.ip_addresses())
def test_a_truncated_network_contains_its_address(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    assert address in ipaddress.ip_network(str(shorten_address(str(address))))


@pytest.mark.parametrize(("kind", "kept"), [("full", "203.0.113.77"), ("truncated", "203.0.113.0/24"), ("none", None)])
@pytest.mark.parametrize("query", [b"click_id=A", b"click_id=A&payout=x", b"%"])
def test_store_ip_decides_what_is_kept_of_an_address(query: bytes, kind: str, kept: str | None) -> None:
    request = Request("r", NOW, "GET", query=query, client_address="203.0.113.77")

    assert evaluate(request, source(store_ip=kind)).source_address == kept


@pytest.mark.parametrize(
    ("request_", "raw"),
    [
        (Request("r", NOW, "GET", query=b"click_id=A&email=ann%40example.org&x=1"), "click_id=A&email={}&x=1"),
        (
            Request("r", NOW, "POST", body=b'{"click_id":"A","email":"Ann@example.org"}', media_type=JSON),
            '{{"click_id": "A", "email": "{}"}}',
        ),
        (
            Request(
                "r", NOW, "POST", body=b"email=ann%40example.org&click_id=A",
                media_type="application/x-www-form-urlencoded",
            ),
            "email={}&click_id=A",
        ),
    ],
)  # fmt: skip
def test_a_personal_parameter_is_stored_as_its_hash_in_every_form(request_: Request, raw: str) -> None:
    assert evaluate(request_, source(pii=["email"])).raw.decode() == raw.format(hash_personal(KEY, EMAIL))


def test_a_personal_sub_is_stored_as_its_hash() -> None:
    event = evaluate(Request("r", NOW, "GET", query=b"click_id=A&sub1=ann%40example.org"), source(pii=["sub1"])).event

    assert event is not None
    assert event.subs == {"sub1": hash_personal(KEY, EMAIL)}


def test_without_the_pii_key_personal_values_are_masked() -> None:
    keyless = Source(1, "acme", source(pii=["email"]).settings)

    assert evaluate(Request("r", NOW, "GET", query=b"click_id=A&email=ann"), keyless).raw == b"click_id=A&email=***"
