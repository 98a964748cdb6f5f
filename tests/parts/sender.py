"""A source's side of a postback: signs it as the contract says, sends it, and reads the answer.

The signatures are made here anew and not by the code under test, so that the two can disagree.
"""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import httpx

DEFAULT_SECRET = "s3cret-current"
FORM = "application/x-www-form-urlencoded"
JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Postback:
    """One request, ready to be sent, as often as one likes: a repeat is byte for byte the same."""

    method: str
    target: str
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: the HTTP status and the members of the JSON body, None where they are absent."""

    code: int
    status: str | None = None
    receipt: str | None = None
    reason: str | None = None
    parameter: str | None = None
    cause: str | None = None
    byte_offset: int | None = None
    retry_after: str | None = None

    @property
    def is_success(self) -> bool:
        """True for 2xx: the sender may forget the postback."""
        return 200 <= self.code < 300


class Sender:
    """Makes postbacks of one source; `path` may name the sandbox instead."""

    def __init__(self, slug: str, secret: str = DEFAULT_SECRET, path: str = "/tracking/postback") -> None:
        self.target, self.secret = f"{path}/{slug}", secret

    def get(self, parameters: Mapping[str, str] | str, at_s: float | None = None) -> Postback:
        """A GET with `ts` and `sig`; a string is taken as the raw query and signed as it stands."""
        raw = parameters if isinstance(parameters, str) else urlencode(parameters)
        query = f"{raw}&ts={int(time.time() if at_s is None else at_s)}"
        return Postback("GET", f"{self.target}?{query}&sig={sign_query(self.secret, query.encode())}")

    def form(self, parameters: Mapping[str, str] | str, at_s: float | None = None) -> Postback:
        """A POST of a form under Standard Webhooks headers."""
        raw = parameters if isinstance(parameters, str) else urlencode(parameters)
        return self.post(raw.encode(), FORM, at_s)

    def json(self, parameters: Mapping[str, Any], at_s: float | None = None) -> Postback:
        """A POST of a flat JSON object under Standard Webhooks headers."""
        return self.post(json.dumps(parameters).encode(), JSON, at_s)

    def post(self, body: bytes, media_type: str, at_s: float | None = None) -> Postback:
        """A POST of any body under Standard Webhooks headers."""
        headers = {"Content-Type": media_type, **webhook_headers(self.secret, body, at_s)}
        return Postback("POST", self.target, body, headers)


def sign_query(secret: str, query: bytes) -> str:
    """The `sig` of a raw query string."""
    return hmac.new(secret.encode(), query, hashlib.sha256).hexdigest()


def sign_webhook(secret: str, message_id: str, timestamp: str, body: bytes) -> str:
    """The `webhook-signature` of a body, as Standard Webhooks define it."""
    key = base64.b64decode(secret.removeprefix("whsec_")) if secret.startswith("whsec_") else secret.encode()
    mac = hmac.new(key, f"{message_id}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    return "v1," + base64.b64encode(mac).decode()


def webhook_headers(secret: str, body: bytes, at_s: float | None = None) -> dict[str, str]:
    """The three headers of Standard Webhooks for a body."""
    message_id, timestamp = f"msg_{uuid4().hex}", str(int(time.time() if at_s is None else at_s))
    signature = sign_webhook(secret, message_id, timestamp, body)
    return {"webhook-id": message_id, "webhook-timestamp": timestamp, "webhook-signature": signature}


def send(client: httpx.Client, postback: Postback) -> Answer:
    """Send a postback over a client whose base URL is the edge (or the backend) and read the answer."""
    answer = client.request(
        postback.method, postback.target, content=postback.body or None, headers=dict(postback.headers)
    )
    return read_answer(answer.status_code, answer.content, answer.headers.get("retry-after"))


def read_answer(code: int, body: bytes, retry_after: str | None = None) -> Answer:
    """Read an answer of the contract's shape; one of another shape keeps its code and nothing else."""
    try:
        said = json.loads(body)
    except ValueError:
        said = None
    said = said if isinstance(said, dict) else {}  # the ack of a source may be the number 1
    return Answer(
        code, said.get("status"), said.get("id"), said.get("reason"), said.get("parameter"),
        said.get("cause"), said.get("byte_offset"), retry_after,
    )  # fmt: skip
