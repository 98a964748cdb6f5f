"""The main job: one postback in, one outcome out, after the ledger has it on disk."""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal

from postledger.domain.agreement import is_agreed
from postledger.domain.entry import Entry, Outcome, acknowledge, refused
from postledger.domain.event import Event
from postledger.domain.judge import judge, refuse_unread
from postledger.domain.policy import Policy
from postledger.domain.refusal import Reason, Refusal, Refused
from postledger.domain.request import Request
from postledger.domain.source import Source
from postledger.domain.status import Verdict

UNAUTHENTICATED_PER_SECOND = 50
_BOOKED = (Verdict.ACCEPTED, Verdict.UPDATED)


class ReceivePostback:
    """Judges a postback by the current policy and has it recorded; `record` returns when the entry is durable."""

    def __init__(
        self,
        policy: Callable[[], Policy | None],
        record: Callable[[Entry], Outcome],
        may_record_unauthenticated: Callable[[], bool],
        count: Callable[[str | None, Outcome, str | None], None],
        count_unrecorded: Callable[[str | None], None],
        *,
        count_payout: Callable[[str, str, Decimal], None],
        note_match: Callable[[int, datetime], None],
    ) -> None:
        self._policy, self._record = policy, record
        self._may_record_unauthenticated = may_record_unauthenticated
        self._count, self._count_unrecorded, self._count_payout = count, count_unrecorded, count_payout
        self._note_match = note_match

    def __call__(self, slug: str, request: Request, unread: Reason | None = None) -> Outcome:
        """Receive a postback for the source of that slug; `unread` refuses it without a look at its parameters."""
        policy = self._policy()
        source = policy.sources.get(slug) if policy else None
        if policy and (source is None or request.edge_policy) and _must_wait(policy, slug, request):
            return self._turn_away(policy, slug)
        outcome = self._receive(source, request, unread) if policy else refused(Reason.UNAVAILABLE)
        campaign = policy.campaign_slugs.get(outcome.campaign_id or 0) if policy else None
        self._count(source.slug if source else None, outcome, campaign)
        return outcome

    def _turn_away(self, policy: Policy, slug: str) -> Outcome:
        outcome = refused(Reason.UNAVAILABLE)
        is_ours = slug in policy.sources or slug in policy.unusable  # any other is the sender's own word
        self._count(slug if is_ours else None, outcome, None)
        return outcome

    def _receive(self, source: Source | None, request: Request, unread: Reason | None) -> Outcome:
        entry = refuse_unread(request, source, Refusal(unread)) if unread else judge(request, source)
        outcome = self._settle(source, entry)
        return acknowledge(outcome, entry, source) if source is not None and source.acks else outcome

    def _settle(self, source: Source | None, entry: Entry) -> Outcome:
        refusal = entry.refusal
        if entry.secret_id is not None:
            self._note_match(entry.secret_id, entry.received_at)
        # Refusals that anybody can cause without a secret: a flood of them must not fill the ledger.
        if refusal and entry.secret_id is None and not self._may_record_unauthenticated():
            self._count_unrecorded(source.slug if source else None)
            return Outcome(Verdict.REFUSED, refusal)
        try:
            outcome = self._record(entry)
        except Refused as unavailable:
            return Outcome(Verdict.REFUSED, unavailable.refusal)
        if source and entry.event and outcome.verdict in _BOOKED:
            self._count_money(source.slug, entry.event)
        return outcome

    def _count_money(self, slug: str, event: Event) -> None:
        if event.payout is not None and event.currency is not None:
            self._count_payout(slug, event.currency, event.payout)


def _must_wait(policy: Policy, slug: str, request: Request) -> bool:
    """True for a source that cannot be used, and for one that edge and backend do not agree about."""
    return slug in policy.unusable or not is_agreed(policy, slug, request)
