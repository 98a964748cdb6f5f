"""What a run over bank lines leaves for people: lines without a sure match, overpaid ones, missing days and money."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import msgspec
from psycopg import Connection
from psycopg.types.json import Jsonb

from postledger.platform.postgres.sql import statements_of
from postledger.reconciliation.bank.match_store import Scope
from postledger.reconciliation.items.found_items import item_key
from postledger.reconciliation.month_tables.accounts import read_proof
from postledger.reconciliation.month_tables.reading import MonthReader
from postledger.reconciliation.rules.matching.subjects import Item, LineKey, Match, Outcome, Part
from postledger.reconciliation.runs import Run

sql = statements_of("postledger.reconciliation")


class Found(msgspec.Struct, frozen=True):
    """A work item. `subject` is the same in every run."""

    subject: str
    item_class: str
    stake: Decimal
    currency: str
    facts: Mapping[str, Any]
    statement_id: str | None = None
    line_no: int | None = None
    bill_id: str | None = None
    receivable_id: str | None = None


def add_found_items(connection: Connection[Any], run: Run, found: Iterable[Found]) -> None:
    """Add work items to the table `found_items`. Their order distinguishes equal subjects."""
    seen, listed = Counter[str](), list(found)  # while rows are copied, the connection asks nothing else
    with connection.cursor() as cursor, cursor.copy(sql("copy_found_items")) as copy:
        for each in listed:
            seen[each.subject] += 1
            subject = each.subject if seen[each.subject] == 1 else f"{each.subject}:{seen[each.subject]}"
            copy.write_row((
                item_key(run.kind, run.scope, run.period, subject), each.item_class, each.statement_id, each.line_no,
                each.bill_id, each.receivable_id, each.stake, each.currency, Jsonb(each.facts),
            ))  # fmt: skip


def find_line_items(
    outcomes: Iterable[Outcome], subjects: Mapping[LineKey, str], items: Mapping[str, Item]
) -> Iterator[Found]:
    """Find the lines that people must look at."""
    for outcome in outcomes:
        line, rest = outcome.line, _find_rest(outcome.match)
        if outcome.match is None or rest:
            yield Found(
                f"line:{subjects[line.key]}", _classify(outcome), abs(rest or line.amount), line.currency,
                _describe(outcome, items), line.key[0], line.key[1], *_find_only_item(outcome, items),
            )  # fmt: skip


def _find_rest(match: Match | None) -> Decimal | None:
    parts = () if match is None else match.parts
    return next((part.amount for part in parts if part.part == "unapplied"), None)


def _classify(outcome: Outcome) -> str:
    return {"matched": "unapplied", "proposed": "proposed", "unexplained": "unexplained_line"}[outcome.state]


def find_gaps(connection: Connection[Any], scope: Scope) -> Iterator[Found]:
    """Find statements that do not add up, and missing days between two."""
    rows = connection.execute(sql("find_bank_gaps"), msgspec.structs.asdict(scope)).fetchall()
    for item_class, statement_id, currency, stake, since, until, number, missing_since in rows:
        facts = {"since": since, "until": until, "number": number, "difference": stake, "missing_since": missing_since}
        yield Found(
            f"{item_class}:{since}:{until}:{number}", item_class, stake, currency, _write_all(facts), statement_id
        )


def find_unproven_month(connection: Connection[Any], scope: Scope) -> Iterator[Found]:
    """Find what the month differs from its balances, if no statement and no gap tells of it."""
    difference = read_proof(MonthReader(connection, scope.since), scope.account).unnamed
    if difference is not None:
        last_day = scope.until - timedelta(days=1)
        facts = {"since": scope.since, "until": last_day, "difference": difference}
        yield Found("unproven:month", "unproven", abs(difference), scope.currency, _write_all(facts))


def find_overdue(connection: Connection[Any], scope: Scope, today: date) -> Iterator[Found]:
    """Find receivables that are due and not paid."""
    values = msgspec.structs.asdict(scope) | {"period": scope.since, "today": today}
    for item_id, number, payee, currency, amount, received, due_on in connection.execute(
        sql("find_overdue_receivables"), values
    ):
        facts = {"number": number, "payee": payee, "amount": amount, "received": received, "due_on": due_on}
        yield Found(
            f"receivable:{number}",
            "overdue_receivable",
            amount - received,
            currency,
            _write_all(facts),
            receivable_id=item_id,
        )


def _describe(outcome: Outcome, items: Mapping[str, Item]) -> dict[str, Any]:
    line = outcome.line
    facts: dict[str, object] = {"bank": {"day": line.day, "amount": line.amount, "currency": line.currency}}
    if outcome.match is not None:
        facts["parts"] = _say(outcome.match, items)
    if outcome.proposals:
        facts["proposals"] = [_say(match, items) for match in outcome.proposals]
    if outcome.reasons:
        facts["reasons"] = [str(reason) for reason in outcome.reasons]
    return _write_all(facts)


def _say(match: Match, items: Mapping[str, Item]) -> str:
    """Say in one line what a match is: `payment -100 PL-202610-000007, fee -5`."""
    return ", ".join(
        " ".join(filter(None, [part.part, _write(part.amount), _name(part, items), _say_applied(part)]))
        for part in match.parts
    )


def _name(part: Part, items: Mapping[str, Item]) -> str | None:
    return None if part.item is None else items[part.item].number if part.item in items else part.item


def _say_applied(part: Part) -> str | None:
    """What is paid in the currency of the item, if that is another one."""
    if part.applied is None or abs(part.applied) == abs(part.amount):
        return None
    return f"({_write(part.applied)} {part.applied_currency})"


def _find_only_item(outcome: Outcome, items: Mapping[str, Item]) -> tuple[str | None, str | None]:
    """Return the bill or the receivable of a line, if it can only be one."""
    matches = [*outcome.proposals, *([] if outcome.match is None else [outcome.match])]
    found = {item for match in matches for item in match.items}
    only = items.get(found.pop()) if len(found) == 1 else None
    if only is None:
        return None, None
    return (only.id, None) if only.kind == "bill" else (None, only.id)


def _write_all(facts: Mapping[str, object]) -> dict[str, Any]:
    """Write facts as JSON has them, without what is not known."""
    return {name: _write(fact) for name, fact in facts.items() if fact is not None}


def _write(fact: Any) -> Any:
    match fact:
        case Decimal():
            return f"{fact.normalize():f}"  # equal amounts have equal texts, so that the facts stay the same
        case dict():
            return {name: _write(each) for name, each in fact.items()}
    return fact.isoformat() if isinstance(fact, date) else fact
