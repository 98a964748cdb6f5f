"""Reconciles the month before, as far as something is new there. The worker does it every day."""

from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from psycopg import Connection

from postledger.platform.postgres.connection import read_clock
from postledger.platform.postgres.sql import statements_of
from postledger.policy.finance_store import read_finance
from postledger.reconciliation.reconcile import Scope, Tools, Wanted, reconcile_scope
from postledger.vocabulary.operator_error import NotPossible

sql = statements_of("postledger.reconciliation")


def reconcile_last_month(tools: Tools) -> list[Scope]:
    """Reconcile what of the last month has a new statement, or no run since the month ended, unless it is locked.

    Leaves out what another run is at. Returns what was reconciled.
    """
    period, scopes = _find_due(tools.connection)
    return [scope for number, scope in enumerate(scopes) if _reconcile(tools, scope, period, number, len(scopes))]


def _reconcile(tools: Tools, scope: Scope, period: date, number: int, total: int) -> bool:
    tools.on_progress(number, total)
    try:
        reconcile_scope(
            tools, scope, Wanted(period), lambda part, of: tools.on_progress(number + part / (of or 1), total)
        )
    except NotPossible:
        return False
    return True


def _find_due(connection: Connection[Any]) -> tuple[date, list[Scope]]:
    stored = read_finance(connection)
    zone = ZoneInfo("UTC" if stored is None else stored.settings.timezone)
    today = read_clock(connection).astimezone(zone).date()
    this_month = today.replace(day=1)
    last_day = this_month - timedelta(days=1)
    period, ended_at = last_day.replace(day=1), datetime.combine(this_month, time.min, zone)
    rows = connection.execute(sql("find_due_scopes"), {"period": period, "last_day": last_day, "ended_at": ended_at})
    return period, [Scope(kind, name) for kind, name in rows.fetchall()]
