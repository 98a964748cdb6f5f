"""A forward: which changes of conversions are sent on, where to and how; and what is known of one change."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from typing import Literal

import msgspec

from postledger.decoding.patterns import matches as match_name
from postledger.outgoing.rules.url_template import UrlTemplate
from postledger.vocabulary.statuses import Status

Method = Literal["GET", "form", "json"]
METHODS: tuple[Method, ...] = ("GET", "form", "json")
CONCURRENCY, TIMEOUT_S, SWITCH_OFF_AFTER_S = 8, 10, 5 * 86400


class Facts(msgspec.Struct, frozen=True):
    """What is known of one change: the conversion as it was after it. Times are aware, amounts are exact.

    `receipt` names the postback that made the change, and `source` and `campaign` are slugs.
    """

    receipt: str
    revision: int
    conversion_id: str
    source: str
    event: str
    status: Status
    click_id: str
    transaction_id: str | None = None
    campaign: str | None = None
    affiliate_id: str | None = None
    payout: Decimal | None = None
    currency: str | None = None
    event_time: datetime | None = None
    subs: Mapping[str, str] = {}
    is_backfill: bool = False


class Match(msgspec.Struct, frozen=True, omit_defaults=True):
    """The changes that a forward sends. An empty field matches all; in a name, `*` stands for any text."""

    source: tuple[str, ...] = ()
    campaign: tuple[str, ...] = ()
    event: tuple[str, ...] = ()
    status: tuple[Status, ...] = ()


class Forward(msgspec.Struct, frozen=True, dict=True, omit_defaults=True):
    """A forward as configured, without its secrets.

    `statuses` and `events` give the receiver's words for ours. An empty `expect` stands for each 2xx. `body` gives the
    fields of the body instead of the documented ones. Without `rate` only `concurrency` limits the sending.
    """

    slug: str
    url: str
    preset: str | None = None
    match: Match = Match()
    method: Method = "GET"
    body: dict[str, str] = {}
    sign: bool = False
    statuses: dict[Status, str] = {}
    events: dict[str, str] = {}
    expect: tuple[int, ...] = ()
    concurrency: int = CONCURRENCY
    rate: int | None = None
    timeout_s: int = TIMEOUT_S
    allow_private: bool = False
    switch_off_after_s: int = SWITCH_OFF_AFTER_S

    @cached_property
    def template(self) -> UrlTemplate:
        """The parsed URL; raises ValueError."""
        return UrlTemplate.parse(self.url)


def matches(forward: Forward, *, source: str, campaign: str | None, event: str, status: Status) -> bool:
    """Return whether a forward sends a change with these facts. A missing campaign matches only an empty field."""
    match = forward.match
    return (
        (not match.status or status in match.status)
        and match_name(match.source, source)
        and match_name(match.campaign, campaign)
        and match_name(match.event, event)
    )
