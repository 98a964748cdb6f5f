"""The main job: one postback in, one outcome out, after the ledger has it on disk."""

from collections.abc import Callable
from datetime import datetime

from postledger.ingest.edge_agreement import is_agreed
from postledger.ingest.judge import judge, refuse_unread
from postledger.ledger.entry import Entry, Outcome, add_response, refused
from postledger.policy.policy import Policy
from postledger.policy.source import Source
from postledger.vocabulary.conversion_event import Event
from postledger.vocabulary.incoming_request import Request
from postledger.vocabulary.refusal import Reason, Refusal, Refused
from postledger.vocabulary.statuses import Verdict

UNAUTHENTICATED_PER_SECOND = 50


class ReceivePostback:
    """Judges a postback by the current policy and has it recorded; `record` returns when the entry is durable."""

    def __init__(
        self,
        policy: Callable[[], Policy | None],
        record: Callable[[Entry], Outcome],
        may_record_unauthenticated: Callable[[], bool],
        count: Callable[[str | None, str | None, Outcome, Event | None], None],
        count_unrecorded: Callable[[str | None], None],
        *,
        note_match: Callable[[int, datetime], None],
    ) -> None:
        self._policy, self._record = policy, record
        self._may_record_unauthenticated = may_record_unauthenticated
        self._count, self._count_unrecorded, self._note_match = count, count_unrecorded, note_match

    def __call__(self, slug: str, request: Request, unread: Reason | None = None) -> Outcome:
        """Receive a postback for the source of that slug; `unread` refuses it without a look at its parameters."""
        policy = self._policy()
        if policy is None:
            return self._turn_away(None)
        source = policy.sources.get(slug)
        if (source is None or request.edge_policy) and _must_wait(policy, slug, request):
            is_ours = source is not None or slug in policy.unusable  # any other is the sender's own word
            return self._turn_away(slug if is_ours else None)
        entry = refuse_unread(request, source, Refusal(unread)) if unread else judge(request, source)
        outcome = self._settle(source, entry)
        campaign = policy.campaign_slugs.get(outcome.campaign_id or 0)
        self._count(source.slug if source else None, campaign, outcome, entry.event)
        return add_response(outcome, entry, source) if source is not None and source.responses else outcome

    def _turn_away(self, slug: str | None) -> Outcome:
        outcome = refused(Reason.UNAVAILABLE)
        self._count(slug, None, outcome, None)
        return outcome

    def _settle(self, source: Source | None, entry: Entry) -> Outcome:
        refusal = entry.refusal
        if entry.secret_id is not None:
            self._note_match(entry.secret_id, entry.received_at)
        # Refusals that anybody can cause without a secret: a flood of them must not fill the ledger.
        if refusal and entry.secret_id is None and not self._may_record_unauthenticated():
            self._count_unrecorded(source.slug if source else None)
            return Outcome(Verdict.REFUSED, refusal)
        try:
            return self._record(entry)
        except Refused as unavailable:
            return Outcome(Verdict.REFUSED, unavailable.refusal)


def _must_wait(policy: Policy, slug: str, request: Request) -> bool:
    """True for a source that cannot be used, and for one that edge and backend do not agree about."""
    return slug in policy.unusable or not is_agreed(policy, slug, request)
