"""Unsigned fields: found by the sender's names, listed by canonical names, refused if the source must sign them."""

import hashlib
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from postledger.ingest.receive import evaluate
from postledger.ledger.entry import Entry
from postledger.ledger.rules.unsigned_fields import carry_unsigned
from postledger.policy.source import Settings, Source, find_profile
from postledger.policy.unsigned_fields import SIGNABLE_NAMES
from postledger.signatures.secret_key import Key
from postledger.vocabulary.incoming_request import Request
from postledger.vocabulary.refusal import Reason, Refusal
from postledger.vocabulary.statuses import Standing, Status
from tests.parts.sender import sign_query, sign_webhook

NOW = datetime.fromtimestamp(1_790_000_000, UTC)
SECRET = "s3cret"
ID_ALONE: dict[str, Any] = {"schemes": [{"signature": {"from": "query", "name": "hash"}, "mac": "hash-md5",
                         "message": "{query:tx}-{key}"}]}  # fmt: skip


def source(**settings: Any) -> Source:
    stored = msgspec.convert({"currency": "USD", **settings}, Settings)
    return Source(1, "acme", stored, (Key.from_secret(11, SECRET),), find_profile(stored))


def partly(**settings: Any) -> Source:
    """A network that signs only its transaction id, under its own name."""
    return source(signature=ID_ALONE, params={"transaction_id": ["tx"], "payout": ["amount"]}, **settings)


def ask(query: str, by: Source) -> Entry:
    return evaluate(Request("r", NOW, "GET", query=query.encode()), by)


def md5(transaction_id: str) -> str:
    return hashlib.md5(f"{transaction_id}-{SECRET}".encode()).hexdigest()  # noqa: S324 - as such networks do


def test_unsigned_fields_are_listed_by_their_canonical_names() -> None:
    entry = ask(f"tx=T1&amount=5&click_id=A&hash={md5('T1')}", partly())

    assert entry.event is not None
    assert entry.unsigned == ("click_id", "payout")


def test_what_was_not_sent_is_not_named() -> None:
    assert ask(f"tx=T1&click_id=A&hash={md5('T1')}", partly()).unsigned == ("click_id",)


def test_an_unsigned_alias_stays_unsigned_next_to_a_signed_one() -> None:
    scheme = {**ID_ALONE["schemes"][0], "message": "{query:tx}:{query:amount?}-{key}"}
    by = source(signature={"schemes": [scheme]}, params={"transaction_id": ["tx"], "payout": ["amount"]})

    signed = ask(f"tx=T1&amount=5&click_id=A&hash={md5('T1:5')}", by)
    loose = ask(f"tx=T1&payout=5&click_id=A&hash={md5('T1:')}", by)

    assert (signed.unsigned, loose.unsigned) == (("click_id",), ("click_id", "payout"))


def test_an_unsigned_status_parameter_makes_the_status_unsigned() -> None:
    """Anyone who can add `sale_status` to the URL decides what the signed word means."""
    scheme = {**ID_ALONE["schemes"][0], "message": "{query:tx}:{query:status?}:{query:lead_status?}-{key}"}
    lists = {"sale_status": "approved", "lead_status": "pending"}
    by = source(signature={"schemes": [scheme]}, params={"transaction_id": ["tx"]}, status_parameters=lists)
    told = {
        beside: ask(f"tx=T1&click_id=A&{beside}&hash={md5('T1:' + signed)}", by).unsigned
        for beside, signed in [
            ("status=2&sale_status=2", "2:"), ("status=2&lead_status=2", "2:2"), ("sale_status=2", ":"),
        ]
    }  # fmt: skip

    assert told == {
        "status=2&sale_status=2": ("click_id", "status"),
        "status=2&lead_status=2": ("click_id",),
        "sale_status=2": ("click_id",),
    }


def test_a_status_is_signed_only_if_its_meaning_is() -> None:
    scheme = {**ID_ALONE["schemes"][0], "message": "{query:tx}:{query:status}-{key}"}
    by = source(
        signature={"schemes": [scheme]},
        params={"transaction_id": ["tx"]},
        status_parameters={"sale_status": "approved"},
        require_signed=["status"],
    )

    entry = ask(f"tx=T1&click_id=A&status=2&sale_status=2&hash={md5('T1:2')}", by)

    assert entry.refusal == Refusal(Reason.MISSING_SIGNATURE, "status")


