"""Matches a line by hand: a bank line with bills, receivables or a fee, a report line with a conversion."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import msgspec
from psycopg import Connection

from postledger.platform.postgres.sql import statements_of
from postledger.reconciliation.bank.match_store import list_columns, sum_paid
from postledger.reconciliation.matches.decided_line import DecidedLine, close_line, open_line
from postledger.reconciliation.matches.list_matches import MatchFilters, Row, list_matches
from postledger.reconciliation.matches.match_write_offs import approve_match
from postledger.reconciliation.rules.matching.compose import Wish, compose
from postledger.reconciliation.rules.matching.subjects import Item, Part, PartName
from postledger.vocabulary.operator_error import InvalidRequest, NotFound, NotPossible

sql = statements_of("postledger.reconciliation")


class ByHand(msgspec.Struct, frozen=True):
    """What a person matches a line with: bills and receivables, and what the rest of the line is, or a conversion.

    An item without an amount is paid as far as the line goes.
    """

    payments: Sequence[tuple[str, Decimal | None]] = ()
    rest: PartName | None = None
    conversion: str | None = None


def match_by_hand(connection: Connection[Any], statement: str, line_no: int, wanted: ByHand, actor: str) -> list[Row]:
    """Match a line, and return its parts. Proposals and a match that no person made are replaced.

    Raises `InvalidRequest`, `NotFound`, or `NotPossible` if a person has matched it before, or may not write
    off what it leaves.
    """
    with connection.transaction():
        line = open_line(connection, statement, line_no)
        if line.list_nths("confirmed"):
            raise NotPossible(f"line {line_no} is matched by a person; undo it first: postledger match undo")
        connection.execute(sql("drop_line_matches"), line.values | {"kept": []})
        sum_paid(connection, line.now)
        match = _match_bank_line if line.kind == "bank" else _match_report_line
        close_line(connection, line, "match.by_hand", actor, match(connection, line, wanted, actor))
    return list_matches(connection, MatchFilters(statement=line.statement, line_no=line_no, state="confirmed"))


def _match_bank_line(connection: Connection[Any], line: DecidedLine, wanted: ByHand, actor: str) -> dict[str, object]:
    if wanted.conversion is not None:
        raise InvalidRequest("a bank line pays no conversion; give the number of a bill with --bill")
    found = _find_items(connection, [number for number, _ in wanted.payments])
    wishes = [Wish(found[number], amount) for number, amount in wanted.payments]
    parts = compose(line.describe(), wishes, wanted.rest)
    if isinstance(parts, str):
        raise InvalidRequest(parts)
    _write(connection, line, parts, actor)
    return approve_match(connection, line, actor)


def _match_report_line(connection: Connection[Any], line: DecidedLine, wanted: ByHand, actor: str) -> dict[str, object]:
    if wanted.conversion is None or wanted.payments or wanted.rest is not None:
        raise InvalidRequest("a line of a network's report is matched with a conversion; give it with --conversion")
    values = {"source_id": line.source_id, "searched": wanted.conversion}
    found = connection.execute(sql("find_matchable_conversions"), values).fetchall()
    if not found:
        raise NotFound("the source of this report has no such conversion; run: postledger conversions list")
    if len(found) > 1:
        raise InvalidRequest("several conversions have this transaction id; give the id of one of them")
    connection.execute(
        sql("insert_report_match"),
        line.values
        | {"nth": _find_last(connection, line) + 1, "dedup_key": found[0][0], "amount": line.amount}
        | {"currency": line.currency, "actor": actor},
    )
    return {}


def _find_items(connection: Connection[Any], numbers: Sequence[str]) -> dict[str, Item]:
    rows = connection.execute(sql("find_named_items"), {"numbers": list(numbers)}).fetchall()
    found = {row[2]: Item(*row) for row in rows}
    for number in numbers:
        if number not in found:
            raise NotFound(f"no bill and no receivable has the number {number}; run: postledger bills list")
    return found


def _find_last(connection: Connection[Any], line: DecidedLine) -> int:
    row = connection.execute(sql("find_last_part"), (line.statement, line.line_no)).fetchone()
    assert row is not None, "an aggregate has one row"
    return int(row[0])


def _write(connection: Connection[Any], line: DecidedLine, parts: Sequence[Part], actor: str) -> None:
    first, described = _find_last(connection, line) + 1, line.describe()
    with connection.cursor() as cursor, cursor.copy(sql("copy_bank_matches")) as copy:
        for nth, part in enumerate(parts, first):
            copy.write_row((
                *described.key, nth, *list_columns(part, described), "by_hand", "confirmed", None, None, None, actor,
                line.now,
            ))  # fmt: skip
