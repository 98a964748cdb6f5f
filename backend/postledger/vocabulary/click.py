"""A click: a visit sent on to a campaign, under an id that the source must bring back."""

from datetime import datetime

import msgspec


class Click(msgspec.Struct, frozen=True):
    """One visit, as it is stored; one that another system made may have no campaign. `subs` came with it."""

    click_id: str
    campaign_id: int | None
    affiliate_id: str | None
    subs: dict[str, str] | None
    created_at: datetime
