"""A visit in, a click on disk, and the address to send the visitor on to."""

from collections.abc import Callable, Mapping
from datetime import datetime

from postledger.domain.click import Click, fill_destination, make_click_id
from postledger.domain.parameters import SUB_NAMES, read_label
from postledger.domain.policy import Policy
from postledger.domain.refusal import Reason, Refused


class UnknownCampaign(Exception):
    """No campaign has that slug."""


class RecordClick:
    """Stores a click under a fresh id; `record` returns when it is durable, so that no postback can come too early."""

    def __init__(
        self,
        policy: Callable[[], Policy | None],
        record: Callable[[Click], object],
        make_secret_part: Callable[[], str],
        count: Callable[[str], None],
    ) -> None:
        self._policy, self._record = policy, record
        self._make_secret_part, self._count = make_secret_part, count

    def __call__(self, slug: str, parameters: Mapping[str, str], now: datetime) -> str:
        """Record a click and return the filled destination; raises `UnknownCampaign` or `Refused`."""
        policy = self._policy()
        if policy is None:
            raise Refused(Reason.UNAVAILABLE)
        campaign = policy.campaigns.get(slug)
        if campaign is None:
            raise UnknownCampaign
        click_id = make_click_id(int(now.timestamp() * 1000), self._make_secret_part())
        click = Click(click_id, campaign.id, _read_affiliate(parameters), _read_subs(parameters), now)
        self._record(click)
        self._count(campaign.slug)
        return fill_destination(campaign.destination, campaign.slug, click)


def _read_affiliate(parameters: Mapping[str, str]) -> str | None:
    return read_label("affiliate_id", parameters.get("aff", "")) or None


def _read_subs(parameters: Mapping[str, str]) -> dict[str, str] | None:
    return {name: read_label(name, parameters[name]) for name in SUB_NAMES if parameters.get(name)} or None
