"""A click id: 48 characters that hold a visit's time and campaign, and a MAC, so that an id of a visit that was never
stored can still be verified.

The characters are 0-9 and a-v (base 32). They survive a network that changes the case, fit the 50 characters that some
networks keep, and contain no placeholder. The time comes first: new ids are then neighbours in the index.
"""

import hmac
import re
from base64 import b32hexencode
from secrets import token_bytes

import msgspec

LENGTH = 48
"""Characters of an id: 6 bytes of unix milliseconds, 4 of the campaign, 8 random ones, 12 of the MAC."""

_TIME_BYTES, _CAMPAIGN_BYTES, _RANDOM_BYTES, _MAC_BYTES = 6, 4, 8, 12
_NAMED_BYTES = _TIME_BYTES + _CAMPAIGN_BYTES
_BODY_BYTES = _NAMED_BYTES + _RANDOM_BYTES
_FORM = re.compile(f"[0-9a-v]{{{LENGTH}}}")


class Minted(msgspec.Struct, frozen=True):
    """What a click id of ours holds."""

    unix_ms: int
    campaign_id: int


def mint_click_id(key: bytes, unix_ms: int, campaign_id: int) -> str:
    """Make the id of a new visit. Without the key none can be guessed or forged."""
    named = unix_ms.to_bytes(_TIME_BYTES, "big") + campaign_id.to_bytes(_CAMPAIGN_BYTES, "big")
    body = named + token_bytes(_RANDOM_BYTES)
    return b32hexencode(body + _mac(key, body)).decode().lower()


def verify_click_id(key: bytes, click_id: str) -> Minted | None:
    """Read an id that was made with this key. None for any other text.

    The time is not compared with a clock: an id is as old as its visit, and clocks of two machines differ.
    """
    if not _FORM.fullmatch(click_id):
        return None
    octets = int(click_id, 32).to_bytes(_BODY_BYTES + _MAC_BYTES, "big")
    body, mac = octets[:_BODY_BYTES], octets[_BODY_BYTES:]
    if not hmac.compare_digest(mac, _mac(key, body)):
        return None
    return Minted(int.from_bytes(body[:_TIME_BYTES], "big"), int.from_bytes(body[_TIME_BYTES:_NAMED_BYTES], "big"))


def _mac(key: bytes, body: bytes) -> bytes:
    return hmac.digest(key, body, "sha256")[:_MAC_BYTES]
