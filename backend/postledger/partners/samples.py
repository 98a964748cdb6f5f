"""Makes sample postbacks of a source: valid ones, and one for every reason that it can be refused for. Pure.

No sample holds a secret. A token is written as `TOKEN`, and where a signature does not cover the click, a caller that
is not the operator gets samples that are signed with a secret of no source.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Literal, NamedTuple

import msgspec
from msgspec.structs import replace

from postledger.decoding.parameters import read_event
from postledger.ingest.receive import find_response
from postledger.ledger.entry import Entry, Outcome
from postledger.ledger.rules.repeats import KnownConversion, decide_repeats
from postledger.ledger.rules.reversal_guard import Reversals
from postledger.partners.sample_kinds import CANDIDATES, NOT_IN_A_REQUEST, WHY
from postledger.partners.sample_writer import WAYS, SampleWriter, Way, Wish, find_any_writer, find_writer
from postledger.partners.signer import SignedRequest
from postledger.policy.source import Source
from postledger.responses.http_statuses import find_http_status
from postledger.signatures.secret_key import Key
from postledger.vocabulary.operator_error import NotPossible
from postledger.vocabulary.refusal import Reason, Refusal, Refused
from postledger.vocabulary.sample_click import SAMPLE_CLICK
from postledger.vocabulary.statuses import Verdict

Kind = Reason | Literal["valid", "all"]
MAX_SAMPLES = 20
TOKEN = "TOKEN"  # noqa: S105 - stands for the secret
STAND_IN = "706f73746c6564676572"
"""The secret of no source: text, hex and base64 at once."""
_NO_SUCH_SOURCE = "no-such-source"
_VALID = "A postback that is booked."
_NOT_BOOKED = "Production does not know the click of a sample, so that it never books one."
_FIRST = "Sent first, so that the next sample contradicts it."
_NOT_MADE = "no postback of this source that can be made here is refused for it"
_OTHER_MONEY = ("2.50", "250", "2,50")
_PARTNERS_KEY = 0


class Expected(msgspec.Struct, frozen=True):
    """The answer to a sample: its HTTP status, and our JSON without the receipt. `text` replaces that JSON."""

    http: int
    status: Verdict
    reason: Reason | None = None
    parameter: str | None = None
    macro: str | None = None
    cause: str | None = None
    byte_offset: int | None = None
    text: str | None = None


class Sample(msgspec.Struct, frozen=True):
    """One request, the answer to expect, and why. After `expires_at` its signed time is too old."""

    kind: str
    request: SignedRequest
    expect: Expected
    why: str
    expires_at: datetime | None = None


class Samples(msgspec.Struct, frozen=True):
    """The samples in the order in which they are to be sent.

    - `left_out`: why there is none for a reason.
    - `clicks`: the click ids that must exist for them in the sandbox.
    - `secret`: what stands for the secret of the source. None: they are signed with it.
    """

    samples: tuple[Sample, ...]
    left_out: Mapping[Reason, str]
    clicks: tuple[str, ...]
    secret: str | None = None


class Order(msgspec.Struct, frozen=True):
    """Which samples are wanted, and how many of a kind.

    `is_for_operator`: the caller may sign with every secret. `is_for_production`: they are sent to production, which
    knows none of their clicks.
    """

    kind: Kind = "all"
    wish: Wish = Wish()
    number: int = 1
    ways: tuple[Way, ...] = WAYS
    is_for_operator: bool = False
    is_for_production: bool = False


def read_kind(text: str) -> Kind:
    """Read a kind. Raises `NotPossible`."""
    if text == "valid":
        return "valid"
    if text == "all":
        return "all"
    try:
        return Reason(text)
    except ValueError:
        raise NotPossible(f"the kind must be one of valid, all, {', '.join(Reason)}") from None


class NoEvent(NotPossible):
    """What is wished is not the name of an event."""


def make_samples(source: Source, order: Order, unix_s: int, serial: str) -> Samples:
    """Make samples that are valid at a time. Their ids contain `serial`. Raises `NotPossible`."""
    _check_event(source, order.wish.event)
    if not 1 <= order.number <= MAX_SAMPLES:
        raise NotPossible(f"the number of samples must be from 1 to {MAX_SAMPLES}")
    usable, secret = _stand_in(source, order, unix_s, serial)
    writer = find_writer(usable, unix_s, serial, order.wish, order.ways)
    if writer is None and (order.kind == "valid" or order.wish != Wish()):
        raise NotPossible(f"cannot make such a postback of source {source.slug}; its sender must sign it")
    any_writer = writer or find_any_writer(usable, unix_s, serial, order.ways)
    made = _Maker(usable, any_writer, is_signed=writer is not None, is_for_production=order.is_for_production)
    made.make(order)
    return Samples(tuple(made.samples), made.left_out, tuple(dict.fromkeys(made.clicks)), secret)


def _check_event(source: Source, name: str | None) -> None:
    if name is None or name.lower() in source.events_by_name:
        return
    try:
        read_event(name)
    except Refused:
        raise NoEvent("the event must be one of the source's, or 1 to 64 of a-z, 0-9, _ . and -") from None


def _stand_in(source: Source, order: Order, unix_s: int, serial: str) -> tuple[Source, str | None]:
    """Replace the secret of a source where a sample would show it, or would let the caller forge a postback."""
    if source.settings.auth == "token":
        return replace(source, keys=(Key(_PARTNERS_KEY, TOKEN),)), TOKEN
    writer = find_writer(source, unix_s, serial, order.wish, order.ways)
    if order.is_for_operator or source.settings.auth == "none" or writer is None:
        return source, None
    signed = writer.sign(writer.pairs())
    entry = None if signed is None else writer.judge(signed)
    if entry is not None and _is_harmless(entry):
        return source, None
    return replace(source, keys=(Key(_PARTNERS_KEY, STAND_IN),)), STAND_IN


def _is_harmless(entry: Entry) -> bool:
    # The signature covers the click of the sample, so it proves no other postback, and production knows no such click.
    is_of_sample = entry.event is not None and entry.event.click_id.startswith(SAMPLE_CLICK)
    return is_of_sample and "click_id" not in entry.unsigned and entry.secret_id is not None


class _Judged(NamedTuple):
    """A request, what it says, and what becomes of it."""

    request: SignedRequest
    entry: Entry
    outcome: Outcome


class _Maker:
    """The samples that were made so far."""

    def __init__(self, source: Source, writer: SampleWriter, *, is_signed: bool, is_for_production: bool) -> None:
        self._source, self._writer, self._is_signed = source, writer, is_signed
        self._is_for_production = is_for_production
        self.samples: list[Sample] = []
        self.left_out: dict[Reason, str] = {}
        self.clicks: list[str] = []

    def make(self, order: Order) -> None:
        """Make what is ordered."""
        if order.kind != "all":
            for number in range(1, order.number + 1):
                self._add(order.kind, number)
            return
        for number in range(1, order.number + 1 if self._is_signed else 1):
            self._add("valid", number)
        for number, reason in enumerate(Reason, order.number + 1):
            self._add(reason, number)

    def _add(self, kind: Reason | Literal["valid"], number: int) -> None:
        writer = replace(self._writer, serial=f"{self._writer.serial}-{number}")
        if kind == "valid":
            self.samples.append(self._make_valid(writer, _VALID))
            return
        made = list(self._make_refused(writer, kind))
        self.samples += made
        if not made:
            self.left_out[kind] = NOT_IN_A_REQUEST.get(kind, _NOT_MADE)

    def _make_valid(self, writer: SampleWriter, why: str) -> Sample:
        request, entry = _sign_valid(writer)
        assert entry.event is not None, "a writer was found because this is valid"
        self.clicks.append(entry.event.click_id)
        return self._describe("valid", writer, _Judged(request, entry, Outcome(Verdict.ACCEPTED)), why)

    def _make_refused(self, writer: SampleWriter, reason: Reason) -> Iterator[Sample]:
        if reason in CANDIDATES:
            yield from self._make_judged(writer, reason)
        elif reason in (Reason.UNKNOWN_SOURCE, Reason.NOT_FOUND):
            yield self._misdirect(writer, reason)
        elif reason is Reason.UNKNOWN_CLICK and self._is_signed and self._source.click_check == "required":
            yield self._make_stray(writer)
        elif reason is Reason.CONFLICT and self._is_signed:
            yield from self._make_conflict(writer)

    def _make_judged(self, writer: SampleWriter, reason: Reason) -> Iterator[Sample]:
        for request in filter(None, CANDIDATES[reason](writer)):
            entry = writer.judge(request)
            if entry.refusal is not None and entry.refusal.reason is reason:
                outcome = Outcome(Verdict.REFUSED, entry.refusal)
                yield self._describe(reason, writer, _Judged(request, entry, outcome), WHY[reason])
                return

    def _misdirect(self, writer: SampleWriter, reason: Reason) -> Sample:
        request = writer.leave_unsigned(writer.pairs())
        path = {
            Reason.UNKNOWN_SOURCE: f"postback/{_NO_SUCH_SOURCE}",
            Reason.NOT_FOUND: f"postbacks/{self._source.slug}",
        }
        target = request.target.replace(f"postback/{self._source.slug}", path[reason], 1)
        expected = Expected(find_http_status(Verdict.REFUSED, reason), Verdict.REFUSED, reason)
        return Sample(reason, replace(request, target=target), expected, WHY[reason])

    def _make_stray(self, writer: SampleWriter) -> Sample:
        click_id = f"{SAMPLE_CLICK}unknown-{writer.serial}"
        request = writer.sign(writer.pairs(click_id=click_id))
        assert request is not None, "another click is signed as the valid one was"
        outcome = Outcome(Verdict.REFUSED, Refusal(Reason.UNKNOWN_CLICK))
        judged = _Judged(request, writer.judge(request), outcome)
        return self._describe(Reason.UNKNOWN_CLICK, writer, judged, WHY[Reason.UNKNOWN_CLICK])

    def _make_conflict(self, writer: SampleWriter) -> Iterator[Sample]:
        _, first = _sign_valid(writer)
        for request in filter(None, _list_contradictions(writer)):
            entry = writer.judge(request)
            outcome = _repeat(first, entry)
            if entry.event is not None and outcome is not None and outcome.refusal is not None:
                yield self._make_valid(writer, _FIRST)
                self.clicks.append(entry.event.click_id)
                judged = _Judged(request, entry, outcome)
                yield self._describe(Reason.CONFLICT, writer, judged, WHY[Reason.CONFLICT])
                return

    def _describe(self, kind: str, writer: SampleWriter, judged: _Judged, why: str) -> Sample:
        request, entry, outcome = judged
        if self._is_for_production and entry.event is not None:
            outcome, why = Outcome(Verdict.REFUSED, Refusal(Reason.UNKNOWN_CLICK)), _NOT_BOOKED
        refusal, required = outcome.refusal, find_response(outcome, entry, self._source)
        reason = None if refusal is None else refusal.reason
        http = find_http_status(outcome.verdict, reason)
        expected = Expected(http, outcome.verdict, reason)
        if refusal is not None:
            expected = replace(
                expected, parameter=refusal.parameter, macro=refusal.macro, cause=refusal.cause,
                byte_offset=refusal.byte_offset,
            )  # fmt: skip
        if required is not None:
            text = None if required.body is None else required.body.decode()
            expected = replace(expected, http=required.status or http, text=text)
        return Sample(kind, request, expected, why, _find_end(writer) if kind in _TIMED else None)


_TIMED = ("valid", *(reason for reason in Reason if reason not in (Reason.STALE_TIMESTAMP, *NOT_IN_A_REQUEST)))
"""The kinds whose answer changes when their signed time is too old."""


def _find_end(writer: SampleWriter) -> datetime | None:
    if not any(scheme.timestamp for scheme in writer.schemes) or writer.source.settings.auth != "signature":
        return None
    return datetime.fromtimestamp(writer.unix_s, UTC) + timedelta(seconds=writer.source.settings.timestamp_tolerance_s)


def _sign_valid(writer: SampleWriter) -> tuple[SignedRequest, Entry]:
    request = writer.sign(writer.pairs())
    assert request is not None, "a writer was found because it can sign this"
    return request, writer.judge(request)


def _list_contradictions(writer: SampleWriter) -> Sequence[SignedRequest | None]:
    other_money = [writer.sign(writer.pairs(payout=payout)) for payout in _OTHER_MONEY]
    return [*other_money, writer.sign(writer.pairs(click_id=f"{SAMPLE_CLICK}{writer.source.id}-other"))]


def _repeat(first: Entry, entry: Entry) -> Outcome | None:
    """Decide, as the ledger does, on a postback after another one. None if it is not of the same conversion."""
    opened, event = first.event, entry.event
    if opened is None or event is None or entry.refusal is not None or opened.dedup_key != event.dedup_key:
        return None
    known = KnownConversion(opened.dedup_key, "opened", opened.click_id, None, opened.standing)
    return decide_repeats([entry], {opened.dedup_key: known}, Reversals()).outcomes[entry.receipt]
