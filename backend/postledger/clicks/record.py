"""Records a visit as a click, and returns the destination to redirect the visitor to."""

from collections.abc import Callable, Mapping
from datetime import datetime
from urllib.parse import quote

from postledger.decoding.parameters import SUB_NAMES, read_label
from postledger.policy.policy import Policy
from postledger.vocabulary.click import Click
from postledger.vocabulary.refusal import Reason, Refused

ENTROPY_BYTES = 16


class UnknownCampaign(Exception):
    """No campaign has that slug."""


class RecordClick:
    """Stores a click under a new id. `record` returns when it is durable, therefore no postback can come too early."""

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
        """Record a click and return the destination with its macros filled. Raises `UnknownCampaign` or `Refused`."""
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


def make_click_id(unix_ms: int, secret_part: str) -> str:
    """Make an id of at most 50 characters of `[A-Za-z0-9_-]`: the time, then at least 128 random bits in base64url.

    The time comes first, because new ids are then neighbours in the index. The random bits make it impossible to guess.
    """
    return f"{unix_ms:x}-{secret_part}"


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


def _read_affiliate(parameters: Mapping[str, str]) -> str | None:
    return read_label("affiliate_id", parameters.get("aff", "")) or None


def _read_subs(parameters: Mapping[str, str]) -> dict[str, str] | None:
    return {name: read_label(name, parameters[name]) for name in SUB_NAMES if parameters.get(name)} or None
