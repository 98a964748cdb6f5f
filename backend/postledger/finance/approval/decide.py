"""Decides requests: approve, reject or return, one or thousands, in few statements.

Everything is judged after the requests are locked, so of two people who decide at once the second one learns who was
first. Each decision is an entry of the audit chain, in the same transaction.
"""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import msgspec
from psycopg import Connection

from postledger.finance.approval.renew import renew_changed
from postledger.finance.approval.request_id import is_request_id
from postledger.finance.approval.request_store import OnRequests
from postledger.finance.approval.requests_to_judge import (
    Row,
    ToJudge,
    as_array,
    lock_requests,
    read_givers,
    read_person,
)
from postledger.finance.bills.settle import settle_bills
from postledger.finance.rules.decision_rule import Fault, Reason, State, Taken, Verdict, judge
from postledger.people.audit_chain import Entry, append_all, write_body
from postledger.people.user import User
from postledger.people.users import check_enabled
from postledger.platform.postgres.sql import statements_of
from postledger.vocabulary.operator_error import InvalidRequest, NotPossible

sql = statements_of("postledger.finance")

MOST_AT_ONCE = 10_000
_LONGEST_COMMENT = 2_000


class Decision(msgspec.Struct, frozen=True):
    """What a person decides, of which requests. `seen`: by id, the content that the person saw, if it is known."""

    verdict: Verdict
    ids: Sequence[str]
    comment: str | None = None
    seen: Mapping[str, bytes] = {}


class Outcome(msgspec.Struct, frozen=True):
    """What became of one request: its state, the role for which it waits, or why the decision was refused."""

    id: str
    state: State | None
    waits_for: str | None
    fault: Fault | None = None


class DecisionRefused(NotPossible):
    """A decision is refused. `fault` says why, and who decided before."""

    def __init__(self, request_id: str, fault: Fault) -> None:
        super().__init__(f"{fault} ({request_id})")
        self.request_id, self.fault = request_id, fault

    @property
    def reason(self) -> Reason:
        """The name of the error."""
        return self.fault.reason


class _Judged(NamedTuple):
    """A decision that is allowed, with its request."""

    row: Row
    taken: Taken


def decide(
    connection: Connection[Any],
    user: User,
    decision: Decision,
    now: datetime,
    *,
    on_requests: OnRequests,
    all_or_nothing: bool = False,
) -> list[Outcome]:
    """Decide requests, each for itself, and return what became of each, in the order in which they were asked for.

    With `all_or_nothing` the first refusal raises `DecisionRefused`, and nothing is decided. Raises `InvalidRequest`,
    or `NotPossible` if the user is disabled.
    """
    _check(decision)
    check_enabled(user)
    named = [each for each in dict.fromkeys(decision.ids) if is_request_id(each)]
    renew_changed(connection, named, now, on_requests)
    with connection.transaction():
        found = lock_requests(connection, named, now)
        judged = _judge_all(connection, user, decision, found, now)
        if all_or_nothing:
            _refuse_any_fault(judged)
        allowed = [each for each in judged.values() if isinstance(each, _Judged)]
        if allowed:
            _write(connection, user, decision, allowed, now)
            _settle_bills(connection, [each.row for each in allowed], now, on_requests)
            on_requests(connection, [each.row.id for each in allowed if each.taken.state == "waiting"], now)
            # The last, because others that append wait from here on.
            append_all(connection, [_make_entry(user, decision, each) for each in allowed], now)
    return [_describe(request_id, each, found.get(request_id)) for request_id, each in judged.items()]


def _check(decision: Decision) -> None:
    if not decision.ids:
        raise InvalidRequest("no request is named; run: postledger approvals list --state waiting")
    if len(decision.ids) > MOST_AT_ONCE:
        raise InvalidRequest(f"too_many: at most {MOST_AT_ONCE} requests are decided at once; name fewer")
    comment = decision.comment or ""
    if len(comment) > _LONGEST_COMMENT or "\0" in comment:
        raise InvalidRequest(f"--comment must be text of at most {_LONGEST_COMMENT} characters")


def _judge_all(
    connection: Connection[Any], user: User, decision: Decision, found: Mapping[str, ToJudge], now: datetime
) -> dict[str, _Judged | Fault]:
    person, givers = read_person(user), read_givers(connection, user, now)
    judged: dict[str, _Judged | Fault] = {}
    for request_id in dict.fromkeys(decision.ids):
        if (each := found.get(request_id)) is None:
            judged[request_id] = Fault("unknown", "no request has this id; run: postledger approvals list")
            continue
        taken = judge(each.request, person, givers, decision.verdict, decision.seen.get(request_id))
        judged[request_id] = taken if isinstance(taken, Fault) else _Judged(each.row, taken)
    return judged


def _refuse_any_fault(judged: Mapping[str, _Judged | Fault]) -> None:
    for request_id, each in judged.items():
        if isinstance(each, Fault):
            raise DecisionRefused(request_id, each)


def _write(
    connection: Connection[Any], user: User, decision: Decision, allowed: Sequence[_Judged], now: datetime
) -> None:
    ids = as_array(each.row.id for each in allowed)
    values = {
        "ids": ids,
        "steps": as_array(str(each.row.step) for each in allowed),
        "for_users": [None if taken.for_user is None else taken.for_user.id for _, taken in allowed],
        "contents": [each.row.content_sha256 for each in allowed],
        "user_id": user.id,
        "verdict": decision.verdict,
        "comment": decision.comment,
        "now": now,
    }
    connection.execute(sql("insert_decisions"), values)
    states, steps = (as_array(taken.state for _, taken in allowed), as_array(str(taken.step) for _, taken in allowed))
    after = {"ids": ids, "states": states, "steps": steps, "now": now}
    connection.execute(sql("settle_approvals"), after)


def _settle_bills(connection: Connection[Any], rows: Sequence[Row], now: datetime, on_requests: OnRequests) -> None:
    payees = [row.subject_id for row in rows if row.subject == "payee_change"]
    bill_ids = [row.subject_id for row in rows if row.subject == "bill"]
    if payees or bill_ids:
        settle_bills(connection, now, on_requests=on_requests, payees=payees, bill_ids=bill_ids)


def _make_entry(user: User, decision: Decision, judged: _Judged) -> Entry:
    row, taken = judged
    facts: dict[str, object] = {
        "subject": row.subject,
        "subject_id": row.subject_id,
        "step": row.step,
        "role": row.steps[row.step],
        "rule": row.rule,
        "rule_version": row.rule_version,
        "content_sha256": row.content_sha256.hex(),
        "state": taken.state,
    }
    if taken.for_user is not None:
        facts["for"] = taken.for_user.login
    if decision.comment:
        facts["comment_sha256"] = hashlib.sha256(decision.comment.encode()).hexdigest()
    return Entry(user.login, f"approval.{decision.verdict}", row.id, write_body(**facts))


def _describe(request_id: str, each: _Judged | Fault, found: ToJudge | None) -> Outcome:
    if isinstance(each, _Judged):
        is_next = each.taken.state == "waiting"
        return Outcome(request_id, each.taken.state, each.row.steps[each.taken.step] if is_next else None)
    if found is None:
        return Outcome(request_id, None, None, each)
    row = found.row
    return Outcome(request_id, row.state, row.steps[row.step] if row.state == "waiting" else None, each)
