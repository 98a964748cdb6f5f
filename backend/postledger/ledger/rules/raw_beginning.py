"""How much is stored of what a sender without a secret sent: the beginning, and length and hash of the whole."""

import hashlib

import msgspec

MAX_UNPROVED_RAW_BYTES = 1024


class Whole(msgspec.Struct, frozen=True):
    """The length in bytes, and the SHA-256, of content of which only the beginning is stored.

    Without a hash the content may hold personal data that nothing has masked.
    """

    length: int
    sha256: bytes | None


def measure(content: bytes) -> Whole:
    """Measure content that holds nothing to mask."""
    return Whole(len(content), hashlib.sha256(content).digest())


def cut(content: bytes) -> bytes:
    """Return the beginning of masked content.

    It ends with a whole value, because `forget` finds no other. A value that fills the whole beginning is longer than
    any id.
    """
    beginning = content[:MAX_UNPROVED_RAW_BYTES]
    if len(content) <= MAX_UNPROVED_RAW_BYTES:
        return beginning
    is_json = content.lstrip().startswith((b"{", b"["))
    end = beginning.rfind(b",") + 1 if is_json else beginning.rfind(b"&")  # in JSON, the comma ends a number
    return beginning[:end] if end > 0 else beginning
