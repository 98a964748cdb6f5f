"""The texts that a sender may have signed in place of a body: written again as JSON, with other line ends, empty."""

import json
import re
from collections.abc import Iterator
from itertools import product
from typing import Any
from urllib.parse import quote_plus

from postledger.signatures.mistake import Mistake
from postledger.signatures.mistaken_queries import Variant

AS_SENT = "Sign the bytes of the body exactly as they are sent: write the body once, sign it, and send the same bytes."
_BOM = b"\xef\xbb\xbf"
_MAX_REWRITTEN_BYTES = 8192
_MAX_NESTED = 50
_NUMBER = re.compile(r'"\\u0000([^"\\]*)\\u0000"')
_LAYOUTS: dict[str, dict[str, Any]] = {
    "compact": {"separators": (",", ":")},
    "with blanks": {"separators": (", ", ": ")},
    "indented by 2": {"indent": 2},
    "indented by 4": {"indent": 4},
}


def vary_body(body: bytes) -> Iterator[Variant]:
    """List the texts that may have been signed in place of the body."""
    yield Mistake("a line break behind the body is signed and not sent", AS_SENT), body + b"\n", True
    yield Mistake("a line break behind the body is sent and not signed", AS_SENT), body.removesuffix(b"\n"), True
    yield Mistake("a line break behind the body is sent and not signed", AS_SENT), body.rstrip(b"\r\n"), True
    yield Mistake("an empty body is signed", AS_SENT), b"", True
    line_ends = body.replace(b"\r\n", b"\n")
    yield Mistake("line ends are signed as LF and sent as CRLF", AS_SENT), line_ends, True
    yield Mistake("line ends are signed as CRLF and sent as LF", AS_SENT), line_ends.replace(b"\n", b"\r\n"), True
    yield Mistake("a byte order mark (BOM) is sent and not signed", AS_SENT), body.removeprefix(_BOM), True
    yield Mistake("a byte order mark (BOM) is signed and not sent", AS_SENT), _BOM + body, True
    yield Mistake("blanks around the body are sent and not signed", AS_SENT), body.strip(), False
    # Indented, a deeply nested body would be many times as long.
    if len(body) <= _MAX_REWRITTEN_BYTES and body.count(b"{") + body.count(b"[") <= _MAX_NESTED:
        yield from _rewrite_json(body.removeprefix(_BOM))


def _rewrite_json(body: bytes) -> Iterator[Variant]:
    try:
        documents = [_load(body, keeps_numbers=True), _load(body, keeps_numbers=False)]
    except (ValueError, RecursionError):
        return
    yield from _write_again(documents)
    if isinstance(documents[0], dict):
        yield from _write_as_form(json.loads(_write(documents[0], {}), parse_float=str, parse_int=str))


def _load(body: bytes, *, keeps_numbers: bool) -> Any:
    """Parse JSON. Numbers are kept as they are written, or read as JavaScript reads them: 12.50 becomes 12.5."""
    if keeps_numbers:
        return json.loads(body, parse_float=_mark, parse_int=_mark)
    return json.loads(body, parse_float=lambda text: int(float(text)) if float(text).is_integer() else float(text))


def _mark(text: str) -> str:
    return f"\0{text}\0"


def _write_again(documents: list[Any]) -> Iterator[Variant]:
    for document, (name, layout), is_sorted, is_ascii in product(
        documents, _LAYOUTS.items(), (False, True), (False, True)
    ):
        how = [
            f"JSON, {name}",
            *(["sorted by name"] if is_sorted else []),
            *(["with ASCII escapes"] if is_ascii else []),
        ]
        text = _write(document, {**layout, "sort_keys": is_sorted, "ensure_ascii": is_ascii})
        mistake = Mistake(f"the body is written again as {', '.join(how)}", AS_SENT)
        yield mistake, text.encode("utf-8", "replace"), not is_sorted
        if name == "compact":
            escaped = Mistake(f"the body is written again as {', '.join(how)}, with escaped slashes", AS_SENT)
            yield escaped, text.replace("/", "\\/").encode("utf-8", "replace"), False
        if not is_ascii:
            go = Mistake(f"the body is written again as {', '.join(how)}, with <, > and & as \\u003c (Go)", AS_SENT)
            yield go, _escape_html(text).encode("utf-8", "replace"), False


def _escape_html(text: str) -> str:
    """Escape what Go's encoding/json escapes. In JSON, these characters occur in texts alone."""
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def _write(document: Any, layout: dict[str, Any]) -> str:
    return _NUMBER.sub(r"\1", json.dumps(document, **layout))


def _write_as_form(members: dict[str, Any]) -> Iterator[Variant]:
    pairs = [(name, value if isinstance(value, str) else json.dumps(value)) for name, value in members.items()]
    mistake = Mistake("the body is signed as a form and sent as JSON", AS_SENT)
    for chosen in (pairs, sorted(pairs)):
        written = "&".join(
            f"{quote_plus(name, errors='replace')}={quote_plus(value, errors='replace')}" for name, value in chosen
        )
        yield mistake, written.encode(), False
