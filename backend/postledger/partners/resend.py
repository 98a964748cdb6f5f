"""Sends stored postbacks to another system, such as a staging system: each is signed again with that system's secret.

A row is sent if a replay would believe it. It has the parameters that were stored, so that personal data are hashes or
masks, and a new time. Nothing is recorded here: the other system's ledger knows what it has booked.
"""

import re
import time
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, NamedTuple

import httpx
from psycopg import Connection

from postledger.audit.replay.belief import Left, find_left_out
from postledger.audit.replay.judge import rebuild_request
from postledger.audit.replay.preview import BATCH_ROWS, OnProgress
from postledger.audit.replay.selection import Selection, StoredRow, count_rows, read_batches
from postledger.audit.replay.table import Table
from postledger.decoding.pairs import DecodedRequest
from postledger.ingest.read_request import Format, read_request
from postledger.partners.send_postback import open_edge, read_answer
from postledger.partners.signer import CannotSign, Pairs, SignedRequest, make_get, make_post
from postledger.policy.source import Source
from postledger.signatures.secret_key import Key
from postledger.vocabulary.operator_error import NotPossible
from postledger.vocabulary.refusal import Refused

_WORD = re.compile(r"[a-z_]{0,40}")
_OF_SIGNATURE = ("sig", "ts")
_ASKS_TO_WAIT = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)
_ATTEMPTS = 5
_LONGEST_WAIT_S = 60.0


class Target(NamedTuple):
    """Where rows of one source go: the base URL of an edge, and the secret that its source of the same slug has."""

    base: str
    source: Source
    key: Key | None


def resend(
    connection: Connection[Any],
    selection: Selection,
    target: Target,
    environment: Mapping[str, str],
    *,
    rate: int,
    on_progress: OnProgress,
    pause: Callable[[float], None] = time.sleep,
) -> Table:
    """Send rows of one source, at most `rate` per second.

    Returns how many were answered how, by what they were here. Raises `NotPossible` if the edge does not answer.
    """
    table, total = Table(), count_rows(connection, selection)
    with open_edge(target.base, environment) as client:
        for rows in read_batches(connection, selection, BATCH_ROWS):
            for row in rows:
                started_s = time.monotonic()
                if _resend(client, target, row, table, pause):
                    pause(max(0.0, 1 / rate - (time.monotonic() - started_s)))
                on_progress(table.rows, total)
    return table


def _resend(client: httpx.Client, target: Target, row: StoredRow, table: Table, pause: Callable[[float], None]) -> bool:
    """Send one row and count it. False if it cannot be sent."""
    table.rows += 1
    signed = _sign(row, target.source, target.key)
    if isinstance(signed, tuple):
        table.leave_out(*signed)
        return False
    try:
        response = _ask(client, target.base, signed, pause)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        fault = type(error).__name__
        raise NotPossible(f"{target.base} does not answer ({fault}); {table.judged} postbacks were sent") from None
    table.judged += 1
    _count(table, row, response)
    return True


def _count(table: Table, row: StoredRow, response: httpx.Response) -> None:
    told = read_answer(response).fields
    status, reason = (_read_word(told.get(name, "")) for name in ("status", "reason"))
    now = f"{response.status_code} {status}".rstrip()
    table.change(receipt=row.id, was=row.verdict, now=now, detail=reason, opened=0, money={}, is_drift=False)


def _read_word(value: object) -> str:
    """Read a word of another system, which may say anything."""
    text = str(value)
    return text if _WORD.fullmatch(text) else "other"


def _sign(row: StoredRow, source: Source, key: Key | None) -> SignedRequest | tuple[Left, str]:
    left_out = find_left_out(row, source)
    if left_out is not None:
        return left_out
    request, written_as = rebuild_request(row)
    try:
        decoded = read_request(request, source, written_as)
        if _is_charge_without_id(source, decoded, written_as):
            return Left.NOT_KEPT, "a charge without an id"
        pairs = [pair for pair in _list_pairs(decoded.segments, decoded.members) if not _is_signature(pair[0], source)]
        if written_as == "query":
            return make_get(source, key, pairs, int(time.time()))
        text = row.raw.decode() if decoded.document is not None else None
        # Always the same id, so that a row that is sent again is no second charge.
        return make_post(source, key, pairs, written_as, message_id=f"msg_{row.id}", unix_s=int(time.time()), text=text)
    except (Refused, CannotSign, UnicodeError):
        return Left.NOT_KEPT, "cannot be signed again"


def _list_pairs(segments: Any, members: Any) -> Pairs:
    return [(name, value) for _, name, value in segments] if segments else list(members)


def _is_signature(name: str, source: Source) -> bool:
    return source.canonical_names.get(name) in _OF_SIGNATURE


def _is_charge_without_id(source: Source, decoded: DecodedRequest, written_as: Format) -> bool:
    """Whether each request is a charge of its own and nothing in this one tells a repeat from another charge."""
    has_message_id = written_as != "query" and any(scheme.id is not None for scheme in source.profile.schemes)
    return source.counts_every and not decoded.fields.get("transaction_id") and not has_message_id


def _ask(client: httpx.Client, base: str, signed: SignedRequest, pause: Callable[[float], None]) -> httpx.Response:
    """Send a request, and again if the answer asks to wait."""
    url = httpx.URL(base).copy_with(raw_path=signed.target.encode())
    for _ in range(_ATTEMPTS - 1):
        response = client.request(signed.method, url, headers=signed.headers, content=signed.body or None)
        if response.status_code not in _ASKS_TO_WAIT:
            return response
        pause(_read_wait_s(response))
    return client.request(signed.method, url, headers=signed.headers, content=signed.body or None)


def _read_wait_s(response: httpx.Response) -> float:
    text = response.headers.get("retry-after", "1")
    return min(float(text), _LONGEST_WAIT_S) if text.isdecimal() else 1.0
