"""The step of an explanation that shows how the signature was checked, and why it does not match."""

import re
from collections.abc import Callable, Iterator, Sequence

import msgspec
from msgspec.structs import replace

from postledger.decoding.pairs import DecodedRequest
from postledger.ingest.read_request import find_format, read_request, write_masked
from postledger.partners.explained_reading import list_sent, shorten
from postledger.partners.explanation import Clock, SignatureStep
from postledger.policy.source import Source
from postledger.signatures.examination import Examined, examine, find_match, list_missing_headers
from postledger.signatures.mistake import Mistake
from postledger.signatures.mistakes import Diagnosis
from postledger.signatures.profile_schema import SignatureLocation, TimestampLocation
from postledger.signatures.public_url import read_public_url
from postledger.signatures.secret_key import Key
from postledger.signatures.signature_input import NOT_DECODED
from postledger.signatures.signed_fields import find_coverage
from postledger.signatures.timestamps import compile_read_timestamp
from postledger.signatures.verifier import FUTURE_TOLERANCE_S
from postledger.vocabulary.incoming_request import Request
from postledger.vocabulary.refusal import Refused

Diagnose = Callable[[Examined], Diagnosis | None]
"""Looks for the mistakes of a wrong signature; None if it may not, or cannot now."""

_LONGEST_STRING, _LONGEST_TIME = 8192, 64
_SHOWN_KEY = b"{key}"
_HALF_HOUR_S, _ABOUT_S, _FARTHEST_ZONE_S = 1800, 90, 14 * 3600
_DIGITS = {10: "seconds", 13: "milliseconds", 16: "microseconds"}
_UNITS = {
    "s": "unix seconds", "ms": "unix milliseconds", "us": "unix microseconds", "iso": "ISO 8601 with an offset",
    "http-date": "an HTTP date", "minutes": "YYYYMMDDHHMM in UTC",
}  # fmt: skip


class ExplainedSignature(msgspec.Struct, frozen=True):
    """The step, the mistakes that explain a refusal, and the key that the signature matches."""

    step: SignatureStep
    mistakes: tuple[Mistake, ...] = ()
    key: Key | None = None


def explain_signature(
    request: Request, decoded: DecodedRequest | None, source: Source, diagnose: Diagnose
) -> ExplainedSignature | None:
    """Explain the signature of a request; None if the source wants none."""
    examined = _examine(request, decoded or NOT_DECODED, source)
    if examined is None or source.settings.auth == "none":
        return None
    found = find_match(examined, source.keys)
    attempt, key = found or (examined, None)
    missing = list_missing_headers(examined) if examined.text else ()
    diagnosis = _diagnose(examined, missing, diagnose) if key is None else Diagnosis((), 0)
    clock = _read_clock(attempt, source)
    late = tuple(_list_mistakes_of_time(attempt, clock)) if clock is not None else ()
    mistakes = (*(diagnosis.mistakes if diagnosis is not None else ()), *late)
    step = _make_step(attempt, key, clock, source)
    tried = diagnosis.tried if diagnosis is not None else 0
    would_match = None if diagnosis is None else tuple(mistake.what for mistake in mistakes)
    return ExplainedSignature(replace(step, would_match=would_match, tried=tried), mistakes, key)


def _diagnose(examined: Examined, missing: Sequence[str], diagnose: Diagnose) -> Diagnosis | None:
    if not examined.text:
        return None
    if missing:  # without them, the signature counts as not sent
        advice = "Send the header with every request: it is part of the signed string."
        return Diagnosis(tuple(Mistake(f"the header {name} is missing", advice) for name in missing), 0)
    return diagnose(examined)


def _examine(request: Request, decoded: DecodedRequest, source: Source) -> Examined | None:
    url = source.settings.public_url
    return examine(source.profile, read_public_url(url) if url else None, request, decoded)


def _make_step(attempt: Examined, key: Key | None, clock: Clock | None, source: Source) -> SignatureStep:
    scheme, request = attempt.scheme, attempt.sent.request
    coverage = find_coverage(scheme, request.method)
    own = {scheme.signature.name}
    names = [name for name in dict.fromkeys(name for name, _ in list_sent(attempt.sent.decoded)) if name not in own]
    covered = [name for name in names if name in coverage]
    return SignatureStep(
        scheme=scheme.mac
        if scheme.mac == "token"
        else f"{scheme.mac} of {scheme.message}, {scheme.signature.encoding}",
        place=_name_place(scheme.signature),
        key=None if key is None else f"secret #{key.secret_id} (position {source.keys.index(key)})",
        decoding=attempt.sent.decoding,
        covers=tuple(shorten(name, _LONGEST_TIME) for name in covered),
        unsigned=tuple(shorten(name, _LONGEST_TIME) for name in names if name not in covered),
        signed_string=_write_string(attempt, source),
        clock=clock,
        would_match=(),
        tried=0,
    )


