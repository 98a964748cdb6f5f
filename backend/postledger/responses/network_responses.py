"""Acks: the answers that a network waits for instead of our JSON, such as the body `1`, or its own id and `:OK`.

A network that does not find its word sends again for days, or switches the address off; so it is data of the source.
All is compiled when the policy is loaded, and only validated values of the event can enter a body.
"""

import re
from collections.abc import Callable, Mapping

import msgspec

from postledger.decoding.toml_table import BadValue, read_text
from postledger.vocabulary.refusal import Reason
from postledger.vocabulary.statuses import Verdict

OK, REFUSED = "ok", "refused"
TAKEN = tuple(verdict.value for verdict in Verdict if verdict is not Verdict.REFUSED)
# The edge gives three of these by itself, one has no source, and the last must make everybody try again.
NOT_OURS_TO_WORD = (
    Reason.IP_NOT_ALLOWED, Reason.CLIENT_CERTIFICATE, Reason.RATE_LIMITED, Reason.UNKNOWN_SOURCE, Reason.UNAVAILABLE,
)  # fmt: skip
REASONS = tuple(reason.value for reason in Reason if reason not in NOT_OURS_TO_WORD)
PLACEHOLDERS = ("click_id", "transaction_id", "event")
_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")
_SUCCESSES = (200, 201, 202)


class Ack(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What one outcome is answered with; None leaves the status, or the body, as it is without an ack."""

    status: int | None = None
    body: str | None = None


class Acknowledgement(msgspec.Struct, frozen=True):
    """An ack, filled for one request: plain text."""

    status: int | None
    body: bytes | None


Acknowledge = Callable[[msgspec.Struct | None], Acknowledgement | None]
"""Fills the ack for one `Event`; None where the event does not bring what the body says."""


def compile_acks(acks: Mapping[str, Ack]) -> Mapping[str, Acknowledge]:
    """Make the acks by verdict or reason; what one of them leaves open it takes from `ok` or `refused`."""
    general = {**dict.fromkeys(TAKEN, acks.get(OK)), **dict.fromkeys(REASONS, acks.get(REFUSED))}
    laid = {outcome: _lay_over(acks.get(outcome), below) for outcome, below in general.items()}
    return {outcome: _compile(ack) for outcome, ack in laid.items() if ack is not None}


def read_acks(value: object) -> dict[str, Ack]:
    """Read `[sources.ack]`: an outcome, and the body, or a table of status and body."""
    if not isinstance(value, dict):
        raise BadValue('must be a table [sources.ack] of OUTCOME = "the body", or { status = …, body = "…" }')
    known = (OK, *TAKEN, REFUSED, *REASONS)
    for outcome in value:
        if outcome not in known:
            raise BadValue(f"{outcome} is not an outcome that can be worded; those are {', '.join(known)}")
    return {outcome: _read_ack(outcome, said) for outcome, said in value.items()}


def _lay_over(ack: Ack | None, below: Ack | None) -> Ack | None:
    if ack is None or below is None:
        return ack or below
    return Ack(below.status if ack.status is None else ack.status, below.body if ack.body is None else ack.body)


def _compile(ack: Ack) -> Acknowledge:
    pieces = _PLACEHOLDER.split(ack.body or "")
    if len(pieces) == 1:
        filled = Acknowledgement(ack.status, None if ack.body is None else ack.body.encode())
        return lambda _: filled
    return lambda event: None if event is None else _fill(ack.status, pieces, event)


def _fill(status: int | None, pieces: list[str], event: msgspec.Struct) -> Acknowledgement | None:
    values = [getattr(event, piece) if n % 2 else piece for n, piece in enumerate(pieces)]
    return None if None in values else Acknowledgement(status, "".join(values).encode())


def _read_ack(outcome: str, said: object) -> Ack:
    try:
        ack = msgspec.convert({"body": said} if isinstance(said, str) else said, Ack)
    except msgspec.ValidationError:
        raise BadValue(f'{outcome} must be a body in quotes, or {{ status = 200, body = "…" }}') from None
    _check_status(outcome, ack.status)
    if ack.body is not None:
        _check_body(outcome, ack.body)
    return ack


def _check_status(outcome: str, status: int | None) -> None:
    if status is None or status in _SUCCESSES:
        return
    if outcome in (OK, *TAKEN) and outcome != Verdict.DUPLICATE:
        raise BadValue(f"{outcome}: status must be 200, 201 or 202: anything else says that it was not taken")
    if not 400 <= status <= 599:
        raise BadValue(f"{outcome}: status must be 200, 201, 202, or one from 400 to 599")


def _check_body(outcome: str, body: str) -> None:
    read_text(body)
    names = _PLACEHOLDER.findall(body)
    if names and outcome in (REFUSED, *REASONS):
        raise BadValue(f"{outcome}: the body of a refusal has no placeholders; nothing refused is ever echoed")
    unknown = [name for name in names if name not in PLACEHOLDERS]
    if unknown:
        allowed = " ".join(f"{{{name}}}" for name in PLACEHOLDERS)
        raise BadValue(f"{outcome}: {{{unknown[0]}}} is not a placeholder; those are {allowed}")
