"""The verifier: a compiled profile that finds the secret which signed a request, or refuses the request.

It fails closed: a missing, ambiguous or undecodable value is refused. Every live secret is tried.
"""

import hashlib
import hmac
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import product, takewhile
from typing import NamedTuple

import msgspec
from msgspec.structs import replace

from postledger.decoding.pairs import DecodedRequest
from postledger.signatures.algorithms import ENCODERS, Match, compile_match
from postledger.signatures.canonical_parameters import Write
from postledger.signatures.extraction import Find, Split, compile_cut, compile_find, compile_split
from postledger.signatures.keys import KeyMaterial, read_key
from postledger.signatures.message_template import compile_message, find_placeholders
from postledger.signatures.profile_checks import check_scheme
from postledger.signatures.profile_schema import BodyDigest, Decoding, Profile, Scheme
from postledger.signatures.public_url import PublicUrl
from postledger.signatures.secret_key import Key
from postledger.signatures.signature_input import NOT_DECODED, SignatureInput
from postledger.signatures.signed_fields import Coverage, find_coverage
from postledger.signatures.timestamps import compile_read_timestamp
from postledger.vocabulary.incoming_request import Request
from postledger.vocabulary.refusal import Reason, Refused

FUTURE_TOLERANCE_S = 300


class Verified(msgspec.Struct, frozen=True):
    """The secret that signed, the signed fields by method, and the decoding of the query that verified.

    `scheme` is the place of the scheme in the profile, from 0. `signed_s` is the signed time in unix seconds.
    """

    secret_id: int
    coverage: Mapping[str, Coverage]
    decoding: Decoding | None = None
    scheme: int = 0
    signed_s: float | None = None


_Keys = Sequence[tuple[Verified, KeyMaterial]]


class Verifier:
    """A compiled profile of one source."""

    def __init__(self, profile: Profile, secrets: Sequence[Key], public_url: PublicUrl | None = None) -> None:
        compiled = _compile_profile(profile, public_url)
        self._keys = [tuple(scheme.read_keys(secrets)) for scheme in compiled.schemes]
        self._schemes, self._raw_schemes = compiled.by_method, compiled.raw
        self._first_raw_schemes = compiled.first_raw

    def verify(self, request: Request, decoded: DecodedRequest, tolerance_s: int) -> Verified:
        """Verify a request; raises `Refused`. Only the first scheme whose signature was sent is used."""
        return self._verify(self._schemes[request.method], request, decoded, tolerance_s)

    def verify_raw(self, request: Request, tolerance_s: int) -> Verified | None:
        """Verify a POST before its body is interpreted; None if that needs its parameters. Raises `Refused`.

        The result is that of `verify`, because only schemes before the first one that needs parameters are used.
        """
        found = _find_scheme(self._first_raw_schemes, request, NOT_DECODED)
        if not isinstance(found, Reason):
            scheme, sent = found
            return scheme.check(sent, self._keys[scheme.number], tolerance_s)
        if len(self._first_raw_schemes) < len(self._schemes["POST"]):
            return None
        raise Refused(found)

    def name_message(self, request: Request, decoded: DecodedRequest) -> str | None:
        """Identify a verified message, so that its repeat is recognised; None if its content has no timestamp."""
        for scheme in self._schemes[request.method]:
            sent = scheme.find(request, decoded)
            if sent is not None and sent.signatures:
                return scheme.name_message(sent)
        return None

    def refuse_forged(self, request: Request, tolerance_s: int) -> None:
        """Refuse a request whose body cannot be parsed if its signature is wrong; one without a signature passes."""
        try:
            self._verify(self._raw_schemes, request, NOT_DECODED, tolerance_s)
        except Refused as refused:
            if refused.refusal.reason is not Reason.MISSING_SIGNATURE:
                raise

    def _verify(
        self, schemes: Iterable["_CompiledScheme"], request: Request, decoded: DecodedRequest, tolerance_s: int
    ) -> Verified:
        found = _find_scheme(schemes, request, decoded)
        if isinstance(found, Reason):
            raise Refused(found)
        scheme, sent = found
        return scheme.check(sent, self._keys[scheme.number], tolerance_s)


class _CompiledProfile(NamedTuple):
    """The schemes of a profile: all, by method, those that sign the raw body, and those of POSTs before any other."""

    schemes: tuple["_CompiledScheme", ...]
    by_method: Mapping[str, tuple["_CompiledScheme", ...]]
    raw: tuple["_CompiledScheme", ...]
    first_raw: tuple["_CompiledScheme", ...]


