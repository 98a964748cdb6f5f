"""Decides a request by the link of a mail: the token says who decides, and what that person saw."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from psycopg import Connection

from postledger.finance.approval.decide import Decision, DecisionRefused, decide
from postledger.finance.approval.list_requests import show_request
from postledger.finance.approval.requests_to_judge import lock_requests, read_givers, read_person
from postledger.finance.bills.list_bills import show_bill
from postledger.finance.rules.decision_rule import VERBS, Fault, State, Verdict, judge
from postledger.notifications.announce import announce_requests
from postledger.notifications.links import Link, LinkUsed, lock_link, open_link, use_link
from postledger.people.user import User
from postledger.people.users import check_enabled, find_user_by_id
from postledger.platform.postgres.sql import statements_of

sql = statements_of("postledger.notifications")


class Opened(msgspec.Struct, frozen=True):
    """A request that waits for the user of a link. `deciding_for`: whose delegate that is. `bill_lines`: of a bill."""

    request: Mapping[str, Any]
    bill_lines: Sequence[Mapping[str, Any]]
    login: str
    deciding_for: str | None


class Decided(msgspec.Struct, frozen=True):
    """A decision that was taken, and the state of its request after it. `waits_for`: the role of the next step."""

    approval_id: str
    verdict: Verdict
    state: State | None
    waits_for: str | None


def open_by_link(connection: Connection[Any], token: str, now: datetime) -> Opened:
    """Read the request of a link, if its user may decide it now: to nobody else are amounts shown.

    Raises `DecisionRefused` or another `OperatorError`.
    """
    link = open_link(connection, token, now)
    user = _find_user(connection, link)
    with connection.transaction():
        to_judge = lock_requests(connection, [link.approval_id], now).get(link.approval_id)
        if to_judge is None:
            raise DecisionRefused(link.approval_id, Fault("unknown", "this request does not exist"))
        givers = read_givers(connection, user, now)
        taken = judge(to_judge.request, read_person(user), givers, "approve", link.content_sha256)
        if isinstance(taken, Fault):
            raise DecisionRefused(link.approval_id, taken)
        request = show_request(connection, link.approval_id)
        bill_lines = show_bill(connection, request["subject_id"])["lines"] if request["subject"] == "bill" else []
    return Opened(request, bill_lines, user.login, None if taken.for_user is None else taken.for_user.login)


def decide_by_link(
    connection: Connection[Any], token: str, verdict: Verdict, comment: str | None, now: datetime
) -> Decided:
    """Decide the request of a link, and use the link up. The same decision once more has the same answer.

    A decision that is refused leaves the link as it was. Raises `DecisionRefused` or another `OperatorError`.
    """
    with connection.transaction():
        link = lock_link(connection, token, now)
        if link.used_at is not None:
            return _repeat(connection, link, verdict)
        decision = Decision(verdict, [link.approval_id], comment, {link.approval_id: link.content_sha256})
        (outcome,) = decide(connection, _find_user(connection, link), decision, now, on_requests=announce_requests)
        if outcome.fault is None:
            use_link(connection, token, now)
    # Out here, because what `decide` has renewed is kept.
    if outcome.fault is not None:
        raise DecisionRefused(link.approval_id, outcome.fault)
    return Decided(link.approval_id, verdict, outcome.state, outcome.waits_for)


def _find_user(connection: Connection[Any], link: Link) -> User:
    user = find_user_by_id(connection, link.user_id)
    check_enabled(user)
    return user


def _repeat(connection: Connection[Any], link: Link, verdict: Verdict) -> Decided:
    row = connection.execute(sql("find_decision_of_link"), msgspec.structs.asdict(link)).fetchone()
    earlier: Verdict | None = None if row is None else row[0]
    if earlier != verdict:
        verb = "used" if earlier is None else VERBS[earlier]
        raise LinkUsed(f"link_used: with this code the request was {verb} already")
    request = show_request(connection, link.approval_id)
    return Decided(link.approval_id, verdict, request["state"], request["waits_for"])