def test_an_unsigned_payout_that_sets_the_status_makes_it_unsigned() -> None:
    """Anyone who has seen one such postback can repeat it with a minus sign."""
    query = f"tx=T1&amount=5&click_id=A&hash={md5('T1')}"

    assert ask(query, partly(negative_payout="reversed")).unsigned == ("click_id", "payout", "status")
    assert ask(f"tx=T1&click_id=A&hash={md5('T1')}", partly(negative_payout="reversed")).unsigned == ("click_id",)
    refused = ask(query, partly(negative_payout="reversed", require_signed=["status"])).refusal
    assert refused == Refusal(Reason.MISSING_SIGNATURE, "status")


@pytest.mark.parametrize(
    "body", [b'{"click_id":"A","payout":"5"}', b'{"v":2,"conversion":{"click_id":"A"},"amount":{"value":"5"}}']
)
def test_postledger_v1_signs_the_whole_query_or_body(body: bytes) -> None:
    query = "click_id=A&payout=5&ts=1790000000"
    signature = sign_webhook(SECRET, "msg_1", "1790000000", body)
    headers = {"webhook-id": "msg_1", "webhook-timestamp": "1790000000", "webhook-signature": signature}
    posted = Request("r", NOW, "POST", body=body, media_type="application/json", headers=headers)

    entries = [ask(f"{query}&sig={sign_query(SECRET, query.encode())}", source()), evaluate(posted, source())]

    assert [(entry.refusal, entry.unsigned) for entry in entries] == [(None, ()), (None, ())]


@pytest.mark.parametrize(
    "by",
    [source(auth="none"), source(auth="token", token="key"), source(mode="observe")],
    ids=["none", "token", "forged"],
)
def test_without_a_signature_every_field_is_unsigned(by: Source) -> None:
    assert ask(f"click_id=A&payout=5&v=1&key={SECRET}", by).unsigned == ("click_id", "payout")


def test_unsigned_fields_of_a_nested_body_have_canonical_names() -> None:
    body = b'{"v": 2, "conversion": {"click_id": "A"}, "amount": {"value": "5", "currency": "EUR"}}'
    request = Request("r", NOW, "POST", body=body, media_type="application/json")

    assert evaluate(request, source(auth="none")).unsigned == ("click_id", "currency", "payout")
    assert evaluate(request, source(auth="none", require_signed=["payout"])).refusal == Refusal(
        Reason.MISSING_SIGNATURE, "payout"
    )


def test_an_unsigned_required_field_is_refused_by_name() -> None:
    by = partly(require_signed=["transaction_id", "payout"])

    entry = ask(f"tx=T1&amount=5&click_id=A&hash={md5('T1')}", by)

    assert (entry.event, entry.refusal) == (None, Refusal(Reason.MISSING_SIGNATURE, "payout"))
    assert (entry.click_id, entry.transaction_id, entry.secret_id) == ("A", "T1", 11)
    assert ask(f"tx=T1&click_id=A&hash={md5('T1')}", by).refusal is None


def test_observe_mode_records_and_notes_it_once() -> None:
    by = partly(require_signed=["payout"], mode="observe")

    assert ask(f"tx=T1&amount=5&click_id=A&hash={md5('T1')}", by).observed == (Reason.MISSING_SIGNATURE,)
    assert ask("tx=T1&amount=5&click_id=A", by).observed == (Reason.MISSING_SIGNATURE,)


fields = st.sets(st.sampled_from(SIGNABLE_NAMES))
standings = st.builds(
    Standing, st.sampled_from(tuple(Status)), st.none() | st.decimals(0, 9, places=2), st.just("USD"),
    st.none() | st.just(NOW),
)  # fmt: skip


@given(fields, fields, standings)
def test_a_status_change_replaces_the_unsigned_marks_of_its_fields(
    known: set[str], brought: set[str], event: Standing
) -> None:
    after = set(carry_unsigned(known, brought, event))

    assert ("status" in after) == ("status" in brought)
    assert ("payout" in after) == ("payout" in (known if event.payout is None else brought))
    assert ("event_time" in after) == ("event_time" in (known if event.event_time is None else brought))
    assert ("click_id" in after) == ("click_id" in known)
