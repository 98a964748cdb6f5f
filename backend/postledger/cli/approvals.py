"""`approvals`: lists the requests that ask people, shows one, and decides them."""

import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Annotated, Any, Literal

import msgspec
import typer

from postledger.cli.connections import open_ledger
from postledger.cli.current_user import AsUser, find_actor
from postledger.cli.errors import CommandFailed
from postledger.cli.id_arguments import read_receipt
from postledger.cli.list_format import (
    AsCsv,
    ForExcel,
    Format,
    Limit,
    Wide,
    Zone,
    check_format,
    limit_rows,
    print_rows,
)
from postledger.cli.output import AsJson, note, print_json, print_table, show
from postledger.cli.row_output import Columns
from postledger.cli.time_options import read_zone
from postledger.finance.approval.decide import Decision, Outcome, decide
from postledger.finance.approval.decide_once import decide_once
from postledger.finance.approval.list_requests import RequestFilters, show_request
from postledger.finance.approval.list_requests import list_requests as read_requests
from postledger.finance.rules.decision_rule import VERBS, State, Verdict
from postledger.notifications.announce import announce_requests
from postledger.people.user import User
from postledger.people.users import find_enabled_user, find_user
from postledger.platform.postgres.connection import LedgerConnection
from postledger.vocabulary.operator_error import NotFound
from postledger.vocabulary.wording import count

approvals = typer.Typer(help="Requests that ask people, and what they decide.", no_args_is_help=True)

_REQUESTS = Columns(
    everything=(
        "id", "subject", "subject_id", "payee", "amount", "currency", "state", "waits_for", "step", "steps", "rule",
        "rule_version", "created_by", "created_at", "remind_at", "settled_at", "content_sha256",
    ),
    of_table=("created_at", "subject", "payee", "amount", "currency", "state", "waits_for", "rule", "created_by", "id"),
    by_importance=(
        "id", "amount", "currency", "state", "waits_for", "payee", "subject", "created_at", "rule", "created_by",
    ),
)  # fmt: skip
_OF_LINES = (
    "created_at", "source", "campaign", "event", "transaction_id", "kind", "category", "account", "rule", "amount",
    "currency",
)  # fmt: skip
_OF_BILL = ("number", "period", "amount", "currency")
_OF_STDIN = "-"
_MOST_LISTED = 20

Ids = Annotated[list[str], typer.Argument(metavar="ID...", help="The ids of requests, or - for standard input.")]
Comment = Annotated[str | None, typer.Option("--comment", help="Why, for those who look at it later.")]
Seen = Annotated[
    str | None,
    typer.Option("--seen", metavar="HASH", help="The content_sha256 that you saw. If it is another one now: refused."),
]
AllOrNothing = Annotated[
    bool, typer.Option("--all-or-nothing", help="If one decision is refused, decide none. Default: each for itself.")
]
IdempotencyKey = Annotated[
    str | None,
    typer.Option("--idempotency-key", metavar="KEY", help="Of this decision: repeated, it gets the same answer again."),
]


class _How(msgspec.Struct, frozen=True):
    """How a decision is taken, besides what is decided."""

    login: str | None
    key: str | None
    all_or_nothing: bool
    as_json: bool


@approvals.command("list")
def list_requests(
    *,
    context: typer.Context,
    state: Annotated[State | None, typer.Option("--state", help="Only this state.")] = None,
    waiting_for: Annotated[
        str | None, typer.Option("--waiting-for", metavar="LOGIN", help="Only what this user may decide now.")
    ] = None,
    subject: Annotated[
        Literal["line", "payee_day", "bill", "payee_change"] | None, typer.Option("--subject", help="Only this kind.")
    ] = None,
    payee: Annotated[str | None, typer.Option("--payee", help="Only this payee.")] = None,
    timezone: Zone = None,
    limit: Limit = None,
    wide: Wide = False,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
    excel: ForExcel = False,
) -> None:
    """List the requests: those that wait first, then the newest."""
    form = Format(read_zone(timezone), limit, as_json, as_csv, wide, excel)
    check_format(form)
    with open_ledger(context) as connection:
        user = None if waiting_for is None else find_user(connection, waiting_for)
        filters = RequestFilters(limit_rows(form), state, subject, payee, user)
        rows = read_requests(connection, filters, datetime.now(UTC))
    print_rows(iter(rows), _REQUESTS, form)


@approvals.command("show")
def show_one(
    context: typer.Context,
    request_id: Annotated[str, typer.Argument(metavar="ID", help="The id of the request.")],
    as_json: AsJson = False,
) -> None:
    """Show a request: what it is about, its lines, its decisions, and the other requests about the same."""
    with open_ledger(context) as connection:
        found = show_request(connection, read_receipt(request_id))
    print_json(found) if as_json else _print(found)


@approvals.command("approve")
def approve(
    context: typer.Context,
    ids: Ids,
    *,
    comment: Comment = None,
    seen: Seen = None,
    all_or_nothing: AllOrNothing = False,
    idempotency_key: IdempotencyKey = None,
    as_user: AsUser = None,
    as_json: AsJson = False,
) -> None:
    """Approve requests. In a chain the next step then waits."""
    how = _How(as_user, idempotency_key, all_or_nothing, as_json)
    _decide(context, _make_decision("approve", ids, comment, seen), how)


