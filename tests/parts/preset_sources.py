"""A source of each preset and dialect, as `apply` creates it, for tests that need all of them."""

from typing import Any

from postledger.policy.config_file import read_configuration
from postledger.policy.preset_files import read_known
from postledger.policy.source import Source, find_profile
from postledger.signatures.secret_key import Key

KNOWN = read_known()
SECRET = "s3cret-current"
SPKI = (
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE+nzvoGqvDeB9+SzE6igTl7TyK4JBbglwir9oTcQta8NuG26ZpZFxt+F2NDk7asTE6/2Yc8i1ATcGIqtu"
    "S5hv0Q=="
)
ED25519 = "whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4="
ONLY_THEIRS = {"admob-ssv": SPKI, "skadnetwork": SPKI, "standard-webhooks-v1a": ED25519, "svix-v1a": ED25519}
"""Public keys: only the network has the private keys."""


def make_preset_source(name: str, **own: Any) -> Source:
    """A source of a preset."""
    return make_source(ONLY_THEIRS.get(name, SECRET), preset=name, public_url="https://t.example", **own)


def make_dialect_source(name: str, auth: str) -> Source:
    """A source of a dialect. Keitaro's token is in its path."""
    return make_source(SECRET, dialect=name, **({} if name == "keitaro" else {"auth": auth}))


def make_source(secret: str, **own: Any) -> Source:
    """A source with one secret."""
    document = {"slug": "acme", "secrets": [secret], **own}
    settings = read_configuration({"sources": [document]}, {}, KNOWN).sources["acme"].settings
    return Source(1, "acme", settings, (Key.from_secret(7, secret),), find_profile(settings))
