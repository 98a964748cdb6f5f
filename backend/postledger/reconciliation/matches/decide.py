"""Confirms a match or a proposal, and undoes a match. No later run changes what a person decided."""

from typing import Any

from psycopg import Connection

from postledger.platform.postgres.sql import statements_of
from postledger.reconciliation.matches.decided_line import DecidedLine, close_line, open_line
from postledger.reconciliation.matches.list_matches import MatchFilters, Row, list_matches
from postledger.reconciliation.matches.match_write_offs import approve_match
from postledger.vocabulary.operator_error import InvalidRequest, NotFound, NotPossible

sql = statements_of("postledger.reconciliation")


def confirm_match(
    connection: Connection[Any], statement: str, line_no: int, proposal: int | None, actor: str
) -> list[Row]:
    """Confirm the match of a line, or one of its proposals, and return its parts.

    Raises `InvalidRequest`, `NotFound`, or `NotPossible` if it was confirmed before, does not fit any more, or
    writes off what the person may not.
    """
    with connection.transaction():
        line = open_line(connection, statement, line_no)
        chosen = _choose(line, proposal)
        connection.execute(sql("confirm_match"), line.values | {"nths": chosen, "actor": actor})
        connection.execute(sql("drop_line_matches"), line.values | {"kept": chosen})
        # What a run has matched is within the tolerances.
        is_matched = line.kind == "network" or bool(line.list_nths("matched"))
        close_line(
            connection, line, "match.confirm", actor, {} if is_matched else approve_match(connection, line, actor)
        )
    return list_matches(connection, MatchFilters(statement=line.statement, line_no=line_no, state="confirmed"))


def undo_match(connection: Connection[Any], statement: str, line_no: int, actor: str) -> list[Row]:
    """Undo the match of a line, and return its parts. The next run proposes it, and does not make it again.

    Raises `InvalidRequest`, `NotFound`, `NotPossible`.
    """
    with connection.transaction():
        line = open_line(connection, statement, line_no)
        if not line.list_nths("matched", "confirmed"):
            what = "it is only proposed" if line.parts else "it has no match"
            raise NotPossible(f"line {line_no} has nothing to undo: {what}; run: postledger match list")
        connection.execute(sql("undo_match"), line.values | {"actor": actor})
        close_line(connection, line, "match.undo", actor)
    undone = list_matches(connection, MatchFilters(statement=line.statement, line_no=line_no, state="undone"))
    return [row for row in undone if row["undone_at"] == line.now]


def _choose(line: DecidedLine, proposal: int | None) -> list[int]:
    if line.list_nths("confirmed"):
        by = next(part.confirmed_by for part in line.parts if part.state == "confirmed")
        raise NotPossible(f"line {line.line_no} is confirmed already, by {by}; undo it first: postledger match undo")
    if matched := line.list_nths("matched"):
        return matched
    proposals = sorted({part.proposal or 1 for part in line.parts})
    if not proposals:
        raise NotFound(f"line {line.line_no} has no match and no proposal; run: postledger match by-hand --help")
    if proposal is None and len(proposals) > 1:
        raise InvalidRequest(f"line {line.line_no} has {len(proposals)} proposals; choose one with --proposal")
    if proposal is not None and proposal not in proposals:
        raise NotFound(f"line {line.line_no} has no proposal {proposal}; run: postledger match list --state proposed")
    return [part.nth for part in line.parts if (part.proposal or 1) == (proposal or proposals[0])]
