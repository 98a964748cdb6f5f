"""Decides whether a postback belongs to a conversion that was booked under a former dedup key. Pure."""

from collections.abc import Mapping
from decimal import Decimal
from typing import NamedTuple

from postledger.vocabulary.conversion_event import Event


class Booked(NamedTuple):
    """What is booked under a dedup key."""

    click_id: str
    payout: Decimal | None
    currency: str | None


def choose_key(event: Event, booked: Mapping[str, Booked]) -> str:
    """Choose the key of an event: a former one if its conversion was booked under that.

    Under an uncertain key there may be another conversion of the same click. It is this one if the money is the same,
    and if nothing is booked under the present key.
    """
    for former in event.former_keys:
        found = booked.get(former.dedup_key)
        if found is not None and (former.is_certain or _may_be(event, found, booked)):
            return former.dedup_key
    return event.dedup_key


def _may_be(event: Event, found: Booked, booked: Mapping[str, Booked]) -> bool:
    if event.dedup_key in booked or event.click_id != found.click_id.strip():
        return False
    return event.payout is None or (abs(event.payout), event.currency) == (found.payout, found.currency)