def _name_place(location: SignatureLocation) -> str:
    kinds = {"query": "query parameter", "form": "form parameter", "json": "JSON member", "header": "header"}
    return f"path {location.name}" if location.location == "path" else f"{kinds[location.location]} {location.name}"


def _write_string(attempt: Examined, source: Source) -> str | None:
    """Write the signed string as it may be shown: of the request with personal data masked, without the key."""
    if attempt.scheme.mac == "token":
        return None
    try:
        shown = _mask(attempt, source) if source.settings.pii else attempt
    except Refused:  # what cannot be read cannot be masked
        return None
    text = shown.write(_SHOWN_KEY)
    return None if text is None else shorten(text.decode("utf-8", "replace"), _LONGEST_STRING)


def _mask(attempt: Examined, source: Source) -> Examined:
    request, masking = attempt.sent.request, replace(source, pii_key=None)
    decoded = read_request(request, masking, find_format(request, masking))
    stored = write_masked(decoded, masking) if decoded.is_masked else decoded.storable
    masked = replace(request, query=stored) if request.method == "GET" else replace(request, body=stored)
    shown = read_request(masked, masking, find_format(masked, masking))
    return replace(attempt, sent=replace(attempt.sent, request=masked, decoded=shown))


def _read_clock(attempt: Examined, source: Source) -> Clock | None:
    location, text = attempt.scheme.timestamp, attempt.sent.timestamp
    if location is None or not text:
        return None
    sent_s = _read_time(location, text)
    skew_s = None if sent_s is None else round(sent_s - attempt.sent.request.received_at.timestamp())
    return Clock(shorten(text, _LONGEST_TIME), skew_s, (-source.settings.timestamp_tolerance_s, FUTURE_TOLERANCE_S))


def read_sent_time(request: Request, decoded: DecodedRequest, source: Source) -> float | None:
    """Read the signed time of a request as unix seconds; None if it has none, or another format."""
    examined = _examine(request, decoded, source)
    location = None if examined is None else examined.scheme.timestamp
    if examined is None or location is None or not examined.sent.timestamp:
        return None
    return _read_time(location, examined.sent.timestamp)


def _read_time(location: TimestampLocation, text: str) -> float | None:
    try:
        return compile_read_timestamp(location)(text)
    except Refused:
        return None


def _list_mistakes_of_time(attempt: Examined, clock: Clock) -> Iterator[Mistake]:
    location = attempt.scheme.timestamp
    assert location is not None, "a clock has a location"
    past_s, future_s = clock.tolerance_s
    if clock.skew_s is not None and past_s <= clock.skew_s <= future_s:
        return
    wanted = _UNITS[location.unit]
    if (what := _name_unit(clock.ts)) is not None and what not in wanted:
        yield Mistake(f"the time is sent as {what}, not as {wanted}", f"Send the time as {wanted}.")
    elif clock.skew_s is None:
        yield Mistake(f"the time is not {wanted}", f"Send the time as {wanted}.")
    elif _is_zone(clock.skew_s):
        hours = round(clock.skew_s / _HALF_HOUR_S) / 2
        advice = "Use UTC for the time: the clock differs by whole half hours, as a time zone does."
        noun = "hour" if abs(hours) == 1 else "hours"
        yield Mistake(f"the time is local time, not UTC: it differs by {hours:+g} {noun}", advice)
    elif clock.skew_s > future_s:
        yield Mistake("the time is in the future", "Set the clock of the sender: it is ahead.")
    else:
        yield Mistake("the time is too old", "Sign right before you send, and check the clock of the sender.")


def _name_unit(text: str) -> str | None:
    if text.isascii() and text.isdigit():
        return _DIGITS.get(len(text))
    return "ISO 8601" if re.match(r"\d{4}-\d\d-\d\d", text) else None


def _is_zone(skew_s: int) -> bool:
    nearest = round(skew_s / _HALF_HOUR_S) * _HALF_HOUR_S
    return nearest != 0 and abs(skew_s - nearest) <= _ABOUT_S and abs(nearest) <= _FARTHEST_ZONE_S