@approvals.command("reject")
def reject(
    context: typer.Context,
    ids: Ids,
    *,
    comment: Comment = None,
    seen: Seen = None,
    all_or_nothing: AllOrNothing = False,
    idempotency_key: IdempotencyKey = None,
    as_user: AsUser = None,
    as_json: AsJson = False,
) -> None:
    """Reject requests: what they hold is not paid."""
    how = _How(as_user, idempotency_key, all_or_nothing, as_json)
    _decide(context, _make_decision("reject", ids, comment, seen), how)


@approvals.command("return")
def give_back(
    context: typer.Context,
    ids: Ids,
    *,
    comment: Comment = None,
    seen: Seen = None,
    all_or_nothing: AllOrNothing = False,
    idempotency_key: IdempotencyKey = None,
    as_user: AsUser = None,
    as_json: AsJson = False,
) -> None:
    """Return requests: what they hold is not paid as it is, and must be corrected."""
    how = _How(as_user, idempotency_key, all_or_nothing, as_json)
    _decide(context, _make_decision("return", ids, comment, seen), how)


def _make_decision(verdict: Verdict, ids: Sequence[str], comment: str | None, seen: str | None) -> Decision:
    named = [read_receipt(each) for each in (sys.stdin.read().split() if list(ids) == [_OF_STDIN] else ids)]
    if seen is None:
        return Decision(verdict, named, comment)
    if len(named) != 1:
        raise CommandFailed("--seen belongs to one request; name one")
    return Decision(verdict, named, comment, {named[0]: _read_hash(seen)})


def _read_hash(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise CommandFailed("--seen must be the content_sha256 of approvals show: 64 digits of 0-9 and a-f") from None


def _decide(context: typer.Context, decision: Decision, how: _How) -> None:
    with open_ledger(context) as connection:
        user, now = _find_user(connection, how.login), datetime.now(UTC)
        decide_as = decide if how.key is None else partial(decide_once, key=how.key)
        outcomes = decide_as(
            connection, user, decision, now, on_requests=announce_requests, all_or_nothing=how.all_or_nothing
        )
    _print_outcomes(decision, outcomes, as_json=how.as_json)


def _find_user(connection: LedgerConnection, login: str | None) -> User:
    """Find who decides: a user, because a request asks for roles."""
    actor = find_actor(connection, login)
    try:
        return find_enabled_user(connection, actor)
    except NotFound:
        raise CommandFailed(
            f"{actor} is no user of Postledger; say who decides with --as LOGIN, or run: postledger user add --help"
        ) from None


def _print_outcomes(decision: Decision, outcomes: Sequence[Outcome], *, as_json: bool) -> None:
    refused = [each for each in outcomes if each.fault is not None]
    if as_json:
        print_json([_write_outcome(decision, each) for each in outcomes])
    else:
        for each in outcomes if len(outcomes) <= _MOST_LISTED else ():
            if each.fault is None:
                print(f"{each.id}: {_describe(decision, each)}")
        if len(outcomes) > 1:
            print(f"{count(len(outcomes) - len(refused), 'request')} {VERBS[decision.verdict]}")
    if len(outcomes) == 1 and refused:
        raise CommandFailed(str(refused[0].fault))
    if refused:
        for each in refused[:_MOST_LISTED]:
            note(f"{each.id}: {each.fault}")
        raise CommandFailed(f"{len(refused)} of {count(len(outcomes), 'request')} refused; the others are decided")


def _describe(decision: Decision, outcome: Outcome) -> str:
    waits = "" if outcome.waits_for is None else f"; waits for {outcome.waits_for}"
    return f"{VERBS[decision.verdict]}{waits}"


def _write_outcome(decision: Decision, outcome: Outcome) -> dict[str, object]:
    facts: dict[str, object] = {"id": outcome.id, "state": outcome.state, "waits_for": outcome.waits_for}
    if outcome.fault is None:
        return facts | {"decision": decision.verdict, "error": None}
    earlier = outcome.fault.decided
    told: dict[str, object] = {"error": outcome.fault.reason, "message": str(outcome.fault)}
    if earlier is None:
        return facts | {"decision": None, **told}
    return facts | {"decision": earlier.verdict, "decided_by": earlier.login, "decided_at": earlier.at, **told}


def _print(found: dict[str, Any]) -> None:
    facts = [
        (name, ", ".join(found[name]) if name == "steps" else found[name])
        for name in _REQUESTS.everything
        if found[name] is not None
    ]
    print_table(("field", "value"), facts)
    if found["bill"] is not None:
        print_table(("bill", "period", "amount", "currency"), [[found["bill"][name] for name in _OF_BILL]])
    if found["lines"]:
        print_table(_OF_LINES, [[line[name] for name in _OF_LINES] for line in found["lines"]])
    for decided in found["decisions"]:
        print(_describe_decision(decided))
    for other in found["others"]:
        print(f"{other['state']}: {other['id']}  {show(other['amount'])} {other['currency'] or ''}".rstrip())


def _describe_decision(decided: dict[str, Any]) -> str:
    by = decided["decided_by"] + (f" for {decided['decided_for']}" if decided["decided_for"] else "")
    told = f"step {decided['step'] + 1}: {by} {VERBS[decided['decision']]} it at {show(decided['decided_at'])}"
    return f"{told}: {decided['comment']}" if decided["comment"] else told
