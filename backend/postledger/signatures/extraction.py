"""Finding a signature, a time or an id in a request, and taking a header apart that holds a list of them."""

from collections.abc import Callable, Mapping

from postledger.decoding.pairs import Reading, read_segments
from postledger.decoding.source_paths import split_path
from postledger.decoding.unresolved_macros import find_macro
from postledger.signatures.profile_schema import SignaturePlace, TimestampPlace
from postledger.vocabulary.incoming_request import Request
from postledger.vocabulary.refusal import Reason, Refused

Find = Callable[[Request, Reading], str | None]
"""Finds a text; None where it was not sent, or sent empty."""
Split = Callable[[str], tuple[list[bytes], Mapping[str, str]]]
"""From what was sent to the signatures that count and, by name, all parts of the list."""

_NOTHING: Mapping[str, str] = {}


def compile_find(place: SignaturePlace | TimestampPlace, canonical: str) -> Find:
    """Make the function that finds what stands at a place; parameters are known by their canonical name."""
    name = place.name
    if place.place == "path":
        return _compile_find_in_path(name)
    if place.place == "header":
        header = name.lower()
        return lambda request, _: request.headers.get(header)

    def find(request: Request, reading: Reading) -> str | None:
        if is_in_query and request.method != "GET":
            return _find_beside_body(request, name, canonical)
        value = reading.fields.get(canonical)
        if value and (macro := find_macro(value)):
            raise Refused(Reason.UNRESOLVED_MACRO, canonical, macro)
        return value

    is_in_query = place.place == "query"
    return find


def _compile_find_in_path(path: str) -> Find:
    before, after = (part.encode() for part in split_path(path))
    beside = len(before) + len(after)

    def find(request: Request, _: Reading) -> str | None:
        sent = request.path
        if len(sent) <= beside or not (sent.startswith(before) and sent.endswith(after)):
            return None
        key = sent[len(before) : len(sent) - len(after)]
        return None if b"/" in key else key.decode("latin-1")

    return find


def _find_beside_body(request: Request, name: str, canonical: str) -> str | None:
    found = [value for _, sent, value in read_segments(request.query) if sent == name] if request.query else []
    if len(found) > 1:
        raise Refused(Reason.DUPLICATE_PARAMETER, canonical)
    if found and (macro := find_macro(found[0])):
        raise Refused(Reason.UNRESOLVED_MACRO, canonical, macro)
    return found[0] if found else None


def compile_cut(place: SignaturePlace | TimestampPlace) -> Callable[[str], str | None]:
    """Make the function that cuts a text out of what stands around it; None where that is not there."""
    prefix = place.prefix if isinstance(place, SignaturePlace) else ""
    after, before = place.after, place.before

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


def compile_split(place: SignaturePlace, *, wants_parts: bool) -> Split:
    """Make the function that takes the text at a signature's place apart; the parts only where they are wanted."""
    if bool(place.pair) != bool(place.pick):
        raise ValueError("signature: pair and pick go together: how items are named, and which of the names count")
    if place.pair and len(place.pick) == 1 and place.split and not wants_parts:
        inner = _compile_one_name(place)
    else:
        inner = _compile_named(place) if place.pair else _compile_plain(place)
    if not (place.prefix or place.after or place.before):
        return inner
    cut = compile_cut(place)

    def split(text: str) -> tuple[list[bytes], Mapping[str, str]]:
        rest = cut(text)
        return ([], _NOTHING) if rest is None else inner(rest)

    return split


def _compile_plain(place: SignaturePlace) -> Split:
    encode = _compile_encode(place)
    separator = place.split
    if separator:
        return lambda text: ([encode(item.strip()) for item in text.split(separator)], _NOTHING)
    return lambda text: ([encode(text)], _NOTHING)


def _compile_one_name(place: SignaturePlace) -> Split:
    encode, separator, beginning = _compile_encode(place), place.split, place.pick[0] + place.pair
    length = len(beginning)

    def split(text: str) -> tuple[list[bytes], Mapping[str, str]]:
        items = [item.strip() for item in text.split(separator)]
        return [encode(item[length:]) for item in items if item.startswith(beginning)], _NOTHING

    return split


def _compile_named(place: SignaturePlace) -> Split:
    encode = _compile_encode(place)
    separator, pair, strongest_first = place.split, place.pair, place.pick

    def split(text: str) -> tuple[list[bytes], Mapping[str, str]]:
        items = [item.strip().partition(pair) for item in (text.split(separator) if separator else [text])]
        parts = {name: value for name, _, value in reversed(items)}
        for picked in strongest_first:
            if picked in parts:  # from here on nothing weaker can count, however it turns out
                return [encode(value) for name, _, value in items if name == picked], parts
        return [], parts

    return split


def _compile_encode(place: SignaturePlace) -> Callable[[str], bytes]:
    if place.encoding == "base64url":  # with its padding or without
        return lambda text: text.encode("utf-8", "replace").rstrip(b"=")
    return lambda text: text.encode("utf-8", "replace")
