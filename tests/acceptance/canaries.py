"""Canaries: values that nobody could write by accident, and all the forms in which they could escape.

Apart from the test because the search is itself tested: one that finds nothing proves nothing until it finds something.
"""

import base64
import random
import secrets
from collections.abc import Iterator

ALIGNMENTS = (0, 1, 2)


class Canaries:
    """One payout, one secret, one e-mail address, and each signature that was made while they were sent."""

    def __init__(self) -> None:
        # It does not end with a zero, which an amount loses where it is shown.
        self.payout = f"{random.randrange(40_000, 99_999)}.{random.randrange(10_000, 99_999)}1"  # noqa: S311
        self.secret = f"canary-{secrets.token_hex(12)}"
        self.email = f"canary.{secrets.token_hex(12)}@mail.example"
        self._needles: dict[bytes, str] = {}
        for what, value in (("payout", self.payout), ("secret", self.secret)):
            self.watch(what, value)
        # Without the "@", which has too many ways to be written.
        self.watch("email", self.email.partition("@")[0])

    def watch(self, what: str, value: str) -> None:
        """Look for this value too, in each of its forms."""
        for form, needle in forms(value.encode()):
            self._needles[needle.lower()] = f"{what} ({form})"

    def find(self, haystack: bytes) -> list[str]:
        """Name the canaries in some bytes; letter case is not looked at, which finds more and never less."""
        lowered = haystack.lower()
        return sorted({label for needle, label in self._needles.items() if needle in lowered})


def forms(value: bytes) -> Iterator[tuple[str, bytes]]:
    """A value as it is, percent-encoded, in hex, and in base64 wherever in a longer text it stood."""
    yield "plain", value
    yield "percent-encoded", percent_encode(value)
    yield "hex", value.hex().encode()
    yield "escaped hex", b"".join(b"\\x%02x" % byte for byte in value)
    for alignment in ALIGNMENTS:
        yield f"base64 at {alignment}", base64_within(value, alignment)


def percent_encode(value: bytes) -> bytes:
    """Every single byte as `%xx`, as nobody needs to and anybody may."""
    return b"".join(b"%%%02x" % byte for byte in value)


def base64_within(value: bytes, alignment: int) -> bytes:
    """The part of a longer text's base64 that depends on this value alone, when so many bytes modulo 3 go before it."""
    encoded = base64.b64encode(b"\0" * alignment + value)
    start = (0, 2, 3)[alignment]
    whole = (alignment + len(value)) // 3 * 4
    return encoded[start:whole]
