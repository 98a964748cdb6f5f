"""What nobody signed: found by the sender's names, told by ours, and refused where the source must sign it."""

import hashlib
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from postledger.ingest.judge import judge
from postledger.ledger.entry import Entry
from postledger.policy.source import Settings, Source, find_profile
from postledger.policy.unsigned_fields import SIGNABLE_NAMES, carry_unsigned
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
    """A network that signs its transaction id alone, under a name of its own."""
    return source(signature=ID_ALONE, params={"transaction_id": ["tx"], "payout": ["amount"]}, **settings)


def ask(query: str, by: Source) -> Entry:
    return judge(Request("r", NOW, "GET", query=query.encode()), by)


def md5(transaction_id: str) -> str:
    return hashlib.md5(f"{transaction_id}-{SECRET}".encode()).hexdigest()  # noqa: S324 - as such networks do


def test_what_stands_beside_the_signed_fields_is_named_by_our_names() -> None:
    entry = ask(f"tx=T1&amount=5&click_id=A&hash={md5('T1')}", partly())

    assert entry.event is not None
    assert entry.unsigned == ("click_id", "payout")


def test_what_was_not_sent_is_not_named() -> None:
    assert ask(f"tx=T1&click_id=A&hash={md5('T1')}", partly()).unsigned == ("click_id",)


def test_an_alias_that_is_not_signed_stays_unsigned_beside_one_that_is() -> None:
    scheme = {**ID_ALONE["schemes"][0], "message": "{query:tx}:{query:amount?}-{key}"}
    by = source(signature={"schemes": [scheme]}, params={"transaction_id": ["tx"], "payout": ["amount"]})

    signed = ask(f"tx=T1&amount=5&click_id=A&hash={md5('T1:5')}", by)
    loose = ask(f"tx=T1&payout=5&click_id=A&hash={md5('T1:')}", by)

    assert (signed.unsigned, loose.unsigned) == (("click_id",), ("click_id", "payout"))


def test_a_list_of_words_that_nobody_signed_leaves_the_status_unsigned_and_is_no_field_itself() -> None:
    """Whoever can write `sale_status` into the address decides what the signed word means."""
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


def test_a_status_must_be_signed_together_with_what_says_its_meaning() -> None:
    scheme = {**ID_ALONE["schemes"][0], "message": "{query:tx}:{query:status}-{key}"}
    by = source(
        signature={"schemes": [scheme]},
        params={"transaction_id": ["tx"]},
        status_parameters={"sale_status": "approved"},
        require_signed=["status"],
    )

    entry = ask(f"tx=T1&click_id=A&status=2&sale_status=2&hash={md5('T1:2')}", by)

    assert entry.refusal == Refusal(Reason.MISSING_SIGNATURE, "status")


def test_a_payout_whose_sign_decides_leaves_the_status_unsigned_with_it() -> None:
    """Whoever has seen one such postback can send it again with a minus."""
    query = f"tx=T1&amount=5&click_id=A&hash={md5('T1')}"

    assert ask(query, partly(negative_payout="reversed")).unsigned == ("click_id", "payout", "status")
    assert ask(f"tx=T1&click_id=A&hash={md5('T1')}", partly(negative_payout="reversed")).unsigned == ("click_id",)
    refused = ask(query, partly(negative_payout="reversed", require_signed=["status"])).refusal
    assert refused == Refusal(Reason.MISSING_SIGNATURE, "status")


def test_our_own_profile_leaves_nothing_out_of_a_query_or_a_body() -> None:
    query, body = "click_id=A&payout=5&ts=1790000000", b'{"click_id":"A","payout":"5"}'
    signature = sign_webhook(SECRET, "msg_1", "1790000000", body)
    headers = {"webhook-id": "msg_1", "webhook-timestamp": "1790000000", "webhook-signature": signature}
    posted = Request("r", NOW, "POST", body=body, media_type="application/json", headers=headers)

    entries = [ask(f"{query}&sig={sign_query(SECRET, query.encode())}", source()), judge(posted, source())]

    assert [(entry.refusal, entry.unsigned) for entry in entries] == [(None, ()), (None, ())]


@pytest.mark.parametrize(
    "by",
    [source(auth="none"), source(auth="token", token="key"), source(mode="observe")],
    ids=["none", "token", "forged"],
)
def test_without_a_signature_all_that_was_sent_is_unsigned(by: Source) -> None:
    assert ask(f"click_id=A&payout=5&v=1&key={SECRET}", by).unsigned == ("click_id", "payout")


def test_the_fields_of_a_nested_body_are_unsigned_by_the_same_names() -> None:
    body = b'{"v": 2, "conversion": {"click_id": "A"}, "amount": {"value": "5", "currency": "EUR"}}'
    request = Request("r", NOW, "POST", body=body, media_type="application/json")

    assert judge(request, source(auth="none")).unsigned == ("click_id", "currency", "payout")
    assert judge(request, source(auth="none", require_signed=["payout"])).refusal == Refusal(
        Reason.MISSING_SIGNATURE, "payout"
    )


def test_a_field_that_must_be_signed_is_refused_by_its_name() -> None:
    by = partly(require_signed=["transaction_id", "payout"])

    entry = ask(f"tx=T1&amount=5&click_id=A&hash={md5('T1')}", by)

    assert (entry.event, entry.refusal) == (None, Refusal(Reason.MISSING_SIGNATURE, "payout"))
    assert (entry.click_id, entry.transaction_id, entry.secret_id) == ("A", "T1", 11)
    assert ask(f"tx=T1&click_id=A&hash={md5('T1')}", by).refusal is None


def test_in_observe_mode_it_is_booked_and_noted_once() -> None:
    by = partly(require_signed=["payout"], mode="observe")

    assert ask(f"tx=T1&amount=5&click_id=A&hash={md5('T1')}", by).observed == (Reason.MISSING_SIGNATURE,)
    assert ask("tx=T1&amount=5&click_id=A", by).observed == (Reason.MISSING_SIGNATURE,)


fields = st.sets(st.sampled_from(SIGNABLE_NAMES))
standings = st.builds(
    Standing, st.sampled_from(tuple(Status)), st.none() | st.decimals(0, 9, places=2), st.just("USD"),
    st.none() | st.just(NOW),
)  # fmt: skip


@given(fields, fields, standings)
def test_a_change_of_status_takes_over_what_is_unsigned_of_what_it_takes(
    known: set[str], brought: set[str], event: Standing
) -> None:
    after = set(carry_unsigned(known, brought, event))

    assert ("status" in after) == ("status" in brought)
    assert ("payout" in after) == ("payout" in (known if event.payout is None else brought))
    assert ("event_time" in after) == ("event_time" in (known if event.event_time is None else brought))
    assert ("click_id" in after) == ("click_id" in known)
