"""Reads the outcomes of repeats that are recorded already, by an attempt whose commit went unanswered.

The verdicts come from the audit rows: the rules might decide otherwise now, because the conversion has changed.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

from psycopg import Connection

from postledger.ledger.entry import Entry, Outcome
from postledger.ledger.rows import encode_rows, entry_row
from postledger.platform.postgres.sql import statements_of
from postledger.vocabulary.refusal import Cause, Reason, Refusal
from postledger.vocabulary.statuses import Status, Verdict

sql = statements_of("postledger.ledger")


def read_recorded(connection: Connection[Any], repeats: Iterable[Entry]) -> dict[str, Outcome]:
    """Return the outcomes of the entries that have an audit row, by receipt."""
    entries = encode_rows([entry_row(entry) for entry in repeats])
    rows = connection.execute(sql("find_recorded"), (entries,)).fetchall()
    return {receipt: _read(_Recorded(*rest)) for receipt, *rest in rows}


class _Recorded(NamedTuple):
    verdict: str
    reason: str | None
    cause: str | None
    conversion_id: str
    campaign_id: int | None
    status: str | None


def _read(row: _Recorded) -> Outcome:
    refusal = Refusal(Reason(row.reason), cause=Cause(row.cause) if row.cause else None) if row.reason else None
    status = Status(row.status) if row.status else None
    return Outcome(Verdict(row.verdict), refusal, row.conversion_id, row.campaign_id, status)
