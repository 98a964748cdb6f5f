"""The explanation: what Postledger made of one request, step by step, as the partner who sent it may see it.

Its keys are a closed list, published as `/schemas/explanation-1.json`. Values come only from the explained request.
No secret, no expected signature and no part of one is ever in it.
"""

from datetime import datetime
from decimal import Decimal
from typing import Literal

import msgspec

from postledger.vocabulary.refusal import Refusal
from postledger.vocabulary.statuses import Status, Verdict


class Quota(msgspec.Struct, frozen=True):
    """The rate limit of the source for one address: requests per second, burst, and the used share of the burst."""

    rate: int
    burst: int
    used: float | None


class EdgeStep(msgspec.Struct, frozen=True):
    """Whether the edge of production accepts the address, and the network of the allowlist that says so."""

    address: str | None
    allowed: bool
    by: str | None
    quota: Quota


class ReadParameter(msgspec.Struct, frozen=True, rename={"canonical": "as"}):
    """One parameter that was read: the sent name, the canonical name, and the value; personal data are masked."""

    sent: str
    canonical: str
    value: str
    note: str | None


class Clock(msgspec.Struct, frozen=True):
    """The signed time as sent, its difference from the time of receipt, and the tolerance (past, future)."""

    ts: str
    skew_s: int | None
    tolerance_s: tuple[int, int]


class SignatureStep(msgspec.Struct, frozen=True):
    """How the signature was checked.

    - `key`: the secret that matched. `decoding`: of the query, if the profile tries several.
    - `covers`, `unsigned`: the sent parameters that the message contains and those that it does not.
    - `signed_string`: the message, with `{key}` in place of the key; None if none could be made.
    - `would_match`: the mistakes that explain a wrong signature; empty if none does, None if it was not tried.
    - `tried`: how many variants were tried.
    """

    scheme: str
    place: str
    key: str | None
    decoding: Literal["raw", "pct", "form"] | None
    covers: tuple[str, ...]
    unsigned: tuple[str, ...]
    signed_string: str | None
    clock: Clock | None
    would_match: tuple[str, ...] | None
    tried: int


class MappedValue(msgspec.Struct, frozen=True):
    """What was sent, what it means, and which setting says so. `sent` is None for a default."""

    sent: str | None
    means: str | None
    by: str | None


class ReadAmount(msgspec.Struct, frozen=True):
    """An amount as sent, and what it means."""

    sent: str | None
    means: str | None


class Mapped(msgspec.Struct, frozen=True):
    """The values that Postledger translates."""

    status: MappedValue
    payout: ReadAmount
    currency: MappedValue


class Dedup(msgspec.Struct, frozen=True):
    """What identifies the conversion, whether it was known before, and the receipt of the postback that opened it."""

    by: Literal["transaction", "click", "click and transaction", "occasion"]
    parts: tuple[str, ...]
    known: bool
    first: str | None


class Fold(msgspec.Struct, frozen=True):
    """The state of the known conversion before, what the postback says, and the rule that decides."""

    was: str
    says: str
    rule: str


class Explanation(msgspec.Struct, frozen=True):
    """What Postledger answered, why, and what to do next. Steps that were not reached are None."""

    verdict: Verdict
    reason: str | None
    parameter: str | None
    http: int
    body: str
    edge: EdgeStep
    read: tuple[ReadParameter, ...]
    ignored: tuple[str, ...]
    masked: tuple[str, ...]
    signature: SignatureStep | None
    mapped: Mapped | None
    dedup: Dedup | None
    fold: Fold | None
    next: str


class Answered(msgspec.Struct, frozen=True):
    """The answer to the request that is explained, as it leaves the backend."""

    verdict: Verdict
    refusal: Refusal | None
    http: int
    body: bytes


class KnownConversion(msgspec.Struct, frozen=True):
    """A conversion of the same dedup key, as it was before the request: `first` is the receipt that opened it."""

    first: str
    status: Status
    payout: Decimal | None
    currency: str | None
    click_id: str
    event_time: datetime | None
