"""Finds a signature or a timestamp in a request, and splits a value that holds a list of signatures."""

from collections.abc import Callable, Mapping

from postledger.decoding.pairs import DecodedRequest, read_segments_once
from postledger.decoding.source_paths import split_path, without_last_slash
from postledger.decoding.unresolved_macros import OPENINGS, find_macro
from postledger.signatures.profile_schema import SignatureLocation, TimestampLocation
from postledger.vocabulary.incoming_request import Request
from postledger.vocabulary.refusal import Reason, Refused

Find = Callable[[Request, DecodedRequest], str | None]
"""Finds a value; returns None if it was not sent, and None or an empty text if it was sent empty."""
Split = Callable[[str], tuple[list[bytes], Mapping[str, str]]]
"""Splits a value into the signatures to verify and all items of the list by name."""

MAX_SIGNATURES = 8
"""How many signatures of one list are verified: the sender chooses its length, and each costs a comparison."""
MAX_ITEMS = 32
"""How many items of a list are read; the rest is ignored."""

_NOTHING: Mapping[str, str] = {}


def compile_find(location: SignatureLocation | TimestampLocation, canonical: str) -> Find:
    """Make the function that finds the value at a location; parameters are looked up by their canonical name."""
    name = location.name
    if location.location == "path":
        return _compile_find_in_path(name)
    if location.location == "header":
        header = name.lower()
        return lambda request, _: request.headers.get(header)

    def find(request: Request, decoded: DecodedRequest) -> str | None:
        if is_in_query and request.method != "GET":
            return _find_beside_body(request, name, canonical)
        value = decoded.fields.get(canonical)
        if value and value[0] in OPENINGS and (macro := find_macro(value)):
            raise Refused(Reason.UNRESOLVED_MACRO, canonical, macro)
        return value

    is_in_query = location.location == "query"
    return find


def _compile_find_in_path(path: str) -> Find:
    before, after = (part.encode() for part in split_path(without_last_slash(path)))
    beside = len(before) + len(after)

    def find(request: Request, _: DecodedRequest) -> str | None:
        sent = request.path.removesuffix(b"/")  # a key is never empty, so that no slash before one is removed
        if len(sent) <= beside or not (sent.startswith(before) and sent.endswith(after)):
            return None
        key = sent[len(before) : len(sent) - len(after)]
        return None if b"/" in key else key.decode("latin-1")

    return find


def _find_beside_body(request: Request, name: str, canonical: str) -> str | None:
    found = [value for _, sent, value in read_segments_once(request.query) if sent == name] if request.query else []
    if len(found) > 1:
        raise Refused(Reason.DUPLICATE_PARAMETER, canonical)
    if found and (macro := find_macro(found[0])):
        raise Refused(Reason.UNRESOLVED_MACRO, canonical, macro)
    return found[0] if found else None


def compile_cut(location: SignatureLocation | TimestampLocation) -> Callable[[str], str | None]:
    """Make the function that removes `prefix`, `after` and `before`; it returns None if one of them is missing."""
    prefix = location.prefix if isinstance(location, SignatureLocation) else ""
    after, before = location.after, location.before

    def cut(text: str) -> str | None:
        if not text.startswith(prefix):
            return None
        text = text[len(prefix) :]
        if after:
            _, found, text = text.partition(after)
            if not found:
                return None
        if before:
            text, found, _ = text.partition(before)
            if not found:
                return None
        return text

    return cut


def compile_split(location: SignatureLocation, *, wants_parts: bool) -> Split:
    """Make the function that splits a signature's value; it returns all items only if `wants_parts`."""
    if bool(location.pair) != bool(location.pick):
        raise ValueError("signature: pair and pick need each other; set both or none")
    if location.pair and len(location.pick) == 1 and location.split and not wants_parts:
        inner = _compile_one_name(location)
    else:
        inner = _compile_named(location) if location.pair else _compile_plain(location)
    if not (location.prefix or location.after or location.before):
        return inner
    cut = compile_cut(location)

    def split(text: str) -> tuple[list[bytes], Mapping[str, str]]:
        rest = cut(text)
        return ([], _NOTHING) if rest is None else inner(rest)

    return split


def _compile_plain(location: SignatureLocation) -> Split:
    encode = _compile_encode(location)
    separator = location.split
    if separator:
        return lambda text: ([encode(item.strip()) for item in _split_list(text, separator)[:MAX_SIGNATURES]], _NOTHING)
    return lambda text: ([encode(text)], _NOTHING)


def _compile_one_name(location: SignatureLocation) -> Split:
    encode, separator, beginning = _compile_encode(location), location.split, location.pick[0] + location.pair
    length = len(beginning)

    def split(text: str) -> tuple[list[bytes], Mapping[str, str]]:
        items = [item.strip() for item in _split_list(text, separator)]
        picked = [item for item in items if item.startswith(beginning)]
        return [encode(item[length:]) for item in picked[:MAX_SIGNATURES]], _NOTHING

    return split


def _compile_named(location: SignatureLocation) -> Split:
    encode = _compile_encode(location)
    separator, pair, strongest_first = location.split, location.pair, location.pick

    def split(text: str) -> tuple[list[bytes], Mapping[str, str]]:
        items = [item.strip().partition(pair) for item in (_split_list(text, separator) if separator else [text])]
        parts = {name: value for name, _, value in reversed(items)}
        for picked in strongest_first:
            if picked in parts:  # a weaker signature must not pass if the stronger one fails
                signatures = [encode(value) for name, _, value in items if name == picked]
                return signatures[:MAX_SIGNATURES], parts
        return [], parts

    return split


def _split_list(text: str, separator: str) -> list[str]:
    return text.split(separator, MAX_ITEMS)[:MAX_ITEMS]


def _compile_encode(location: SignatureLocation) -> Callable[[str], bytes]:
    if location.encoding == "base64url":  # padding is optional
        return lambda text: text.encode("utf-8", "replace").rstrip(b"=")
    return lambda text: text.encode("utf-8", "replace")
