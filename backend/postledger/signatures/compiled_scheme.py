"""One scheme, compiled: what it looks for in a request, and how it tells which secret signed.

Apart from the choice between schemes, so that the work of each request stands in one place and in its order.
"""

import hashlib
import hmac
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import product

import msgspec
from msgspec.structs import replace

from postledger.decoding.pairs import Reading
from postledger.signatures.algorithms import ENCODERS, Match, compile_match
from postledger.signatures.canonical_parameters import Write
from postledger.signatures.extraction import Find, Split, compile_cut, compile_find, compile_split
from postledger.signatures.keys import KeyMaterial, read_key
from postledger.signatures.message_template import compile_message, find_atoms
from postledger.signatures.profile_schema import BodyDigest, Decoding, Scheme
from postledger.signatures.public_url import Address
from postledger.signatures.secret_key import Key
from postledger.signatures.signature_input import Evidence
from postledger.signatures.signed_fields import Coverage, find_coverage
from postledger.signatures.timestamps import check_timestamp, compile_read
from postledger.vocabulary.incoming_request import Request
from postledger.vocabulary.refusal import Reason, Refused


class Verified(msgspec.Struct, frozen=True):
    """Which secret signed, what its signature covers by method, and under which of the profile's decodings it did."""

    secret_id: int
    coverage: Mapping[str, Coverage]
    decoding: Decoding | None = None


class CompiledScheme:
    """One scheme, ready for use; `find` and `check` are called for each request, everything else was done before."""

    def __init__(self, scheme: Scheme, secrets: Sequence[Key], address: Address | None) -> None:
        self._find_signature: Find = compile_find(scheme.signature, "sig")
        self._split: Split = compile_split(scheme.signature, wants_parts=_wants_parts(scheme))
        self._write: Write = compile_message(scheme, address) if scheme.mac != "token" else _write_nothing
        self._match: Match = compile_match(scheme.mac, scheme.signature.encoding, scheme.signature.truncate)
        self._timestamp = _compile_timestamp(scheme)
        self._needed = _name_needed_headers(scheme)
        is_signed = scheme.id is not None and "id" in find_atoms(scheme.message)
        self._id_header = scheme.id.name.lower() if scheme.id is not None and is_signed else None
        self._digest = _compile_digest(scheme.digest) if scheme.digest else None
        self._message_has_key = "{key}" in scheme.message or (
            scheme.parameters is not None and "{key}" in scheme.parameters.item
        )
        self._candidates = _list_candidates(scheme, address)
        self._keys = tuple(_read_keys(scheme, secrets))
        self._body = scheme.body

    def find(self, request: Request, reading: Reading) -> Evidence | None:
        """Gather what a request brings under this scheme; None where it brings no such signature."""
        if self._body != "any" and self._body not in request.media_type:
            return None
        text = self._find_signature(request, reading)
        if not text:
            return None
        for header in self._needed:
            if not request.headers.get(header):
                return None
        given, parts = self._split(text)
        return Evidence(request, reading, given, parts, *self._candidates[0])

    def check(self, evidence: Evidence, tolerance_s: int) -> Verified:
        """Find the key that signed, and judge the time that it signed."""
        sent_s = self._timestamp(evidence) if self._timestamp is not None else None
        if self._digest is not None:
            self._digest(evidence)
        verified = self._match_any(evidence)
        if sent_s is not None:
            check_timestamp(sent_s, evidence.request.received_at.timestamp(), tolerance_s)
        return verified

    def name_message(self, evidence: Evidence) -> str | None:
        """Name a message by its own id, else by all that is signed; None where it has no time, as it may come again."""
        if self._id_header is not None:
            return "id " + evidence.request.headers[self._id_header]
        if self._timestamp is None:
            return None
        self._timestamp(evidence)  # which leaves it for the writer of the message
        return "message " + hashlib.sha256(self._write(evidence, b"")).hexdigest()

    def _match_any(self, evidence: Evidence) -> Verified:
        verified = self._match_keys(evidence)
        if verified is not None:
            return verified
        for decoding, url in self._candidates[1:]:
            evidence.decoding, evidence.url = decoding, url
            verified = self._match_keys(evidence)
            if verified is not None:
                return replace(verified, decoding=decoding)
        raise Refused(Reason.BAD_SIGNATURE)

    def _match_keys(self, evidence: Evidence) -> Verified | None:
        found, match, given = None, self._match, evidence.given
        message = b"" if self._message_has_key else self._write(evidence, b"")
        for verified, key in self._keys:  # every one, so that the time taken does not tell which of them matched
            if self._message_has_key:
                message = self._write(evidence, key if isinstance(key, bytes) else b"")
            if match(key, message, given) and found is None:
                found = verified
        return found


def _write_nothing(_: Evidence, __: bytes) -> bytes:
    return b""


def _read_keys(scheme: Scheme, secrets: Sequence[Key]) -> Iterable[tuple[Verified, KeyMaterial]]:
    coverage: dict[str, Coverage] = {method: find_coverage(scheme, method) for method in scheme.methods}
    for secret in secrets:
        verified = Verified(secret.secret_id, coverage, scheme.decode[0] if scheme.decode else None)
        try:
            yield verified, read_key(scheme.key, secret.secret)
        except ValueError:  # `apply` refuses such a secret; one that is there all the same must verify nothing
            continue


def _wants_parts(scheme: Scheme) -> bool:
    kinds = {atom.partition(":")[0] for atom in find_atoms(scheme.message)}
    return bool(kinds & {"part", "headers"}) or (scheme.timestamp is not None and scheme.timestamp.place == "part")


def _name_needed_headers(scheme: Scheme) -> tuple[str, ...]:
    """Name the headers without which a signature counts as not sent."""
    places = [place for place in (scheme.id, scheme.timestamp) if place is not None and place.place == "header"]
    return tuple(place.name.lower() for place in places)


def _list_candidates(scheme: Scheme, address: Address | None) -> tuple[tuple[Decoding | None, str], ...]:
    urls = dict.fromkeys(address.origin(form) for form in scheme.url) if address else {"": None}
    return tuple(product(scheme.decode or (None,), urls))


def _compile_timestamp(scheme: Scheme) -> Callable[[Evidence], float] | None:
    place = scheme.timestamp
    if place is None:
        return None
    if place.place == "part" and not scheme.signature.pair:
        raise ValueError("timestamp: the signature is not a list of named parts")
    find = None if place.place == "part" else compile_find(place, "ts")
    read, cut = compile_read(place), compile_cut(place) if place.after or place.before else None

    def timestamp(evidence: Evidence) -> float:
        text = find(evidence.request, evidence.reading) if find else evidence.parts.get(place.name)
        if cut is not None and text:
            text = cut(text)
        if not text:
            raise Refused(Reason.MISSING_PARAMETER, "ts")
        evidence.timestamp = text
        return read(text)

    return timestamp


def _compile_digest(digest: BodyDigest) -> Callable[[Evidence], None]:
    encode = ENCODERS[digest.encoding]
    name = digest.name

    def check(evidence: Evidence) -> None:
        if digest.place == "header":
            found = [evidence.request.headers.get(name.lower(), "")]
        else:
            found = [value for _, sent, value in evidence.query_segments() if sent == name]
        body = hashlib.new(digest.hash, evidence.request.body, usedforsecurity=False).digest()
        if len(found) != 1 or not hmac.compare_digest(encode(body), found[0].encode("utf-8", "replace")):
            raise Refused(Reason.BAD_SIGNATURE)

    return check
