"""Verification: whether a request can be read, who signed it, and what of it may be stored."""

from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook

from postledger.ingest.receive import evaluate
from postledger.ingest.verification import Verification, verify
from postledger.signatures.secret_key import Key
from postledger.vocabulary.incoming_request import Request
from postledger.vocabulary.refusal import Cause, Reason, Refusal, Refused, malformed
from tests.parts.sender import sign_query
from tests.parts.signed_requests import GOOD, NOW, SECRET, event_of, get, post, refusal_of, source


def test_verification_gives_the_parameters_the_secret_and_what_is_signed() -> None:
    verification = verify(get(GOOD), source())

    assert verification.decoded is not None
    assert (verification.decoded.fields["click_id"], verification.decoded.storable) == ("ABC123", GOOD.encode())
    assert (verification.secret_id, verification.coverage.is_total, verification.observed) == (11, True, ())
    assert verification.refusal is None


def test_a_forged_request_keeps_its_parameters_and_proves_nothing() -> None:
    verification = verify(Request("r", NOW, "GET", query=GOOD.encode() + b"&sig=00"), source())

    assert verification.refusal == Refusal(Reason.BAD_SIGNATURE)
    assert verification.decoded is not None
    assert (verification.secret_id, "click_id" in verification.coverage) == (None, False)


def test_a_request_that_cannot_be_read_has_no_parameters() -> None:
    assert verify(get("click_id=%ff"), source()) == Verification(None, refusal=malformed(Cause.ENCODING).refusal)


def test_in_observe_mode_a_forgery_is_observed_and_proves_nothing() -> None:
    verification = verify(Request("r", NOW, "GET", query=GOOD.encode() + b"&sig=00"), source(mode="observe"))

    assert (verification.refusal, verification.observed, verification.secret_id) == (
        None,
        (Reason.BAD_SIGNATURE,),
        None,
    )


@pytest.mark.parametrize("place", [0, 2, 5])
def test_the_signature_may_stand_anywhere_in_the_query(place: int) -> None:
    parts = GOOD.split("&")
    parts.insert(place, "sig=" + sign_query(SECRET, GOOD.encode()))

    request = Request("receipt", NOW, "GET", query="&".join(parts).encode())

    assert event_of(evaluate(request, source()))["click_id"] == "ABC123"


def test_every_empty_part_is_signed_as_it_was_sent() -> None:
    assert refusal_of(get("click_id=A&&ts=1790000000&")) is None


def test_a_body_signed_by_the_standard_library_is_believed() -> None:
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    body = '{"click_id":"ABC123"}'
    headers = {
        "webhook-id": "m",
        "webhook-timestamp": "1790000000",
        "webhook-signature": Webhook(secret).sign("m", datetime.fromtimestamp(1_790_000_000, UTC), body),
    }
    request = Request("receipt", NOW, "POST", body=body.encode(), media_type="application/json", headers=headers)

    entry = evaluate(request, msgspec.structs.replace(source(), keys=(Key.from_secret(5, secret),)))

    assert (entry.refusal, entry.secret_id) == (None, 5)


def test_an_unknown_source_is_refused_before_anything_is_read() -> None:
    entry = evaluate(get(GOOD + "&email=a@example.com"), None)

    assert entry.refusal == Refusal(Reason.UNKNOWN_SOURCE)
    assert b"ABC123" not in entry.raw
    assert b"example.com" not in entry.raw


def test_a_source_without_signatures_is_believed_as_it_speaks() -> None:
    request = Request("r", NOW, "GET", query=b"click_id=A&payout=1")

    assert evaluate(request, source(auth="none")).refusal is None


@pytest.mark.parametrize(
    ("request_", "reason"),
    [
        (Request("r", NOW, "GET", query=b"click_id=A"), Reason.MISSING_SIGNATURE),
        (Request("r", NOW, "GET", query=b"click_id=A&ts=1790000000&sig=00"), Reason.BAD_SIGNATURE),
        (get("click_id=A&ts=1789990000"), Reason.STALE_TIMESTAMP),
        (get("click_id=A&ts=1790000400"), Reason.FUTURE_TIMESTAMP),
    ],
)
def test_a_source_in_observe_mode_is_let_through_and_taken_note_of(request_: Request, reason: Reason) -> None:
    entry = evaluate(request_, source(mode="observe"))

    assert (entry.refusal, entry.observed, entry.click_check) == (None, (reason,), "observed")


def test_observe_mode_excuses_nothing_that_cannot_be_read() -> None:
    watched = source(mode="observe")

    assert refusal_of(get("click_id=A&payout=1e3&ts=1790000000"), watched) == Refusal(
        Reason.INVALID_PARAMETER, "payout"
    )
    assert refusal_of(Request("r", NOW, "GET", query=b"click_id=%ff"), watched) == malformed(Cause.ENCODING).refusal


def test_what_the_edge_observed_stays_with_the_entry() -> None:
    entry = evaluate(get(GOOD, observed=(Reason.IP_NOT_ALLOWED,)), source(mode="observe"))

    assert entry.observed == (Reason.IP_NOT_ALLOWED,)


