"""Signing as a sender does: what `postledger sign` prints and `send` sends, by the rules that verification checks."""

import json
from collections.abc import Mapping, Sequence
from typing import Literal
from urllib.parse import quote

import msgspec

from postledger.domain.signing import Key, sign_query, sign_webhook
from postledger.domain.source import Source

Body = Literal["json", "form"]
MEDIA_TYPES: Mapping[Body, str] = {"json": "application/json", "form": "application/x-www-form-urlencoded"}
Pairs = Sequence[tuple[str, str]]


class Outgoing(msgspec.Struct, frozen=True):
    """A postback ready to be sent to the edge; `target` is its path with the query."""

    method: str
    target: str
    headers: dict[str, str] = {}
    body: bytes = b""


def make_get(source: Source, key: Key | None, pairs: Pairs, unix_s: int) -> Outgoing:
    """Make a GET whose query is signed by HMAC; without a key it is not signed."""
    path = f"/tracking/postback/{source.slug}"
    if key is None:
        return Outgoing("GET", f"{path}?{write_query(pairs)}")
    query = write_query([*pairs, (_sender_name(source, "ts"), str(unix_s))])
    return Outgoing("GET", f"{path}?{query}&{_sender_name(source, 'sig')}={sign_query(key.query, query.encode())}")


def make_post(source: Source, key: Key | None, pairs: Pairs, kind: Body, *, message_id: str, unix_s: int) -> Outgoing:
    """Make a POST signed in the headers of Standard Webhooks; without a key it is not signed."""
    body = (_write_json(pairs) if kind == "json" else write_query(pairs)).encode()
    headers = {"Content-Type": MEDIA_TYPES[kind]}
    if key is not None:
        signature = sign_webhook(key.webhook, message_id, str(unix_s), body)
        headers |= {"webhook-id": message_id, "webhook-timestamp": str(unix_s), "webhook-signature": signature}
    return Outgoing("POST", f"/tracking/postback/{source.slug}", headers, body)


def write_query(pairs: Pairs) -> str:
    """Write pairs as a query string, every character percent-encoded that could mean something else."""
    return "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in pairs)


def _write_json(pairs: Pairs) -> str:
    members = [f"{json.dumps(name)}:{json.dumps(value)}" for name, value in pairs]  # repeats stay, to be refused
    return "{" + ",".join(members) + "}"


def _sender_name(source: Source, canonical: str) -> str:
    names = [name for name, meaning in source.canonical_names.items() if meaning == canonical]
    return canonical if canonical in names else quote(names[0], safe="")
