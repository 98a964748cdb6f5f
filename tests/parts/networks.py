"""All networks that have a hand here, and what tests need of each: its source on a ledger, and where it signs."""

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec

from postledger.policy.config_file import read_configuration
from postledger.policy.preset_files import read_known
from postledger.policy.source import Settings
from postledger.signatures.profile_schema import Profile
from tests.parts.network import Network
from tests.parts.sender import Postback
from tests.parts.sources import UNLIMITED, add_source
from tests.parts.wall_senders import WALLS
from tests.parts.webhook_senders import WEBHOOKS

NETWORKS = (*WEBHOOKS, *WALLS)
_ITEM = re.compile(r"[A-Za-z0-9+/=_-]{24,}")


def read_settings(network: Network, **beside: Any) -> Settings:
    """Read the settings that `apply` would make of a network's table, and of what stands beside it."""
    document = {"slug": network.slug, "secrets": list(network.secrets), **UNLIMITED, **network.table, **beside}
    return read_configuration({"sources": [document]}, {}, read_known()).sources[network.slug].settings


def add_network(url: str, master_key: str, network: Network, **beside: Any) -> None:
    """Add the source of a network to a ledger."""
    settings = msgspec.to_builtins(read_settings(network, click="optional", **beside))
    add_source(url, master_key, network.slug, network.secrets, settings)


def find_signatures(network: Network, postback: Postback) -> Iterator[str]:
    """Find the signatures that a postback bears, and whatever else its list of them holds."""
    profile = read_settings(network).signature
    assert isinstance(profile, Profile)
    place = profile.schemes[0].signature
    if place.location == "header":
        yield from _ITEM.findall(postback.headers[place.name])
    elif place.location == "json":
        yield json.loads(postback.body)[place.name]
    else:
        sent = urlsplit(postback.target).query if place.location == "query" else postback.body.decode()
        yield parse_qs(sent)[place.name][0]
