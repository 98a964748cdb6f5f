"""The messages that a sender may have signed by mistake, made of the pieces of the message that its profile names."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

import msgspec
from msgspec.structs import replace

from postledger.signatures.examination import Examined
from postledger.signatures.message_template import PLACEHOLDER, compile_message
from postledger.signatures.mistake import KEY, Message, Mistake
from postledger.signatures.mistaken_addresses import vary_address
from postledger.signatures.mistaken_bodies import vary_body
from postledger.signatures.mistaken_parameters import JOINTS, vary_parameters
from postledger.signatures.mistaken_queries import Variant, vary_query
from postledger.vocabulary.refusal import Refused

LINE_BREAK = Mistake(
    "a line break behind the string (echo instead of printf)",
    "Sign the string without a line break: printf %s, not echo.",
)
_CRLF = Mistake("a line break (CRLF) behind the string", LINE_BREAK.advice)
_BLANK = Mistake("a blank behind the string", "Sign the string without a blank behind it.")
_PARTS = "Join the pieces of the signed string as the documentation of the profile shows, with the same separators."
_ONLY_BODY = Mistake("only the body is signed", _PARTS)
_LONG_BYTES = 4096
_FORM = "application/x-www-form-urlencoded"


class Piece(msgspec.Struct, frozen=True):
    """A piece of the message: the placeholder, empty for a literal text, and the bytes that it stands for."""

    placeholder: str
    text: bytes

    @property
    def kind(self) -> str:
        """The first word of the placeholder."""
        return self.placeholder.partition(":")[0]


def list_strings(attempt: Examined) -> Iterator[Message]:
    """List the right message of an attempt, then those with one mistake, and with a line break as the second one."""
    if attempt.scheme.mac == "token":
        yield Message((), b"", is_usual=True)
        return
    right = attempt.write(KEY)
    if right is not None:
        yield Message((), right, is_usual=True)
        for mistake, text in ((LINE_BREAK, b"\n"), (_CRLF, b"\r\n"), (_BLANK, b" ")):
            yield Message((mistake,), right + text, is_usual=mistake is not _BLANK)
    for mistake, text, is_usual in _vary(attempt):
        yield Message((mistake,), text, is_usual)
        if len(text) < _LONG_BYTES:
            yield Message((mistake, LINE_BREAK), text + b"\n")
    if attempt.scheme.message != "{body}" and "{body}" in attempt.scheme.message:
        for mistake, text, _ in vary_body(attempt.sent.request.body):
            yield Message((_ONLY_BODY, mistake), text)


def _vary(attempt: Examined) -> Iterator[Variant]:
    pieces = _split(attempt)
    for number, piece in enumerate(pieces):
        for mistake, text, is_usual in _vary_piece(piece, attempt):
            yield mistake, _join([*pieces[:number], Piece("", text), *pieces[number + 1 :]]), is_usual
    if len(pieces) > 1:
        yield from _vary_template(pieces)
    yield from _vary_values(attempt)
    if attempt.sent.request.method == "GET":
        yield from _sign_query(attempt, has_key=any(KEY in piece.text for piece in pieces))
    elif not any(piece.kind == "body" for piece in pieces):
        yield Mistake("the whole body is signed", _PARTS), attempt.sent.request.body, False


def _split(attempt: Examined) -> list[Piece]:
    """Write each piece of the message; empty if one cannot be written."""
    pieces = PLACEHOLDER.split(attempt.scheme.message)
    try:
        found = [
            Piece(piece, _write_one(piece, attempt)) if number % 2 else Piece("", piece.encode())
            for number, piece in enumerate(pieces)
        ]
    except Refused:
        return []
    return [piece for piece in found if piece.text or piece.placeholder]


def _write_one(placeholder: str, attempt: Examined) -> bytes:
    parameters = attempt.scheme.parameters if placeholder == "parameters" else None
    alone = replace(
        attempt.scheme, message=f"{{{placeholder}}}", mac="hmac-sha256", parameters=parameters, signs_no_content=True
    )
    return compile_message(alone, attempt.public_url)(attempt.sent, KEY)


def _join(pieces: Sequence[Piece]) -> bytes:
    return b"".join([piece.text for piece in pieces])


def _vary_piece(piece: Piece, attempt: Examined) -> Iterator[Variant]:
    if piece.placeholder == "query":
        yield from _vary_query(attempt)
    elif piece.kind in ("url", "path"):
        yield from vary_address(attempt, _list_parts(attempt), is_path=piece.kind == "path")
    elif piece.placeholder == "body":
        yield from vary_body(piece.text)
        if attempt.sent.request.media_type.startswith(_FORM):
            yield from vary_query(piece.text.split(b"&"), attempt.scheme.signature.name, "")
    elif piece.placeholder == "parameters":
        yield from vary_parameters(attempt)
    elif piece.placeholder == "ts":
        yield from _vary_timestamp(piece.text)


def _list_parts(attempt: Examined) -> list[bytes]:
    """List the pairs of the query as they were sent, without the signature and what the scheme leaves out."""
    left_out = set(attempt.scheme.drop) | {attempt.scheme.signature.name}
    segments = attempt.sent.query_segments()
    return [part.encode("latin-1") for part, name, _ in segments if name not in left_out and part]


def _vary_query(attempt: Examined) -> Iterator[Variant]:
    parts, timestamp = _list_parts(attempt), attempt.scheme.timestamp
    name = timestamp.name if timestamp is not None and timestamp.location == "query" else ""
    yield from vary_query(parts, attempt.scheme.signature.name, name)
    yield from vary_address(attempt, parts, is_path=False)


def _vary_timestamp(text: bytes) -> Iterator[Variant]:
    advice = "Sign the time exactly as it is sent."
    yield Mistake("the time is signed in milliseconds and sent in seconds", advice), text + b"000", False
    yield Mistake("the time is signed in seconds and sent in milliseconds", advice), text[:-3], False


def _vary_template(pieces: Sequence[Piece]) -> Iterator[Variant]:
    """Leave pieces out, swap two of them, and join them by other texts."""
    content = [piece for piece in pieces if piece.placeholder]
    for piece in content:
        if piece.kind == "body":
            yield _ONLY_BODY, piece.text, True
    for number, piece in enumerate(pieces):
        if piece.placeholder:
            mistake = Mistake(f"{{{piece.placeholder}}} is left out of the signed string", _PARTS)
            for rest in _leave_out(pieces, number):
                yield mistake, _join(rest), piece.kind in ("id", "ts", "key")
    places = [number for number, piece in enumerate(pieces) if piece.placeholder]
    for first, second in pairwise(places):
        swapped = list(pieces)
        swapped[first], swapped[second] = swapped[second], swapped[first]
        names = f"{{{pieces[first].placeholder}}} and {{{pieces[second].placeholder}}}"
        yield Mistake(f"{names} are swapped in the signed string", _PARTS), _join(swapped), True
    for joint, shown in JOINTS.items():
        text = joint.encode().join([piece.text for piece in content])
        yield Mistake(f"the pieces of the signed string are joined by {shown}", _PARTS), text, joint in ("", ".", ":")
    if any(piece.kind == "key" for piece in content):
        rest = [piece for piece in content if piece.kind != "key"]
        yield Mistake("the secret is first in the signed string", _PARTS), KEY + _join(rest), True
        yield Mistake("the secret is last in the signed string", _PARTS), _join(rest) + KEY, True


def _leave_out(pieces: Sequence[Piece], number: int) -> Iterator[Sequence[Piece]]:
    """Leave a piece out, with the literal behind it, with the one in front of it, and alone."""
    before, after = list(pieces[:number]), list(pieces[number + 1 :])
    yield [*before, *after]
    if after and not after[0].placeholder:
        yield [*before, *after[1:]]
    if before and not before[-1].placeholder:
        yield [*before[:-1], *after]


def _vary_values(attempt: Examined) -> Iterator[Variant]:
    """Sign single parameters as they were sent, not decoded."""
    scheme = attempt.scheme
    if "{query:" not in scheme.message and "{form:" not in scheme.message:
        return
    raw = replace(attempt, sent=replace(attempt.sent, decoding="raw"))
    text = raw.write(KEY)
    if text is not None:
        yield (
            Mistake("the values are signed encoded, as in the URL", "Decode the values before you sign them."),
            text,
            True,
        )
    right = attempt.write(KEY)
    if right is not None:
        yield Mistake("the string is signed in small letters", _PARTS), _lower(right), False


def _lower(text: bytes) -> bytes:
    return KEY.join([part.lower() for part in text.split(KEY)])


def _sign_query(attempt: Examined, *, has_key: bool) -> Iterator[Variant]:
    """Sign the query as a whole where the profile signs something else of it."""
    if attempt.scheme.message == "{query}":
        return
    parts = _list_parts(attempt)
    query = b"&".join(parts)
    whole = Mistake("the whole query is signed, not the string of the profile", _PARTS)
    for text in (query, b"&".join(sorted(parts))):
        yield whole, text, False
        if has_key:
            yield whole, text + KEY, False
            yield whole, KEY + text, False
    if not has_key:
        yield from ((mistake, text, False) for mistake, text, _ in _vary_query(attempt))
