"""The responses that networks require instead of our JSON, for example the body `1`, or the event id and `:OK`.

A network that does not get its response repeats the postback for days or disables the URL, so a source defines it with
`ack`. Templates are compiled when the policy is loaded. Only validated fields of the event can be inserted into a body.
"""

import re
from collections.abc import Callable, Mapping

import msgspec

from postledger.decoding.toml_table import BadValue, read_text
from postledger.vocabulary.refusal import Reason
from postledger.vocabulary.statuses import Verdict

OK, REFUSED, NOTICE = "ok", "refused", "notice"
TAKEN = tuple(verdict.value for verdict in Verdict if verdict is not Verdict.REFUSED)
# The edge sends the first four itself. The next two have no source, and 503 must make every sender retry.
NOT_CUSTOMIZABLE = (
    Reason.IP_NOT_ALLOWED, Reason.CLIENT_CERTIFICATE, Reason.RATE_LIMITED, Reason.TIMEOUT, Reason.UNKNOWN_SOURCE,
    Reason.NOT_FOUND, Reason.UNAVAILABLE,
)  # fmt: skip
REASONS = tuple(reason.value for reason in Reason if reason not in NOT_CUSTOMIZABLE)
PLACEHOLDERS = ("click_id", "transaction_id", "event")
_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")
_SUCCESSES = (200, 201, 202)


class ResponseTemplate(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The response to one outcome, as configured; None keeps the status or body of our JSON response."""

    status: int | None = None
    body: str | None = None


class NetworkResponse(msgspec.Struct, frozen=True):
    """The response to one request, as plain text; None keeps the status or body of our JSON response."""

    status: int | None
    body: bytes | None


Render = Callable[[msgspec.Struct | None], NetworkResponse | None]
"""Fills a template from an `Event`; returns None if the event lacks a value of the template."""


def compile_responses(templates: Mapping[str, ResponseTemplate]) -> Mapping[str, Render]:
    """Compile the templates by verdict, reason or `notice`; what one leaves out is taken from `ok` or `refused`."""
    general = {**dict.fromkeys((*TAKEN, NOTICE), templates.get(OK)), **dict.fromkeys(REASONS, templates.get(REFUSED))}
    merged = {outcome: _merge(templates.get(outcome), default) for outcome, default in general.items()}
    return {outcome: _compile(template) for outcome, template in merged.items() if template is not None}


def find_notice_response(responses: Mapping[str, Render]) -> NetworkResponse:
    """Find the response to a notice. It is a success, because the network would otherwise repeat the notice."""
    render = responses.get(NOTICE)
    required = None if render is None else render(None)
    return NetworkResponse(200, None) if required is None else NetworkResponse(required.status or 200, required.body)


def read_responses(value: object) -> dict[str, ResponseTemplate]:
    """Read `[sources.ack]`: the body of each outcome, or a table with status and body; raises `BadValue`."""
    if not isinstance(value, dict):
        raise BadValue('must be a table [sources.ack] of OUTCOME = "the body", or { status = …, body = "…" }')
    known = (OK, *TAKEN, NOTICE, REFUSED, *REASONS)
    for outcome in value:
        if outcome not in known:
            raise BadValue(f"{outcome} is not an outcome with a response of its own; use one of {', '.join(known)}")
    return {outcome: _read_template(outcome, written) for outcome, written in value.items()}


def _merge(template: ResponseTemplate | None, default: ResponseTemplate | None) -> ResponseTemplate | None:
    if template is None or default is None:
        return template or default
    return ResponseTemplate(
        default.status if template.status is None else template.status,
        default.body if template.body is None else template.body,
    )


def _compile(template: ResponseTemplate) -> Render:
    pieces = _PLACEHOLDER.split(template.body or "")
    if len(pieces) == 1:
        constant = NetworkResponse(template.status, None if template.body is None else template.body.encode())
        return lambda _: constant
    return lambda event: None if event is None else _fill(template.status, pieces, event)


def _fill(status: int | None, pieces: list[str], event: msgspec.Struct) -> NetworkResponse | None:
    values = [getattr(event, piece) if number % 2 else piece for number, piece in enumerate(pieces)]
    return None if None in values else NetworkResponse(status, "".join(values).encode())


def _read_template(outcome: str, written: object) -> ResponseTemplate:
    try:
        template = msgspec.convert({"body": written} if isinstance(written, str) else written, ResponseTemplate)
    except msgspec.ValidationError:
        raise BadValue(f'{outcome} must be a body in quotes, or {{ status = 200, body = "…" }}') from None
    _check_status(outcome, template.status)
    if template.body is not None:
        _check_body(outcome, template.body)
    return template


def _check_status(outcome: str, status: int | None) -> None:
    if status is None or status in _SUCCESSES:
        return
    if outcome in (OK, *TAKEN) and outcome != Verdict.DUPLICATE:
        raise BadValue(f"{outcome}: the network would repeat a postback that was accepted; use status 200, 201 or 202")
    if not 400 <= status <= 599:
        raise BadValue(f"{outcome}: status must be 200, 201, 202 or 400 to 599")


def _check_body(outcome: str, body: str) -> None:
    read_text(body)
    names = _PLACEHOLDER.findall(body)
    if names and outcome in (NOTICE, REFUSED, *REASONS):
        raise BadValue(f"{outcome}: a refusal must not echo what was sent; remove the placeholders from its body")
    unknown = [name for name in names if name not in PLACEHOLDERS]
    if unknown:
        allowed = " ".join(f"{{{name}}}" for name in PLACEHOLDERS)
        raise BadValue(f"{outcome}: {{{unknown[0]}}} is not a placeholder; use {allowed}")
