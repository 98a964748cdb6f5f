"""An entry: all that one request will write to the ledger, and the outcome that the ledger answers with."""

from datetime import datetime
from typing import Literal

import msgspec
from msgspec.structs import replace

from postledger.ledger.rules.status_rules import Rules
from postledger.policy.source import Source
from postledger.responses.network_responses import NetworkResponse
from postledger.vocabulary.conversion_event import Event
from postledger.vocabulary.refusal import Reason, Refusal
from postledger.vocabulary.statuses import Status, Verdict


class Entry(msgspec.Struct, frozen=True):
    """One judged request: refused already, or an event whose verdict only the ledger can tell.

    `observed` holds what the request would have been refused for, were its source not in observe mode. A believed
    request that is refused for what it says keeps the ids by which it can be found. `unsigned` names the fields that it
    brought and that its signature does not cover; `rules` tell how it is folded if its key is known.
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


class Outcome(msgspec.Struct, frozen=True):
    """The verdict on one entry, with the conversion that it touched; `status` is the conversion's status afterwards.

    `response` is what its source requires instead of our JSON; `is_of_imported_click` tells that another system
    recorded the visit, which no count of ours holds.
    """

    verdict: Verdict
    refusal: Refusal | None = None
    conversion_id: str | None = None
    campaign_id: int | None = None
    status: Status | None = None
    observed: tuple[Reason, ...] = ()
    response: NetworkResponse | None = None
    is_of_imported_click: bool = False


def refused(reason: Reason, parameter: str | None = None) -> Outcome:
    """Make the outcome of a refusal."""
    return Outcome(Verdict.REFUSED, Refusal(reason, parameter))


def add_response(outcome: Outcome, entry: Entry, source: Source) -> Outcome:
    """Add the response that the source requires for this outcome, if it requires one."""
    render = source.responses.get(outcome.refusal.reason if outcome.refusal is not None else outcome.verdict)
    return outcome if render is None else replace(outcome, response=render(entry.event))
