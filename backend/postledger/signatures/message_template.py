"""The signed message, compiled from its template.

A template is refused when it is loaded if a placeholder cannot be filled or if the message has no content of the
request, because any forged request would verify then.
"""

import hashlib
import re
from collections.abc import Callable, Sequence

from postledger.signatures.algorithms import ASYMMETRIC, ENCODERS
from postledger.signatures.canonical_parameters import Write, compile_parameters
from postledger.signatures.extraction import MAX_ITEMS
from postledger.signatures.profile_schema import Scheme
from postledger.signatures.public_url import PublicUrl
from postledger.signatures.signature_input import SignatureInput, bad_signature, decode_segment, decode_text
from postledger.vocabulary.refusal import Cause, malformed

PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_CONTENT = frozenset({"body", "query", "url", "parameters", "form", "json"})


def find_placeholders(message: str) -> list[str]:
    """List the placeholders of a template without their braces; raises ValueError for an unbalanced brace."""
    if "{" in PLACEHOLDER.sub("", message) or "}" in PLACEHOLDER.sub("", message):
        raise ValueError("message: a brace has no counterpart; write placeholders as {name}")
    return PLACEHOLDER.findall(message)


def compile_message(scheme: Scheme, public_url: PublicUrl | None) -> Write:
    """Make the function that writes the message of a scheme; raises ValueError for a template that cannot work."""
    placeholders = find_placeholders(scheme.message)
    writers = _compile_pieces(scheme, public_url)
    _check_content_is_signed(scheme, placeholders)
    if scheme.message == "{query}" and not scheme.drop and not scheme.decode and scheme.methods == ("GET",):
        return lambda sent, _: sent.decoded.signed
    return lambda sent, key: b"".join([write(sent, key) for write in writers])


def _compile_pieces(scheme: Scheme, public_url: PublicUrl | None) -> list[Write]:
    pieces = enumerate(PLACEHOLDER.split(scheme.message))
    return [
        _compile_placeholder(piece, scheme, public_url) if number % 2 else _literal(piece)
        for number, piece in pieces
        if number % 2 or piece
    ]


def _check_content_is_signed(scheme: Scheme, placeholders: Sequence[str]) -> None:
    kinds = {placeholder.partition(":")[0] for placeholder in placeholders}
    if not kinds & _CONTENT and not scheme.signs_no_content:
        raise ValueError("message: no content of the postback is signed; add {body}, {query}, {url} or {parameters}")
    key_is_written = "key" in kinds or (scheme.parameters is not None and "{key}" in scheme.parameters.item)
    if scheme.mac.startswith("hash") and not key_is_written:
        raise ValueError("message: anyone can compute a plain hash without the secret; add {key}")
    if key_is_written and scheme.mac in ASYMMETRIC:
        raise ValueError(f"message: {{key}} cannot be filled, because {scheme.mac} has no secret; remove it")
    if scheme.parameters is not None and "parameters" not in kinds:
        raise ValueError("message: the table parameters is not used; add {parameters} or remove the table")


def _literal(text: str) -> Write:
    encoded = text.encode()
    return lambda _, __: encoded


def _compile_placeholder(placeholder: str, scheme: Scheme, public_url: PublicUrl | None) -> Write:
    """Make the function that writes a placeholder; raises ValueError if it cannot be filled."""
    kind, _, name = placeholder.partition(":")
    if name and kind in _NAMED:
        return _NAMED[kind](kind, name, scheme)
    if not name and kind in _OF_URL:
        if public_url is None:
            raise ValueError(f"message: {{{placeholder}}} cannot be filled; set public_url for this source")
        return _OF_URL[kind](scheme, public_url)
    if not name and kind in _PLAIN:
        return _PLAIN[kind](scheme)
    raise ValueError(f"message: {{{placeholder}}} is not a placeholder; use one of {_list_placeholders()}")


def _query_of(scheme: Scheme) -> Callable[[SignatureInput], bytes]:
    """Make the function that returns the query as sent, without the signature and the parameters in `drop`."""
    dropped = set(scheme.drop) | ({scheme.signature.name} if scheme.signature.location == "query" else set())
    if not scheme.drop and "POST" not in scheme.methods:
        return lambda sent: sent.decoded.signed
    if not dropped:
        return lambda sent: sent.request.query

    def write(sent: SignatureInput) -> bytes:
        parts = [part for part, name, _ in sent.query_segments() if name not in dropped]
        return "&".join(parts).encode("latin-1")

    return write


def _write_query(scheme: Scheme) -> Write:
    query = _query_of(scheme)
    return lambda sent, _: decode_text(query(sent), sent.decoding)


def _write_body(scheme: Scheme) -> Write:
    if "POST" not in scheme.methods:
        raise ValueError('message: {body} cannot be filled by a GET; set methods = ["POST"]')
    return lambda sent, _: sent.request.body


