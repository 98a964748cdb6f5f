"""The signature profile `postledger-v1`: a query HMAC for GET, Standard Webhooks headers for POST.

Verification works over the exact bytes that arrived, tries every live secret, and compares in constant time.
"""

import base64
import binascii
import hmac
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from postledger.domain.refusal import Reason, Refused

FUTURE_TOLERANCE_S = 300
_WHSEC = "whsec_"
_HEADER_FAMILIES = ("webhook", "svix")


class Key(msgspec.Struct, frozen=True):
    """One live secret, ready for use: the secret's id in the ledger and the key bytes of each form of signature."""

    secret_id: int
    query: bytes
    webhook: bytes

    @classmethod
    def from_secret(cls, secret_id: int, secret: str) -> "Key":
        """Derive both keys; an empty secret or a broken `whsec_` raises ValueError, for it would let forgeries pass."""
        webhook = decode_whsec(secret) if secret.startswith(_WHSEC) else secret.encode()
        if not secret.strip() or not webhook:
            raise ValueError("the secret is empty")
        return cls(secret_id, secret.encode(), webhook)


class WebhookHeaders(msgspec.Struct, frozen=True):
    """The three headers of Standard Webhooks 1.0 (also under their older `svix-` names)."""

    id: str
    timestamp: str
    signature: str


def decode_whsec(secret: str) -> bytes:
    """Decode the key in `whsec_<base64>`; ValueError where it is not base64."""
    try:
        return base64.b64decode(secret.removeprefix(_WHSEC), validate=True)
    except binascii.Error as error:
        raise ValueError("what follows whsec_ is not base64") from error


def sign_query(key: bytes, message: bytes) -> str:
    """Sign a raw query string: lower-case hex of HMAC-SHA256."""
    return hmac.digest(key, message, "sha256").hex()


def sign_webhook(key: bytes, message_id: str, timestamp: str, body: bytes) -> str:
    """Sign a body as Standard Webhooks does: `v1,` and the base64 of HMAC-SHA256 over `id.timestamp.body`."""
    mac = hmac.digest(key, b"%b.%b.%b" % (message_id.encode("latin-1"), timestamp.encode("latin-1"), body), "sha256")
    return "v1," + base64.b64encode(mac).decode()


def find_webhook_headers(headers: Mapping[str, str]) -> WebhookHeaders:
    """Take the first complete family of signature headers, by lower-case name."""
    for family in _HEADER_FAMILIES:
        parts = [headers.get(f"{family}-{part}", "") for part in ("id", "timestamp", "signature")]
        if all(parts):
            return WebhookHeaders(*parts)
    raise Refused(Reason.MISSING_SIGNATURE)


def match_query(keys: Sequence[Key], message: bytes, signature: str) -> Key:
    """Find the key that signed a raw query string."""
    given = signature.encode()
    matches = [key for key in keys if hmac.compare_digest(sign_query(key.query, message).encode(), given)]
    return _first(matches)


def match_webhook(keys: Sequence[Key], sent: WebhookHeaders, body: bytes) -> Key:
    """Find the key that made one of the signatures in a Standard Webhooks header list."""
    given = [part.encode("latin-1") for part in sent.signature.split(" ") if part.startswith("v1,")]
    matches = [key for key in keys if _signed_one_of(given, sign_webhook(key.webhook, sent.id, sent.timestamp, body))]
    return _first(matches)


def _signed_one_of(given: Iterable[bytes], expected: str) -> bool:
    return any([hmac.compare_digest(expected.encode(), signature) for signature in given])  # noqa: C419 - compares them all


def _first(matches: Sequence[Key]) -> Key:
    if not matches:
        raise Refused(Reason.BAD_SIGNATURE)
    return matches[0]


def check_timestamp(sent_s: int, received_s: float, tolerance_s: int) -> None:
    """Refuse a signature that was made too long before, or too far after, the moment of receipt (unix seconds)."""
    if received_s - sent_s > tolerance_s:
        raise Refused(Reason.STALE_TIMESTAMP)
    if sent_s - received_s > FUTURE_TOLERANCE_S:
        raise Refused(Reason.FUTURE_TIMESTAMP)
