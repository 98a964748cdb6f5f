"""Makes mails of what is due for one person: one for each notification, or one for all if there are many."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from psycopg import Connection

from postledger.notifications.facts import WaitingRequest
from postledger.notifications.letters import Item, Link, write_digest, write_letter
from postledger.notifications.links import VALID_FOR, make_link
from postledger.notifications.mailer import Mail
from postledger.notifications.queue import Notification
from postledger.notifications.subjects import Told, look_up
from postledger.people.user import User

MOST_MAILS = 10
"""If more is due for one person, it comes in one mail."""
MOST_LISTED = 20
"""How many notifications one mail lists, each with its link."""


class Prepared(msgspec.Struct, frozen=True):
    """A mail, and the notifications that it tells."""

    mail: Mail
    notes: Sequence[Notification]


class Due(msgspec.Struct, frozen=True):
    """What is sent now, and what needs not be told any more."""

    mails: list[Prepared]
    obsolete: Sequence[Notification]


class _Current(msgspec.Struct, frozen=True):
    note: Notification
    told: Told
    user: User


def prepare_mails(
    connection: Connection[Any], notes: Sequence[Notification], console_url: str | None, now: datetime
) -> Due:
    """Make mails of notifications for one person. Of several about one subject only the last one is told."""
    newest = list({each.subject_id: each for each in notes}.values())
    told = look_up(connection, {(each.kind, each.subject_id) for each in newest}, now)
    current = [
        _Current(each, found, user)
        for each in newest
        if (found := told.get((each.kind, each.subject_id))) is not None
        for user in found.users
        if user.id == each.user_id
    ]
    kept = {each.note.id for each in current}
    obsolete = [each for each in notes if each.id not in kept]
    if len(current) <= MOST_MAILS:
        return Due([_prepare(connection, each, console_url, now) for each in current], obsolete)
    return Due([_gather(connection, current, console_url, now)], obsolete)


def _prepare(connection: Connection[Any], each: _Current, console_url: str | None, now: datetime) -> Prepared:
    letter = write_letter(_make_item(connection, each, console_url, now))
    return Prepared(Mail(each.note.id, _find_address(each.user), letter), [each.note])


def _gather(
    connection: Connection[Any], current: Sequence[_Current], console_url: str | None, now: datetime
) -> Prepared:
    first = current[0]
    items = [_make_item(connection, each, console_url, now) for each in current[:MOST_LISTED]]
    letter = write_digest(items, len(current), first.user.login)
    return Prepared(Mail(first.note.id, _find_address(first.user), letter), [each.note for each in current])


def _make_item(connection: Connection[Any], each: _Current, console_url: str | None, now: datetime) -> Item:
    facts, link = each.told.facts, None
    if isinstance(facts, WaitingRequest) and console_url is not None:
        token = make_link(connection, facts.id, each.user.id, facts.content_sha256, now)
        link = Link(f"{console_url}/decide", token, now + VALID_FOR)
    return Item(facts, is_reminder=each.note.kind == "reminder", link=link)


def _find_address(user: User) -> str:
    assert user.email is not None, "only users with an address are found"
    return user.email
