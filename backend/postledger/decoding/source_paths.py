"""Checks a source's own paths, which it takes over from another tracker, and the key that a path may contain."""

import hmac
import re

KEY = "{key}"
MAX_PATH_CHARACTERS = 255
RESERVED = ("tracking", "sandbox", "receipts", "internal", "healthz", "schemas", "metrics", "status", "_refused")
"""First path segments that Postledger uses or may use. Neither a source's path nor a key may start with one."""

_PATH = re.compile(r"(/|(/[A-Za-z0-9._~-]+|/\{key\})+/?)")
_KEY = re.compile(r"[A-Za-z0-9._~-]{1,255}")
_HOST = re.compile(r"(?=.{1,253}\Z)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*")


def check_path(path: str) -> None:
    """Refuse a malformed or reserved path; raises ValueError. Valid are `/postback` and `/{key}/postback`."""
    if not _PATH.fullmatch(path) or path.count(KEY) > 1 or len(path) > MAX_PATH_CHARACTERS:
        raise ValueError(
            'must be paths such as "/postback" or "/{key}/postback", made of A-Z a-z 0-9 . _ ~ - and slashes'
        )
    parts = path.split("/")
    if "." in parts or ".." in parts:
        raise ValueError("a path cannot contain the segments . and ..; remove them")
    if parts[1] in RESERVED or path.startswith("/click/"):
        raise ValueError(f"{path} is reserved for Postledger; use another path")


def check_key(key: str) -> None:
    """Refuse a secret that cannot be part of a path; raises ValueError, which never quotes it."""
    if not _KEY.fullmatch(key) or key in (".", "..") or key in RESERVED:
        raise ValueError("it cannot be part of a path; use only A-Z a-z 0-9 . _ ~ -")


def check_host(host: str) -> None:
    """Refuse anything but a host name in lower case; raises ValueError."""
    if not _HOST.fullmatch(host):
        raise ValueError('must be host names in lower case, such as "track.example.com", without a port')


def without_last_slash(path: str) -> str:
    """Return a path without its last slash: both are the same route."""
    return path[:-1] if len(path) > 1 and path.endswith("/") else path


def split_path(path: str) -> tuple[str, str]:
    """Split a path at its key; raises ValueError if it has none."""
    before, key, after = path.partition(KEY)
    if not key:
        raise ValueError("signature: a path needs {key}; add it")
    return before, after


def digest_key(salt: bytes, key: str) -> str:
    """Digest a key for the edge's lookup: hex of HMAC-SHA1, the only HMAC that nginx's Lua has.

    The edge finds the source by this digest, so neither its memory nor its disk holds the key. The backend then
    compares the key itself.
    """
    return hmac.digest(salt, key.encode(), "sha1").hex()
