"""Signs a postback as the sender does, for `postledger sign` and `postledger send`.

It writes the message with the code that verifies it. A profile that needs the sender's private key cannot be signed.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Literal
from urllib.parse import quote

import msgspec

from postledger.decoding.source_paths import KEY
from postledger.ingest.read_request import find_format, read_request
from postledger.policy.source import Source
from postledger.signatures.algorithms import ENCODERS, compile_sign
from postledger.signatures.keys import read_key
from postledger.signatures.message_template import compile_message
from postledger.signatures.profile_schema import Scheme
from postledger.signatures.public_url import PublicUrl, read_public_url
from postledger.signatures.secret_key import Key
from postledger.signatures.signature_input import NOT_DECODED, SignatureInput
from postledger.vocabulary.incoming_request import Request
from postledger.vocabulary.refusal import Refused

Body = Literal["json", "form"]
MEDIA_TYPES: Mapping[Body, str] = {"json": "application/json", "form": "application/x-www-form-urlencoded"}
Pairs = Sequence[tuple[str, str]]


class SignedRequest(msgspec.Struct, frozen=True):
    """A postback ready to be sent to the edge; `target` is its path with the query."""

    method: str
    target: str
    headers: dict[str, str] = {}
    body: bytes = b""


class CannotSign(Exception):
    """The postback cannot be signed; the message says why."""


class _Draft(msgspec.Struct):
    """A postback under construction.

    `query_only` are pairs that go into the query even of a POST. `parts` are the other items of its signature's list.
    `text` is a body that is sent instead of the pairs. `forged` is sent instead of a signature.
    """

    method: str
    kind: Body | None
    path: str
    pairs: list[tuple[str, str]]
    headers: dict[str, str]
    query_only: list[tuple[str, str]] = []
    parts: dict[str, str] = {}
    timestamp: str = ""
    text: str | None = None
    forged: str | None = None

    def finish(self) -> SignedRequest:
        """Make the request."""
        in_query = self.pairs if self.kind is None else self.query_only
        target = self.path + (f"?{write_query(in_query)}" if in_query else "")
        if self.kind is None:
            return SignedRequest("GET", target, self.headers)
        body = self.text
        if body is None:
            body = write_json(self.pairs) if self.kind == "json" else write_query(self.pairs)
        return SignedRequest("POST", target, {"Content-Type": MEDIA_TYPES[self.kind], **self.headers}, body.encode())


def make_get(source: Source, key: Key | None, pairs: Pairs, unix_s: int) -> SignedRequest:
    """Make a GET signed by the source's profile; without a key it is not signed. Raises `CannotSign`."""
    return _make(source, key, pairs, None, message_id="", unix_s=unix_s)


def make_post(
    source: Source,
    key: Key | None,
    pairs: Pairs,
    kind: Body,
    *,
    message_id: str,
    unix_s: int,
    text: str | None = None,
) -> SignedRequest:
    """Make a POST signed by the source's profile; without a key it is not signed. Raises `CannotSign`.

    `text` is sent as the body instead of the pairs.
    """
    return _make(source, key, pairs, kind, message_id=message_id, unix_s=unix_s, text=text)


def make_forged(
    source: Source, pairs: Pairs, kind: Body | None, *, message_id: str, unix_s: int, forged: str
) -> SignedRequest:
    """Make a request whose signature is the text `forged`, without any key. Raises `CannotSign`."""
    nothing = Key(0, forged)
    return _make(source, nothing, pairs, kind, message_id=message_id, unix_s=unix_s, forged=forged)


def write_query(pairs: Pairs) -> str:
    """Write pairs as a query string; every reserved character is percent-encoded."""
    return "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in pairs)


def write_json(pairs: Pairs) -> str:
    """Write pairs as a JSON object; a repeated name is in it twice."""
    members = [
        f"{json.dumps(name)}:{json.dumps(value)}" for name, value in pairs
    ]  # repeated names stay, because the edge must refuse them
    return "{" + ",".join(members) + "}"


def _make(
    source: Source,
    key: Key | None,
    pairs: Pairs,
    kind: Body | None,
    *,
    message_id: str,
    unix_s: int,
    text: str | None = None,
    forged: str | None = None,
) -> SignedRequest:
    path = f"/tracking/postback/{source.slug}"
    draft = _Draft("GET" if kind is None else "POST", kind, path, list(pairs), {}, [], {}, "", text, forged)
    if key is None:
        return draft.finish()
    scheme = _choose(source, draft)
    if scheme.mac == "token":
        _add_signature(draft, scheme, source, key.secret)
        return draft.finish()
    try:
        return _sign(draft, scheme, source, key.secret, message_id=message_id, unix_s=unix_s)
    except Refused as refused:
        what = refused.refusal.parameter or "a parameter"
        raise CannotSign(f"{what}, which the profile signs, is missing or repeated; give it once") from None
    except UnicodeEncodeError:  # the input is not text; that is not a fault of the profile
        raise
    except ValueError as error:
        raise CannotSign(str(error)) from None


