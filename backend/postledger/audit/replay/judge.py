"""Judges a stored postback by the rules of today, from validation on. What was verified then is taken from its row.

Pure: the same row and policy give the same entry.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec
from msgspec.structs import replace

from postledger.audit.replay.belief import Left, LeftOut, find_left_out
from postledger.audit.replay.past_settings import PastSettings
from postledger.audit.replay.selection import StoredRow
from postledger.decoding.pairs import DecodedRequest
from postledger.ingest.read_request import Format, read_again, read_request
from postledger.ingest.validation import validate
from postledger.ingest.verification import Verification
from postledger.ledger.entry import BodyKind, Entry, Proof
from postledger.policy.policy import Policy
from postledger.policy.privacy import MASK, is_hash
from postledger.policy.source import Source
from postledger.signatures.profile_schema import Decoding
from postledger.vocabulary.conversion_event import Event
from postledger.vocabulary.incoming_request import Request
from postledger.vocabulary.refusal import Reason, Refusal, Refused
from postledger.vocabulary.statuses import Status

_OF_SIGNATURE = frozenset({
    Reason.MISSING_SIGNATURE,
    Reason.BAD_SIGNATURE,
    Reason.STALE_TIMESTAMP,
    Reason.FUTURE_TIMESTAMP,
})  # fmt: skip
_OF_EDGE = frozenset({Reason.IP_NOT_ALLOWED, Reason.CLIENT_CERTIFICATE, Reason.RATE_LIMITED})
_FORM = "application/x-www-form-urlencoded"
_OTHER_DECODINGS: Mapping[str, Decoding] = {"raw": "raw", "pct": "pct"}


class StoredSource(Source, frozen=True, dict=True):
    """A source that reads what it has stored itself: personal data are hashed already."""

    def hide(self, value: str) -> str:
        """Replace a personal datum, unless it was replaced when it was stored."""
        return value if value == MASK or is_hash(value) else super().hide(value)


class Judge:
    """Judges rows by one policy. `past` knows the settings of earlier times."""

    def __init__(self, policy: Policy, past: PastSettings) -> None:
        self._policy, self._past = policy, past
        self._sources = {
            slug: StoredSource(*msgspec.structs.astuple(source)) for slug, source in policy.sources.items()
        }

    def judge(self, row: StoredRow) -> Entry | LeftOut:
        """Judge one row: the entry under its old receipt, or why it is left out."""
        source = self._sources.get(row.source or "")
        left_out = find_left_out(row, source)
        if left_out is not None or source is None:
            return left_out or (Left.NOT_BELIEVED, "source not in force")
        request, written_as = rebuild_request(row)
        try:
            decoded = read_request(request, source, written_as)
            decoding = _OTHER_DECODINGS.get(row.decoding or "")
            if decoding is not None:
                decoded = read_again(decoded, decoding, source)
        except Refused as refused:
            return _refuse(row, source, refused.refusal, self._policy.version)
        entry = validate(request, source, self._verify(row, source, decoded, written_as), self._policy.version)
        if entry.event is not None and self._counts_unknown_charge(row, source, entry.event):
            return Left.NOT_KEPT, "idempotency key"
        return _as_replayed(row, source, entry)

    def _verify(self, row: StoredRow, source: Source, decoded: DecodedRequest, written_as: Format) -> Verification:
        kind = None if row.method == "GET" else written_as
        proof = Proof(kind, row.scheme, row.decoding, row.signed_at)
        refusal = None if decoded.repeated is None else Refusal(Reason.DUPLICATE_PARAMETER, decoded.repeated)
        return Verification(
            decoded,
            row.secret_id,
            self._past.find_coverage(row, source, "GET" if written_as == "query" else "POST"),
            _select(row.observed, _OF_SIGNATURE),
            refusal,
            proof=proof,
            idempotency_key=row.idempotency_key or row.id,
        )

    def _counts_unknown_charge(self, row: StoredRow, source: Source, event: Event) -> bool:
        # Today each request is a charge, and when this one came it was not. Its message id was not kept, so a retry of
        # the sender would be a second charge.
        if source.rules_for(event.event).duplicates != "every" or event.transaction_id or event.reverses:
            return False
        return row.idempotency_key is None and not self._past.counted_every(row)


def says_the_same(row: StoredRow, event: Event) -> bool:
    """Tell whether an event says of the same conversion what the row of a booked postback says."""
    keys = {event.dedup_key, *(former.dedup_key for former in event.former_keys)}
    said = (event.event, event.click_id, event.transaction_id, event.status, event.payout, event.currency)
    recorded = (row.event, row.click_id, row.transaction_id, row.status, row.payout, row.currency)
    return row.dedup_key in keys and said == recorded and row.event_time in _list_times(event, row)


def _list_times(event: Event, row: StoredRow) -> tuple[datetime | None, ...]:
    # What a replay booked without a time of its own has the time of the old row.
    return (event.event_time,) if event.event_time is not None else (None, row.received_at)


def repeat_as(entry: Entry, row: StoredRow, receipt: str, now: datetime) -> Entry:
    """Make the entry that is booked: received now under a new receipt, about what happened then."""
    event = entry.event
    if event is not None and event.event_time is None and event.status is not Status.REVERSED:
        # A refund without a time of its own is known by its amount alone, so it gets none.
        event = replace(event, event_time=row.received_at)
    return replace(entry, receipt=receipt, received_at=now, event=event, replay_of=row.id)


def rebuild_request(row: StoredRow) -> tuple[Request, Format]:
    """Make the request of a row again, as far as it was stored, and tell where its parameters are."""
    written_as = _find_format(row)
    is_query = written_as == "query"
    request = Request(
        row.id, row.received_at, "GET" if is_query else "POST",
        query=row.raw if is_query else b"", body=b"" if is_query else row.raw,
        media_type=_FORM if written_as == "form" else "application/json",
        observed=_select(row.observed, _OF_EDGE),
    )  # fmt: skip
    return request, written_as


def _find_format(row: StoredRow) -> Format:
    if row.method == "GET":
        return "query"
    kinds: Mapping[str | None, BodyKind] = {"query": "query", "form": "form", "json": "json"}
    guessed: Format = "json" if row.raw.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"{") else "form"
    return kinds.get(row.body_kind, guessed)  # a row of an earlier release does not say it


def _select(observed: Sequence[str] | None, known: frozenset[Reason]) -> tuple[Reason, ...]:
    return tuple(Reason(reason) for reason in observed or () if reason in known)


def _refuse(row: StoredRow, source: Source, refusal: Refusal, policy_version: int) -> Entry:
    return Entry(
        row.id, row.received_at, row.method, source.id, row.source_address, row.raw, row.secret_id, refusal=refusal,
        policy_version=policy_version,
    )  # fmt: skip


def _as_replayed(row: StoredRow, source: Source, entry: Entry) -> Entry:
    address = row.source_address
    if address is not None and "/" not in address:  # a network is what is left of an address already
        address = source.store_address(address)
    return replace(entry, method=row.method, source_address=address)
