"""Every sample of every source is judged by the code of real postbacks, and gets the answer that it promises."""

import msgspec
import pytest
from msgspec.structs import replace

from postledger.ingest.receive import find_response
from postledger.ledger.entry import Entry, Outcome
from postledger.ledger.rules.repeats import KnownConversion, decide_repeats
from postledger.ledger.rules.reversal_guard import Reversals
from postledger.partners.sample_kinds import CANDIDATES, NOT_IN_A_REQUEST, WHY
from postledger.partners.sample_writer import SampleWriter, Wish
from postledger.partners.samples import MAX_SAMPLES, Kind, NoEvent, Order, Sample, Samples, make_samples, read_kind
from postledger.policy.source import Settings, Source
from postledger.responses.http_statuses import find_http_status
from postledger.signatures.secret_key import Key
from postledger.vocabulary.operator_error import NotPossible
from postledger.vocabulary.refusal import Reason, Refusal
from postledger.vocabulary.sample_click import SAMPLE_CLICK
from postledger.vocabulary.statuses import Status, Verdict
from tests.parts.preset_sources import KNOWN, ONLY_THEIRS, SECRET, make_dialect_source, make_preset_source, make_source

NOW_S = 1_790_000_000
NEVER = set(NOT_IN_A_REQUEST)
TIMED = {Reason.STALE_TIMESTAMP, Reason.FUTURE_TIMESTAMP}
UNSIGNED = {Reason.MISSING_SIGNATURE, Reason.BAD_SIGNATURE, *TIMED}
SOURCES = {
    **{f"preset {name}": make_preset_source(name) for name in KNOWN.presets},
    **{f"dialect {name}": make_dialect_source(name, "token") for name in KNOWN.dialects},
    **{f"open dialect {name}": make_dialect_source(name, "none") for name in KNOWN.dialects if name != "keitaro"},
    "optional click": make_source(SECRET, click="optional"),
    "observed": make_source(SECRET, mode="observe"),
    "version 2": make_source(SECRET, versions=[2]),
    "cents": make_source(SECRET, amount=["minor-units"]),
    "comma": make_source(SECRET, amount=["comma"]),
    "by click": make_source(SECRET, key="click"),
    "first": make_source(SECRET, duplicates="first"),
    "first of any click": make_source(SECRET, duplicates="first", other_click="ignore"),
    "every": make_source(SECRET, duplicates="every"),
    "correct": make_source(SECRET, duplicates="correct"),
    "token header": make_source(SECRET, auth="token", token_header="X-Token"),
    "token in Authorization": make_source(SECRET, auth="token", token_header="Authorization"),
}
SIGNED_BY_US = {name for name in SOURCES if name.removeprefix("preset ") not in ONLY_THEIRS}


def make(source: Source, kind: Kind = "all", **order: object) -> Samples:
    return make_samples(source, Order(kind=kind, **{"is_for_operator": True, **order}), NOW_S, "5e71a1")  # type: ignore[arg-type]


def stand_in(source: Source, made: Samples) -> Source:
    """The source as it would be if what stands for its secret were its secret."""
    return source if made.secret is None else replace(source, keys=(Key(7, made.secret),))


class Ledger:
    """What the ledger decides of entries, in the order in which they come."""

    def __init__(self, clicks: tuple[str, ...]) -> None:
        self._clicks, self._opened = clicks, dict[str, Entry]()

    def decide(self, entry: Entry) -> Outcome:
        if entry.refusal is not None or entry.event is None:
            return Outcome(Verdict.REFUSED, entry.refusal)
        if entry.click_check == "required" and entry.event.click_id not in self._clicks:
            return Outcome(Verdict.REFUSED, Refusal(Reason.UNKNOWN_CLICK))
        first = self._opened.setdefault(entry.event.dedup_key, entry)
        if first is entry or first.event is None:
            return Outcome(Verdict.ACCEPTED)
        known = KnownConversion(entry.event.dedup_key, "first", first.event.click_id, None, first.event.standing)
        return decide_repeats([entry], {known.dedup_key: known}, Reversals()).outcomes[entry.receipt]


