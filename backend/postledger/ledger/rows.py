"""The rows that the statements in `sql/` read: one JSON document for each batch.

One JSON parameter costs less, on both sides together, than an array for each column: ADR 1 has the measurement.
"""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

import msgspec

from postledger.ledger.entry import Entry, Outcome, Proof
from postledger.ledger.rules.raw_beginning import MAX_UNPROVED_RAW_BYTES, TOKEN_SIGN, cut, mask_tokens, measure
from postledger.ledger.rules.status_rules import ChangeKind
from postledger.vocabulary.click import LabelCause
from postledger.vocabulary.conversion_event import Event

_encoder = msgspec.json.Encoder(decimal_format="string")


def encode_rows(rows: Sequence[msgspec.Struct]) -> str:
    """Encode rows as the JSON array that `json_to_recordset` reads. Absent columns become NULL."""
    return _encoder.encode(rows).decode()


class EntryRow(msgspec.Struct, omit_defaults=True):
    """One request: its audit row, and the conversion that it may open. `raw` is sent as base64."""

    id: str
    received_at: datetime
    method: str
    raw: bytes
    source_id: int | None = None
    source_ip: str | None = None
    secret_id: int | None = None
    verdict: str | None = None
    reason: str | None = None
    parameter: str | None = None
    cause: str | None = None
    byte_offset: int | None = None
    conversion_id: str | None = None
    click_check: str | None = None
    observed: tuple[str, ...] | None = None
    dedup_key: str | None = None
    event: str | None = None
    click_id: str | None = None
    transaction_id: str | None = None
    affiliate_id: str | None = None
    status: str | None = None
    source_status: str | None = None
    payout: Decimal | None = None
    currency: str | None = None
    subs: dict[str, str] | None = None
    event_time: datetime | None = None
    unsigned: tuple[str, ...] | None = None
    reverses: str | None = None
    named_campaign_id: int | None = None
    click_shed: bool | None = None
    label_notes: dict[str, LabelCause] | None = None
    raw_length: int | None = None
    raw_sha256: bytes | None = None
    kept_bytes: int | None = None
    is_unpaid: bool | None = None
    body_kind: str | None = None
    scheme: int | None = None
    decoding: str | None = None
    signed_at: datetime | None = None
    idempotency_key: str | None = None
    policy_version: int | None = None
    replay_of: str | None = None
    is_again: bool | None = None


class FoldedRow(msgspec.Struct, omit_defaults=True):
    """A known conversion after a fold."""

    dedup_key: str
    status: str
    revision: int
    updated_at: datetime
    source_status: str | None = None
    payout: Decimal | None = None
    currency: str | None = None
    event_time: datetime | None = None
    unsigned: tuple[str, ...] | None = None


class ChangeRow(msgspec.Struct, omit_defaults=True):
    """A change of a conversion. `reverses` is the conversion's id if something is taken back.

    `revision` is that of the conversion after the change, and `changed_at` its place in the outbox.
    """

    dedup_key: str
    id: str
    source_id: int
    kind: ChangeKind
    received_at: datetime
    status_before: str
    status_after: str
    revision: int
    changed_at: datetime
    reverses: str | None = None
    transaction_id: str | None = None
    source_status: str | None = None
    payout: Decimal | None = None
    payout_before: Decimal | None = None
    currency_before: str | None = None
    delta: Decimal | None = None
    currency: str | None = None
    event_time: datetime | None = None


class ParkedRow(msgspec.Struct, omit_defaults=True):
    """A reversal that waits for an operator."""

    dedup_key: str
    id: str
    conversion_id: str
    source_id: int
    received_at: datetime
    transaction_id: str | None = None
    source_status: str | None = None
    payout: Decimal | None = None
    currency: str | None = None
    event_time: datetime | None = None
    unsigned: tuple[str, ...] | None = None


def entry_row(entry: Entry, outcome: Outcome | None = None) -> EntryRow:
    """Make the row of an entry for its first write, or with an outcome for the write of a repeat."""
    row = EntryRow(
        entry.receipt, entry.received_at, entry.method, entry.raw,
        entry.source_id, entry.source_address, entry.secret_id,
        click_id=entry.click_id, transaction_id=entry.transaction_id,
    )  # fmt: skip
    if TOKEN_SIGN in entry.raw:
        row.raw = mask_tokens(entry.raw)
    row.observed = (entry.observed if outcome is None else outcome.observed) or None
    row.policy_version, row.idempotency_key = entry.policy_version, entry.idempotency_key
    row.replay_of = entry.replay_of
    if entry.proof is not None:
        _add_proof(row, entry.proof)
    if outcome is not None:
        row.verdict, row.conversion_id = outcome.verdict, outcome.conversion_id
        row.click_shed = outcome.click_shed or None
    refusal = outcome.refusal if outcome is not None else entry.refusal
    if refusal is not None:
        row.reason, row.parameter = refusal.reason, refusal.parameter
        row.cause, row.byte_offset = refusal.cause, refusal.byte_offset
    if entry.event is not None:
        row.click_check, row.unsigned = entry.click_check, entry.unsigned or None
        row.named_campaign_id = entry.named_campaign_id
        _add_event(row, entry.event)
    if entry.secret_id is None and (outcome is None or refusal is not None):
        _cut_raw(row, entry)
    return row


def _add_proof(row: EntryRow, proof: Proof) -> None:
    row.body_kind, row.scheme, row.decoding, row.signed_at = (
        proof.body_kind, proof.scheme, proof.decoding, proof.signed_at,
    )  # fmt: skip


def _cut_raw(row: EntryRow, entry: Entry) -> None:
    # Whether an event is refused is known only in the statement, so it gets the number of bytes to keep.
    if entry.whole is None and len(entry.raw) <= MAX_UNPROVED_RAW_BYTES:
        return
    whole, kept = entry.whole or measure(entry.raw), cut(row.raw)
    row.raw_length, row.raw_sha256 = whole.length, whole.sha256
    if row.reason is None:
        row.kept_bytes = len(kept)
    else:
        row.raw = kept


def _add_event(row: EntryRow, event: Event) -> None:
    row.dedup_key, row.event, row.click_id, row.transaction_id = (
        event.dedup_key, event.event, event.click_id, event.transaction_id,
    )  # fmt: skip
    row.affiliate_id, row.status, row.source_status = event.affiliate_id, event.status, event.source_status
    row.reverses, row.label_notes = event.reverses, event.label_notes
    row.payout, row.currency, row.subs, row.event_time = event.payout, event.currency, event.subs, event.event_time
