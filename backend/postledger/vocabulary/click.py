"""A click: a visit that was redirected to a campaign, with an id that the source must send back."""

from datetime import datetime
from enum import StrEnum

import msgspec

FORGOTTEN = "forgotten"
"""What replaces an erased click id."""


class LabelCause(StrEnum):
    """Why a label of a visit or of a postback is not stored as it was sent."""

    TOO_LONG = "too_long"
    ENCODING = "encoding"
    UNPRINTABLE = "unprintable"
    REPEATED = "repeated"
    NESTED = "nested"
    TOO_MANY_BYTES = "too_many_bytes"
    UNRESOLVED_MACRO = "unresolved_macro"


class ShedCause(StrEnum):
    """Why a click was not stored. Its visitor is redirected as usual."""

    RATE = "rate"
    QUEUE = "queue"
    UNAVAILABLE = "unavailable"


class Click(msgspec.Struct, frozen=True):
    """One visit as it is stored. A click that was imported from another system may have no campaign.

    `label_notes` names the labels that were cut or left out.
    """

    click_id: str
    campaign_id: int | None
    affiliate_id: str | None
    subs: dict[str, str] | None
    created_at: datetime
    label_notes: dict[str, LabelCause] | None = None