def judge(source: Source, made: Samples, sample: Sample, ledger: Ledger) -> tuple[object, ...]:
    """What a request gets: its status, verdict and refusal, and the text that its network gets instead of our JSON."""
    usable = stand_in(source, made)
    path = sample.request.target.partition("?")[0]
    if "no-such-source" in path or "/postbacks/" in path:  # never reaches the source
        reason = Reason.UNKNOWN_SOURCE if "no-such-source" in path else Reason.NOT_FOUND
        return 404, Verdict.REFUSED, Refusal(reason), None
    entry = SampleWriter(usable, "query", NOW_S, "").judge(sample.request)
    outcome = ledger.decide(entry)
    network = find_response(outcome, entry, usable)
    http = find_http_status(outcome.verdict, outcome.refusal.reason if outcome.refusal else None)
    text = None if network is None or network.body is None else network.body.decode()
    return (network.status if network else None) or http, outcome.verdict, outcome.refusal, text


def promised(sample: Sample) -> tuple[object, ...]:
    expect = sample.expect
    refusal = None
    if expect.reason is not None:
        refusal = msgspec.convert(
            {name: getattr(expect, name) for name in ("reason", "parameter", "macro", "cause", "byte_offset")}, Refusal
        )
    return expect.http, expect.status, refusal, expect.text


@pytest.mark.parametrize("is_for_operator", [True, False])
@pytest.mark.parametrize("name", SOURCES)
def test_each_sample_gets_the_answer_that_it_promises(name: str, *, is_for_operator: bool) -> None:
    source = SOURCES[name]

    made = make(source, is_for_operator=is_for_operator)

    ledger = Ledger(made.clicks)
    assert [judge(source, made, one, ledger) for one in made.samples] == [promised(one) for one in made.samples]
    assert all(one.kind == (one.expect.reason or "valid") for one in made.samples)


@pytest.mark.parametrize("name", sorted(SIGNED_BY_US))
def test_each_reason_has_a_sample_unless_a_rule_excludes_it(name: str) -> None:
    source = SOURCES[name]
    excluded = set(NEVER)
    if source.settings.auth == "none" or source.settings.mode == "observe":
        excluded |= UNSIGNED
    if not any(scheme.timestamp for scheme in source.profile.schemes):
        excluded |= TIMED
    if source.click_check != "required":
        excluded |= {Reason.UNKNOWN_CLICK}
    if source.settings.duplicates == "first" and source.settings.other_click == "ignore":
        excluded |= {Reason.CONFLICT}

    made = make(source)

    assert {one.kind for one in made.samples} == {"valid", *(reason for reason in Reason if reason not in excluded)}
    assert set(made.left_out) == excluded


@pytest.mark.parametrize("name", sorted(set(SOURCES) - SIGNED_BY_US))
def test_what_only_its_sender_can_sign_has_samples_without_signature(name: str) -> None:
    made = make(SOURCES[name])

    kinds = {one.kind for one in made.samples}
    assert {Reason.MISSING_SIGNATURE, Reason.BAD_SIGNATURE, Reason.METHOD_NOT_ALLOWED} <= kinds
    assert "valid" not in kinds
    with pytest.raises(NotPossible, match="its sender must sign it"):
        make(SOURCES[name], kind="valid")


@pytest.mark.parametrize("event", ["bad event", "é", "\x00", ""])
def test_what_is_no_name_of_an_event_is_refused(event: str) -> None:
    with pytest.raises(NoEvent, match="the event must be one of the source's"):
        make(make_source(SECRET), wish=Wish(event))


def test_a_name_that_the_source_knows_may_have_blanks() -> None:
    made = make(make_source(SECRET, event_names={"sale": ["Order paid"]}), kind="valid", wish=Wish("Order paid"))

    assert [one.kind for one in made.samples] == ["valid"]


def test_each_reason_is_either_made_or_not_in_a_request() -> None:
    of_the_ledger = {Reason.UNKNOWN_SOURCE, Reason.NOT_FOUND, Reason.UNKNOWN_CLICK, Reason.CONFLICT}

    assert set(CANDIDATES) | of_the_ledger | NEVER == set(Reason)
    assert set(WHY) == set(Reason) - NEVER