def _write_timestamp(scheme: Scheme) -> Write:
    if scheme.timestamp is None:
        raise ValueError("message: {ts} cannot be filled; add the table timestamp")
    return lambda sent, _: sent.timestamp.encode("utf-8", "replace")


def _write_id(scheme: Scheme) -> Write:
    if scheme.id is None:
        raise ValueError("message: {id} cannot be filled; add the table id")
    return _write_header("header", scheme.id.name, scheme)


def _write_parameters(scheme: Scheme) -> Write:
    if scheme.parameters is None:
        raise ValueError("message: {parameters} cannot be filled; add the table parameters")
    own = {scheme.signature.name} if scheme.signature.location == scheme.parameters.location else set()
    return compile_parameters(scheme.parameters, frozenset(own))


def _write_url(scheme: Scheme, public_url: PublicUrl) -> Write:
    query, own_path = _query_of(scheme), public_url.path.encode()

    def write(sent: SignatureInput, _: bytes) -> bytes:
        rest = query(sent)
        return sent.url.encode() + (own_path or sent.request.path) + (b"?" + rest if rest else b"")

    return write


def _write_path(_: Scheme, public_url: PublicUrl) -> Write:
    own_path = public_url.path.encode()
    return lambda sent, _: own_path or sent.request.path


def _write_host(_: Scheme, public_url: PublicUrl) -> Write:
    authority = public_url.authority.encode()
    return lambda _, __: authority


def _write_body_digest(_: str, name: str, scheme: Scheme) -> Write:
    body, (algorithm, _, encoding) = _write_body(scheme), name.partition(":")
    encode = next((encode for form, encode in ENCODERS.items() if form == encoding), None)
    if encode is None or algorithm not in ("md5", "sha1", "sha256", "sha384", "sha512"):
        raise ValueError(f"message: {{body:{name}}} is not a placeholder; write it like {{body:sha256:hex}}")
    return lambda sent, key: encode(hashlib.new(algorithm, body(sent, key), usedforsecurity=False).digest())


def _write_header(_: str, name: str, __: Scheme) -> Write:
    header = name.lower()

    def write(sent: SignatureInput, _: bytes) -> bytes:
        return _require(sent.request.headers.get(header)).encode("latin-1", "replace")

    return write


def _write_part(_: str, name: str, scheme: Scheme) -> Write:
    _check_has_parts(f"part:{name}", scheme)
    return lambda sent, _: _require(sent.parts.get(name)).encode("latin-1", "replace")


def _write_listed_headers(_: str, name: str, scheme: Scheme) -> Write:
    """Write the values of the headers that an item of the signature's list names, joined by dots."""
    _check_has_parts(f"headers:{name}", scheme)

    def write(sent: SignatureInput, _: bytes) -> bytes:
        names = _require(sent.parts.get(name)).split(None, MAX_ITEMS)
        if len(names) > MAX_ITEMS or len(set(names)) < len(names):  # one long header, named often, is a huge message
            raise bad_signature()
        values = [_require(sent.request.headers.get(header.lower())) for header in names]
        return ".".join(values).encode("latin-1", "replace")

    return write


def _write_parameter(location: str, name: str, scheme: Scheme) -> Write:
    if location != "query" and "POST" not in scheme.methods:
        raise ValueError(f'message: {{{location}:{name}}} cannot be filled by a GET; add "POST" to methods')
    wanted, is_optional = name.removesuffix("?").encode(), name.endswith("?")

    def write(sent: SignatureInput, _: bytes) -> bytes:
        segments = sent.query_segments() if location == "query" else sent.body_segments()
        pairs = [decode_segment(segment, sent.decoding) for segment in segments]
        found = [value for name, value in pairs if name == wanted]
        if len(found) > 1:
            raise malformed(Cause.SIGNED_TWICE)
        if not found and not is_optional:
            raise bad_signature()
        return found[0] if found else b""

    return write


def _check_has_parts(placeholder: str, scheme: Scheme) -> None:
    if not scheme.signature.pair:
        raise ValueError(f"message: {{{placeholder}}} cannot be filled; set pair and pick of the signature")


def _list_placeholders() -> str:
    plain = [f"{{{kind}}}" for kind in (*_PLAIN, *_OF_URL)]
    return " ".join([*plain, *(f"{{{kind}:NAME}}" for kind in _NAMED)])


def _require(value: str | None) -> str:
    if value is None:
        raise bad_signature()
    return value


_PLAIN: dict[str, Callable[[Scheme], Write]] = {
    "query": _write_query,
    "body": _write_body,
    "ts": _write_timestamp,
    "id": _write_id,
    "parameters": _write_parameters,
    "key": lambda _: lambda _, key: key,
    "method": lambda _: lambda sent, _: sent.request.method.encode("latin-1", "replace"),
}
_OF_URL: dict[str, Callable[[Scheme, PublicUrl], Write]] = {
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
