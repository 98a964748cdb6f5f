"""Reads a request into named fields, and decides what of it may be stored.

A `DecodedRequest` holds unverified parameters. Verification and validation use only it and the request.
"""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Literal

from msgspec.structs import replace

from postledger.decoding import json_v2 as nested
from postledger.decoding.byte_offsets import find_repeated
from postledger.decoding.damaged_names import TIDY, tidy
from postledger.decoding.pairs import (
    MAX_PARAMETERS,
    NESTED,
    DecodedRequest,
    JsonObject,
    Repeated,
    Segment,
    Unreadable,
    decode_utf8,
    find_json_fault,
    find_unreadable,
    load_json,
    read_flat,
    read_json_value,
    read_segments,
    read_segments_once,
)
from postledger.decoding.parameters import CANONICAL_NAMES, SUB_NAMES
from postledger.decoding.unresolved_macros import find_macro
from postledger.policy.privacy import MASK
from postledger.policy.source import Source
from postledger.signatures.profile_schema import Decoding
from postledger.signatures.signature_input import decode_segment
from postledger.vocabulary.incoming_request import MAX_BODY_BYTES, Request
from postledger.vocabulary.refusal import Cause, Reason, Refusal, Refused, malformed

_FORM = "application/x-www-form-urlencoded"
_JSON = ("application/json", "text/json")

_LABELS = frozenset(SUB_NAMES)

Format = Literal["query", "form", "json"]
"""Where the parameters of a request are, and how they are written."""


def find_format(request: Request, source: Source) -> Format:
    """Find where the parameters of a request are, without interpreting its body. Raises `Refused`."""
    if request.method == "GET":
        return "query"
    if request.method != "POST":
        raise Refused(Reason.METHOD_NOT_ALLOWED)
    if len(request.body) > MAX_BODY_BYTES:
        raise Refused(Reason.PAYLOAD_TOO_LARGE)
    _refuse_encoded(request.headers.get("content-encoding", ""))
    _refuse_known_in_query(request.query, source)
    return "form" if _media_type(request) == _FORM else "json"


def read_request(request: Request, source: Source, written_as: Format) -> DecodedRequest:
    """Read the parameters of a request. Raises `Refused`."""
    if written_as == "query":
        return _read_query(request, source)
    return _read_form(request.body, source) if written_as == "form" else _read_json(request.body, source)


def read_again(decoded: DecodedRequest, decoding: Decoding, source: Source) -> DecodedRequest:
    """Read the fields again, by the decoding that the signature used, so that they are what was signed."""
    pairs = [decode_segment(segment, decoding) for segment in decoded.segments]
    fields, repeated = _collect([("", decode_utf8(name), decode_utf8(value)) for name, value in pairs], source)
    if repeated is not None:
        raise Refused(Reason.DUPLICATE_PARAMETER, repeated)
    return replace(decoded, fields=fields)


def mask_form(body: bytes, source: Source) -> bytes:
    """Mask a form for its audit row. Raises `Refused`."""
    return _mask_segments(read_segments(body), source)


def names_only(query: bytes, source: Source | None) -> bytes:
    """Keep only the known parameter names of a query that must not be stored; drop every value and other name.

    It looks at no more parameters than a readable query may have.
    """
    known = source.canonical_names if source else dict.fromkeys(CANONICAL_NAMES)
    parts = query.decode("latin-1").split("&", MAX_PARAMETERS)[:MAX_PARAMETERS]
    names = [part.partition("=")[0] for part in parts]
    return "&".join(f"{name}={MASK}" for name in names if name in known).encode("latin-1")


def _read_query(request: Request, source: Source) -> DecodedRequest:
    if request.body:  # no signature of a GET covers its body
        raise malformed(Cause.BODY_ON_GET)
    segments = read_segments(request.query)
    names = source.canonical_names
    signed = "&".join([part for part, name, _ in segments if names.get(name) != "sig"]).encode("latin-1")
    storable = _mask_segments(segments, source) if source.settings.pii else signed
    fields, repeated = _collect(segments, source)
    return DecodedRequest(fields, signed, storable, repeated, segments)


def _read_form(body: bytes, source: Source) -> DecodedRequest:
    segments = read_segments(body)
    fields, repeated = _collect(segments, source, is_body=True)
    return DecodedRequest(fields, body, _mask_segments(segments, source), repeated, segments)


