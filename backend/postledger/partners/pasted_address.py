"""Judges the address of a pasted request as production does: a path that is not the source's is not found.

What else there is stays unsaid: the path of another source is answered as one of no source.
"""

import hmac
import re

import msgspec

from postledger.decoding.pairs import find_slug, has_too_many, unescape
from postledger.decoding.source_paths import KEY, split_path, without_last_slash
from postledger.partners.pasted_text import Pasted
from postledger.policy.source import Source
from postledger.vocabulary.refusal import Reason

PLAIN_HTTP = b"HTTPS only. This request was not recorded. If it carried a secret, that secret is no longer one.\n"
"""What the edge answers to plain HTTP, with 403."""

NEXT_PLAIN_HTTP = "Send to https://: plain HTTP is refused, and what was sent in it can be read on the way."
NEXT_PATH = (
    "Check the path: it is none of this source. A postback goes to /tracking/postback/ and the name of the source."
)
NEXT_SOURCE = "Check the name of the source in the address: it is not that of this source."
NEXT_KEY = "Check the key in the path: it is no live secret of this source."
NEXT_HOST = "Check the host: this path is not one of this source there."

_ROUTES = ("/tracking/postback", "/sandbox/postback")
_PORT = re.compile(r":[0-9]+\Z")


class AddressFault(msgspec.Struct, frozen=True):
    """Why production refuses an address: `reason` is None for plain HTTP, which is answered without one."""

    reason: Reason | None
    next: str


def find_address_fault(pasted: Pasted, source: Source) -> AddressFault | None:
    """Return what is wrong with the address of a pasted request; None if it is the source's, or if there is none."""
    if pasted.scheme == "http":
        return AddressFault(None, NEXT_PLAIN_HTTP)
    if not pasted.path:
        return None
    sent = pasted.path.decode("latin-1")
    path = unescape(pasted.path).decode("latin-1")
    if "//" in path or not {".", ".."}.isdisjoint(path.split("/")):  # the edge resolves those, and refuses
        return AddressFault(Reason.NOT_FOUND, NEXT_PATH)
    for route in _ROUTES:
        if path == route or path.startswith(route + "/"):
            return _check_slug(without_last_slash(path)[len(route) + 1 :], pasted, source)
    own = sent.removeprefix("/sandbox") if sent.startswith("/sandbox/") else sent
    return _check_own_path(without_last_slash(own), pasted.headers.get("host", ""), source)


def _check_slug(slug: str, pasted: Pasted, source: Source) -> AddressFault | None:
    if "/" in slug:
        return AddressFault(Reason.NOT_FOUND, NEXT_PATH)
    if not slug and has_too_many(pasted.query):  # then no parameter is read, and the request is malformed
        return None
    is_own = (slug or find_slug(pasted.query)) == source.slug
    return None if is_own else AddressFault(Reason.UNKNOWN_SOURCE, NEXT_SOURCE)


def _check_own_path(path: str, host: str, source: Source) -> AddressFault | None:
    # Of another tracker's paths, the edge compares what was sent, without decoding it.
    fault = AddressFault(Reason.NOT_FOUND, NEXT_PATH)
    for listed in map(without_last_slash, source.settings.paths):
        if path == listed and KEY not in listed:
            return _check_host(host, source)
        key = _find_key(path, listed) if KEY in listed else None
        if key is not None:
            if _is_live(key, source):
                return _check_host(host, source)
            fault = AddressFault(Reason.NOT_FOUND, NEXT_KEY)
    return fault


def _find_key(path: str, listed: str) -> str | None:
    before, after = split_path(listed)
    if len(path) <= len(before) + len(after) or not path.startswith(before) or not path.endswith(after):
        return None
    key = path[len(before) : len(path) - len(after)]
    return None if "/" in key else key


def _is_live(key: str, source: Source) -> bool:
    sent = key.encode("utf-8", "replace")
    matched = [one for one in source.keys if hmac.compare_digest(one.secret.encode("utf-8", "replace"), sent)]
    return bool(matched)


def _check_host(host: str, source: Source) -> AddressFault | None:
    bare = _PORT.sub("", host.lower())
    is_own = not bare or not source.settings.hosts or bare in source.settings.hosts
    return None if is_own else AddressFault(Reason.NOT_FOUND, NEXT_HOST)
