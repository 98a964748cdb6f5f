"""The placeholder `{parameters}`: selects, orders and writes a request's parameters as the network does.

Each rule exists because a network needs it. What the profile does not state is not guessed.
"""

import re
from collections.abc import Callable, Sequence
from urllib.parse import quote, quote_plus

from postledger.decoding.pairs import Segment
from postledger.signatures.profile_schema import Parameters
from postledger.signatures.signature_input import SignatureInput, bad_signature, decode_segment
from postledger.vocabulary.refusal import Cause, malformed

Write = Callable[[SignatureInput, bytes], bytes]
"""Writes a piece of the message from the signature input and the key."""

_ITEM = re.compile(r"\{(name|value|len|key)\}")
_ENCODERS: dict[str, Callable[[bytes], bytes]] = {
    "none": lambda value: value,
    "form": lambda value: quote_plus(value).encode(),
    "rfc3986": lambda value: quote(value, safe="").encode(),
}
_Pairs = list[tuple[bytes, bytes]]


def compile_parameters(parameters: Parameters, left_out: frozenset[str]) -> Write:
    """Make the function that writes the parameters without those in `left_out`; raises ValueError."""
    dropped = frozenset(name.encode() for name in left_out | set(parameters.drop))
    write_item, separator = _compile_item(parameters.item), parameters.join.encode()
    encode, choose = _ENCODERS[parameters.encode], _compile_choose(parameters)

    def write(sent: SignatureInput, key: bytes) -> bytes:
        pairs = [pair for pair in _read_pairs(sent, parameters) if pair[0] not in dropped]
        return separator.join(
            [write_item(encode(name), encode(value), len(value), key) for name, value in choose(pairs)]
        )

    return write


def _read_pairs(sent: SignatureInput, parameters: Parameters) -> _Pairs:
    segments = sent.query_segments() if parameters.location == "query" else sent.body_segments()
    pairs = [decode_segment(segment, sent.decoding) for segment in segments if segment != _EMPTY]
    if parameters.repeated == "sorted-unique":
        return sorted(set(pairs))
    if len({name for name, _ in pairs}) < len(pairs):
        raise malformed(Cause.SIGNED_TWICE)  # it is unknown which of the two values was signed
    return pairs


_EMPTY: Segment = ("", "", "")


def _compile_choose(parameters: Parameters) -> Callable[[_Pairs], _Pairs]:
    if parameters.only:
        names = [tuple(name.encode() for name in names.split("|")) for names in parameters.only]
        return lambda pairs: _drop_empty(parameters, _choose(names, dict(pairs), parameters.skip))
    if parameters.sort == "name":
        return lambda pairs: _drop_empty(parameters, sorted(pairs))
    return lambda pairs: _drop_empty(parameters, pairs)


def _choose(names: Sequence[Sequence[bytes]], values: dict[bytes, bytes], skip: str) -> _Pairs:
    chosen = []
    for alternatives in names:
        present = [name for name in alternatives if name in values]
        if len(present) > 1:
            raise malformed(Cause.SIGNED_TWICE)
        if not present and skip == "none":
            raise bad_signature()
        chosen += [(name, values[name]) for name in present]
    return chosen


def _drop_empty(parameters: Parameters, pairs: _Pairs) -> _Pairs:
    if parameters.skip != "empty":
        return pairs
    kept = {name.encode() for name in parameters.keep}
    return [(name, value) for name, value in pairs if value or name in kept]


def _compile_item(item: str) -> Callable[[bytes, bytes, int, bytes], bytes]:
    """Make the function that writes one parameter from its name, its value, the value's length and the key."""
    if "{" in _ITEM.sub("", item) or "}" in _ITEM.sub("", item):
        raise ValueError("parameters.item: it has an unknown placeholder; use {name}, {value}, {len} and {key}")
    if "{value}" not in item:
        raise ValueError("parameters.item: {value} is missing, so no value would be signed; add it")
    pieces = [piece if number % 2 else piece.encode() for number, piece in enumerate(_ITEM.split(item))]

    def write(name: bytes, value: bytes, length: int, key: bytes) -> bytes:
        filled = {"name": name, "value": value, "len": str(length).encode(), "key": key}
        return b"".join([piece if isinstance(piece, bytes) else filled[piece] for piece in pieces])

    return write