@pytest.mark.parametrize("is_for_operator", [True, False])
@pytest.mark.parametrize("name", SOURCES)
def test_no_sample_holds_the_secret(name: str, *, is_for_operator: bool) -> None:
    source = SOURCES[name]

    made = make(source, is_for_operator=is_for_operator)

    assert source.keys[0].secret not in msgspec.json.encode(made).decode()


@pytest.mark.parametrize("name", sorted(SIGNED_BY_US))
def test_a_partner_gets_no_signature_that_proves_another_postback(name: str) -> None:
    source = SOURCES[name]

    made = make(source, is_for_operator=False)

    entries = [SampleWriter(source, "query", NOW_S, "").judge(one.request) for one in made.samples]
    proved = [entry for entry in entries if entry.secret_id == 7 and entry.event is not None]
    assert all(entry.event and entry.event.click_id.startswith(SAMPLE_CLICK) for entry in proved)
    assert all("click_id" not in entry.unsigned for entry in proved)
    assert all(entry.click_check == "required" for entry in proved)


def test_cpx_samples_of_a_partner_are_signed_with_no_secret_of_the_source() -> None:
    source = make_preset_source("cpx")

    by_partner, by_operator = make(source, is_for_operator=False), make(source)

    assert by_partner.secret is not None
    assert by_operator.secret is None
    judged = SampleWriter(source, "query", NOW_S, "").judge(by_partner.samples[0].request)
    assert judged.refusal == Refusal(Reason.BAD_SIGNATURE)


def test_a_sample_says_what_is_asked_for() -> None:
    source = make_source(SECRET, event_names={"sale": ["Purchase"]}, statuses={"pending": ["hold"]})

    made = make(source, kind="valid", wish=Wish("sale", Status.PENDING), number=3)

    events = [SampleWriter(source, "query", NOW_S, "").judge(one.request).event for one in made.samples]
    assert [(event.event, event.status) for event in events if event] == [("sale", Status.PENDING)] * 3
    assert len({event.dedup_key for event in events if event}) == 3


@pytest.mark.parametrize("way", ["query", "json", "form"])
def test_a_sample_is_sent_in_the_way_that_is_asked_for(way: str) -> None:
    made = make(make_source(SECRET), kind="valid", ways=(way,))

    sent = made.samples[0].request
    media_type = {"json": "application/json", "form": "application/x-www-form-urlencoded"}.get(way)
    assert (sent.method, sent.headers.get("Content-Type")) == ("GET" if way == "query" else "POST", media_type)


def test_a_kind_has_as_many_samples_as_are_asked_for() -> None:
    made = make(make_source(SECRET), kind=Reason.CONFLICT, number=2)

    assert [one.kind for one in made.samples] == ["valid", "conflict"] * 2


@pytest.mark.parametrize("number", [0, MAX_SAMPLES + 1])
def test_the_number_of_samples_is_bounded(number: int) -> None:
    with pytest.raises(NotPossible, match="from 1 to 20"):
        make(make_source(SECRET), number=number)


def test_an_unknown_kind_is_refused_with_those_that_exist() -> None:
    assert [read_kind(text) for text in ("valid", "all", "conflict")] == ["valid", "all", Reason.CONFLICT]
    with pytest.raises(NotPossible, match="valid, all, unknown_source"):
        read_kind("none")


def test_a_sample_tells_when_its_signature_is_too_old() -> None:
    made = make(make_source(SECRET, timestamp_tolerance="10m"))

    ends = {one.kind: one.expires_at and one.expires_at.timestamp() for one in made.samples}
    assert ends["valid"] == NOW_S + 600
    assert ends[Reason.STALE_TIMESTAMP] is None


def test_the_click_of_a_sample_must_exist_even_where_clicks_are_optional() -> None:
    source = Source(1, "acme", Settings(click="optional"), (Key(7, SECRET),))

    entry = SampleWriter(source, "query", NOW_S, "").judge(make(source, kind="valid").samples[0].request)

    assert entry.click_check == "required"
