"""Decides once for an idempotency key: the same request again gets the same answer, and another one is refused."""

import hashlib
from datetime import datetime, timedelta
from typing import Any

import msgspec
from psycopg import Connection

from postledger.finance.approval.decide import Decision, DecisionRefused, Outcome, decide
from postledger.finance.approval.request_store import OnRequests
from postledger.finance.rules.decision_rule import Fault
from postledger.people.user import User
from postledger.platform.postgres.sql import statements_of
from postledger.vocabulary.operator_error import InvalidRequest, NotPossible

sql = statements_of("postledger.finance")

_LONGEST_KEY = 255
_KEPT = timedelta(days=30)


class _Refused(msgspec.Struct, frozen=True):
    """With `all_or_nothing`: the request whose refusal stopped all, and why."""

    request_id: str
    fault: Fault


class _Answer(msgspec.Struct, frozen=True):
    """What was answered."""

    outcomes: list[Outcome] = []
    refused: _Refused | None = None


def decide_once(
    connection: Connection[Any],
    user: User,
    decision: Decision,
    now: datetime,
    *,
    key: str,
    on_requests: OnRequests,
    all_or_nothing: bool = False,
) -> list[Outcome]:
    """Decide as `decide` does, or give the answer that the user was given for this key before.

    Raises `NotPossible` as `key_reused` if the key was used for something else.
    """
    if not (0 < len(key) <= _LONGEST_KEY and key.isprintable()):
        raise InvalidRequest(f"--idempotency-key must be text of 1 to {_LONGEST_KEY} printable characters")
    request = hashlib.sha256(msgspec.json.encode((decision, all_or_nothing), order="deterministic")).digest()
    values = {"user_id": user.id, "key": key, "request": request, "now": now}
    with connection.transaction():
        if connection.execute(sql("take_key"), values).fetchone() is None:
            answer = _read_answer(connection, values)
        else:
            answer = _decide(connection, user, decision, now, on_requests, all_or_nothing=all_or_nothing)
            connection.execute(sql("keep_answer"), values | {"answer": msgspec.json.encode(answer)})
    if answer.refused is not None:
        raise DecisionRefused(answer.refused.request_id, answer.refused.fault)
    return answer.outcomes


def delete_old_keys(connection: Connection[Any], now: datetime) -> None:
    """Delete the keys that are older than 30 days."""
    connection.execute(sql("delete_old_keys"), (now - _KEPT,))


def _read_answer(connection: Connection[Any], values: dict[str, Any]) -> _Answer:
    row = connection.execute(sql("read_key"), values).fetchone()
    assert row is not None, "the key is taken"
    request, answer = row
    if bytes(request) != values["request"]:
        raise NotPossible("key_reused: this idempotency key was used for another decision; use a new key")
    return msgspec.json.decode(answer, type=_Answer)


def _decide(
    connection: Connection[Any],
    user: User,
    decision: Decision,
    now: datetime,
    on_requests: OnRequests,
    *,
    all_or_nothing: bool,
) -> _Answer:
    try:
        return _Answer(decide(connection, user, decision, now, on_requests=on_requests, all_or_nothing=all_or_nothing))
    except DecisionRefused as refused:  # nothing was decided, and that is the answer too
        return _Answer(refused=_Refused(refused.request_id, refused.fault))
