"""Writes candidates of a request that is refused for a reason: one function for each reason. Pure.

A candidate is a sample only if the code of real postbacks refuses it for that reason. So what a source cannot be
refused for follows from its settings and stands in no list.
"""

from collections.abc import Callable, Iterator, Mapping
from urllib.parse import quote

from msgspec.structs import replace

from postledger.partners.sample_writer import SampleWriter
from postledger.partners.signer import MEDIA_TYPES, SignedRequest, write_json
from postledger.signatures.verifier import FUTURE_TOLERANCE_S
from postledger.vocabulary.incoming_request import MAX_BODY_BYTES
from postledger.vocabulary.refusal import Reason

_DAY_S = 86_400
WRONG_SIGNATURE = "0" * 64
_FIELDS = ("payout", "transaction_id", "click_id")
_MACROS = {"payout": "{payout}", "transaction_id": "{transaction_id}", "click_id": "{click_id}"}
_INVALID = {"payout": "ten", "currency": "ZZZ", "status": "no-such-word", "event": "no such event", "click_id": "null"}

NOT_IN_A_REQUEST: Mapping[Reason, str] = {
    Reason.IP_NOT_ALLOWED: "it depends on the address that a request comes from, not on the request",
    Reason.CLIENT_CERTIFICATE: "it depends on the certificate of the client, not on the request",
    Reason.RATE_LIMITED: "it depends on how many requests were sent before, not on the request",
    Reason.TIMEOUT: "it depends on how slowly a request is sent, not on the request",
    Reason.UNAVAILABLE: "it is a fault of Postledger, not of the request; send the same request again",
}
"""The reasons that no request has in itself."""

WHY: Mapping[Reason, str] = {
    Reason.UNKNOWN_SOURCE: "The path names a source that does not exist. Send it without a partner token.",
    Reason.NOT_FOUND: "The path is not one of a postback.",
    Reason.MISSING_SIGNATURE: "There is no signature or token.",
    Reason.BAD_SIGNATURE: "No live secret of the source gives this signature or token.",
    Reason.STALE_TIMESTAMP: "The signed time is older than the source allows.",
    Reason.FUTURE_TIMESTAMP: "The signed time is in the future.",
    Reason.UNKNOWN_CLICK: "Postledger does not know this click id.",
    Reason.CONFLICT: "The conversion of the postback before it has another payout or another click.",
    Reason.METHOD_NOT_ALLOWED: "A postback is a GET or a POST.",
    Reason.MALFORMED: "The parameters cannot be read.",
    Reason.MISSING_PARAMETER: "A required parameter is missing.",
    Reason.INVALID_PARAMETER: "The value of a parameter is not in its format.",
    Reason.DUPLICATE_PARAMETER: "A parameter is sent twice.",
    Reason.UNRESOLVED_MACRO: "A placeholder was not replaced with its value.",
    Reason.UNSUPPORTED_VERSION: "The source does not take this version.",
    Reason.UNSUPPORTED_MEDIA_TYPE: "The body is neither JSON nor a form.",
    Reason.PAYLOAD_TOO_LARGE: f"The body is longer than {MAX_BODY_BYTES} bytes.",
}
"""Why each sample is refused."""

Candidates = Callable[[SampleWriter], Iterator[SignedRequest | None]]


def _leave_unsigned(writer: SampleWriter) -> Iterator[SignedRequest | None]:
    yield writer.leave_unsigned(writer.pairs())


def _sign_wrongly(writer: SampleWriter) -> Iterator[SignedRequest | None]:
    settings = writer.source.settings
    if settings.auth == "token":  # a wrong key in a path is the path of no source
        yield writer.leave_unsigned([*writer.pairs(), (settings.token, "wrong-token")])
    yield writer.forge(writer.pairs(), WRONG_SIGNATURE)


def _sign_too_early(writer: SampleWriter) -> Iterator[SignedRequest | None]:
    tolerance_s = writer.source.settings.timestamp_tolerance_s
    yield writer.sign(writer.pairs(), unix_s=writer.unix_s - tolerance_s - _DAY_S)


def _sign_too_late(writer: SampleWriter) -> Iterator[SignedRequest | None]:
    yield writer.sign(writer.pairs(), unix_s=writer.unix_s + FUTURE_TOLERANCE_S + _DAY_S)


