"""Explains one request: judges it again, by the same pure code, and says what each step made of it.

It runs beside the answer and changes nothing. What a sender sent is compared with no secret but the one that it signed
with: what is masked would tell it whether a guess is right.
"""

import re
from collections.abc import Callable, Sequence
from threading import Lock
from typing import Any

import msgspec
from msgspec.structs import replace

from postledger.decoding.pairs import DecodedRequest, unescape
from postledger.ingest.read_request import find_format, read_request
from postledger.ingest.receive import evaluate
from postledger.ingest.verification import verify
from postledger.partners.explained_event import advise_on_conflict, explain_dedup, explain_fold, explain_mapping
from postledger.partners.explained_reading import explain_edge, explain_reading, list_ignored, list_masked
from postledger.partners.explained_signature import Diagnose, explain_signature
from postledger.partners.explanation import Answered, Explanation, KnownConversion
from postledger.partners.next_steps import BY_CAUSE, find_next
from postledger.partners.tokens import PREFIX
from postledger.partners.value_advice import advise_on_value
from postledger.policy.privacy import MASK
from postledger.policy.source import Source
from postledger.signatures.examination import Examined
from postledger.signatures.mistakes import Diagnosis, diagnose
from postledger.vocabulary.incoming_request import MAX_BODY_BYTES, Request
from postledger.vocabulary.refusal import Cause, Refused

_TOKEN = re.compile(rf"{PREFIX[:-1]}(?:_|%5[fF])[A-Za-z0-9_-]{{43}}".encode())
_SENT = frozenset(
    {"sent", "value", "ignored", "masked", "covers", "unsigned", "signed_string", "ts", "parts", "would_match"}
)
"""The keys whose texts come from the request."""
TURN_WITHIN_S = 0.5
"""How long a request waits for the diagnoses of others. One that finds nothing takes 0.1 to 0.2 s."""


class Facts(msgspec.Struct, frozen=True):
    """What is known of a request besides itself.

    - `known`: the conversion of its dedup key, as it was before.
    - `used`: the used share of the burst, if the edge reports it.
    - `is_for_sandbox`: whether the signature is valid only for the address of the sandbox.
    """

    known: KnownConversion | None = None
    used: float | None = None
    is_for_sandbox: bool = False


class Diagnoser:
    """Looks for mistakes in a signature, for one request of the process at a time.

    `rest` lets other work go on: it waits for longer than the work before it took.
    """

    def __init__(self, read_retired: Callable[[str], Sequence[str]], rest: Callable[[], None]) -> None:
        self._read_retired, self._rest, self._turn = read_retired, rest, Lock()

    def diagnose(self, examined: Examined, source: Source, token: str) -> Diagnosis | None:
        """Look for the mistakes; None if others are diagnosed for `TURN_WITHIN_S`. `token` is the partner's own."""
        retired = self._read_retired(source.slug)
        if not self._turn.acquire(timeout=TURN_WITHIN_S):
            return None
        try:
            return diagnose(examined, source.keys, retired, (source.slug, token), self._rest)
        finally:
            self._turn.release()


def decline(_: Examined) -> Diagnosis | None:
    """Diagnose nothing, because the caller holds no partner token."""
    return None


def explain(request: Request, source: Source, answered: Answered, facts: Facts, diagnose_one: Diagnose) -> Explanation:
    """Explain a request that was answered. Pure, except for what `diagnose_one` reads."""
    judged = read_as_judged(request)
    decoded, entry = _read(judged, source), evaluate(request, source)
    edge = explain_edge(request.client_address, source, facts.used)
    signed = explain_signature(judged, decoded, source, diagnose_one)
    refusal = answered.refusal
    mapped = explain_mapping(decoded, source, entry.event) if decoded else None
    made = Explanation(
        verdict=answered.verdict,
        reason=None if refusal is None else refusal.reason.value,
        parameter=None if refusal is None else refusal.parameter,
        http=answered.http,
        body=answered.body.decode("utf-8", "replace"),
        edge=edge,
        read=explain_reading(decoded, source) if decoded else (),
        ignored=list_ignored(decoded, source) if decoded else (),
        masked=list_masked(decoded, source) if decoded else (),
        signature=None if signed is None else signed.step,
        mapped=mapped,
        dedup=explain_dedup(entry, decoded, source, facts.known) if decoded else None,
        fold=explain_fold(entry.event, source, facts.known, answered.verdict, refusal),
        next=find_next(
            answered.verdict,
            refusal,
            edge,
            signed.mistakes if signed else (),
            on_conflict=advise_on_conflict(entry.event, facts.known),
            on_value=advise_on_value(refusal, decoded, mapped, source),
            is_token=source.settings.auth == "token",
            is_for_sandbox=facts.is_for_sandbox,
        ),
    )
    return made if signed is None or signed.key is None else _scrub(made, signed.key.secret)


def explain_misaddressed(request: Request, source: Source, answered: Answered, advice: str) -> Explanation:
    """Explain a request whose address is not one of the source's: no step is reached, and nothing of it is read."""
    reason = None if answered.refusal is None else answered.refusal.reason.value
    return Explanation(
        answered.verdict, reason, None, answered.http, answered.body.decode(),
        explain_edge(request.client_address, source, None), (), (), (), None, None, None, None, advice,
    )  # fmt: skip


def name_leak(explanation: Explanation, request: Request) -> Explanation:
    """Hide what looks like a partner token. One in an address has leaked, and is named before all else."""
    hidden = msgspec.json.decode(_TOKEN.sub(MASK.encode(), msgspec.json.encode(explanation)), type=Explanation)
    is_leaked = _TOKEN.search(unescape(request.path + b"?" + request.query))
    return replace(hidden, next=BY_CAUSE[Cause.LEAKED_TOKEN]) if is_leaked else hidden


def read_as_judged(request: Request) -> Request:
    """Return the request as it is judged: a POST with an empty body is read as the GET with the same query."""
    is_query_only = request.method == "POST" and request.query and not request.body
    return replace(request, method="GET") if is_query_only else request


def _read(request: Request, source: Source) -> DecodedRequest | None:
    """Read the parameters, also those of a forgery; None if they cannot be read."""
    if len(request.body) > MAX_BODY_BYTES:
        return None
    decoded = verify(request, source).decoded  # by the decoding that verified
    if decoded is not None:
        return decoded
    try:
        return read_request(request, source, find_format(request, source))
    except Refused:
        return None


def _scrub(explanation: Explanation, secret: str) -> Explanation:
    """Replace the secret that signed the request where the sender sent it too, as in a parameter of another name."""
    return msgspec.convert(_scrub_texts(msgspec.to_builtins(explanation), secret, is_sent=False), Explanation)


def _scrub_texts(value: Any, secret: str, *, is_sent: bool) -> Any:
    """Scrub what the request brought, and no sentence of ours: that would show a secret which is a word of one."""
    if isinstance(value, dict):
        return {name: _scrub_texts(one, secret, is_sent=is_sent or name in _SENT) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_scrub_texts(one, secret, is_sent=is_sent) for one in value]
    return value.replace(secret, "{key}") if is_sent and isinstance(value, str) else value
