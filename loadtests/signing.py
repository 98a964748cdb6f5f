"""Signatures as senders make them, with the standard library alone.

Nothing here is shared with the verifier: a load test that signed with the verifier's own code would agree with its
mistakes.
"""

import base64
import hashlib
import hmac


def sign_query(secret: str, query: str) -> str:
    """Append the `sig` of postledger-v1 to a query: HMAC-SHA256 in hex over the query as it is sent."""
    return f"{query}&sig={hmac.digest(secret.encode(), query.encode(), 'sha256').hex()}"


def sign_webhook(secret: str, message_id: str, at_s: int, body: bytes) -> dict[str, str]:
    """Make the header fields of Standard Webhooks; the key is the base64 part of a `whsec_` secret."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    mac = hmac.digest(key, f"{message_id}.{at_s}.".encode() + body, "sha256")
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(at_s),
        "webhook-signature": f"v1,{base64.b64encode(mac).decode()}",
    }


def sign_cpx(secret: str, transaction: str) -> str:
    """Make the `secure_hash` of CPX Research: MD5 over the transaction id and the secret."""
    return hashlib.md5(f"{transaction}-{secret}".encode()).hexdigest()  # noqa: S324  (what that network does)
