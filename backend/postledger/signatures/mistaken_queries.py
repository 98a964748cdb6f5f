"""The texts that a sender may have signed in place of a query: decoded, sorted, re-encoded, cut or extended."""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from urllib.parse import quote, quote_plus

from postledger.signatures.mistake import Mistake
from postledger.signatures.profile_schema import Decoding
from postledger.signatures.signature_input import decode_text

Variant = tuple[Mistake, bytes, bool]
"""A mistake, the text that was signed, and whether the mistake is usual."""

AS_SENT = "Sign the query string exactly as it is sent: same order, same escapes, without the signature."
AT_LAST = "Add the signature last: no parameter may be added or changed after signing."
_ESCAPE = re.compile(rb"%[0-9A-Fa-f]{2}")
_WRITERS: dict[str, Callable[[bytes], str]] = {
    "percent-encoded by RFC 3986": lambda text: quote(text, safe=""),
    "encoded by encodeURIComponent": lambda text: quote(text, safe="!~*'()"),
    "percent-encoded with the slash left alone": lambda text: quote(text, safe="/"),
    "encoded as a form, with + for blanks": lambda text: quote_plus(text, safe=""),
    "encoded by Java's URLEncoder": lambda text: quote_plus(text, safe="*").replace("~", "%7E"),
}
_MAX_DROPPED = 40
_DECODINGS: tuple[Decoding, ...] = ("form", "pct")


def vary_query(parts: Sequence[bytes], signature: str, timestamp: str) -> Iterator[Variant]:
    """List the texts; `parts` are the pairs as sent without the signature, then the names of the two parameters."""
    query = b"&".join(parts)
    yield from _vary_whole(query)
    yield from _vary_ends(query, signature)
    yield from _vary_order(parts)
    yield from _rewrite(parts)
    yield from _move_timestamp(parts, timestamp)
    yield from _drop_parameters(parts)
    yield from _vary_form(parts)


def read_part(part: bytes) -> tuple[bytes, bytes]:
    """Decode a pair of a query as a form does."""
    name, _, value = part.partition(b"=")
    return decode_text(name, "form"), decode_text(value, "form")


def _vary_whole(query: bytes) -> Iterator[Variant]:
    decoded = Mistake("the decoded string is signed, not the query as it was sent", AS_SENT)
    yield decoded, decode_text(query, "form"), True
    yield decoded, decode_text(query, "pct"), True
    yield Mistake("blanks are signed as %20 and sent as +", AS_SENT), query.replace(b"+", b"%20"), True
    yield Mistake("blanks are signed as + and sent as %20", AS_SENT), query.replace(b"%20", b"+"), True
    lower = _ESCAPE.sub(lambda found: found[0].lower(), query)
    yield Mistake("escapes are signed in small letters (%3a) and sent in capitals", AS_SENT), lower, True
    upper = _ESCAPE.sub(lambda found: found[0].upper(), query)
    yield Mistake("escapes are signed in capitals (%3A) and sent in small letters", AS_SENT), upper, True
    yield Mistake("&amp; is signed in place of &", AS_SENT), query.replace(b"&", b"&amp;"), True
    yield Mistake("the string is signed in small letters", AS_SENT), query.lower(), False
    yield Mistake("the string is signed in capitals", AS_SENT), query.upper(), False
    yield (
        Mistake("the whole string is percent-encoded before it is signed", AS_SENT),
        quote(query, safe="").encode(),
        False,
    )


def _rewrite(parts: Sequence[bytes]) -> Iterator[Variant]:
    pairs = [read_part(part) for part in parts]
    for how, write in _WRITERS.items():
        written = [f"{write(name)}={write(value)}".encode() for name, value in pairs]
        yield Mistake(f"the string is {how}, unlike the query as it was sent", AS_SENT), b"&".join(written), True
        yield Mistake(f"the string is sorted and {how}", AS_SENT), b"&".join(sorted(written)), False


def _vary_ends(query: bytes, signature: str) -> Iterator[Variant]:
    yield Mistake("? in front of the string", AS_SENT), b"?" + query, True
    yield Mistake("& behind the string", AS_SENT), query + b"&", True
    behind = Mistake(f"&{signature}= behind the string", AS_SENT)
    yield behind, query + f"&{signature}=".encode(), True
    yield behind, query + f"&{signature}".encode(), False


