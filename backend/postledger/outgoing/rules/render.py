"""Renders the request of one delivery: URL, headers and body. Equal facts always give the same body and id."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Literal
from urllib.parse import quote

import msgspec

from postledger.decoding.parameters import SUB_NAMES
from postledger.outgoing.rules.forward import Facts, Forward
from postledger.outgoing.rules.standard_webhooks import sign
from postledger.outgoing.rules.url_template import Text

HIDDEN = "***"
_JSON, _FORM = "application/json", "application/x-www-form-urlencoded"


class Request(msgspec.Struct, frozen=True):
    """What is sent. `target` is the part of `url` after host and port."""

    method: Literal["GET", "POST"]
    url: str
    target: str
    headers: Mapping[str, str]
    body: bytes


def render(forward: Forward, facts: Facts, secrets: Sequence[str], now: datetime) -> Request:
    """Render the request; `secrets` are the live ones, newest first, and `now` is the time of the attempt."""
    values = list_values(forward, facts, secrets[0] if secrets else "")
    target = forward.template.fill(values)
    body = _write_body(forward, facts, values)
    headers = {"webhook-id": name_message(forward, facts)}
    if forward.method != "GET":
        headers["Content-Type"] = _JSON if forward.method == "json" else _FORM
    if forward.sign:
        headers |= sign(headers["webhook-id"], body, secrets, now)
    verb: Literal["GET", "POST"] = "GET" if forward.method == "GET" else "POST"
    return Request(verb, forward.template.origin + target, target, headers, body)


def describe_url(forward: Forward, facts: Facts) -> str:
    """Return the URL of a delivery as it can be shown, with `***` for the secret."""
    values = list_values(forward, facts, "")
    return forward.template.origin + forward.template.fill(values, {"secret": HIDDEN})


def name_message(forward: Forward, facts: Facts) -> str:
    """Return the id of a delivery: the receipt of the change and the forward, the same for every attempt."""
    return f"{facts.receipt}_{forward.slug}"


def list_values(forward: Forward, facts: Facts, secret: str) -> dict[str, str]:
    """List the value of each macro as text. A missing value is empty."""
    return {
        "click_id": facts.click_id,
        "transaction_id": facts.transaction_id or "",
        "conversion_id": facts.conversion_id,
        "receipt": facts.receipt,
        "revision": str(facts.revision),
        "source": facts.source,
        "campaign": facts.campaign or "",
        "affiliate_id": facts.affiliate_id or "",
        "event": forward.events.get(facts.event, facts.event),
        "status": forward.statuses.get(facts.status, facts.status.value),
        "payout": "" if facts.payout is None else format(facts.payout, "f"),
        "currency": facts.currency or "",
        "event_time": "" if facts.event_time is None else _write_time(facts.event_time),
        **{name: facts.subs.get(name, "") for name in SUB_NAMES},
        "secret": secret,
    }


def _write_time(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _write_body(forward: Forward, facts: Facts, values: Mapping[str, str]) -> bytes:
    if forward.method == "GET":
        return b""
    if forward.body:
        fields = {name: Text.parse(text).fill(values) for name, text in forward.body.items()}
        return msgspec.json.encode(fields) if forward.method == "json" else _write_form(fields)
    if forward.method == "json":
        return msgspec.json.encode(_list_fields(facts, values))
    return _write_form({name: values[name] for name in _FIELDS} | {"is_backfill": str(facts.is_backfill).lower()})


_FIELDS = (
    "receipt", "revision", "conversion_id", "source", "campaign", "event", "status", "payout", "currency", "click_id",
    "transaction_id", "affiliate_id", "event_time", *SUB_NAMES,
)  # fmt: skip


def _list_fields(facts: Facts, values: Mapping[str, str]) -> dict[str, object]:
    """List the fields of the JSON body. A missing value is null, and labels that were not sent are left out."""
    texts: dict[str, object] = {name: values[name] or None for name in _FIELDS if values[name] or name not in SUB_NAMES}
    return texts | {"revision": facts.revision, "is_backfill": facts.is_backfill}


def _write_form(fields: Mapping[str, str]) -> bytes:
    return "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in fields.items()).encode()
