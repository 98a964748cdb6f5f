"""How much is stored of what was sent: no partner token, and of a sender without a secret the beginning alone.

With the beginning go the length and the hash of the whole.
"""

import hashlib
import re

import msgspec

MAX_UNPROVED_RAW_BYTES = 1024
TOKEN_SIGN = b"plt"
"""What every partner token begins with, and hardly any other request holds: a cheap first look."""

_TOKEN = re.compile(
    rb"plt(?:_|%5f|\\u005f)(?:[a-z0-9_-]|%5f|%2d|\\u005f|\\u002d){43}", re.IGNORECASE
)  # also with the escapes of a query or of JSON
_MASKED_TOKEN = b"plt_***"


class Whole(msgspec.Struct, frozen=True):
    """The length in bytes, and the SHA-256, of content of which only the beginning is stored.

    Without a hash the content may hold personal data that nothing has masked.
    """

    length: int
    sha256: bytes | None


def mask_tokens(content: bytes) -> bytes:
    """Mask partner tokens that a sender put where they do not belong. They open what the source may know."""
    return _TOKEN.sub(_MASKED_TOKEN, content)


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
