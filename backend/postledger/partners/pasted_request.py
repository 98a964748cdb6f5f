"""Reads what a partner pastes: a URL, a curl command, a raw HTTP request, a line of an access log, or a HAR.

Nothing of it is stored or logged. Credentials for others, such as cookies in a HAR, are dropped as soon as it is read.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from msgspec.structs import replace

from postledger.partners.pasted_curl import read_curl
from postledger.partners.pasted_text import CannotRead, Pasted, read_raw, read_url, to_bytes

_CURL = re.compile(r"(?:\S*[$>#] +)?curl(?:\.exe)?\s")
_RAW = re.compile(r"[A-Z]{3,10} \S+(?: HTTP/[0-9.]+)?\s*(?:\n|$)")
_LOGGED = re.compile(r'"(GET|POST) (\S+) HTTP/[0-9.]+"')
_DROPPED = frozenset({"cookie", "proxy-authorization"})
_MAX_ENTRIES = 1000


def read_pasted(text: str, is_postback: Callable[[bytes], bool]) -> Pasted:
    """Read the pasted text; of a HAR, the first request whose path is one of a postback. Raises `CannotRead`."""
    pasted = _read(text.removeprefix("\ufeff").strip(" \t\r\n"), text, is_postback)
    return replace(pasted, headers={name: value for name, value in pasted.headers.items() if name not in _DROPPED})


def _read(text: str, whole: str, is_postback: Callable[[bytes], bool]) -> Pasted:
    if not text or "\0" in text:
        raise CannotRead
    if text.startswith("{"):
        return _read_har(text, is_postback)
    if found := _CURL.match(text):
        return read_curl(text[found.end() - len("curl ") :])
    if _RAW.match(text):
        return read_raw(whole.removeprefix("\ufeff").lstrip())
    if found := _LOGGED.search(text):
        return replace(read_url(found[2]), method=found[1])
    if "\n" in text or ("=" not in text and "/" not in text):
        raise CannotRead
    return read_url(text)


def _read_har(text: str, is_postback: Callable[[bytes], bool]) -> Pasted:
    try:
        requests = list(_list_requests(json.loads(text)))
    except (ValueError, RecursionError, TypeError, KeyError, AttributeError):
        raise CannotRead from None
    if not requests:
        raise CannotRead
    return next((one for one in requests if is_postback(one.path)), requests[0])


def _list_requests(document: Mapping[str, Any]) -> Iterable[Pasted]:
    """Read the requests of a HAR, or of one entry of it."""
    if "log" in document:
        entries = document["log"]["entries"][:_MAX_ENTRIES]
        return [_read_entry(entry["request"]) for entry in entries]
    return [_read_entry(document.get("request", document))]


def _read_entry(request: Mapping[str, Any]) -> Pasted:
    found = read_url(str(request["url"]))
    pairs = [(str(one["name"]).lower(), str(one["value"])) for one in request.get("headers", ())]
    headers = {name: to_bytes(value).decode("latin-1") for name, value in pairs if name[:1] != ":"}
    body = request.get("postData") or {}
    if body.get("mimeType"):
        headers.setdefault("content-type", str(body["mimeType"]))
    text = to_bytes(str(body.get("text") or ""))
    return replace(
        found, method=str(request.get("method", "GET")).upper(), headers={**found.headers, **headers}, body=text
    )