@lru_cache(maxsize=1024)
def _compile_profile(profile: Profile, public_url: PublicUrl | None) -> _CompiledProfile:
    """Compile a profile once for all sources that have it; raises ValueError."""
    for scheme in profile.schemes:
        check_scheme(scheme)
    schemes = tuple(_CompiledScheme(scheme, number, public_url) for number, scheme in enumerate(profile.schemes))
    by_method = {method: tuple(one for one in schemes if method in one.methods) for method in ("GET", "POST")}
    first_raw = takewhile(lambda one: one.signs_raw_body, by_method["POST"])
    return _CompiledProfile(schemes, by_method, tuple(one for one in schemes if one.signs_raw_body), tuple(first_raw))


def _find_scheme(
    schemes: Iterable["_CompiledScheme"], request: Request, decoded: DecodedRequest
) -> tuple["_CompiledScheme", SignatureInput] | Reason:
    """Find the first scheme whose signature was sent, or the reason to refuse the request."""
    reason = Reason.MISSING_SIGNATURE
    for scheme in schemes:
        sent = scheme.find(request, decoded)
        if sent is None:
            continue
        if sent.signatures:
            return scheme, sent
        reason = Reason.BAD_SIGNATURE  # a signature was sent, but not in the format of this scheme
    return reason


def _signs_raw_body(scheme: Scheme) -> bool:
    """Return whether a scheme can be verified if the body cannot be parsed into parameters."""
    kinds = {placeholder.partition(":")[0] for placeholder in find_placeholders(scheme.message)}
    needs_parsing = {"form", "json", "parameters"} & {scheme.signature.location, *kinds}
    return "POST" in scheme.methods and not needs_parsing


class _CompiledScheme:
    """One scheme, ready for use. All that depends on no request and no secret is computed once, in the constructor."""

    def __init__(self, scheme: Scheme, number: int, public_url: PublicUrl | None) -> None:
        self.number, self.methods, self.signs_raw_body = number, scheme.methods, _signs_raw_body(scheme)
        self._find_signature: Find = compile_find(scheme.signature, "sig")
        self._split: Split = compile_split(scheme.signature, wants_parts=_wants_parts(scheme))
        self._write: Write = compile_message(scheme, public_url) if scheme.mac != "token" else _write_nothing
        self._match: Match = compile_match(scheme.mac, scheme.signature.encoding, scheme.signature.truncate)
        self._timestamp = _compile_timestamp(scheme)
        self._needed = _name_needed_headers(scheme)
        is_signed = scheme.id is not None and "id" in find_placeholders(scheme.message)
        self._id_header = scheme.id.name.lower() if scheme.id is not None and is_signed else None
        self._digest = _compile_digest(scheme.digest) if scheme.digest else None
        self._message_has_key = "{key}" in scheme.message or (
            scheme.parameters is not None and "{key}" in scheme.parameters.item
        )
        self._candidates = _list_candidates(scheme, public_url)
        self._coverage: Mapping[str, Coverage] = {method: find_coverage(scheme, method) for method in scheme.methods}
        self._key_form, self._decoding = scheme.key, scheme.decode[0] if scheme.decode else None
        self._body = scheme.body

    def read_keys(self, secrets: Sequence[Key]) -> Iterable[tuple[Verified, KeyMaterial]]:
        """Read the secrets as this scheme's keys, each with what is returned if it matches."""
        for secret in secrets:
            verified = Verified(secret.secret_id, self._coverage, self._decoding, self.number)
            try:
                yield verified, read_key(self._key_form, secret.secret)
            except ValueError:  # `apply` refuses such a secret; if one is stored anyway, it must verify nothing
                continue

    def find(self, request: Request, decoded: DecodedRequest) -> SignatureInput | None:
        """Extract what this scheme verifies; returns None if the request has no such signature."""
        if self._body != "any" and self._body not in request.media_type:
            return None
        text = self._find_signature(request, decoded)
        if not text:
            return None
        for header in self._needed:
            if not request.headers.get(header):
                return None
        signatures, parts = self._split(text)
        return SignatureInput(request, decoded, signatures, parts, *self._candidates[0])

    def check(self, sent: SignatureInput, keys: _Keys, tolerance_s: int) -> Verified:
        """Verify the signature and the timestamp; raises `Refused`."""
        sent_s = self._timestamp(sent) if self._timestamp is not None else None
        if self._digest is not None:
            self._digest(sent)
        verified = self._match_any(sent, keys)
        if sent_s is None:
            return verified
        _check_timestamp(sent_s, sent.request.received_at.timestamp(), tolerance_s)
        return Verified(verified.secret_id, verified.coverage, verified.decoding, verified.scheme, sent_s)

    def name_message(self, sent: SignatureInput) -> str | None:
        """Identify a message by its signed id, else by its signed content.

        Without a signed timestamp it returns None, because two conversions may have the same content.
        """
        if self._id_header is not None:
            return "id " + sent.request.headers[self._id_header]
        if self._timestamp is None:
            return None
        self._timestamp(sent)  # stores the timestamp for the placeholder {ts}
        return "message " + hashlib.sha256(self._write(sent, b"")).hexdigest()

    def _match_any(self, sent: SignatureInput, keys: _Keys) -> Verified:
        verified = self._match_keys(sent, keys)
        if verified is not None:
            return verified
        for decoding, url in self._candidates[1:]:
            sent.decoding, sent.url = decoding, url
            verified = self._match_keys(sent, keys)
            if verified is not None:
                return replace(verified, decoding=decoding)
        raise Refused(Reason.BAD_SIGNATURE)

    def _match_keys(self, sent: SignatureInput, keys: _Keys) -> Verified | None:
        found, match, signatures = None, self._match, sent.signatures
        message = b"" if self._message_has_key else self._write(sent, b"")
        for verified, key in keys:  # tries every key, so that the time does not show which one matched
            if self._message_has_key:
                message = self._write(sent, key if isinstance(key, bytes) else b"")
            if match(key, message, signatures) and found is None:
                found = verified
        return found