def _vary_order(parts: Sequence[bytes]) -> Iterator[Variant]:
    by_name = sorted(parts, key=lambda part: part.partition(b"=")[0])
    yield Mistake("parameters are sorted by name before signing", AS_SENT), b"&".join(by_name), True
    yield Mistake("parameters are sorted by name before signing", AS_SENT), b"&".join(sorted(parts)), True
    pairs = [b"=".join(pair) for pair in sorted(map(read_part, parts))]
    yield Mistake("parameters are sorted by name and decoded before signing", AS_SENT), b"&".join(pairs), True
    backwards = sorted(parts, key=lambda part: part.partition(b"=")[0], reverse=True)
    yield Mistake("parameters are sorted by name, backwards, before signing", AS_SENT), b"&".join(backwards), False
    anycase = sorted(parts, key=lambda part: part.partition(b"=")[0].lower())
    yield Mistake("parameters are sorted by name in any case before signing", AS_SENT), b"&".join(anycase), False


def _move_timestamp(parts: Sequence[bytes], name: str) -> Iterator[Variant]:
    own = [part for part in parts if read_part(part)[0] == name.encode()]
    rest = [part for part in parts if read_part(part)[0] != name.encode()]
    if not name or not own:
        return
    added = Mistake(f"{name} is added after signing", f"Add {name} before you sign; it is part of the signed string.")
    yield added, b"&".join(rest), True
    yield added, b"&".join(sorted(rest)), False
    added_to_decoded = Mistake(f"{added.what}, and the decoded string is signed", added.advice)
    for decoding in _DECODINGS:
        yield added_to_decoded, decode_text(b"&".join(rest), decoding), False
    order = f"Keep {name} in the place where it was when you signed."
    yield (
        Mistake(f"{name} is first in the signed string and elsewhere in the request", order),
        b"&".join(own + rest),
        True,
    )
    yield (
        Mistake(f"{name} is last in the signed string and elsewhere in the request", order),
        b"&".join(rest + own),
        True,
    )
    value = read_part(own[0])[1]
    around = Mistake(f"the value of {name} stands apart from the other parameters", AS_SENT)
    for joint in (b".", b"", b":", b"&"):
        yield around, value + joint + b"&".join(rest), False
        yield around, b"&".join(rest) + joint + value, False


def _drop_parameters(parts: Sequence[bytes]) -> Iterator[Variant]:
    if len(parts) > _MAX_DROPPED:
        return
    filled = [part for part in parts if part.partition(b"=")[2]]
    empty = Mistake("parameters with an empty value are left out of the signed string", AS_SENT)
    yield empty, b"&".join(filled), False
    for number, part in enumerate(parts):
        name = read_part(part)[0].decode("utf-8", "replace")[:64]
        rest = [*parts[:number], *parts[number + 1 :]]
        yield Mistake(f"{name} is added after signing", AT_LAST), b"&".join(rest), False


def _vary_form(parts: Sequence[bytes]) -> Iterator[Variant]:
    pairs = [read_part(part) for part in parts]
    for what, chosen in (("in order", pairs), ("sorted by name", sorted(pairs))):
        mistake = Mistake(f"only the values are signed, {what}", AS_SENT)
        for joint in (b"", b"&", b",", b":", b"|", b"-", b".", b";", b" "):
            yield mistake, joint.join(value for _, value in chosen), joint == b""
        encoded = Mistake(f"only the values are signed, {what}, encoded as in the URL", AS_SENT)
        for joint in (b"", b"&", b",", b":", b"|", b"-", b".", b";"):
            yield encoded, joint.join(_encoded_values(parts, is_sorted=what != "in order")), joint == b""
        runs = Mistake(f"names and values are signed without = and &, {what}", AS_SENT)
        yield runs, b"".join(name + value for name, value in chosen), False
    yield from _write_as_json(pairs)


def _encoded_values(parts: Sequence[bytes], *, is_sorted: bool) -> list[bytes]:
    chosen = sorted(parts, key=lambda part: part.partition(b"=")[0]) if is_sorted else parts
    return [part.partition(b"=")[2] for part in chosen]


def _write_as_json(pairs: Sequence[tuple[bytes, bytes]]) -> Iterator[Variant]:
    as_json = {name.decode("utf-8", "replace"): value.decode("utf-8", "replace") for name, value in pairs}
    mistake = Mistake("the parameters are signed as JSON", AS_SENT)
    yield mistake, json.dumps(as_json, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "replace"), False
    yield mistake, json.dumps(as_json).encode(), False
