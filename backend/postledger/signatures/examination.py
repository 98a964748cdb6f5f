"""Examines the signature of one request for an explanation: what was sent, for which message, and by which key.

It uses the parts of the verifier, and never decides on a request.
"""

from collections.abc import Iterator, Sequence
from itertools import product

import msgspec
from msgspec.structs import replace

from postledger.decoding.pairs import DecodedRequest
from postledger.signatures.algorithms import Match, compile_match
from postledger.signatures.extraction import compile_cut, compile_find, compile_split
from postledger.signatures.keys import KeyMaterial, read_key
from postledger.signatures.message_template import compile_message
from postledger.signatures.profile_schema import Profile, Scheme
from postledger.signatures.public_url import PublicUrl
from postledger.signatures.secret_key import Key
from postledger.signatures.signature_input import SignatureInput
from postledger.vocabulary.incoming_request import Request
from postledger.vocabulary.refusal import Refused


class Examined(msgspec.Struct, frozen=True):
    """One request under the scheme that decides on it.

    `text` is the whole value that carries the signature; empty if none was sent. `public_url` is that of the source.
    """

    scheme: Scheme
    sent: SignatureInput
    text: str
    public_url: PublicUrl | None

    def write(self, key: bytes) -> bytes | None:
        """Write the message that should be signed; None if the request lacks a part of it."""
        try:
            return compile_message(self.scheme, self.public_url)(self.sent, key)
        except Refused:
            return None


def examine(
    profile: Profile, public_url: PublicUrl | None, request: Request, decoded: DecodedRequest
) -> Examined | None:
    """Find the scheme that decides: the first whose signature was sent, or else the first of the method and body."""
    fitting = [one for one in profile.schemes if request.method in one.methods]
    fitting = [one for one in fitting if one.body == "any" or one.body in request.media_type] or fitting
    found = [_read(scheme, public_url, request, decoded) for scheme in fitting]
    return next((one for one in found if one.text), found[0] if found else None)


def list_missing_headers(examined: Examined) -> tuple[str, ...]:
    """List the headers of the message id and the time that the scheme needs and the request lacks."""
    scheme, headers = examined.scheme, examined.sent.request.headers
    needed = [one.name for one in (scheme.id, scheme.timestamp) if one is not None and one.location == "header"]
    return tuple(name for name in needed if not headers.get(name.lower()))


def list_attempts(examined: Examined) -> Iterator[Examined]:
    """List the request under each decoding and each form of the public URL that the scheme allows."""
    scheme, public_url = examined.scheme, examined.public_url
    urls = [public_url.origin(form) for form in scheme.url] if public_url else [""]
    for decoding, url in product(scheme.decode or (None,), dict.fromkeys(urls)):
        yield replace(examined, sent=replace(examined.sent, decoding=decoding, url=url))


def find_match(examined: Examined, keys: Sequence[Key]) -> tuple[Examined, Key] | None:
    """Find the attempt and the key that the signature matches. Every key is tried."""
    match = compile_match(examined.scheme.mac, examined.scheme.signature.encoding, examined.scheme.signature.truncate)
    for attempt in list_attempts(examined):
        matched = [key for key, material in read_keys(examined.scheme, keys) if _matches(match, attempt, material)]
        if matched:
            return attempt, matched[0]
    return None


def read_keys(scheme: Scheme, keys: Sequence[Key]) -> Iterator[tuple[Key, KeyMaterial]]:
    """Decode the keys that fit the scheme."""
    for key in keys:
        try:
            yield key, read_key(scheme.key, key.secret)
        except ValueError:
            continue


def _matches(match: Match, attempt: Examined, material: KeyMaterial) -> bool:
    token = attempt.scheme.mac == "token"
    message = b"" if token else attempt.write(material if isinstance(material, bytes) else b"")
    return message is not None and match(material, message, attempt.sent.signatures)


def _read(scheme: Scheme, public_url: PublicUrl | None, request: Request, decoded: DecodedRequest) -> Examined:
    try:
        text = compile_find(scheme.signature, "sig")(request, decoded) or ""
    except Refused:  # it was sent twice, or as a macro
        text = ""
    signatures, parts = compile_split(scheme.signature, wants_parts=True)(text) if text else ([], {})
    url = public_url.origin(scheme.url[0]) if public_url else ""
    decoding = scheme.decode[0] if scheme.decode else None
    sent = SignatureInput(request, decoded, signatures, parts, decoding, url)
    sent.timestamp = _find_timestamp(scheme, sent)
    return Examined(scheme, sent, text, public_url)


def _find_timestamp(scheme: Scheme, sent: SignatureInput) -> str:
    location = scheme.timestamp
    if location is None:
        return ""
    try:
        is_part = location.location == "part"
        text = sent.parts.get(location.name) if is_part else compile_find(location, "ts")(sent.request, sent.decoded)
    except Refused:
        return ""
    return (compile_cut(location)(text) if text else None) or ""
