"""An entry is everything that one request writes to the ledger. An outcome is the ledger's answer to it."""

from datetime import datetime
from enum import StrEnum
from typing import Literal

import msgspec

from postledger.ledger.rules.raw_beginning import Whole
from postledger.ledger.rules.status_rules import Rules
from postledger.vocabulary.conversion_event import Event
from postledger.vocabulary.refusal import Reason, Refusal
from postledger.vocabulary.statuses import Status, Verdict

BodyKind = Literal["query", "form", "json"]


class Proof(msgspec.Struct, frozen=True):
    """How a request was read and verified, so that a replay can judge its row again. None is the usual case.

    - `body_kind`: where the parameters of a POST were.
    - `scheme`: which scheme of the source's profile verified it, if not the first.
    - `decoding`: the percent-decoding by which it verified, if not that of forms.
    - `signed_at`: the time that was signed.
    """

    body_kind: BodyKind | None = None
    scheme: int | None = None
    decoding: str | None = None
    signed_at: datetime | None = None


class Entry(msgspec.Struct, frozen=True):
    """One validated request: a refusal, or an event whose verdict depends on the ledger.

    - `observed`: why the request would be refused if its source were not in observe mode.
    - `click_id`, `transaction_id`: the ids that a refused request names, to find it by. An event has its own.
    - `unsigned`: the fields that it brings and that its signature does not cover.
    - `whole`: what `raw` is the beginning of. None if `raw` is whole.
    - `rules`: how the event changes a conversion that is known already.
    - `named_campaign_id`: the campaign that its click id names, if Postledger made that id. The click may have no row.
    - `proof`: how it was read and verified; None for a GET that was not verified.
    - `idempotency_key`: which charge it is, if its source counts every postback and the receipt does not say it.
    - `policy_version`: of the policy that judged it; None if its values were not read.
    - `replay_of`: the receipt of the stored postback that a replay judges again.
    """

    receipt: str
    received_at: datetime
    method: str
    source_id: int | None = None
    source_address: str | None = None
    raw: bytes = b""
    secret_id: int | None = None
    event: Event | None = None
    refusal: Refusal | None = None
    click_check: Literal["required", "observed"] | None = "required"
    rules: Rules = Rules()
    observed: tuple[Reason, ...] = ()
    click_id: str | None = None
    transaction_id: str | None = None
    unsigned: tuple[str, ...] = ()
    named_campaign_id: int | None = None
    whole: Whole | None = None
    proof: Proof | None = None
    idempotency_key: str | None = None
    policy_version: int | None = None
    replay_of: str | None = None


class Unrecorded(StrEnum):
    """Why a refusal without a matching secret has no audit row."""

    SAMPLED = "sampled"
    QUEUE = "queue"
    BUDGET = "budget"


class Outcome(msgspec.Struct, frozen=True):
    """The verdict on one entry, and the conversion that it belongs to.

    `status` is the status that the conversion has reached by it. `is_of_imported_click`: another system recorded the
    visit, so that no metric of Postledger counts it. `click_shed`: Postledger made the click id, and the visit was not
    stored.
    """

    verdict: Verdict
    refusal: Refusal | None = None
    conversion_id: str | None = None
    campaign_id: int | None = None
    status: Status | None = None
    observed: tuple[Reason, ...] = ()
    is_of_imported_click: bool = False
    click_shed: bool = False
    unrecorded: Unrecorded | None = None


def refused(reason: Reason, parameter: str | None = None) -> Outcome:
    """Make the outcome of a refusal."""
    return Outcome(Verdict.REFUSED, Refusal(reason, parameter))