def _read_json(body: bytes, source: Source) -> DecodedRequest:
    document = load_json(body)
    version = next((value for name, value in document if name == "v"), None)
    if version is not None and version != "1" and source.canonical_names.get("v") == "v":
        return _read_json_of(version, document, body, source)
    pairs = read_flat(document)
    try:
        fields, repeated = _collect([("", name, value) for name, value in pairs], source)
    except Refused as refused:
        raise _locate(refused.refusal, body, pairs, source) from None
    unknown = [pair for pair in pairs if source.canonical_names.get(pair[0]) not in _LABELS]
    if repeated is None and len({name for name, _ in unknown}) < len(unknown):
        raise malformed(Cause.JSON_DUPLICATE_KEY, _find_repeated(unknown, body))
    if _may_nest(body) and any(value is NESTED for _, value in pairs):
        return DecodedRequest(
            fields, body, body, repeated, members=pairs, document=document, is_masked=_may_hold_masked(body, source)
        )
    return DecodedRequest(fields, body, _mask_json(body, pairs, source), repeated, members=pairs)


def _may_nest(body: bytes) -> bool:
    # Cheaper than a look at each value.
    return b"[" in body or body.count(b"{") > 1


def _may_hold_masked(body: bytes, source: Source) -> bool:
    return b"\\" in body or any(name.encode() in body for name in source.masked_names)


def _locate(fault: Refusal, body: bytes, pairs: Iterable[tuple[str, str]], source: Source) -> Refused:
    if fault.cause is None:
        return Refused(fault.reason)
    fields = ((name, source.canonical_names.get(name, "sub1"), value) for name, value in pairs)
    nested = (name for name, canonical, value in fields if value is NESTED and canonical not in _LABELS)
    return malformed(fault.cause, find_json_fault(body, fault.cause, next(nested, "")))


def _find_repeated(pairs: Iterable[tuple[str, str]], body: bytes) -> int | None:
    counts = Counter(name for name, _ in pairs)
    return find_repeated(body.decode(), next(name for name, number in counts.items() if number > 1))


def _read_json_of(version: object, document: JsonObject, body: bytes, source: Source) -> DecodedRequest:
    if isinstance(version, str) and find_macro(version):
        raise Refused(Reason.UNRESOLVED_MACRO, "v", find_macro(version))
    if version != nested.VERSION:
        raise Refused(Reason.UNSUPPORTED_VERSION)
    read, pii = nested.NestedBody(document), source.settings.pii
    sent = {
        canonical: source.hide(value) if name in pii and value is not NESTED else value
        for canonical, (name, value) in read.fields.items()
    }
    return DecodedRequest(
        _drop_empty(sent, source), body, body, read.repeated, members=read.members,
        version=nested.VERSION, document=document,
        is_masked=not source.masked_names.isdisjoint(read.names),
    )  # fmt: skip


def write_masked(decoded: DecodedRequest, source: Source) -> bytes:
    """Write what the audit row stores of a nested body with masked members. It is called after verification."""
    assert decoded.document is not None, "only a nested body is marked as masked"
    pii, hidden = source.settings.pii, False

    def hide(name: str, value: object) -> str | None:
        nonlocal hidden
        hidden = True
        if value is None:
            return None
        return MASK if name not in pii or isinstance(value, list) else source.hide(read_json_value(value))

    masked = nested.write_masked(decoded.document, source.masked_names, hide)
    return masked if hidden else decoded.storable


def _collect(
    segments: Sequence[Segment], source: Source, *, is_body: bool = False
) -> tuple[dict[str, str], str | None]:
    fields: dict[str, str] = {}
    names, pii, repeated = source.canonical_names, source.settings.pii, None
    for _, name, value in segments:
        canonical = names.get(name)
        if canonical is None:
            continue
        if canonical in fields:
            if canonical in _LABELS:
                fields[canonical] = _repeat(fields[canonical], value)
                continue
            repeated = repeated or canonical
        if type(value) is Unreadable and canonical not in _LABELS:
            value = _read_macro(value, segments if is_body else ())  # noqa: PLW2901 - rare
        fields[canonical] = source.hide(value) if name in pii and value is not NESTED else value
    if repeated is not None and source.name_order:
        return _collect_ranked(segments, source)
    return _drop_empty(fields, source), repeated


