"""Reconciles a month: the report of each source with the ledger, and each bank account with bills and receivables."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Any

import msgspec
from psycopg import Connection

from postledger.platform.postgres.sql import statements_of
from postledger.reconciliation.reports.reconcile_report import OnProgress, Reconciled, reconcile_report
from postledger.vocabulary.operator_error import NotFound

sql = statements_of("postledger.reconciliation")


class Wanted(msgspec.Struct, frozen=True):
    """What to reconcile. None: every source that has a report of the month, and every bank account."""

    period: date
    source: str | None = None
    account: str | None = None
    as_of: datetime | None = None


def reconcile(connection: Connection[Any], wanted: Wanted, actor: str, on_progress: OnProgress) -> list[Reconciled]:
    """Reconcile one after the other. Raises `NotFound` if there is nothing, or `NotPossible` if another run goes on."""
    return list(_reconcile_each(connection, wanted, actor, on_progress))


def _reconcile_each(
    connection: Connection[Any], wanted: Wanted, actor: str, on_progress: OnProgress
) -> Iterator[Reconciled]:
    sources = _list_sources(connection, wanted)
    if not sources:
        raise NotFound(f"no source has a report of {wanted.period:%Y-%m}; run: postledger statement import FILE")
    for done, source in enumerate(sources):

        def show(passes: float, of: float | None, done: int = done) -> None:
            on_progress(done + passes / (of or 1), len(sources))

        yield reconcile_report(connection, source, wanted.period, as_of=wanted.as_of, actor=actor, on_progress=show)


def _list_sources(connection: Connection[Any], wanted: Wanted) -> Sequence[str]:
    if wanted.source is not None:
        return [wanted.source]
    return [slug for (slug,) in connection.execute(sql("list_reported_sources"), (wanted.period,))]
