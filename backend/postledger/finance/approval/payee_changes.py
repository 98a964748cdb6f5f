"""Asks people about new payees and changed bank accounts, in the transaction that changes them."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from psycopg import Connection

from postledger.finance.approval.plan import NewRequest
from postledger.finance.approval.request_store import (
    OnRequests,
    insert_requests,
    lock_open_requests,
    lock_requests_of_payees,
    supersede,
)
from postledger.finance.bills.settle import settle_bills
from postledger.finance.rules.approval_rule import Subject, choose
from postledger.ledger.dispatch import hold_dispatch
from postledger.policy.approval_store import ApprovalRules, read_approval_rules
from postledger.policy.diff import Action, Change

_ABOUT_PAYEES: tuple[Subject, ...] = ("payee_change",)


def follow_payees(
    connection: Connection[Any], changes: Iterable[Change], now: datetime, actor: str, *, on_requests: OnRequests
) -> None:
    """Make the requests that follow from changes that were written. `actor` is who changed the payees.

    A payee is paid nothing until the request is approved. Without a rule for changes of payees nothing is asked. What
    waits for the payee is asked again in any case, because a decision is bound to the bank account.
    """
    changed = [change for change in changes if change.kind == "payee" and _matters(change)]
    if not changed:
        return
    hold_dispatch(connection)  # or a mapper would not see the requests that take the place of others
    names = [change.name for change in changed]
    again, asked = _ask_again(connection, names, now), _ask(read_approval_rules(connection), names, actor)
    if asked:
        about_payees = lock_open_requests(connection, _ABOUT_PAYEES, names)
        supersede(connection, [request.id for request in about_payees], now)
    if made := insert_requests(connection, [*again, *asked], now):
        on_requests(connection, made, now)
    settle_bills(connection, now, on_requests=on_requests, payees=names)


def _matters(change: Change) -> bool:
    if change.action is Action.CHANGE:
        return "bank_account" in change.keys
    return change.action in {Action.CREATE, Action.REVIVE}


def _ask(rules: ApprovalRules, payees: Iterable[str], actor: str) -> list[NewRequest]:
    choice = choose(rules.rules, "payee_change", None)
    if choice is None:
        return []
    rule = choice.rule
    return [
        NewRequest(
            "payee_change", payee, rule.slug, rules.version, rule.steps, rule.remind_after_s, payee,
            amount=None, currency=None, created_by=actor, lines=(),
        )
        for payee in payees
    ]  # fmt: skip


def _ask_again(connection: Connection[Any], payees: Sequence[str], now: datetime) -> list[NewRequest]:
    waiting = lock_requests_of_payees(connection, payees)
    supersede(connection, list(waiting), now)
    return list(waiting.values())
