"""Proves statements that have only a closing balance, as those of OFX, by the closing balance of the one before."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import msgspec
from psycopg import Connection

from postledger.platform.postgres.sql import statements_of
from postledger.reconciliation.bank.bank_store import read_chain, set_proof
from postledger.reconciliation.rules.balance_proof import Proof, adjoins, prove, prove_added
from postledger.reconciliation.rules.statement_chain import Link, Stated

sql = statements_of("postledger.reconciliation")


class AddedLines(msgspec.Struct, frozen=True):
    """What the lines of a file add up to, what of it is new, and of which day its closing balance is, if it says so."""

    booked: Decimal
    new: Decimal
    closed_on: date | None


class FoundProof(msgspec.Struct, frozen=True):
    """What the closing balance of the statement before proves, and the opening balance that follows from it."""

    proof: Proof
    opening: Decimal


def prove_by_closing(
    connection: Connection[Any], account: str, statement_id: str, links: Mapping[str, Link], lines: AddedLines
) -> FoundProof | None:
    """Prove a statement that was added. None: nothing is known before it, or days are missing in between.

    Then it can be proven, if the balances fit, and never contradicted.
    """
    chain = read_chain(connection, account)
    this = next((each for each in chain if each.id == statement_id), None)
    if this is None or this.closing is None or this.opening is not None:
        return None
    before = _find_last(chain, this, links[this.id])
    proof = Proof("no_balances") if before is None else prove_added(before.span, this.span, lines.new)
    if before is None or proof.state == "no_balances":
        return None
    if proof.state == "unproven" and not (adjoins(before.span, this.span) and _is_of_last_day(this, lines)):
        return None
    found = FoundProof(proof, this.closing + (proof.difference or 0) - lines.booked)
    set_proof(connection, statement_id, found.proof, found.opening)
    return found


def prove_next(connection: Connection[Any], account: str, statement_id: str, links: Mapping[str, Link]) -> None:
    """Prove the statements that follow one which was added later than they were."""
    following = {each for each, link in links.items() if link == Link(statement_id)}
    chain = {each.id: each for each in read_chain(connection, account)} if following else {}
    for this in (chain[each] for each in following):
        before, waits = chain[statement_id].closing, this.proof == "no_balances" and this.opening is None
        if waits and prove(before, _sum_lines(connection, this.id), this.closing).state == "proven":
            set_proof(connection, this.id, Proof("proven"), before)


def _find_last(chain: Sequence[Stated], this: Stated, link: Link) -> Stated | None:
    """Find the statement before, if no other one covers days between its end and that of this one."""
    others = {each.id: each for each in chain if each.id != this.id}
    before = others.get(link.follows or "")
    if before is None or before.until > this.until:
        return None
    is_last = all(each.until <= before.until or each.since > this.until for each in others.values())
    return before if is_last else None


def _is_of_last_day(statement: Stated, lines: AddedLines) -> bool:
    """Whether the closing balance is not of a later day, of which lines can be missing."""
    return lines.closed_on is None or lines.closed_on <= statement.until


def _sum_lines(connection: Connection[Any], statement_id: str) -> Decimal:
    rows = connection.execute(sql("sum_lines"), (statement_id,)).fetchall()
    return sum((amount for _, _, _, amount in rows), Decimal(0))
