"""Records a visit as a click, and returns the destination to redirect the visitor to.

A visitor of a known campaign is always redirected. A click that cannot be stored is shed: its id still names the
campaign, so that its conversion is booked.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from secrets import token_bytes
from urllib.parse import quote

import msgspec

from postledger.clicks.visit import Visit
from postledger.decoding.parameters import SUB_NAMES
from postledger.policy.policy import Policy
from postledger.vocabulary.click import Click, LabelCause, ShedCause
from postledger.vocabulary.click_id import mint_click_id
from postledger.vocabulary.refusal import Reason, Refused

_KEY_BYTES = 32


class UnknownCampaign(Exception):
    """No campaign has that slug."""


class ClickCounters(msgspec.Struct, frozen=True):
    """What is counted, by the slug of the campaign."""

    recorded: Callable[[str], None]
    shed: Callable[[str, ShedCause], None]
    label: Callable[[str, LabelCause], None]


class RecordClick:
    """Stores a click under a new id. `store` returns when it is durable, therefore no postback can come too early.

    It returns why the click was not stored, or None.
    """

    def __init__(
        self,
        policy: Callable[[], Policy | None],
        store: Callable[[Click], ShedCause | None],
        counters: ClickCounters,
    ) -> None:
        self._policy, self._store, self._counters = policy, store, counters

    def __call__(self, slug: str, visit: Visit, now: datetime, *, is_over_rate: bool = False) -> str:
        """Record a click and return the destination with its macros filled. Raises as `redirect` does."""
        click, destination = self._make(slug, visit, now)
        for cause in visit.notes.values():
            self._counters.label(slug, cause)
        shed = ShedCause.RATE if is_over_rate else self._store(click)
        if shed is None:
            self._counters.recorded(slug)
        else:
            self._counters.shed(slug, shed)
        return destination

    def redirect(self, slug: str, visit: Visit, now: datetime) -> str:
        """Return the destination under a new id without recording a click. Raises `UnknownCampaign` or `Refused`."""
        return self._make(slug, visit, now)[1]

    def _make(self, slug: str, visit: Visit, now: datetime) -> tuple[Click, str]:
        policy = self._policy()
        if policy is None:
            raise Refused(Reason.UNAVAILABLE)
        campaign = policy.campaigns.get(slug)
        if campaign is None:
            raise UnknownCampaign
        # Without the ledger's key no id can be verified. The click has a row in most cases, and needs no more.
        key = policy.click_key or token_bytes(_KEY_BYTES)
        click_id = mint_click_id(key, int(now.timestamp() * 1000), campaign.id)
        click = Click(click_id, campaign.id, visit.affiliate_id, visit.subs or None, now, visit.notes or None)
        return click, fill_destination(campaign.destination, campaign.slug, click)


def fill_destination(destination: str, campaign: str, click: Click) -> str:
    """Fill the macros of a destination. Values are percent-encoded, because no value may change the host."""
    values: Mapping[str, str | None] = {
        "click_id": click.click_id,
        "affiliate_id": click.affiliate_id,
        "campaign": campaign,
        **{name: (click.subs or {}).get(name) for name in SUB_NAMES},
    }
    for name, value in values.items():
        destination = destination.replace(f"{{{name}}}", quote(value or "", safe=""))
    return destination
