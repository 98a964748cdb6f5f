"""Replaces personal data before they are stored: keyed hashes for values, networks for client addresses."""

import hashlib
import hmac
import ipaddress
import re

MASK = "***"
_HASH = re.compile(r"h-[0-9a-f]{32}")
_CHARACTERS = 32


def hash_personal(key: bytes, value: str) -> str:
    """Replace a value with its keyed hash, which ignores case and surrounding spaces; an empty value stays empty.

    The hash consists of letters, digits and a hyphen, so that a query, a form and JSON need no escapes for it.
    """
    if not value:
        return value
    normalized = value.strip().lower().encode("utf-8", "surrogatepass")  # an unreadable value
    return "h-" + hmac.digest(key, normalized, hashlib.sha256).hex()[:_CHARACTERS]


def is_hash(text: str) -> bool:
    """Return whether a text has the format of `hash_personal`."""
    return _HASH.fullmatch(text) is not None


def shorten_address(address: str | None) -> str | None:
    """Reduce a client address to its network: /24 for IPv4, /48 for IPv6."""
    if address is None:
        return None
    bits = 48 if ":" in address else 24
    return str(ipaddress.ip_network(f"{address}/{bits}", strict=False))
