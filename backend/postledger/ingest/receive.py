"""Receives one postback: evaluates it, has the ledger record it, counts it, and returns what to answer."""

from collections.abc import Callable
from datetime import datetime

import msgspec
from msgspec.structs import replace

from postledger.ingest.edge_agreement import is_agreed
from postledger.ingest.validation import refuse_unread, validate
from postledger.ingest.verification import verify
from postledger.ledger.entry import Entry, Outcome, Proof, refused
from postledger.policy.policy import Policy
from postledger.policy.source import Source
from postledger.responses.network_responses import NetworkResponse, find_notice_response
from postledger.vocabulary.conversion_event import Event
from postledger.vocabulary.incoming_request import Request
from postledger.vocabulary.refusal import Cause, Reason, Refusal, Refused
from postledger.vocabulary.statuses import Verdict


class Reply(msgspec.Struct, frozen=True):
    """What to answer: the outcome, and the response that the source requires instead of our JSON, if any."""

    outcome: Outcome
    response: NetworkResponse | None = None
    is_authenticated: bool = False
    """Whether a secret matched, or the source accepted the request without one. The objectives count only those."""


class ReceivePostback:
    """Receives postbacks by the current policy.

    `record` returns when an entry is durable. `refuse_stranger` settles a refusal without a secret.
    """

    def __init__(
        self,
        policy: Callable[[], Policy | None],
        record: Callable[[Entry], Outcome],
        refuse_stranger: Callable[[Entry, Refusal], Outcome],
        count: Callable[[str | None, str | None, Outcome, Event | None], None],
        *,
        count_stranger: Callable[[str | None], None],
        note_match: Callable[[int, datetime], None],
    ) -> None:
        self._policy, self._record, self._refuse_stranger = policy, record, refuse_stranger
        self._count, self._count_stranger, self._note_match = count, count_stranger, note_match

    def __call__(self, slug: str, request: Request, unread: Refusal | None = None) -> Reply:
        """Receive a postback for the source with that slug. `unread` refuses it without reading its parameters."""
        policy = self._policy()
        if policy is None:
            return self._refuse_unavailable(None)
        source = policy.sources.get(slug)
        if (source is None or request.edge_policy) and _must_wait(policy, slug, request):
            is_known = source is not None or slug in policy.unusable  # any other slug is the sender's own text
            return self._refuse_unavailable(slug if is_known else None)
        entry = refuse_unread(request, source, unread) if unread else evaluate(request, source, policy.version)
        outcome = self._settle(entry)
        campaign = policy.campaign_slugs.get(outcome.campaign_id or 0)
        known_slug = source.slug if source else None
        self._count(known_slug, campaign, outcome, entry.event)
        is_authenticated = entry.secret_id is not None or outcome.refusal is None
        if not is_authenticated and outcome.refusal is not None and outcome.refusal.reason is not Reason.UNAVAILABLE:
            self._count_stranger(known_slug)
        return Reply(outcome, find_response(outcome, entry, source) if source else None, is_authenticated)

    def _refuse_unavailable(self, slug: str | None) -> Reply:
        outcome = refused(Reason.UNAVAILABLE)
        self._count(slug, None, outcome, None)
        return Reply(outcome)

    def _settle(self, entry: Entry) -> Outcome:
        if entry.secret_id is not None:
            self._note_match(entry.secret_id, entry.received_at)
        elif entry.refusal is not None:
            return self._refuse_stranger(entry, entry.refusal)
        try:
            return self._record(entry)
        except Refused as unavailable:
            return Outcome(Verdict.REFUSED, unavailable.refusal)


def evaluate(request: Request, source: Source | None, policy_version: int | None = None) -> Entry:
    """Turn a request into the entry that the ledger records: verify it, then validate its values.

    A POST with an empty body is read as the GET with the same query. Its signature must therefore cover the query.
    """
    if source is None:
        return refuse_unread(request, None, Refusal(Reason.UNKNOWN_SOURCE))
    if request.method == "POST" and request.query and not request.body:
        entry = _evaluate(replace(request, method="GET"), source, policy_version)
        proof = replace(entry.proof or Proof(), body_kind="query")
        return replace(entry, method=request.method, proof=proof)
    return _evaluate(request, source, policy_version)


def _evaluate(request: Request, source: Source, policy_version: int | None) -> Entry:
    return validate(request, source, verify(request, source), policy_version)


def find_response(outcome: Outcome, entry: Entry, source: Source) -> NetworkResponse | None:
    """Render the response that the source requires for this outcome, if it requires one."""
    refusal = outcome.refusal
    if refusal is not None and refusal.cause is Cause.NOTICE:
        return find_notice_response(source.responses)
    if not source.responses:
        return None
    render = source.responses.get(outcome.verdict if refusal is None else refusal.reason)
    return None if render is None else render(entry.event)


def _must_wait(policy: Policy, slug: str, request: Request) -> bool:
    """Tell whether a source cannot be used, or edge and backend do not agree about it."""
    return slug in policy.unusable or not is_agreed(policy, slug, request)
