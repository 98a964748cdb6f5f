"""A click: a visit sent on to a campaign, under an id that the source must bring back."""

from collections.abc import Mapping
from datetime import datetime
from urllib.parse import quote

import msgspec

from postledger.domain.parameters import SUB_NAMES

ENTROPY_BYTES = 16
MAX_DESTINATION_CHARACTERS = 2000


class Click(msgspec.Struct, frozen=True):
    """One visit, as it is stored; one that another system made may have no campaign. `subs` came with it."""

    click_id: str
    campaign_id: int | None
    affiliate_id: str | None
    subs: dict[str, str] | None
    created_at: datetime


def make_click_id(unix_ms: int, secret_part: str) -> str:
    """Make an id of at most 50 characters of `[A-Za-z0-9_-]`: the time first, which keeps neighbours together in the
    index, then at least 128 random bits in base64url, which nobody can guess.
    """
    return f"{unix_ms:x}-{secret_part}"


def fill_destination(destination: str, campaign: str, click: Click) -> str:
    """Fill the macros of a campaign's configured destination, percent-encoded, so that no value can change its host."""
    values: Mapping[str, str | None] = {
        "click_id": click.click_id,
        "affiliate_id": click.affiliate_id,
        "campaign": campaign,
        **{name: (click.subs or {}).get(name) for name in SUB_NAMES},
    }
    for name, value in values.items():
        destination = destination.replace(f"{{{name}}}", quote(value or "", safe=""))
    return destination
