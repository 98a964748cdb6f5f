"""What stands in the ledger for what nobody may read there: keyed hashes for personal data, networks for addresses."""

import hashlib
import hmac
import ipaddress
import re

MASK = "***"
_HASH = re.compile(r"h-[0-9a-f]{32}")
_CHARACTERS = 32


def hash_personal(key: bytes, value: str) -> str:
    """Replace a value by its keyed hash: the same for the same value in any case, and unreadable without the key.

    It is made of letters, digits and a hyphen, so that it reads the same in a query, a form and JSON. Nothing stays
    nothing.
    """
    if not value:
        return value
    written = value.strip().lower().encode()
    return "h-" + hmac.digest(key, written, hashlib.sha256).hex()[:_CHARACTERS]


def is_hash(text: str) -> bool:
    """Tell whether a text is of the form that `hash_personal` gives."""
    return _HASH.fullmatch(text) is not None


def shorten_address(address: str | None) -> str | None:
    """Cut a client address to the network that it is in: /24 of IPv4, /48 of IPv6."""
    if address is None:
        return None
    bits = 48 if ":" in address else 24
    return str(ipaddress.ip_network(f"{address}/{bits}", strict=False))
