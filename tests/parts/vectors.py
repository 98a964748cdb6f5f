"""The published examples of signatures, each as the request that its network would send, with the profile for it."""

import json
import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec

from postledger.signatures.profile_schema import Profile, read_profile
from postledger.vocabulary.incoming_request import Request

_DATA = Path(__file__).parent.parent / "data"
_PROFILES = tomllib.loads((_DATA / "vector-profiles.toml").read_text())
_SIGNED_TIMES = {
    "slack_v0": 1531420618.0,
    "standard_webhooks": 1614265330.0,
    "svix": 1614265330.0,
    "standard_webhooks_ed25519": 1614265330.0,
    "stripe": 1533204620.0,
    "paddle_billing": 1710929255.0,
    "sinch_callback": 1411556381.0,
    "rfc9421_hmac_sha256": 1618884473.0,
    "scalr": 1504765804.0,
}
FORM = "application/x-www-form-urlencoded"


class Vector(msgspec.Struct, frozen=True):
    """One example: what is sent, under which secret, to which address, and when if the time is signed."""

    name: str
    scheme: str
    secret: str
    method: str
    public_url: str
    query: bytes
    body: bytes
    headers: dict[str, str]
    signed_s: float | None

    @property
    def profile(self) -> Profile:
        """The profile of its scheme."""
        return read_profile(_PROFILES[self.scheme])

    def request(self, **changes: Any) -> Request:
        """The request as the backend takes it off the wire, at the time that was signed."""
        headers = {name.lower(): value for name, value in self.headers.items()}
        now = datetime.fromtimestamp(self.signed_s or 1_790_000_000, UTC)
        request = Request(
            "receipt", now, self.method, path=b"/tracking/postback/x", query=self.query, body=self.body,
            media_type=headers.get("content-type", "application/json"), headers=headers,
        )  # fmt: skip
        return msgspec.structs.replace(request, **changes)


def read_vectors() -> list[Vector]:
    """Read all examples; the one that is an answer is turned into the notice that is signed alike."""
    documents = json.loads((_DATA / "signature-vectors.json").read_text())
    return [_read(number, document) for number, document in enumerate(documents)]


def _read(number: int, document: dict[str, Any]) -> Vector:
    parts = urlsplit(document["url"] or "https://example.com/hook")
    scheme, body = document["scheme"], document["body"].encode()
    if scheme == "avangate_ipn_response":
        body += b"&HASH=" + document["signature"].encode()
    return Vector(
        f"{number}-{scheme}",
        scheme,
        document["secret"],
        document["method"],
        f"{parts.scheme}://{parts.netloc}{parts.path}",
        parts.query.encode(),
        body,
        document["headers"],
        _SIGNED_TIMES.get(scheme),
    )
