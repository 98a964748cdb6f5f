"""A network as seen by itself: how it signs a postback of its own, by a hand that knows nothing of the code under test.

Each hand follows what the network has published; secrets and keys are ours, and fresh for every run.
"""

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.parts.sender import Postback

PUBLIC_URL = "https://track.example.com"
PATH = "/tracking/postback/"
SECRET = secrets.token_hex(16)
WHSEC_KEY = secrets.token_bytes(24)

_ecdsa = generate_private_key(SECP256R1())
_ed25519 = Ed25519PrivateKey.generate()
SPKI = _ecdsa.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
ED25519 = _ed25519.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)

Sign = Callable[[str, str, int], Postback]
"""From the path, an id that no other postback has, and the time in unix seconds to a signed postback."""


@dataclass(frozen=True, slots=True)
class Network:
    """One network: the table of its source, its secrets, its hand, and what of its postback the signature covers.

    `covered` are pieces of the request, each with what somebody might put in its place.
    """

    name: str
    table: Mapping[str, Any]
    sign: Sign
    covered: Mapping[str, str]
    is_timed: bool = False
    secrets: Sequence[str] = field(default=(SECRET,))

    @property
    def slug(self) -> str:
        """The source's name."""
        return self.name.replace(".", "-")

    def postback(self, unique: str, at_s: int) -> Postback:
        """A postback of its own, signed at a time."""
        return self.sign(PATH + self.slug, unique, at_s)


def sign_ecdsa(message: bytes) -> bytes:
    """Sign as Google and Apple do: DER of ECDSA P-256 over SHA-256."""
    return _ecdsa.sign(message, ECDSA(SHA256()))


def sign_ed25519(message: bytes) -> bytes:
    """Sign with the private half of `ED25519`."""
    return _ed25519.sign(message)


def tamper(postback: Postback, old: str, new: str) -> Postback:
    """Put something else in the place of a piece, wherever in the request it stands."""
    headers = {name: value.replace(old, new) for name, value in postback.headers.items()}
    changed = replace(
        postback,
        target=postback.target.replace(old, new),
        body=postback.body.replace(old.encode(), new.encode()),
        headers=headers,
    )
    assert changed != postback, f"{old} is not in the postback"
    return changed
