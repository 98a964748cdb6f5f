"""A request as it was pasted, and the readers of a URL and of a raw HTTP request."""

import re
from collections.abc import Mapping
from typing import Literal
from urllib.parse import urlsplit

import msgspec

from postledger.vocabulary.refusal import Cause, Reason, Refused

_REQUEST_LINE = re.compile(r"([A-Z]{3,10}) (\S+)(?: HTTP/[0-9.]+)?")
HOST = re.compile(r"(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]+)?")
_HEAD_END = re.compile(r"\r?\n\r?\n")
_MAX_HEADERS = 100


class CannotRead(Refused):
    """The pasted text is no request, or lacks a part of it."""

    def __init__(self) -> None:
        super().__init__(Reason.MALFORMED, cause=Cause.REQUEST_HEAD)


class Pasted(msgspec.Struct, frozen=True):
    """One request: path and query raw, header names in small letters, header values as WSGI gives them (latin-1).

    `scheme` is empty if it is not known. `path` is empty for a query without an address.
    """

    scheme: Literal["", "http", "https"] = ""
    method: str = "GET"
    path: bytes = b""
    query: bytes = b""
    headers: Mapping[str, str] = {}
    body: bytes = b""


def read_url(text: str) -> Pasted:
    """Read a URL, a path with a query, or a query alone as a GET. Raises `CannotRead`."""
    if "://" not in text.partition("?")[0]:
        return _read_target(text)
    try:
        netloc = urlsplit(text.partition("?")[0]).netloc
    except ValueError:
        raise CannotRead from None
    rest = text.partition("://")[2][len(netloc) :]
    host, scheme = netloc.rpartition("@")[2], text.partition("://")[0].lower()
    if not host or scheme not in ("http", "https"):
        raise CannotRead
    found = _read_target(rest.partition("#")[0])
    return msgspec.structs.replace(found, scheme=scheme, path=found.path or b"/", headers={"host": host})


def _read_target(text: str) -> Pasted:
    before = text.partition("?")[0]
    if not before.startswith("/") and ("?" not in text or "=" in before):
        return Pasted(query=to_bytes(text.removeprefix("?")))
    host, slash, path = before.partition("/")  # of an address without its scheme
    query = to_bytes(text[len(before) + 1 :])
    return Pasted(path=to_bytes(slash + path), query=query, headers={"host": host} if HOST.fullmatch(host) else {})


def read_raw(text: str) -> Pasted:
    """Read a raw HTTP request: its line, its header, and the body behind an empty line. Raises `CannotRead`."""
    head, *rest = _HEAD_END.split(text, maxsplit=1)
    first, *lines = head.splitlines()
    found = _REQUEST_LINE.fullmatch(first.strip())
    if found is None or len(lines) > _MAX_HEADERS:
        raise CannotRead
    headers = dict(_read_header(line) for line in lines if line.strip() and not line.startswith(":"))
    target = read_url(found[2])
    body = _cut(to_bytes(rest[0]) if rest else b"", headers.get("content-length", ""))
    return msgspec.structs.replace(target, method=found[1], headers={**target.headers, **headers}, body=body)


def _read_header(line: str) -> tuple[str, str]:
    name, is_header, value = line.partition(":")
    if not is_header or not name.strip():
        raise CannotRead
    return name.strip().lower(), to_bytes(value.strip()).decode("latin-1")


def _cut(body: bytes, length: str) -> bytes:
    # An editor adds a line break at the end; the length says whether it was sent.
    if not length.isascii() or not length.isdigit():
        return body
    return body[: int(length)] if not body[int(length) :].strip() else body


def to_bytes(text: str) -> bytes:
    """Encode a text as it was sent: bytes that are no UTF-8 are surrogates in it."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")
