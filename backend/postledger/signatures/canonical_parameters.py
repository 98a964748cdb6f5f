"""The atom `{parameters}`: the parameters of a request, chosen, ordered and written as a network writes them.

Each rule here is one that some network has; what is not said in the profile is not guessed.
"""

import re
from collections.abc import Callable, Sequence
from urllib.parse import quote, quote_plus

from postledger.decoding.pairs import Segment
from postledger.signatures.profile_schema import Parameters
from postledger.signatures.signature_input import Evidence, decode_segment, refuse_forged
from postledger.vocabulary.refusal import Reason, Refused

Write = Callable[[Evidence, bytes], bytes]
"""Writes a piece of the message, given the evidence and the key."""

_ITEM = re.compile(r"\{(name|value|len|key)\}")
_ENCODERS: dict[str, Callable[[bytes], bytes]] = {
    "none": lambda value: value,
    "form": lambda value: quote_plus(value).encode(),
    "rfc3986": lambda value: quote(value, safe="").encode(),
}
_Pairs = list[tuple[bytes, bytes]]


def compile_parameters(parameters: Parameters, left_out: frozenset[str]) -> Write:
    """Make the function that writes the parameters; `left_out` are names that are never signed."""
    dropped = frozenset(name.encode() for name in left_out | set(parameters.drop))
    write_item, separator = compile_item(parameters.item), parameters.join.encode()
    encode, choose = _ENCODERS[parameters.encode], _compile_choose(parameters)

    def write(evidence: Evidence, key: bytes) -> bytes:
        pairs = [pair for pair in _read_pairs(evidence, parameters) if pair[0] not in dropped]
        return separator.join(
            [write_item(encode(name), encode(value), len(value), key) for name, value in choose(pairs)]
        )

    return write


def _read_pairs(evidence: Evidence, parameters: Parameters) -> _Pairs:
    segments = evidence.query_segments() if parameters.place == "query" else evidence.body_segments()
    pairs = [decode_segment(segment, evidence.decoding) for segment in segments if segment != _EMPTY]
    if parameters.repeated == "sorted-unique":
        return sorted(set(pairs))
    if len({name for name, _ in pairs}) < len(pairs):
        raise Refused(Reason.MALFORMED)  # which of the two was signed, nobody can tell
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
        sent = [name for name in alternatives if name in values]
        if len(sent) > 1:
            raise Refused(Reason.MALFORMED)
        if not sent and skip == "none":
            raise refuse_forged()
        chosen += [(name, values[name]) for name in sent]
    return chosen


def _drop_empty(parameters: Parameters, pairs: _Pairs) -> _Pairs:
    if parameters.skip != "empty":
        return pairs
    kept = {name.encode() for name in parameters.keep}
    return [(name, value) for name, value in pairs if value or name in kept]


def compile_item(item: str) -> Callable[[bytes, bytes, int, bytes], bytes]:
    """Make the function that writes one parameter from its name, its value, the length of that, and the key."""
    if "{" in _ITEM.sub("", item) or "}" in _ITEM.sub("", item):
        raise ValueError("parameters: item has a placeholder that is not {name}, {value}, {len} or {key}")
    if "{value}" not in item:
        raise ValueError("parameters: item must have {value}; without it no value would be signed")
    pieces = [piece if number % 2 else piece.encode() for number, piece in enumerate(_ITEM.split(item))]

    def write(name: bytes, value: bytes, length: int, key: bytes) -> bytes:
        filled = {"name": name, "value": value, "len": str(length).encode(), "key": key}
        return b"".join([piece if isinstance(piece, bytes) else filled[piece] for piece in pieces])

    return write
