"""Finds out whether a person may call so much of a bank line a fee, a rate or rounding. Beyond the account's tolerances
that writes money off, and is judged as the acceptance of a work item of the same amount.
"""

import hashlib
from collections.abc import Sequence
from typing import Any

from psycopg import Connection

from postledger.platform.postgres.sql import statements_of
from postledger.policy.finance_store import read_finance
from postledger.reconciliation.bank.match_store import find_account, read_terms
from postledger.reconciliation.items.write_offs import Stake, approve_write_offs
from postledger.reconciliation.matches.decided_line import DecidedLine
from postledger.reconciliation.rules.matching.subjects import Line, Part, Terms
from postledger.reconciliation.rules.matching.written_off import measure_write_off

sql = statements_of("postledger.reconciliation")


def approve_match(connection: Connection[Any], line: DecidedLine, actor: str) -> dict[str, object]:
    """Judge what the confirmed parts of a bank line write off, and return what the audit chain says of it.

    Raises `NotPossible` if the person may not write it off.
    """
    rows = connection.execute(sql("read_confirmed_parts"), line.values).fetchall()
    parts, described = [Part(*row[1:]) for row in rows], line.describe()
    amount = measure_write_off(described, parts, _read_terms(connection, line, described, parts))
    if not amount:
        return {}
    payees = sorted({row[0] for row in rows if row[0] is not None})
    stakes = [
        Stake(f"line {line.line_no}", amount, line.currency, line.imported_by, payee) for payee in payees or [None]
    ]
    approved = approve_write_offs(connection, stakes, actor, line.now)
    digest = hashlib.sha256(f"{amount.normalize():f} {line.currency}".encode()).hexdigest()
    return {"write_off_sha256": digest} | (approved[stakes[0].subject].facts if approved else {})


def _read_terms(connection: Connection[Any], line: DecidedLine, described: Line, parts: Sequence[Part]) -> Terms:
    assert line.account is not None, "a bank line is of an account"
    account, stored = find_account(connection, line.account), read_finance(connection)
    if account is None:
        return Terms()
    currencies = {part.applied_currency for part in parts if part.applied_currency is not None}
    max_age_days = None if stored is None else stored.settings.rates_max_age_days
    return read_terms(connection, account, [described], currencies, max_age_days)
