"""Lists the dedup keys that earlier releases or settings gave to a postback.

A repeat of a conversion that was booked under such a key is still a repeat: the ledger looks them up.
"""

from collections.abc import Iterator, Mapping

from postledger.decoding.identities import MAX_LENGTH, trim
from postledger.decoding.parameters import read_event
from postledger.ledger.rules.dedup_key import dedup_key_by
from postledger.policy.source import Source
from postledger.vocabulary.conversion_event import DEFAULT_EVENT, Event, FormerKey
from postledger.vocabulary.refusal import Refused

NOTHING_SENT: Mapping[str, str] = {}
_Names = tuple[str, str | None, str]
"""What a key is made of: event, transaction id, click id."""


def list_former_keys(
    event: Event, fields: Mapping[str, str], sent: Mapping[str, str], source: Source, idempotency_key: str
) -> tuple[FormerKey, ...]:
    """List the former keys of an event; `sent` are the values by the sender's names."""

    def write(names: _Names) -> str:
        name, transaction_id, click_id = names
        return dedup_key_by(
            source.rules_for(name), source.id, name,
            transaction_id=transaction_id, click_id=click_id, idempotency_key=idempotency_key,
        )  # fmt: skip

    certain = {write(names): True for names in _list_sent(event, fields)}
    uncertain = {write(names): False for names in _list_mapped(fields, sent, source)} if source.settings.former else {}
    keys = {**uncertain, **certain}
    keys.pop(event.dedup_key, None)
    return tuple(FormerKey(key, is_certain) for key, is_certain in keys.items())


def _list_sent(event: Event, fields: Mapping[str, str]) -> Iterator[_Names]:
    # Earlier releases did not trim ids, and an event may have got its name in `event_names` since then.
    ids = [(event.reverses or event.transaction_id, event.click_id)]
    as_sent = ((event.reverses and fields.get("reverses")) or fields.get("transaction_id"), fields["click_id"])
    if all(map(_was_valid, as_sent)):
        ids.append(as_sent)
    for name in {event.event, *_read_former_event(fields.get("event"))}:
        yield from ((name, transaction_id, click_id) for transaction_id, click_id in ids)


def _list_mapped(fields: Mapping[str, str], sent: Mapping[str, str], source: Source) -> Iterator[_Names]:
    def find(name: str) -> str | None:
        if name not in source.settings.former:
            return fields.get(name)
        return next((sent[old] for old in source.settings.former[name] if sent.get(old)), None)

    transaction_id, click_id = find("transaction_id"), find("click_id")
    (event,) = _read_former_event(find("event")) or (DEFAULT_EVENT,)
    for read in (str, trim):
        ids = (None if transaction_id is None else read(transaction_id), read(click_id or ""))
        if ids[1] and all(map(_was_valid, ids)):
            yield event, *ids


def _read_former_event(name: str | None) -> tuple[str, ...]:
    try:
        return () if name is None else (read_event(name),)
    except Refused:
        return ()


def _was_valid(value: str | None) -> bool:
    return value is None or (0 < len(value) <= MAX_LENGTH and value.isprintable())
