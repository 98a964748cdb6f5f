"""Closes, locks and unlocks months. Each change is an entry of the audit chain.

A locked month takes no more lines: what writes lines reads the state of the months while it holds the dispatcher's
lock, and a month is locked while that lock is held. In the same way, `reconcile` writes work items under the lock of
the months.
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import msgspec
from msgspec.structs import replace
from psycopg import Connection

from postledger.finance.books import Books
from postledger.finance.remap import open_books
from postledger.people.audit_chain import append, write_body
from postledger.people.user import ADMIN
from postledger.people.users import find_enabled_user, list_enabled
from postledger.platform.postgres.advisory_locks import DISPATCHER, MONTHS, hold_lock, wait_for_lock
from postledger.platform.postgres.connection import read_clock
from postledger.platform.postgres.sql import statements_of
from postledger.reconciliation.month_report import build_month_report
from postledger.reconciliation.months.blockers import Blocker, find_blockers
from postledger.reconciliation.months.locked_reports import insert_locked_report
from postledger.reconciliation.months.month_store import ask_unlock, read_month, write_month
from postledger.reconciliation.rules.month import MonthReport
from postledger.reconciliation.rules.months import Month, MonthState, has_begun, name_month
from postledger.vocabulary.operator_error import InvalidRequest, NotFound, NotPossible

sql = statements_of("postledger.reconciliation")

_LONGEST_REASON = 500


class _Step(msgspec.Struct, frozen=True):
    """One change of a month: the state that it leads to, and how the audit chain names it."""

    state: MonthState
    action: str


_CLOSE, _UNLOCK = _Step("closing", "period.close"), _Step("closing", "period.unlock")


class Locked(msgspec.Struct, frozen=True):
    """A month that was locked: its version, and the hash of its report."""

    version: int
    sha256: bytes


class Unlocked(msgspec.Struct, frozen=True):
    """The month after an admin asked to unlock it, or agreed. `others` are the admins who may agree."""

    month: Month
    others: tuple[str, ...] = ()


class MonthBlocked(NotPossible):
    """A month cannot be locked yet. Each blocker says why, and what to run."""

    def __init__(self, period: date, blockers: Sequence[Blocker]) -> None:
        super().__init__("\n".join([f"{name_month(period)} is not locked:", *map(str, blockers)]))
        self.blockers = blockers


def close_month(connection: Connection[Any], period: date, actor: str) -> bool:
    """Begin the end of a month. Returns False if that was done before. Raises `NotPossible`."""
    books = open_books(connection)
    with connection.transaction():
        wait_for_lock(connection, MONTHS)
        now, month = read_clock(connection), read_month(connection, period)
        if month.state == "locked":
            raise _refuse_locked(month)
        if not has_begun(period, books.zone, now):
            raise NotPossible(f"{name_month(period)} has not begun; close it when it is over")
        if month.state == "open":
            _change(connection, period, _CLOSE, actor, now)
        return month.state == "open"


def lock_month(connection: Connection[Any], period: date, actor: str) -> Locked:
    """Lock a month and keep its report for ever. Raises `MonthBlocked` or `NotPossible`.

    The report is read in one snapshot, which must be newer than the locks, so these are held by the session.
    """
    books = open_books(connection)
    with hold_lock(connection, MONTHS), hold_lock(connection, DISPATCHER):
        report = _build_report(connection, period, books)
        with connection.transaction():
            now = read_clock(connection)
            version = write_month(connection, period, "locked", actor, now)
            kept = replace(report, state="locked", changed_at=now, changed_by=actor)
            digest = insert_locked_report(connection, kept, version, actor, now)
            body = write_body(version=version, report_sha256=digest.hex())
            append(connection, actor, "period.lock", name_month(period), body=body, at=now)
    return Locked(version, digest)


def _build_report(connection: Connection[Any], period: date, books: Books) -> MonthReport:
    with connection.transaction():
        connection.execute(sql("begin_snapshot"))
        month = read_month(connection, period)
        if month.state == "locked":
            raise _refuse_locked(month)
        if month.state == "open":
            name = name_month(period)
            raise NotPossible(
                f"{name} is open, and only a month that is closing is locked; run: postledger period close {name}"
            )
        if blockers := find_blockers(connection, period, books, read_clock(connection)):
            raise MonthBlocked(period, blockers)
        return build_month_report(connection, period)


def unlock_month(connection: Connection[Any], period: date, login: str, reason: str | None) -> Unlocked:
    """Ask to unlock a month, or agree to what another admin asked. Raises `OperatorError`."""
    _check_reason(reason)
    with connection.transaction():
        wait_for_lock(connection, MONTHS)
        _check_admin(connection, login)
        now, month = read_clock(connection), read_month(connection, period)
        if month.state != "locked":
            raise NotPossible(f"{name_month(period)} is {month.state}, not locked")
        if month.unlock_asked_by is None:
            return _ask(connection, month, login, reason, now)
        if month.unlock_asked_by == login:
            raise NotPossible(f"four_eyes: {login} asked to unlock {name_month(period)}; another admin must agree")
        return _agree(connection, month, login, now)


def _ask(connection: Connection[Any], month: Month, login: str, reason: str | None, now: datetime) -> Unlocked:
    if reason is None:
        raise InvalidRequest(f"say why {name_month(month.period)} is unlocked, with --reason TEXT")
    ask_unlock(connection, month.period, login, reason, now)
    body = write_body(version=month.version, reason=reason)
    append(connection, login, "period.ask_unlock", name_month(month.period), body=body, at=now)
    admins = [user.login for user in list_enabled(connection) if ADMIN in user.roles and user.login != login]
    return Unlocked(read_month(connection, month.period), tuple(admins))


def _agree(connection: Connection[Any], month: Month, login: str, now: datetime) -> Unlocked:
    facts = {"asked_by": month.unlock_asked_by, "reason": month.unlock_reason}
    _change(connection, month.period, _UNLOCK, login, now, **facts)
    return Unlocked(read_month(connection, month.period))


def _change(connection: Connection[Any], period: date, step: _Step, actor: str, now: datetime, **facts: object) -> None:
    version = write_month(connection, period, step.state, actor, now)
    append(connection, actor, step.action, name_month(period), body=write_body(version=version, **facts), at=now)


def _refuse_locked(month: Month) -> NotPossible:
    name = name_month(month.period)
    return NotPossible(
        f"period_locked: {name} is locked; to change it, two admins run: postledger period unlock {name} --reason TEXT"
    )


def _check_reason(reason: str | None) -> None:
    if reason is not None and (not reason.strip() or len(reason) > _LONGEST_REASON or "\0" in reason):
        raise InvalidRequest(f"--reason must be text of 1 to {_LONGEST_REASON} characters")


def _check_admin(connection: Connection[Any], login: str) -> None:
    try:
        user = find_enabled_user(connection, login)
    except NotFound:
        raise NotPossible(
            f"{login} is no user of Postledger; say which admin unlocks the month, with --as LOGIN"
        ) from None
    if ADMIN not in user.roles:
        raise NotPossible(f"{login} is no admin, and only two admins unlock a month; use --as with an admin")