def _drop_click(writer: SampleWriter) -> Iterator[SignedRequest | None]:
    name = writer.name_of("click_id")
    yield writer.sign([pair for pair in writer.pairs() if pair[0] != name])
    yield writer.sign(writer.pairs(click_id=""))


def _spoil_value(writer: SampleWriter) -> Iterator[SignedRequest | None]:
    for canonical, value in _INVALID.items():
        yield writer.sign(writer.pairs(**{canonical: value}))


def _send_twice(writer: SampleWriter) -> Iterator[SignedRequest | None]:
    pairs = writer.pairs()
    for canonical in _FIELDS:
        yield writer.sign([*pairs, *(pair for pair in pairs if pair[0] == writer.name_of(canonical))])
        yield writer.leave_unsigned([*pairs, *(pair for pair in pairs if pair[0] == writer.name_of(canonical))])


def _leave_macro(writer: SampleWriter) -> Iterator[SignedRequest | None]:
    for canonical, macro in _MACROS.items():
        yield writer.sign(writer.pairs(**{canonical: macro}))


def _name_version(writer: SampleWriter) -> Iterator[SignedRequest | None]:
    pairs = [*writer.pairs(), (writer.name_of("v") or "v", "3")]
    yield writer.sign(pairs)
    if writer.way == "json":  # a body of another version is not read, so the signer must not read it either
        yield writer.sign(pairs, text=write_json(pairs))
    yield writer.post_text('{"v":3}')


def _break_encoding(writer: SampleWriter) -> Iterator[SignedRequest | None]:
    if writer.way == "query":
        yield _break_click(writer)
        return
    if writer.way == "json":
        yield writer.sign(writer.pairs(), text='{"click_id":"cut off')
    signed = writer.sign(writer.pairs())
    if signed is not None:
        joint = "&" if "?" in signed.target else "?"
        yield replace(signed, target=f"{signed.target}{joint}click_id=beside-the-body")


def _break_unsigned(writer: SampleWriter) -> Iterator[SignedRequest | None]:
    yield from _break_encoding(writer)
    yield writer.post_text('{"click_id":"cut off')


def _break_click(writer: SampleWriter) -> SignedRequest:
    signed = writer.sign(writer.pairs()) or writer.leave_unsigned(writer.pairs())
    name = quote(writer.name_of("click_id") or "click_id", safe="")
    sent = f"{name}={quote(writer.ids['click_id'], safe='')}"
    return replace(signed, target=signed.target.replace(sent, f"{name}=%FF", 1))


def _send_as_text(writer: SampleWriter) -> Iterator[SignedRequest | None]:
    signed = None if writer.way == "query" else writer.sign(writer.pairs())
    if signed is not None:
        yield replace(signed, headers={**signed.headers, "Content-Type": "text/plain"})
    yield writer.post_text("click_id=as-plain-text", "text/plain")


def _send_too_much(writer: SampleWriter) -> Iterator[SignedRequest | None]:
    yield writer.post_text("a" * (MAX_BODY_BYTES + 1), MEDIA_TYPES["json"])


def _put(writer: SampleWriter) -> Iterator[SignedRequest | None]:
    yield replace(writer.leave_unsigned(writer.pairs()), method="PUT")


CANDIDATES: Mapping[Reason, Candidates] = {
    Reason.MISSING_SIGNATURE: _leave_unsigned,
    Reason.BAD_SIGNATURE: _sign_wrongly,
    Reason.STALE_TIMESTAMP: _sign_too_early,
    Reason.FUTURE_TIMESTAMP: _sign_too_late,
    Reason.METHOD_NOT_ALLOWED: _put,
    Reason.MALFORMED: _break_unsigned,
    Reason.MISSING_PARAMETER: _drop_click,
    Reason.INVALID_PARAMETER: _spoil_value,
    Reason.DUPLICATE_PARAMETER: _send_twice,
    Reason.UNRESOLVED_MACRO: _leave_macro,
    Reason.UNSUPPORTED_VERSION: _name_version,
    Reason.UNSUPPORTED_MEDIA_TYPE: _send_as_text,
    Reason.PAYLOAD_TOO_LARGE: _send_too_much,
}
"""What is tried for each reason that the request alone decides. The other ones depend on what the ledger knows."""
