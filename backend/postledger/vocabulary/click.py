"""A click: a visit that was redirected to a campaign, with an id that the source must send back."""

from datetime import datetime

import msgspec


class Click(msgspec.Struct, frozen=True):
    """One visit as it is stored. A click that was imported from another system may have no campaign."""

    click_id: str
    campaign_id: int | None
    affiliate_id: str | None
    subs: dict[str, str] | None
    created_at: datetime