def _choose(source: Source, draft: _Draft) -> Scheme:
    for scheme in source.profile.schemes:
        location_fits = scheme.signature.location not in ("form", "json") or scheme.signature.location == draft.kind
        if draft.method in scheme.methods and scheme.body in ("any", draft.kind) and location_fits:
            return scheme
    other = "GET" if draft.kind else "POST: add --post form or --post json"
    raise CannotSign(f"its profile does not sign this {draft.method}; try a {other}")


def _sign(draft: _Draft, scheme: Scheme, source: Source, secret: str, *, message_id: str, unix_s: int) -> SignedRequest:
    if scheme.id is not None:
        draft.headers[scheme.id.name] = message_id
    _add_time(draft, scheme, source, unix_s)
    _add_digest(draft, scheme)
    signature = draft.forged or _compute_signature(draft, scheme, source, secret)
    _add_signature(draft, scheme, source, signature)
    return draft.finish()


def _compute_signature(draft: _Draft, scheme: Scheme, source: Source, secret: str) -> str:
    sign = compile_sign(scheme.mac, scheme.signature.encoding, scheme.signature.truncate)
    material = read_key(scheme.key, secret)
    assert isinstance(material, bytes), "compile_sign refuses every other form"
    url = source.settings.public_url
    public_url = read_public_url(url) if url else None
    message = compile_message(scheme, public_url)(_gather(draft, scheme, source, public_url), material)
    return sign(material, message).decode()


def _add_time(draft: _Draft, scheme: Scheme, source: Source, unix_s: int) -> None:
    timestamp = scheme.timestamp
    if timestamp is None:
        return
    if timestamp.after or timestamp.before:
        raise CannotSign("its timestamp is inside a text that only the sender knows")
    draft.timestamp = _write_time(timestamp.unit, unix_s)
    name = _sender_name(source, "ts", timestamp.name)
    if timestamp.location == "part":
        draft.parts = {timestamp.name: draft.timestamp}
    elif timestamp.location == "header":
        draft.headers[timestamp.name] = draft.timestamp
    elif name in dict(draft.pairs):
        draft.timestamp = dict(draft.pairs)[name]
    else:
        draft.pairs.append((name, draft.timestamp))


def _write_time(unit: str, unix_s: int) -> str:
    moment = datetime.fromtimestamp(unix_s, UTC)
    written = {
        "s": str(unix_s), "ms": f"{unix_s}000", "us": f"{unix_s}000000", "iso": moment.isoformat(),
        "http-date": format_datetime(moment, usegmt=True), "minutes": moment.strftime("%Y%m%d%H%M"),
    }  # fmt: skip
    return written[unit]


def _add_digest(draft: _Draft, scheme: Scheme) -> None:
    digest = scheme.digest
    if digest is None:
        return
    body = hashlib.new(digest.hash, draft.finish().body, usedforsecurity=False).digest()
    written = ENCODERS[digest.encoding](body).decode()
    if digest.location == "header":
        draft.headers[digest.name] = written
    else:
        draft.query_only.append((digest.name, written))


def _gather(draft: _Draft, scheme: Scheme, source: Source, public_url: PublicUrl | None) -> SignatureInput:
    sent = draft.finish()
    path, _, query = sent.target.partition("?")
    headers = {name.lower(): value for name, value in sent.headers.items()}
    request = Request(
        "", datetime.fromtimestamp(0, UTC), sent.method, path=path.encode(), query=query.encode(), body=sent.body,
        media_type=headers.get("content-type", ""), headers=headers,
    )  # fmt: skip
    origin = public_url.origin(scheme.url[0]) if public_url else ""
    decoding = scheme.decode[0] if scheme.decode else None
    is_read = draft.text is None  # a body of the caller's need not be readable
    decoded = read_request(request, source, find_format(request, source)) if is_read else NOT_DECODED
    return SignatureInput(request, decoded, [], draft.parts, decoding, origin, draft.timestamp)


def _add_signature(draft: _Draft, scheme: Scheme, source: Source, signature: str) -> None:
    location = scheme.signature
    text = location.prefix + location.after + _write_list(draft, scheme, signature) + location.before
    if location.location == "header":
        draft.headers[location.name] = text
    elif location.location == "path":
        draft.path = location.name.replace(KEY, signature)
    elif location.location == "query" and draft.kind is not None:
        draft.query_only.append((location.name, text))
    else:
        draft.pairs.append((_sender_name(source, "sig", location.name), text))


def _write_list(draft: _Draft, scheme: Scheme, signature: str) -> str:
    listed = scheme.signature
    if not listed.pair:
        return signature
    parts = [*draft.parts.items(), (listed.pick[0], signature)]
    return (listed.split or "").join(f"{name}{listed.pair}{value}" for name, value in parts)


def _sender_name(source: Source, canonical: str, default: str) -> str:
    names = [name for name, meaning in source.canonical_names.items() if meaning == canonical]
    return default if default in names or not names else names[0]
