"""What rules and categories may use of a conversion."""

import msgspec


class Facts(msgspec.Struct, frozen=True):
    """A conversion as rules see it: slugs of the source and campaign, the affiliate's id, and the names of all three.

    A name is None if the object is not configured.
    """

    source: str
    event: str
    campaign: str | None = None
    affiliate: str | None = None
    source_name: str | None = None
    campaign_name: str | None = None
    affiliate_name: str | None = None
