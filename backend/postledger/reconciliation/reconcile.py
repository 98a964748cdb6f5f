"""Reconciles a month: the report of each source with the ledger, and each bank account with bills and receivables."""

from collections.abc import Callable, Iterator
from datetime import date, datetime
from functools import partial
from typing import Any, NamedTuple

import msgspec
from psycopg import Connection

from postledger.platform.keyring import Keyring
from postledger.platform.postgres.sql import statements_of
from postledger.reconciliation.bank.reconcile_account import reconcile_account
from postledger.reconciliation.reports.reconcile_report import OnProgress, reconcile_report
from postledger.reconciliation.runs import Counts, Kind, Run
from postledger.vocabulary.operator_error import NotFound

sql = statements_of("postledger.reconciliation")


class Wanted(msgspec.Struct, frozen=True):
    """What to reconcile. Neither source nor account: every source that has a report of the month, and every account.

    `as_of`: the ledger with which reports are compared. None: as it was when the report was imported.
    """

    period: date
    source: str | None = None
    account: str | None = None
    as_of: datetime | None = None


class Scope(NamedTuple):
    """A source or a bank account, by its slug."""

    kind: Kind
    name: str


class Reconciled(msgspec.Struct, frozen=True):
    """What a run found, by class and currency. Amounts are texts."""

    scope: Scope
    run: Run
    classes: Counts


class Tools(msgspec.Struct, frozen=True):
    """What a reconciliation needs. The keyring opens the texts of banks, so it is asked for only with an account."""

    connection: Connection[Any]
    open_keyring: Callable[[], Keyring]
    actor: str
    on_progress: OnProgress


def reconcile(tools: Tools, wanted: Wanted) -> Iterator[Reconciled]:
    """Reconcile one scope after the other.

    Raises `NotFound` if there is nothing to reconcile, or `NotPossible` if another run has a scope.
    """
    scopes = _list_scopes(tools.connection, wanted)
    if not scopes:
        raise NotFound(
            f"{wanted.period:%Y-%m} has no report of a network, and no bank account is configured;"
            " run: postledger statement import FILE"
        )
    for done, scope in enumerate(scopes):
        yield reconcile_scope(tools, scope, wanted, partial(_show, tools, done, len(scopes)))


def reconcile_scope(tools: Tools, scope: Scope, wanted: Wanted, on_progress: OnProgress) -> Reconciled:
    """Reconcile one source or bank account. Raises `NotFound`, or `NotPossible` if another run has it."""
    if scope.kind == "report":
        run, classes = reconcile_report(
            tools.connection, scope.name, wanted.period,
            as_of=wanted.as_of, actor=tools.actor, on_progress=on_progress,
        )  # fmt: skip
        return Reconciled(scope, run, classes)
    found = reconcile_account(
        tools.connection, tools.open_keyring(), scope.name, wanted.period, actor=tools.actor, on_progress=on_progress
    )
    return Reconciled(scope, found.run, found.classes)


def _show(tools: Tools, done: int, total: int, part: float, of: float | None) -> None:
    tools.on_progress(done + part / (of or 1), total)


def _list_scopes(connection: Connection[Any], wanted: Wanted) -> list[Scope]:
    named: tuple[tuple[Kind, str | None], ...] = (("report", wanted.source), ("bank", wanted.account))
    if chosen := [Scope(kind, name) for kind, name in named if name is not None]:
        return chosen
    return [Scope(kind, name) for kind, name in connection.execute(sql("list_scopes"), {"period": wanted.period})]
