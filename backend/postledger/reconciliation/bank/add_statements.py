"""Adds the statements of a bank's file to those of their accounts: the lines that are new, the proofs and the order."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import msgspec
from psycopg import Connection

from postledger.people.audit_chain import append, write_body
from postledger.policy.bank_texts import BankTexts
from postledger.reconciliation.bank.bank_store import (
    NewStatement,
    add_bank_lines,
    insert_bank_statement,
    read_known_lines,
    relink,
    set_proof,
)
from postledger.reconciliation.bank.prove_closing import AddedLines, prove_by_closing, prove_next
from postledger.reconciliation.bank.prove_record import AddedTo, find_added_difference, find_missing
from postledger.reconciliation.bank.read_file import ReadStatement, day_of
from postledger.reconciliation.rules.balance_proof import Proof, ProofState, find_gap, prove
from postledger.reconciliation.rules.occurrences import NewLine, select_new
from postledger.reconciliation.rules.statement_chain import Link, Stated, put_in_order
from postledger.reconciliation.statement_store import add_faults

FindDifference = Callable[[Connection[Any], AddedTo], Decimal | None]


class ImportedStatement(msgspec.Struct, frozen=True):
    """What was imported of one statement. `known` lines were on record already; `pending` ones are no money."""

    id: str
    account: str
    number: str | None
    currency: str
    since: date | None
    until: date | None
    opening: Decimal | None
    closing: Decimal | None
    lines: int
    known: int
    pending: int
    faults: int
    proof: ProofState
    proof_difference: Decimal | None
    gap: str | None


class Addition(msgspec.Struct, frozen=True):
    """To which ledger statements are added, of which file, by whom and when."""

    connection: Connection[Any]
    texts: BankTexts
    format: str
    file_name: str
    file_sha256: bytes
    actor: str
    now: datetime


def add_statements(addition: Addition, read: Sequence[ReadStatement]) -> list[ImportedStatement]:
    """Add all statements of a file."""
    added, sources, numbers = list[ImportedStatement](), list[AddedTo](), Counter[tuple[str, str | None]]()
    for segment in _split(read):
        new = _select_new(addition, segment)
        for each in segment:
            name = (each.account.slug, each.number)
            numbers[name] += 1
            number = each.number if numbers[name] == 1 else f"{each.number or ''} ({numbers[name]})".strip()
            one = _add(_at(addition, len(added)), each, number, new[id(each)])
            sources.append(AddedTo(one.account, one.id, each.lines, new[id(each)]))
            added.append(_prove_with_others(addition, one, sources[-1], find_added_difference))
    # Another statement of the file can have the rest of a day, so all of them come first.
    proven = [_prove_with_others(addition, *pair, find_missing) for pair in zip(added, sources, strict=True)]
    for nth, each_added in enumerate(proven):
        _append_to_chain(_at(addition, nth), each_added)
    return proven


def _at(addition: Addition, nth: int) -> Addition:
    """Give each statement a moment, which keeps the order that they have in the file. Days alone do not."""
    return msgspec.structs.replace(addition, now=addition.now + timedelta(microseconds=nth))


def _split(read: Sequence[ReadStatement]) -> Iterator[Sequence[ReadStatement]]:
    """Give the statements of each account in order, split where one has days of the one before.

    What stands in both is one line, as in two files. Of statements without days in common it is two lines.
    """
    for account in dict.fromkeys(each.account.slug for each in read):
        segment = list[ReadStatement]()
        for each in _put_in_order([one for one in read if one.account.slug == account]):
            if segment and find_gap(segment[-1].span, each.span) == "overlap":
                yield segment
                segment = []
            segment.append(each)
        yield segment


def _put_in_order(statements: Sequence[ReadStatement]) -> Iterator[ReadStatement]:
    dated = [found for nth, each in enumerate(statements) if (found := _state(str(nth), each)) is not None]
    yield from (statements[int(each.id)] for each in put_in_order(dated))
    yield from (each for each in statements if each.span.since is None)


def _state(name: str, read: ReadStatement) -> Stated | None:
    span = read.span
    if span.since is None or span.until is None:
        return None
    return Stated(name, span.since, span.until, span.opening, span.closing)


def _select_new(addition: Addition, segment: Sequence[ReadStatement]) -> dict[int, list[NewLine]]:
    """Select the lines that are new, by the identity of their statement."""
    owners = {id(line): id(each) for each in segment for line in each.lines}
    lines = [line for each in segment for line in each.lines]
    days = [day for line in lines if (day := day_of(line)) is not None]
    known = read_known_lines(addition.connection, segment[0].account.slug, days)
    new = defaultdict[int, list[NewLine]](list)
    for line in select_new(lines, known, addition.texts.fingerprint_key):
        new[owners[id(line.line)]].append(line)
    return new


def _add(addition: Addition, read: ReadStatement, number: str | None, new: Sequence[NewLine]) -> ImportedStatement:
    connection, span, statement_id = addition.connection, read.span, str(uuid4())
    amounts = [line.amount for line in read.lines if not line.pending]
    booked = sum(amounts, Decimal(0))
    proof = prove(span.opening, booked, span.closing)
    added = ImportedStatement(
        statement_id, read.account.slug, number, read.account.currency, span.since, span.until, span.opening,
        span.closing, len(new), len(amounts) - len(new), len(read.lines) - len(amounts), len(read.faults), proof.state,
        proof.difference, None,
    )  # fmt: skip
    add_bank_lines(connection, statement_id, new, addition.texts)
    add_faults(connection, statement_id, read.faults)
    insert_bank_statement(connection, _make_row(addition, added))
    added_amount = sum((line.line.amount for line in new), Decimal(0))
    return _link(addition, added, AddedLines(booked, added_amount, read.closed_on))


def _make_row(addition: Addition, added: ImportedStatement) -> NewStatement:
    return NewStatement(
        added.id, added.account, addition.format, addition.file_name, addition.file_sha256, added.number, added.since,
        added.until, added.currency, added.opening, added.closing, added.proof, added.proof_difference, added.lines,
        added.known, added.faults, addition.now, addition.actor,
    )  # fmt: skip


def _link(addition: Addition, added: ImportedStatement, lines: AddedLines) -> ImportedStatement:
    connection, account = addition.connection, added.account
    links = relink(connection, account)
    linked = msgspec.structs.replace(added, gap=links.get(added.id, Link()).gap)
    found = prove_by_closing(connection, account, added.id, links, lines)
    prove_next(connection, account, added.id, links)
    if found is None:
        return linked
    proof = found.proof
    return msgspec.structs.replace(linked, proof=proof.state, proof_difference=proof.difference, opening=found.opening)


def _prove_with_others(
    addition: Addition, added: ImportedStatement, source: AddedTo, find: FindDifference
) -> ImportedStatement:
    """Find whether a statement that adds up by itself contradicts the others of its account."""
    if added.proof == "unproven":
        return added
    difference = find(addition.connection, source)
    if difference is None:
        return added
    set_proof(addition.connection, added.id, Proof("unproven", difference), added.opening)
    return msgspec.structs.replace(added, proof="unproven", proof_difference=difference)


def _append_to_chain(addition: Addition, added: ImportedStatement) -> None:
    body = write_body(
        account=added.account, format=addition.format, lines=added.lines, known=added.known, proof=added.proof,
        sha256=addition.file_sha256.hex(),
    )  # fmt: skip
    append(addition.connection, addition.actor, "statement.import", added.id, body=body, at=addition.now)
