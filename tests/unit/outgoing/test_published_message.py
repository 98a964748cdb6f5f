"""The published message: the schema says what is sent, and the examples are messages."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from importlib.resources import files
from typing import Any

import msgspec
import pytest

from postledger.outgoing.publishing.message import (
    SCHEMA,
    ConversionEvent,
    PublishedChange,
    PublishedConversion,
    Worth,
    decode,
    encode,
    message_id,
)
from postledger.outgoing.publishing.routing_key import fill_routing_key
from postledger.vocabulary.statuses import Status
from tests.parts.conversion_events import find_faults

DOCUMENT: dict[str, Any] = json.loads((files("postledger.schemas") / f"{SCHEMA}.json").read_bytes())
NOON = datetime(2026, 11, 29, 12, tzinfo=UTC)


def event(**conversion: Any) -> ConversionEvent:
    change = PublishedChange(Status.PENDING, None, None, None, None, None)
    facts: dict[str, Any] = {
        "id": "i", "revision": 1, "source": "acme", "campaign": None, "affiliate_id": None, "event": "sale",
        "transaction_id": None, "click_id": "c", "labels": {}, "status": Status.PENDING, "payout": Decimal("0.50"),
        "currency": "USD", "event_time": None, "created_at": NOON,
    }  # fmt: skip
    return ConversionEvent(1, "r", "k", "opened", 1, NOON, change, PublishedConversion(**{**facts, **conversion}))


@pytest.mark.parametrize("example", DOCUMENT["examples"], ids=["opened", "refunded"])
def test_every_example_is_a_message_byte_for_byte(example: dict[str, Any]) -> None:
    assert json.loads(encode(decode(json.dumps(example).encode()))) == example
    assert find_faults(example) == []


@pytest.mark.parametrize(
    ("path", "struct"),
    [
        ((), ConversionEvent),
        (("properties", "change"), PublishedChange),
        (("properties", "conversion"), PublishedConversion),
        (("$defs", "worth"), Worth),
    ],
)
def test_the_schema_names_what_is_sent_and_nothing_else(path: tuple[str, ...], struct: type[msgspec.Struct]) -> None:
    part = DOCUMENT
    for name in path:
        part = part[name]

    assert list(part["properties"]) == part["required"] == list(struct.__struct_encode_fields__)


def test_amounts_are_text_and_times_are_utc() -> None:
    sent = json.loads(encode(event()))

    assert (sent["conversion"]["payout"], sent["received_at"]) == ("0.50", "2026-11-29T12:00:00Z")


def test_a_reader_ignores_keys_that_it_does_not_know() -> None:
    document = {**DOCUMENT["examples"][0], "more": 1}

    assert decode(json.dumps(document).encode()).revision == 1


@pytest.mark.parametrize("change", [{"version": 2}, {"conversion": None}, {"revision": "1"}])
def test_what_is_no_message_of_this_version_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(msgspec.DecodeError):
        decode(json.dumps({**DOCUMENT["examples"][0], **change}).encode())


def test_the_id_of_a_change_is_the_same_for_each_repeat() -> None:
    assert message_id(event()) == message_id(event(revision=2)) == "k/r"


@pytest.mark.parametrize(
    ("template", "conversion", "key"),
    [
        ("conversions.{source}.{event}", {}, "conversions.acme.sale"),
        ("{campaign}.{kind}.{status}", {}, "none.opened.pending"),
        ("{campaign}", {"campaign": "spring"}, "spring"),
        ("{event}", {"event": "first.deposit"}, "first_deposit"),
        ("{event}", {"event": "a#*b"}, "a__b"),
        ("plain", {}, "plain"),
        ("ü" * 200, {}, "ü" * 127),
    ],
)
def test_a_routing_key_has_one_word_for_each_name(template: str, conversion: dict[str, Any], key: str) -> None:
    assert fill_routing_key(template, event(**conversion)) == key
