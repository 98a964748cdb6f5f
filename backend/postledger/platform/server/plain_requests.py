"""Reads a plain request straight into the WSGI environment.

Gunicorn's own reading of a request takes a sixth of a busy worker's time: objects for each part, checks of what the
edge never sends. A request is plain if it came in one piece, and if nothing in it has a meaning of its own for a
server. Any other one is left to gunicorn, the malformed ones included, so this module refuses nothing: what it reads,
gunicorn would read in the same way, and a differential test compares the two.
"""

import time
from collections.abc import Mapping
from functools import lru_cache
from io import BytesIO
from typing import Any

from gunicorn.util import unquote_to_wsgi_str
from gunicorn_h1c import IncompleteError, ParseError, parse_request

from postledger.platform.server.wsgi_exchange import STARTED_S, find_variable

RECEIVE_BYTES = 65536
"""At most this much is read at once. A larger request is not plain."""
_MAX_REQUEST_LINE, _MAX_FIELDS, _MAX_FIELD_BYTES = RECEIVE_BYTES, 256, 65536
_METHODS = {b"GET": "GET", b"POST": "POST", b"HEAD": "HEAD"}
_FOR_SERVERS = frozenset({
    "EXPECT", "HTTP2-SETTINGS", "KEEP-ALIVE", "TE", "TRAILER", "TRANSFER-ENCODING", "UPGRADE",
    "X-FORWARDED-PROTO", "X-FORWARDED-PROTOCOL", "X-FORWARDED-SSL",
})  # fmt: skip
"""Header fields by which a sender tells a server what to do, or how the request came."""


def read_plain(base: Mapping[str, Any], octets: bytes) -> dict[str, Any] | None:
    """Read a plain request into a WSGI environment. None: it is not plain, or not complete."""
    try:
        parsed = parse_request(octets, 0, _MAX_REQUEST_LINE, _MAX_FIELDS, _MAX_FIELD_BYTES)
    except (IncompleteError, ParseError):
        return None
    method, uri = _METHODS.get(parsed["method"]), _read_uri(parsed["path"])
    if method is None or uri is None or parsed["minor_version"] != 1:
        return None
    path, _, query = uri.partition("?")
    environment = {
        **base,
        STARTED_S: time.perf_counter(),
        "REQUEST_METHOD": method,
        "RAW_URI": uri,
        "QUERY_STRING": query,
        "PATH_INFO": unquote_to_wsgi_str(path),
    }
    is_plain = _add_fields(environment, parsed["headers"]) and _add_body(environment, octets[parsed["consumed"] :])
    return environment if is_plain else None


def _read_uri(sent: bytes) -> str | None:
    """Read a request target that is a path with or without a query, in printable ASCII and without a fragment."""
    uri = sent.decode("latin-1")
    is_path = uri.startswith("/") and not uri.startswith("//")
    return uri if is_path and uri.isascii() and uri.isprintable() and "#" not in uri else None


def _add_fields(environment: dict[str, Any], fields: list[tuple[bytes, bytes]]) -> bool:
    for name, value in fields:
        variable = _find_variable(name)
        if variable is None or variable in environment:
            return False
        environment[variable] = value.decode("latin-1")
    return bool(environment.get("HTTP_CONNECTION", "keep-alive") == "keep-alive")  # it is kept anyway


@lru_cache(maxsize=1024)
def _find_variable(name: bytes) -> str | None:
    """Find the variable of a header field. None: a server acts on the field, or its name is none or ambiguous."""
    upper = name.decode("latin-1").upper()
    is_for_application = upper and "_" not in upper and upper not in _FOR_SERVERS
    return find_variable(upper) if is_for_application else None


def _add_body(environment: dict[str, Any], body: bytes) -> bool:
    """Add the body. False: it has another length than was declared, so part of it, or of a next request, is missing."""
    environment["wsgi.input"] = BytesIO(body)
    return bool(environment.get("CONTENT_LENGTH", "0") == str(len(body)))
