"""Paths of a source's own, as another tracker had them: their form, and the key that may stand in one of them.

Apart from the sources, because profiles look for the key and the edge's snapshot names the paths.
"""

import hmac
import re

KEY = "{key}"
MAX_PATH_CHARACTERS = 255
RESERVED = ("tracking", "sandbox", "internal", "healthz", "schemas", "metrics", "status", "_refused")
"""First parts of paths that are ours, or might be: no source can have them, and no key can be one of them."""

_PATH = re.compile(r"(/|(/[A-Za-z0-9._~-]+|/\{key\})+/?)")
_KEY = re.compile(r"[A-Za-z0-9._~-]{1,255}")
_HOST = re.compile(r"(?=.{1,253}\Z)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*")


def check_path(path: str) -> None:
    """Refuse what is no path such as `/postback` or `/{key}/postback`, and what belongs to us; ValueError."""
    if not _PATH.fullmatch(path) or path.count(KEY) > 1 or len(path) > MAX_PATH_CHARACTERS:
        raise ValueError('must be paths such as "/postback" or "/{key}/postback", of A-Z a-z 0-9 . _ ~ - and slashes')
    parts = path.split("/")
    if "." in parts or ".." in parts:
        raise ValueError("a path cannot have . or .. for a part")
    if parts[1] in RESERVED or path.startswith("/click/"):
        raise ValueError(f"{path} is ours; a source cannot have it")


def check_key(key: str) -> None:
    """Refuse a secret that could not stand in a path as it is; ValueError, which never quotes it."""
    if not _KEY.fullmatch(key) or key in (".", "..") or key in RESERVED:
        raise ValueError("it cannot stand in a path; one of A-Z a-z 0-9 . _ ~ - can")


def check_host(host: str) -> None:
    """Refuse what is no host name in lower case; ValueError."""
    if not _HOST.fullmatch(host):
        raise ValueError('must be host names in lower case, such as "track.example.com", without a port')


def split_path(path: str) -> tuple[str, str]:
    """Split a path at the place of its key; ValueError where it has none."""
    before, key, after = path.partition(KEY)
    if not key:
        raise ValueError("signature: a path needs {key} in it")
    return before, after


def digest_key(salt: bytes, key: str) -> str:
    """Digest a key as the edge looks it up: hex of HMAC-SHA1, which is what nginx's Lua has.

    The edge finds a source by it, and neither its memory nor its disk holds the key; the backend then compares the key.
    """
    return hmac.digest(salt, key.encode(), "sha1").hex()
