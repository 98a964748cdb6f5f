"""The control: judged again by the same rules, every stored postback says what is on record, however it was sent."""

import json
from urllib.parse import quote

import pytest

from tests.parts.cli import CommandLine
from tests.parts.databases import fetch
from tests.parts.replaying import SECRET, PastLedger
from tests.parts.sender import sign_query
from tests.parts.sources import add_click

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"
NESTED = {"v": "2", "click_id": "C1", "transaction_id": "T9", "payout": {"amount": "3", "currency": "EUR"}}
BY_DECODING = """
[[sources]]
slug = "decoded"
name = "Decoded"
secrets = ["s3cret-current"]
require_signed = ["payout"]
[sources.signature]
[[sources.signature.schemes]]
methods = ["GET"]
mac = "hmac-sha256"
message = "{parameters}"
decode = ["form", "pct"]
signature = { from = "query", name = "sig" }
parameters = { from = "query", item = "{name}={value}", join = "&", drop = ["sig"] }
"""
SIGNS_CLICK = """
[sources.signature]
[[sources.signature.schemes]]
methods = ["GET"]
mac = "hmac-sha256"
message = "{query:click_id}"
signature = { from = "query", name = "sig" }
"""
OPEN = """
[[sources]]
slug = "open"
name = "Open"
auth = "none"
pii = ["email", "sub1"]
store_ip = "truncated"
"""


@pytest.fixture
def past(cli: CommandLine, database: str) -> PastLedger:
    past = PastLedger(cli)
    past.apply('pii = ["email"]', 'require_signed = ["payout"]', BY_DECODING, OPEN)
    add_click(database, "C1")
    add_click(database, "C 1+")
    return past


def send_all(past: PastLedger) -> None:
    """Send postbacks of many forms: accepted, repeated, changed and refused ones."""
    past.get("click_id=C1&transaction_id=T1&payout=1&status=pending&email=ann%40example.org")
    past.get("click_id=C1&transaction_id=T1&payout=1&status=approved&sub1=caf%C3%A9")
    past.get("click_id=C1&transaction_id=T1&payout=1")
    past.get("click_id=C1&transaction_id=T1&payout=2")
    past.get("click_id=C1&transaction_id=T1&payout=-0.5&status=reversed")
    past.get("click_id=C1&transaction_id=T2&payout=1&reverses=T1&status=reversed")
    past.get("click_id=C1&transaction_id=T3&payout={payout}")
    past.get("click_id=nobody&transaction_id=T4&payout=1")
    past.post(b'{"click_id":"C1","transaction_id":"T5","payout":"1","email":"a@b.c"}', "msg_1")
    past.post(b' {"click_id": "C1", "transaction_id": "T5", "payout": 1.0}', "msg_2")
    past.post(json.dumps(NESTED | {"user": {"email": "a@b.c"}}).encode(), "msg_3")
    query = f"click_id=C1&transaction_id=T6&payout=1&ts={int(past.now.timestamp())}".encode()
    past.receive("acme", method="POST", query=query + b"&sig=" + sign_query(SECRET, query).encode())
    send_to_open(past)
    send_decoded(past, "click_id=C%201%2B&transaction_id=T8&payout=1", "click_id=C 1+&transaction_id=T8&payout=1")
    send_decoded(past, "click_id=C+1%2B&transaction_id=T8&payout=1", "click_id=C 1+&transaction_id=T8&payout=1")
    send_decoded(past, "click_id=C+1%2B&transaction_id=T8&payout=1", "click_id=C+1+&transaction_id=T8&payout=1")


def send_to_open(past: PastLedger) -> None:
    form = b"click_id=C1&transaction_id=T7&payout=1&email=a%40b.c&sub1=Ann"
    past.receive("open", method="POST", body=form, media_type=FORM)
    past.receive("open", method="POST", body=b"{=1&click_id=C1&transaction_id=T7&payout=1", media_type=FORM)
    past.receive("open", method="POST", body=b'{"click_id":"C1","payout":"1","sub1":"Ann"}', media_type=JSON)
    past.receive("open", method="GET", query=b"click_id=C1&payout=1&status=nonsense")
    past.receive("open", method="GET", query=b"click_id=C1&payout=1&sub1=" + quote("Ann O'Hara").encode())


def send_decoded(past: PastLedger, query: str, signed: str) -> None:
    past.receive("decoded", method="GET", query=f"{query}&sig={sign_query(SECRET, signed.encode())}".encode())


def test_every_row_is_as_recorded_under_the_rules_of_its_time(past: PastLedger, database: str) -> None:
    send_all(past)

    table = past.replay()

    verdicts = dict(fetch(database, "SELECT verdict, count(*)::integer FROM postbacks GROUP BY verdict"))
    kinds = fetch(database, "SELECT DISTINCT body_kind, scheme, decoding FROM postbacks")
    assert (table["changes"], table["drift"], table["not_believed"], table["not_kept"]) == ({}, {}, {}, {})
    assert (table["rows"], table["judged"], table["as_recorded"]) == (sum(verdicts.values()),) * 3
    assert set(verdicts) == {"accepted", "duplicate", "updated", "refused"}
    assert {("json", 1, None), ("form", None, None), ("query", None, None), (None, None, "pct")} <= set(kinds)


def test_rows_of_an_earlier_release_are_as_recorded_too(past: PastLedger, database: str) -> None:
    send_all(past)
    forgotten = (
        "UPDATE postbacks SET body_kind = NULL, scheme = NULL, signed_at = NULL, policy_version = NULL"
        " WHERE decoding IS NULL AND raw NOT LIKE '{=%' RETURNING verdict"
    )
    assert fetch(database, forgotten)

    table = past.replay()

    assert (table["drift"], table["changes"]) == ({}, {})
    assert table["as_recorded"] == table["judged"]


def test_personal_data_are_booked_as_the_hashes_that_were_stored(past: PastLedger, database: str) -> None:
    past.receive("open", method="GET", query=b"click_id=C2&payout=1&sub1=Ann&email=Ann", client_address="198.51.100.7")
    add_click(database, "C2")

    past.book()

    ((raw, address, replayed_raw, replayed_address, subs),) = fetch(
        database,
        "SELECT old.raw, old.source_ip, new.raw, new.source_ip, conversions.subs FROM postbacks AS new"
        " JOIN postbacks AS old ON old.id = new.replay_of JOIN conversions ON conversions.id = new.id",
    )
    assert (raw, address) == (replayed_raw, replayed_address)
    assert subs["sub1"].encode() in raw
    assert b"Ann" not in raw


def test_a_signature_covers_what_it_covered_under_the_profile_of_its_time(past: PastLedger, database: str) -> None:
    sent = past.get("click_id=C2&transaction_id=T1&payout=1")
    add_click(database, "C2")
    past.apply('require_signed = ["payout"]', SIGNS_CLICK)

    table = past.book()

    assert sent == "unknown_click"
    assert table["changes"]["refused → accepted"]["rows"] == 1
    assert fetch(database, "SELECT unsigned FROM conversions") == [(None,)]