@pytest.mark.parametrize(
    ("request_", "kept"),
    [
        (get("click_id=A&email=m%40example.com&ts=1790000000"), b"click_id=A&email=***&ts=1790000000"),
        (get("click_id=A&%65mail=m%40example.com&ts=1790000000"), b"click_id=A&%65mail=***&ts=1790000000"),
        (post(b'{"click_id":"A","email":"m@example.com"}'), b'{"click_id": "A", "email": "***"}'),
        (post(b"click_id=A&email=m&sig=x", "application/x-www-form-urlencoded"), b"click_id=A&email=***"),
        (post(b'{"click_id":"A","sig":"x"}'), b'{"click_id": "A", "sig": "***"}'),
    ],
)
def test_masked_parameters_and_signatures_are_not_stored(request_: Request, kept: bytes) -> None:
    entry = evaluate(request_, source(pii=["email"]))

    assert (entry.refusal, entry.raw) == (None, kept)


def test_a_repeated_parameter_keeps_the_rest_of_the_request_on_record() -> None:
    entry = evaluate(get("click_id=A&payout=1&payout=2&email=m&foo=bar&ts=1790000000"), source(pii=["email"]))

    assert entry.refusal == Refusal(Reason.DUPLICATE_PARAMETER, "payout")
    assert entry.raw == b"click_id=A&payout=1&payout=2&email=***&foo=bar&ts=1790000000"


@pytest.mark.parametrize(
    "query", ["click_id=A&email=m@x.example&click_id=%ff", "email=m@x.example&email&click_id=%zz&m@x.example"]
)
def test_of_what_cannot_be_read_only_known_names_are_stored(query: str) -> None:
    entry = evaluate(get(query), source(pii=["email"]))

    assert entry.refusal == malformed(Cause.ENCODING).refusal
    assert set(entry.raw.split(b"&")) == {b"click_id=***", b"sig=***"}


@pytest.mark.parametrize("body", [b"{", b'{"v":2,"a":1,"a":1}', b'{"click_id":1,"click_id":2}'])
def test_a_forged_body_is_refused_before_it_is_read(body: bytes) -> None:
    unsigned = Request("r", NOW, "POST", body=body, media_type="application/json")
    forged = msgspec.structs.replace(post(b"{}"), body=body)

    assert refusal_of(unsigned) == Refusal(Reason.MISSING_SIGNATURE)
    assert refusal_of(forged) == Refusal(Reason.BAD_SIGNATURE)
    signed = refusal_of(post(body))
    assert signed is not None
    assert signed.reason in (Reason.MALFORMED, Reason.DUPLICATE_PARAMETER)


@pytest.mark.parametrize(("place", "refusal"), [(7, None), (8, Refusal(Reason.BAD_SIGNATURE))])
def test_eight_signatures_of_a_header_are_tried(place: int, refusal: Refusal | None) -> None:
    signed = post(b'{"click_id":"A"}')
    signatures = " ".join([*["v1,other"] * place, signed.headers["webhook-signature"]])
    headers = {**signed.headers, "webhook-signature": signatures}

    assert refusal_of(msgspec.structs.replace(signed, headers=headers)) == refusal


@given(st.binary(max_size=200), st.binary(max_size=200), st.sampled_from(["GET", "POST"]), st.text(max_size=40))
def test_no_request_crashes_the_evaluation(query: bytes, body: bytes, method: str, media_type: str) -> None:
    request = Request("receipt", NOW, method, query=query, body=body, media_type=media_type)

    assert evaluate(request, source()).refusal is not None


@pytest.mark.parametrize(
    ("body", "media_type", "refusal"),
    [
        (b"click_id=A&x=%ff&payout=%zz", "application/x-www-form-urlencoded", malformed(Cause.ENCODING, 24)),
        (b'{"click_id":"A",}', "application/json", malformed(Cause.JSON_SYNTAX, 16)),
        (b'{"click_id":"A","x":1,"x":2}', "application/json", malformed(Cause.JSON_DUPLICATE_KEY, 22)),
        (b'{"x":[1],"payout":[1]}', "application/json", malformed(Cause.JSON_NESTING, 18)),
        (b"{}", "text/plain", Refused(Reason.UNSUPPORTED_MEDIA_TYPE, cause=Cause.MEDIA_TYPE)),
        (b"{}", "application/json; charset=latin1", Refused(Reason.UNSUPPORTED_MEDIA_TYPE, cause=Cause.CHARSET)),
    ],
)
def test_a_refusal_says_what_is_wrong_and_where(body: bytes, media_type: str, refusal: Refused) -> None:
    assert refusal_of(post(body, media_type)) == refusal.refusal


def test_a_get_with_a_body_says_so() -> None:
    assert refusal_of(get(GOOD, body=b"x")) == malformed(Cause.BODY_ON_GET).refusal


@pytest.mark.parametrize("unknown", ["x=%ff", "x=%zz", "%00=1", "x=50%", "%payout%=1"])
def test_a_parameter_that_is_not_ours_may_hold_any_bytes(unknown: str) -> None:
    entry = evaluate(get(f"click_id=A&{unknown}&ts=1790000000"), source(pii=["email"]))

    assert entry.refusal is None
    assert unknown.encode() in entry.raw


@pytest.mark.parametrize("sent", ["email=%ff", "email=%00", "email=m%zz"])
def test_personal_data_that_cannot_be_read_are_masked(sent: str) -> None:
    entry = evaluate(get(f"click_id=A&{sent}&ts=1790000000"), source(pii=["email"]))

    assert entry.refusal is None
    assert entry.raw == b"click_id=A&email=***&ts=1790000000"