def _repeat(first: str, second: str) -> str:
    if second in ("", first):
        return first
    return Repeated(first) if first and type(first) is not Unreadable else second


def _collect_ranked(segments: Sequence[Segment], source: Source) -> tuple[dict[str, str], str | None]:
    """Collect fields that were sent under several names: the first name whose value is not empty counts."""
    order, names, pii = source.name_order, source.canonical_names, source.settings.pii
    # Values that cannot be read were refused before, except macros such as `%payout%`.
    known = [
        (name, value.sent if type(value) is Unreadable and names[name] not in _LABELS else value)
        for _, name, value in segments
        if name in names
    ]
    fields: dict[str, str] = {}
    seen, repeated = set[str](), None
    for name, value in sorted(known, key=lambda pair: (not pair[1].strip(), order.get(pair[0], 0))):
        canonical = names[name]
        if (name in seen or (canonical in fields and name not in order)) and canonical not in _LABELS:
            repeated = repeated or canonical
        seen.add(name)
        fields.setdefault(canonical, source.hide(value) if name in pii and value is not NESTED else value)
    return _drop_empty(fields, source), repeated


def _drop_empty(fields: dict[str, str], source: Source) -> dict[str, str]:
    if source.settings.empty == "refuse":
        return fields
    return {name: value for name, value in fields.items() if value and not value.isspace()}


def _read_macro(value: Unreadable, form: Sequence[Segment]) -> str:
    # `%payout%` is an unresolved macro, not an escape. Keep it, so that the refusal can name the macro.
    sent = value.sent
    if sent.isascii() and sent.isprintable() and find_macro(sent):
        return sent
    raise malformed(value.cause, find_unreadable(form, value) if form else None)


def _refuse_known_in_query(query: bytes, source: Source) -> None:
    # The signature of a POST covers only its body, so a parameter in the query would be accepted unsigned.
    if not query:
        return
    names = [name for _, name, _ in read_segments_once(query)]
    refused = source.names_refused_beside_body
    if not refused.isdisjoint(names) or not refused.isdisjoint(
        [tidy(name) for name in names if not TIDY.fullmatch(name)]
    ):
        raise malformed(Cause.PARAMETERS_BESIDE_BODY)


def _media_type(request: Request) -> str:
    kind, _, options = request.media_type.lower().partition(";")
    charset = options.strip().removeprefix("charset=").strip('"')
    if kind.strip() != _FORM and not _is_json(kind.strip()):
        raise Refused(Reason.UNSUPPORTED_MEDIA_TYPE, cause=Cause.MEDIA_TYPE)
    if charset not in ("", "utf-8", "utf8"):
        raise Refused(Reason.UNSUPPORTED_MEDIA_TYPE, cause=Cause.CHARSET)
    return kind.strip()


def _is_json(kind: str) -> bool:
    return kind in _JSON or (kind.startswith("application/") and kind.endswith("+json"))


def _refuse_encoded(content_encoding: str) -> None:
    # A signature covers the bytes as sent, and unpacking them before it is checked may cost anything.
    # Programs that mean the charset write `utf-8` here.
    codings = content_encoding.lower().split(",") if content_encoding else ()
    if any(coding.strip() not in ("", "identity", "utf-8") for coding in codings):
        raise Refused(Reason.UNSUPPORTED_MEDIA_TYPE, cause=Cause.CONTENT_ENCODING)


def _mask_segments(segments: Iterable[Segment], source: Source) -> bytes:
    pii, names = source.settings.pii, source.canonical_names
    kept = [
        f"{part.partition('=')[0]}={source.hide(value)}" if name in pii else part
        for part, name, value in segments
        if names.get(name) != "sig"
    ]
    return "&".join(kept).encode("latin-1")


def _mask_json(body: bytes, pairs: Iterable[tuple[str, str]], source: Source) -> bytes:
    masked, pii = source.masked_names, source.settings.pii
    if not any(name in masked for name, _ in pairs):
        return body
    kept = {name: source.hide(value) if name in pii else MASK if name in masked else value for name, value in pairs}
    # Half a surrogate becomes its JSON escape again.
    return json.dumps(kept, ensure_ascii=False).encode("utf-8", "backslashreplace")
