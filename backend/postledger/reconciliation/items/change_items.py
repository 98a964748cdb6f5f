"""Changes work items: assign, note, dispute, resolve and accept, one or thousands, all of them or none.

Each change is a row of the item's history and an entry of the audit chain, in the same transaction.
"""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import msgspec
from psycopg import Connection

from postledger.people.audit_chain import Entry, append_all, write_body
from postledger.people.users import check_may_change, find_enabled_user
from postledger.platform.postgres.sql import statements_of
from postledger.reconciliation.items.list_items import ItemFilters, Row, describe_unknown, list_items
from postledger.reconciliation.items.locked_item import LockedItem
from postledger.reconciliation.items.write_offs import Approved, approve_write_offs
from postledger.reconciliation.rules.work_item import (
    Action,
    find_fault,
    find_next_state,
    list_note_actions,
    repeats,
    settles,
)
from postledger.vocabulary.operator_error import InvalidRequest, NotFound, NotPossible

sql = statements_of("postledger.reconciliation")

MOST_AT_ONCE = 10_000
_LONGEST_TEXT = 2_000


class Change(msgspec.Struct, frozen=True):
    """What a person does with items. `owner`: to whom they are assigned. `seen`: the version that the person saw."""

    action: Action
    ids: Sequence[int]
    text: str | None = None
    owner: str | None = None
    seen: int | None = None


class _Note(NamedTuple):
    """A row of an item's history; the `plus`-th one that a change adds."""

    key: bytes
    plus: int
    action: str
    text: str | None


def change_items(connection: Connection[Any], change: Change, actor: str, now: datetime) -> list[Row]:
    """Change items, and return them as `list_items` does.

    Raises `InvalidRequest`, `NotFound`, or `NotPossible` if one of them cannot be changed so.
    """
    _check(change)
    owner = None if change.owner is None else _find_owner(connection, change.owner)
    change = msgspec.structs.replace(change, owner=owner, ids=list(dict.fromkeys(change.ids)))
    with connection.transaction():
        items = _lock(connection, change)
        stakes = [each.write_off for each in items] if change.action == "accept" else []
        approved = approve_write_offs(connection, stakes, actor, now) if stakes else {}
        _write(connection, items, change, actor, now)
        # The last, because others that append wait from here on.
        append_all(connection, [_make_entry(each, change, actor, approved) for each in items], now)
    return list_items(connection, ItemFilters(ids=change.ids))


def _find_owner(connection: Connection[Any], login: str) -> str:
    user = find_enabled_user(connection, login)
    check_may_change(user)
    return user.login


def _check(change: Change) -> None:
    if not change.ids:
        raise InvalidRequest("no work item is named; run: postledger discrepancies list")
    if len(change.ids) > MOST_AT_ONCE:
        raise InvalidRequest(f"too_many: at most {MOST_AT_ONCE} work items are changed at once; name fewer")
    if change.seen is not None and len(change.ids) != 1:
        raise InvalidRequest("--seen belongs to one work item; name one")
    text = change.text or ""
    if len(text) > _LONGEST_TEXT or "\0" in text:
        raise InvalidRequest(f"the text must have at most {_LONGEST_TEXT} characters")
    if not text.strip() and change.action in ("note", "resolve", "accept"):
        raise InvalidRequest("the note or the reason is empty; write it for those who look at the work item later")


def _lock(connection: Connection[Any], change: Change) -> list[LockedItem]:
    """Lock the items, and refuse the change if it makes no sense for one of them."""
    found = [LockedItem(*row) for row in connection.execute(sql("lock_named_items"), (list(change.ids),))]
    missing = set(change.ids) - {each.id for each in found}
    if missing:
        raise NotFound(describe_unknown(min(missing)))
    for each in found:
        fault = find_fault(each.state, change.action)
        if fault is not None:
            raise NotPossible(f"work item {each.id} {fault}{_say_who_was_first(connection, each, change)}")
        if change.seen not in (None, each.version):
            see = f"postledger discrepancies show {each.id}"
            raise NotPossible(f"content_changed: work item {each.id} is not what you saw; run: {see}")
    return found


def _say_who_was_first(connection: Connection[Any], item: LockedItem, change: Change) -> str:
    if not repeats(item.state, change.action):
        return ""
    row = connection.execute(sql("find_last_decision"), {"key": item.key, "action": item.state}).fetchone()
    return "" if row is None else f" ({row[0]} did it at {row[1].isoformat(sep=' ', timespec='seconds')})"


def _write(connection: Connection[Any], items: Sequence[LockedItem], change: Change, actor: str, now: datetime) -> None:
    is_settled = settles(change.action)
    values = {
        "ids": [each.id for each in items],
        "states": [find_next_state(each.state, change.action) for each in items],
        "owner": change.owner,
        "resolution": change.text if is_settled else None,
        "settles": is_settled,
        "now": now,
    }
    connection.execute(sql("change_items"), values)
    notes = [note for each in items for note in _list_notes(each, change)]
    columns = {name: [getattr(note, name) for note in notes] for name in _Note._fields}
    connection.execute(sql("insert_item_notes"), {**columns, "actor": actor, "now": now})


def _list_notes(item: LockedItem, change: Change) -> list[_Note]:
    *before, last = list_note_actions(item.state, change.action)
    text = change.text
    if change.owner is not None:
        text = f"to {change.owner}" + (f": {text}" if text else "")
    return [
        *(_Note(item.key, plus, action, None) for plus, action in enumerate(before, 1)),
        _Note(item.key, len(before) + 1, last, text),
    ]


def _make_entry(item: LockedItem, change: Change, actor: str, approved: Mapping[str, Approved]) -> Entry:
    facts: dict[str, object] = {
        "key": item.key.hex(),
        "class": item.item_class,
        "facts_sha256": item.facts_sha256.hex(),
        "state": find_next_state(item.state, change.action),
        "version": item.version + 1,
    }
    if change.owner is not None:
        facts["owner"] = change.owner
    if change.text:
        facts["text_sha256"] = hashlib.sha256(change.text.encode()).hexdigest()
    if by := approved.get(item.write_off.subject):
        facts |= by.facts
    return Entry(actor, f"discrepancy.{change.action}", str(item.id), write_body(**facts))