def _check_timestamp(sent_s: float, received_s: float, tolerance_s: int) -> None:
    """Refuse a timestamp that is too old or too far in the future at the time of receipt (unix seconds)."""
    if received_s - sent_s > tolerance_s:
        raise Refused(Reason.STALE_TIMESTAMP)
    if sent_s - received_s > FUTURE_TOLERANCE_S:
        raise Refused(Reason.FUTURE_TIMESTAMP)


def _write_nothing(_: SignatureInput, __: bytes) -> bytes:
    return b""


def _wants_parts(scheme: Scheme) -> bool:
    kinds = {placeholder.partition(":")[0] for placeholder in find_placeholders(scheme.message)}
    return bool(kinds & {"part", "headers"}) or (scheme.timestamp is not None and scheme.timestamp.location == "part")


def _name_needed_headers(scheme: Scheme) -> tuple[str, ...]:
    """List the headers without which a signature counts as not sent."""
    locations = [one for one in (scheme.id, scheme.timestamp) if one is not None and one.location == "header"]
    return tuple(location.name.lower() for location in locations)


def _list_candidates(scheme: Scheme, public_url: PublicUrl | None) -> tuple[tuple[Decoding | None, str], ...]:
    urls = dict.fromkeys(public_url.origin(form) for form in scheme.url) if public_url else {"": None}
    return tuple(product(scheme.decode or (None,), urls))


def _compile_timestamp(scheme: Scheme) -> Callable[[SignatureInput], float] | None:
    location = scheme.timestamp
    if location is None:
        return None
    if location.location == "part" and not scheme.signature.pair:
        raise ValueError('timestamp: from = "part" needs a list of named items; set pair and pick of the signature')
    find = None if location.location == "part" else compile_find(location, "ts")
    read, cut = compile_read_timestamp(location), compile_cut(location) if location.after or location.before else None

    def timestamp(sent: SignatureInput) -> float:
        text = find(sent.request, sent.decoded) if find else sent.parts.get(location.name)
        if cut is not None and text:
            text = cut(text)
        if not text:
            raise Refused(Reason.MISSING_PARAMETER, "ts")
        sent.timestamp = text
        return read(text)

    return timestamp


def _compile_digest(digest: BodyDigest) -> Callable[[SignatureInput], None]:
    encode = ENCODERS[digest.encoding]
    name = digest.name

    def check(sent: SignatureInput) -> None:
        if digest.location == "header":
            found = [sent.request.headers.get(name.lower(), "")]
        else:
            found = [value for _, sent_name, value in sent.query_segments() if sent_name == name]
        body = hashlib.new(digest.hash, sent.request.body, usedforsecurity=False).digest()
        if len(found) != 1 or not hmac.compare_digest(encode(body), found[0].encode("utf-8", "replace")):
            raise Refused(Reason.BAD_SIGNATURE)

    return check
