"""Puts the reconciliation of the month before together, which the worker runs every day."""

from collections.abc import Mapping
from typing import Any

from psycopg import Connection

from postledger.platform.keyring import Keyring
from postledger.platform.tasks.periodic import ACTOR
from postledger.platform.tasks.run import Report
from postledger.reconciliation.last_month import reconcile_last_month
from postledger.reconciliation.reconcile import Tools


def reconcile_month_before(
    keyring: Keyring, connection: Connection[Any], _args: Mapping[str, Any], report: Report
) -> None:
    """Reconcile what is new in the month before."""
    reconcile_last_month(Tools(connection, lambda: keyring, ACTOR, report))
