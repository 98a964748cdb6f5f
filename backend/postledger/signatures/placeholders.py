"""The atoms of a message: each writes one piece of what is signed, or refuses where the request does not bring it."""

import hashlib
from collections.abc import Callable

from postledger.signatures.algorithms import ENCODERS
from postledger.signatures.canonical_parameters import Write, compile_parameters
from postledger.signatures.profile_schema import Scheme
from postledger.signatures.public_url import Address
from postledger.signatures.signature_input import Evidence, decode_segment, decode_text, refuse_forged
from postledger.vocabulary.refusal import Reason, Refused


def compile_atom(atom: str, scheme: Scheme, address: Address | None) -> Write:
    """Make the function that writes an atom; ValueError tells why it cannot be filled."""
    kind, _, name = atom.partition(":")
    if name and kind in _NAMED:
        return _NAMED[kind](kind, name, scheme)
    if not name and kind in _ADDRESSED:
        if address is None:
            raise ValueError(f"message: {{{atom}}} cannot be filled; the source needs a public_url")
        return _ADDRESSED[kind](scheme, address)
    if not name and kind in _PLAIN:
        return _PLAIN[kind](scheme)
    raise ValueError(f"message: {{{atom}}} is not a placeholder")


def _query_of(scheme: Scheme) -> Callable[[Evidence], bytes]:
    """Make the function that gives the query as sent, without the signature and whatever else is never signed."""
    dropped = set(scheme.drop) | ({scheme.signature.name} if scheme.signature.place == "query" else set())
    if not scheme.drop and "POST" not in scheme.methods:
        return lambda evidence: evidence.reading.signed
    if not dropped:
        return lambda evidence: evidence.request.query

    def write(evidence: Evidence) -> bytes:
        parts = [part for part, name, _ in evidence.query_segments() if name not in dropped]
        return "&".join(parts).encode("latin-1")

    return write


def _write_query(scheme: Scheme) -> Write:
    query = _query_of(scheme)
    return lambda evidence, _: decode_text(query(evidence), evidence.decoding)


def _write_body(scheme: Scheme) -> Write:
    if "POST" not in scheme.methods:
        raise ValueError("message: {body} cannot be filled; the scheme is for GET alone")
    return lambda evidence, _: evidence.request.body


def _write_timestamp(scheme: Scheme) -> Write:
    if scheme.timestamp is None:
        raise ValueError("message: {ts} cannot be filled; the scheme has no timestamp")
    return lambda evidence, _: evidence.timestamp.encode("utf-8", "replace")


def _write_id(scheme: Scheme) -> Write:
    if scheme.id is None:
        raise ValueError("message: {id} cannot be filled; the scheme has no id")
    return _write_header("header", scheme.id.name, scheme)


def _write_parameters(scheme: Scheme) -> Write:
    if scheme.parameters is None:
        raise ValueError("message: {parameters} cannot be filled; the table parameters and it go together")
    own = {scheme.signature.name} if scheme.signature.place == scheme.parameters.place else set()
    return compile_parameters(scheme.parameters, frozenset(own))


def _write_url(scheme: Scheme, address: Address) -> Write:
    query, own_path = _query_of(scheme), address.path.encode()

    def write(evidence: Evidence, _: bytes) -> bytes:
        rest = query(evidence)
        return evidence.url.encode() + (own_path or evidence.request.path) + (b"?" + rest if rest else b"")

    return write


def _write_path(_: Scheme, address: Address) -> Write:
    own_path = address.path.encode()
    return lambda evidence, _: own_path or evidence.request.path


def _write_host(_: Scheme, address: Address) -> Write:
    authority = address.authority.encode()
    return lambda _, __: authority


def _write_body_digest(_: str, name: str, scheme: Scheme) -> Write:
    body, (algorithm, _, encoding) = _write_body(scheme), name.partition(":")
    encode = next((encode for form, encode in ENCODERS.items() if form == encoding), None)
    if encode is None or algorithm not in ("md5", "sha1", "sha256", "sha384", "sha512"):
        raise ValueError(f"message: {{body:{name}}} is not a placeholder; such as {{body:sha256:hex}} is")
    return lambda evidence, key: encode(hashlib.new(algorithm, body(evidence, key), usedforsecurity=False).digest())


def _write_header(_: str, name: str, __: Scheme) -> Write:
    header = name.lower()

    def write(evidence: Evidence, _: bytes) -> bytes:
        return _demand(evidence.request.headers.get(header)).encode("latin-1", "replace")

    return write


def _write_part(_: str, name: str, scheme: Scheme) -> Write:
    _check_has_parts(f"part:{name}", scheme)
    return lambda evidence, _: _demand(evidence.parts.get(name)).encode("latin-1", "replace")


def _write_listed_headers(_: str, name: str, scheme: Scheme) -> Write:
    """Write the values of the headers that a part of the signature names, joined by dots."""
    _check_has_parts(f"headers:{name}", scheme)

    def write(evidence: Evidence, _: bytes) -> bytes:
        names = _demand(evidence.parts.get(name)).split()
        values = [_demand(evidence.request.headers.get(header.lower())) for header in names]
        return ".".join(values).encode("latin-1", "replace")

    return write


def _write_parameter(place: str, name: str, scheme: Scheme) -> Write:
    if place != "query" and "POST" not in scheme.methods:
        raise ValueError(f"message: {{{place}:{name}}} needs POST among the methods")
    wanted, is_optional = name.removesuffix("?").encode(), name.endswith("?")

    def write(evidence: Evidence, _: bytes) -> bytes:
        segments = evidence.query_segments() if place == "query" else evidence.body_segments()
        pairs = [decode_segment(segment, evidence.decoding) for segment in segments]
        found = [value for name, value in pairs if name == wanted]
        if len(found) > 1:
            raise Refused(Reason.MALFORMED)
        if not found and not is_optional:
            raise refuse_forged()
        return found[0] if found else b""

    return write


def _check_has_parts(atom: str, scheme: Scheme) -> None:
    if not scheme.signature.pair:
        raise ValueError(f"message: {{{atom}}} cannot be filled; the signature is not a list of named parts")


def _demand(value: str | None) -> str:
    if value is None:
        raise refuse_forged()
    return value


_PLAIN: dict[str, Callable[[Scheme], Write]] = {
    "query": _write_query,
    "body": _write_body,
    "ts": _write_timestamp,
    "id": _write_id,
    "parameters": _write_parameters,
    "key": lambda _: lambda _, key: key,
    "method": lambda _: lambda evidence, _: evidence.request.method.encode("latin-1", "replace"),
}
_ADDRESSED: dict[str, Callable[[Scheme, Address], Write]] = {
    "url": _write_url,
    "path": _write_path,
    "host": _write_host,
}
_NAMED: dict[str, Callable[[str, str, Scheme], Write]] = {
    "body": _write_body_digest,
    "header": _write_header,
    "part": _write_part,
    "headers": _write_listed_headers,
    "query": _write_parameter,
    "form": _write_parameter,
    "json": _write_parameter,
}
