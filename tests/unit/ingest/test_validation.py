"""Validation: the values of a verified request, and the entry that they become."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postledger.ingest.receive import evaluate
from postledger.ingest.validation import validate
from postledger.ingest.verification import Verification, verify
from postledger.signatures.signed_fields import Coverage
from postledger.vocabulary.incoming_request import Request
from postledger.vocabulary.refusal import Reason, Refusal
from postledger.vocabulary.statuses import Status
from tests.parts.signed_requests import GOOD, NOW, event_of, get, post, refusal_of, source


def test_validation_starts_from_a_verification_that_was_made_elsewhere() -> None:
    """As a replay does: the signature was checked when the request came, and only its parameters were stored."""
    by = source()
    decoded = verify(get(GOOD), by).decoded

    entry = validate(Request("again", NOW, "GET"), by, Verification(decoded, 11, Coverage(True, frozenset())))

    assert event_of(entry)["transaction_id"] == "TXN789"
    assert (entry.receipt, entry.secret_id, entry.unsigned, entry.raw) == ("again", 11, (), GOOD.encode())


def test_what_verification_refused_is_not_validated() -> None:
    by = source()
    decoded = verify(get("click_id=A&transaction_id=T1&payout=x&ts=1790000000"), by).decoded

    entry = validate(get(GOOD), by, Verification(decoded, refusal=Refusal(Reason.STALE_TIMESTAMP)))

    assert (entry.refusal, entry.event, entry.transaction_id) == (Refusal(Reason.STALE_TIMESTAMP), None, None)


def test_what_is_proved_by_nothing_is_unsigned_as_a_whole() -> None:
    by = source()

    entry = validate(get(GOOD), by, Verification(verify(get(GOOD), by).decoded))

    assert entry.unsigned == ("affiliate_id", "click_id", "payout", "transaction_id")


def test_a_signed_query_becomes_an_event() -> None:
    entry = evaluate(get(GOOD), source())

    event = event_of(entry)
    assert (event["click_id"], event["transaction_id"], event["affiliate_id"]) == ("ABC123", "TXN789", "456")
    assert (str(event["payout"]), event["currency"], event["status"]) == ("0.50", "USD", Status.APPROVED)
    assert (entry.secret_id, entry.raw) == (11, GOOD.encode())


def test_json_and_form_say_the_same_as_a_query() -> None:
    fields = {"click_id": "ABC123", "payout": "0.50", "transaction_id": "TXN789"}
    form = b"click_id=ABC123&payout=0.50&transaction_id=TXN789"

    events = [
        event_of(evaluate(request, source()))
        for request in (
            get("click_id=ABC123&payout=0.50&transaction_id=TXN789&ts=1790000000"),
            post(json.dumps(fields).encode()),
            post(form, "application/x-www-form-urlencoded; charset=UTF-8"),
        )
    ]

    assert events[0] == events[1] == events[2]


@pytest.mark.parametrize(
    ("request_", "reason", "parameter"),
    [
        (get("payout=1&ts=1790000000"), "missing_parameter", "click_id"),
        (get("click_id=&ts=1790000000"), "missing_parameter", "click_id"),
        (get("click_id=A"), "missing_parameter", "ts"),
        (get("click_id=A&ts=abc"), "invalid_parameter", "ts"),
        (get("click_id=A&ts=1789990000"), "stale_timestamp", None),
        (get("click_id=A&ts=1790000400"), "future_timestamp", None),
        (get("click_id=A&click_id=B&ts=1790000000"), "duplicate_parameter", "click_id"),
        (get("click_id=A&click%5Fid=A&ts=1790000000"), "duplicate_parameter", "click_id"),
        (get("click_id={click}&ts=1790000000"), "unresolved_macro", "click_id"),
        (get("click_id=A&payout=%23price%23&ts=1790000000"), "unresolved_macro", "payout"),
        (get("click_id=A&ts={ts}"), "unresolved_macro", "ts"),
        (get("click_id=A&payout=-1&ts=1790000000"), "invalid_parameter", "payout"),
        (get("click_id=A&payout=1e3&ts=1790000000"), "invalid_parameter", "payout"),
        (get("click_id=A&status=sold&ts=1790000000"), "invalid_parameter", "status"),
        (get("click_id=A&currency=XYZ1&ts=1790000000"), "invalid_parameter", "currency"),
        (get("click_id=A&transaction_id=&ts=1790000000"), "invalid_parameter", "transaction_id"),
        (get("click_id=A&affiliate_id=" + "x" * 256 + "&ts=1790000000"), "invalid_parameter", "affiliate_id"),
        (get("click_id=A&event_time=2026-01-01T00:00:00&ts=1790000000"), "invalid_parameter", "event_time"),
        (get("click_id=A&v=2&ts=1790000000"), "unsupported_version", None),
        (get("click_id=A&payout=%ff&ts=1790000000"), "malformed", None),
        (get(GOOD, body=b"x"), "malformed", None),
        (Request("r", NOW, "GET", query=GOOD.encode()), "missing_signature", None),
        (Request("r", NOW, "GET", query=GOOD.encode() + b"&sig="), "missing_signature", None),
        (Request("r", NOW, "GET", query=GOOD.encode() + b"&sig=00"), "bad_signature", None),
        (Request("r", NOW, "PUT", query=GOOD.encode()), "method_not_allowed", None),
        (post(b'{"click_id":"A"}', "text/plain"), "unsupported_media_type", None),
        (post(b'{"click_id":"A"}', ""), "unsupported_media_type", None),
        (post(b'{"click_id":"A"}', "application/json; charset=utf-16"), "unsupported_media_type", None),
        (post(b'{"click_id":"A","click_id":"A"}'), "duplicate_parameter", "click_id"),
        (post(b'{"click_id":"A","x":1,"x":1}'), "malformed", None),
        (post(b'{"click_id":["A"]}'), "malformed", None),
        (post(b'{"click_id":"A","payout":1e3}'), "invalid_parameter", "payout"),
        (post(b'{"click_id":"A","payout":true}'), "invalid_parameter", "payout"),
        (post(b'{"click_id":"A"}' + b" " * 65536), "payload_too_large", None),
        (post(b'{"click_id":"A"}', query=b"payout=9"), "malformed", None),
        (Request("r", NOW, "POST", body=b'{"click_id":"A"}', media_type="application/json"), "missing_signature", None),
    ],
)
def test_each_fault_has_its_reason(request_: Request, reason: str, parameter: str | None) -> None:
    refusal = refusal_of(request_)

    assert refusal is not None
    assert (refusal.reason, refusal.parameter) == (Reason(reason), parameter)


@pytest.mark.parametrize(
    ("query", "parameter", "macro"),
    [
        ("click_id=A&payout=%23%23CPA%23%23,%23%23RS%23%23&ts=1790000000", "payout", "##…##"),
        ("click_id=A&status=REPLACE&ts=1790000000", "status", "REPLACE"),
        ("click_id=A&ts=[[[time]]]", "ts", "[[[…]]]"),
    ],
)
def test_an_unfilled_macro_is_told_by_its_parameter_and_its_style(query: str, parameter: str, macro: str) -> None:
    assert refusal_of(get(query)) == Refusal(Reason.UNRESOLVED_MACRO, parameter, macro)


def test_an_amount_is_read_as_its_source_writes_it() -> None:
    by = source(amount=["minor-units"], currency="JPY")

    payouts = [
        event_of(evaluate(get(f"click_id=A&payout=1250&ts=1790000000{currency}"), by))["payout"]
        for currency in ("", "&currency=usd")
    ]

    assert [str(payout) for payout in payouts] == ["1250", "12.50"]
    assert refusal_of(get("click_id=A&payout=1&currency=x&ts=1790000000"), by) == Refusal(
        Reason.INVALID_PARAMETER, "currency"
    )


def test_an_unknown_word_is_pending_where_the_source_says_so_and_kept() -> None:
    by = source(unknown_status="pending")

    event = event_of(evaluate(get("click_id=A&status=Held-Back&ts=1790000000"), by))

    assert (event["status"], event["source_status"]) == (Status.PENDING, "Held-Back")


@pytest.mark.parametrize("word", ["", "x" * 256, "a%0ab"])
def test_no_word_at_all_is_never_booked_as_one(word: str) -> None:
    refusal = refusal_of(get(f"click_id=A&status={word}&ts=1790000000"), source(unknown_status="pending"))

    assert refusal == Refusal(Reason.INVALID_PARAMETER, "status")


def test_aliases_and_status_words_are_the_senders_own() -> None:
    by = source(params={"click_id": ["subid", "sub1"]}, statuses={"approved": ["Sale", "1"], "rejected": ["3"]})

    event = event_of(evaluate(get("subid=A&status=SALE&ts=1790000000"), by))

    assert (event["click_id"], event["status"], event["source_status"]) == ("A", Status.APPROVED, "SALE")
    assert refusal_of(get("subid=A&sub1=B&ts=1790000000"), by) == Refusal(Reason.DUPLICATE_PARAMETER, "click_id")


def test_an_amount_without_a_currency_has_that_of_its_source() -> None:
    currencies = [
        event_of(evaluate(get(query), source(currency="EUR")))["currency"]
        for query in ("click_id=A&payout=1&ts=1790000000", "click_id=A&ts=1790000000")
    ]

    assert currencies == ["EUR", None]


@pytest.mark.parametrize(
    ("beside", "status", "payout"),
    [("", "reversed", "-5"), ("&status=approved", "reversed", "-5"), ("&status=reversed", "reversed", "-0.5")],
)
def test_a_source_may_tell_a_reversal_by_the_sign_of_its_payout_alone(beside: str, status: str, payout: str) -> None:
    by = source(negative_payout="reversed")

    event = event_of(evaluate(get(f"click_id=A&payout={payout}{beside}&ts=1790000000"), by))

    assert (event["status"], str(event["payout"])) == (status, payout)
    assert event_of(evaluate(get("click_id=A&payout=5&ts=1790000000"), by))["status"] == "approved"


@pytest.mark.parametrize("said", ["payout=-0", "payout=-0.00", "payout=-5&status=pending", "payout=-5&status=rejected"])
def test_no_sign_makes_a_reversal_of_nothing_or_of_what_was_never_paid(said: str) -> None:
    refusal = refusal_of(get(f"click_id=A&{said}&ts=1790000000"), source(negative_payout="reversed"))

    assert refusal == Refusal(Reason.INVALID_PARAMETER, "payout")


@pytest.mark.parametrize("payout", ["-0", "-0.00"])
def test_a_reversal_of_less_than_nothing_and_of_nothing_is_no_reversal_of_all(payout: str) -> None:
    refusal = refusal_of(get(f"click_id=A&status=reversed&payout={payout}&ts=1790000000"))

    assert refusal == Refusal(Reason.INVALID_PARAMETER, "payout")


def test_only_a_reversal_may_be_negative() -> None:
    event = event_of(evaluate(get("click_id=A&status=reversed&payout=-0.50&ts=1790000000"), source()))

    assert str(event["payout"]) == "-0.50"


def test_a_masked_sub_id_reaches_the_conversion_masked() -> None:
    event = event_of(evaluate(get("click_id=A&sub1=m%40example.com&ts=1790000000"), source(pii=["sub1"])))

    assert event["subs"] == {"sub1": "***"}


def test_a_believed_postback_that_says_nonsense_can_be_found_by_its_ids() -> None:
    refused = evaluate(get("click_id=A&transaction_id=T1&payout=x&ts=1790000000"), source())
    forged = evaluate(Request("r", NOW, "GET", query=b"click_id=A&transaction_id=T1"), source())
    overlong = evaluate(get("click_id=" + "A" * 300 + "&ts=1790000000"), source())

    assert (refused.click_id, refused.transaction_id) == ("A", "T1")
    assert (forged.click_id, overlong.click_id) == (None, None)


@given(
    st.dictionaries(st.sampled_from(["click_id", "payout", "status", "event_time", "sub1", "v", "email"]), st.text())
)
def test_no_signed_body_crashes_the_evaluation(fields: dict[str, str]) -> None:
    entry = evaluate(post(json.dumps(fields).encode()), source(pii=["email"]))

    assert (entry.refusal is None) != (entry.event is None)
