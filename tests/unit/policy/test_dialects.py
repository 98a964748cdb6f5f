"""Dialects: a postback to the URL of another tracker gives the event that it means there."""

import tomllib
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
import tomli_w
from hypothesis import given
from hypothesis import strategies as st

from postledger.ingest.receive import evaluate
from postledger.ledger.entry import Entry
from postledger.policy.config_export import write_document
from postledger.policy.config_file import SourceConfig, index_configuration, read_configuration
from postledger.policy.preset_files import read_known
from postledger.policy.source import Source, find_profile
from postledger.signatures.secret_key import Key
from postledger.vocabulary.incoming_request import Request
from postledger.vocabulary.refusal import Cause, Reason, Refusal, malformed

NOW = datetime.fromtimestamp(1_790_000_010, UTC)
KNOWN = read_known()
DEMANDED = {
    "keitaro", "voluum", "binom", "redtrack", "bemob", "clickflare", "funnelflux", "everflow", "tune", "affise",
}  # fmt: skip
KEY = "3f9c0de"
# An address as its tracker's pages show it, filled in; and what it says.
ADDRESSES: dict[str, tuple[str, dict[str, Any]]] = {
    "keitaro": (f"/{KEY}/postback?subid=C1&status=lead&payout=1.5&currency=eur&tid=T1&sub_id_2=x&from=net", {
        "click_id": "C1", "status": "pending", "payout": "1.5", "currency": "EUR", "transaction_id": "T1",
        "subs": {"sub2": "x"},
    }),
    "voluum": ("/postback?cid=C1&payout=1.5&txid=T1&currency=usd&et=Purchase&param1=p", {
        "click_id": "C1", "payout": "1.5", "transaction_id": "T1", "event": "purchase", "subs": {"sub1": "p"},
    }),
    "binom": ("/click.php?cnv_id=C1&payout=1.5&cnv_status=Hold&cnv_currency=EUR", {
        "click_id": "C1", "payout": "1.5", "status": "pending", "source_status": "Hold", "currency": "EUR",
    }),
    "redtrack": ("/postback?clickid=C1&sum=1.5&type=Deposit&status=declined&rdtk_event_id=T1", {
        "click_id": "C1", "payout": "1.5", "event": "deposit", "status": "rejected", "transaction_id": "T1",
    }),
    "bemob": ("/postback?cid=C1&payout=1.5&txid=T1&status=new", {
        "click_id": "C1", "payout": "1.5", "transaction_id": "T1", "status": "pending",
    }),
    "clickflare": ("/cf/cv?click_id=C1&payout=1.5&txid=T1&ct=lead", {
        "click_id": "C1", "payout": "1.5", "transaction_id": "T1", "event": "lead",
    }),
    "funnelflux": ("/pb/?hit=C1&tx=T1&rev=1.5", {"click_id": "C1", "transaction_id": "T1", "payout": "1.5"}),
    "everflow": ("/?nid=7&transaction_id=C1&event_id=3&amount=1.5&order_id=T1", {
        "click_id": "C1", "transaction_id": "T1", "payout": "1.5", "event": "3",
    }),
    "tune": ("/aff_lsr?offer_id=2&transaction_id=C1&amount=1.5&adv_sub=T1", {
        "click_id": "C1", "transaction_id": "T1", "payout": "1.5",
    }),
    "affise": ("/postback?clickid=C1&action_id=T1&goal=1&sum=1.5&status=5", {
        "click_id": "C1", "transaction_id": "T1", "event": "1", "payout": "1.5", "status": "pending",
    }),
}  # fmt: skip
TOKENS = {"everflow": "verification_token", "tune": "security_token", "affise": "secure"}


def configure(name: str, **own: Any) -> SourceConfig:
    document = {"slug": "moved", "dialect": name, "secrets": [KEY], **own}
    if name != "keitaro":
        document.setdefault("auth", "none")
    return read_configuration({"sources": [document]}, {}, KNOWN).sources["moved"]


def make(name: str, **own: Any) -> Source:
    settings = configure(name, **own).settings
    return Source(1, "moved", settings, (Key.from_secret(11, KEY),), find_profile(settings))


def ask(source: Source, target: str, **changes: Any) -> Entry:
    path, _, query = target.partition("?")
    request = Request("receipt", NOW, "GET", path=path.encode(), query=query.encode())
    return evaluate(msgspec.structs.replace(request, **changes), source)


def said(entry: Entry) -> dict[str, Any]:
    assert entry.refusal is None, entry.refusal
    assert entry.event is not None
    event = msgspec.structs.asdict(entry.event)
    return {**event, "payout": None if event["payout"] is None else str(event["payout"])}


def test_every_required_tracker_has_a_dialect() -> None:
    assert set(KNOWN.dialects) >= DEMANDED
    assert set(ADDRESSES) == set(KNOWN.dialects)


@pytest.mark.parametrize("name", ADDRESSES)
def test_a_trackers_url_is_read_as_the_tracker_did(name: str) -> None:
    target, meaning = ADDRESSES[name]

    event = said(ask(make(name), target))

    assert {field: event[field] for field in meaning} == meaning


@pytest.mark.parametrize("name", ADDRESSES)
def test_the_path_of_the_url_belongs_to_the_source(name: str) -> None:
    path = ADDRESSES[name][0].partition("?")[0]

    assert path in [own.replace("{key}", KEY) for own in configure(name).settings.paths]


@pytest.mark.parametrize("name", ADDRESSES)
def test_a_dialect_survives_its_export_and_names_its_references(name: str) -> None:
    source = configure(name)
    exported = tomli_w.dumps(write_document(index_configuration([source], [], [])))

    again = read_configuration(tomllib.loads(exported), {}, KNOWN).sources["moved"]

    assert again.settings == source.settings
    assert KNOWN.dialects[name].origins


@pytest.mark.parametrize("name", TOKENS)
def test_a_trackers_token_is_verified_by_its_name_and_not_stored(name: str) -> None:
    source, (target, _) = make(name, auth="token"), ADDRESSES[name]

    taken, forged = (ask(source, f"{target}&{TOKENS[name]}={token}") for token in (KEY, "other"))

    assert (taken.refusal, taken.secret_id) == (None, 11)
    assert forged.refusal == Refusal(Reason.BAD_SIGNATURE)
    assert ask(source, target).refusal == Refusal(Reason.MISSING_SIGNATURE)
    assert KEY.encode() not in taken.raw
    assert b"other" not in forged.raw


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("/3f9c0df/postback", Reason.BAD_SIGNATURE),
        ("/3f9c0d/postback", Reason.BAD_SIGNATURE),
        ("/3f9c0de0/postback", Reason.BAD_SIGNATURE),
        ("//postback", Reason.MISSING_SIGNATURE),
        ("/a/3f9c0de/postback", Reason.MISSING_SIGNATURE),
        ("/tracking/postback/moved", Reason.MISSING_SIGNATURE),
    ],
)
def test_only_the_complete_key_in_the_path_verifies(path: str, reason: Reason) -> None:
    entry = ask(make("keitaro"), f"{path}?subid=C1")

    assert entry.refusal == Refusal(reason)


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("subid=C1", "approved"),
        ("subid=C1&status=rebill", "approved"),
        ("subid=C1&status=HOLD&lead_status=hold&sale_status=lead&rejected_status=reject,trash", "pending"),
        ("subid=C1&status=lead&lead_status=hold&sale_status=lead", "approved"),
        ("subid=C1&status=Trash&rejected_status=reject,%20TRASH", "rejected"),
        ("subid=C1&status=sale&sale_status=", "approved"),
    ],
)
def test_keitaros_url_defines_status_words_before_the_source_does(query: str, status: str) -> None:
    assert said(ask(make("keitaro"), f"/{KEY}/postback?{query}"))["status"] == status


@pytest.mark.parametrize(
    ("query", "refusal"),
    [
        ("status=x&sale_status=x&lead_status=x", Refusal(Reason.INVALID_PARAMETER, "status")),
        ("status=x&sale_status=y", Refusal(Reason.INVALID_PARAMETER, "status")),
        ("status=%2C&sale_status=a,,b", Refusal(Reason.INVALID_PARAMETER, "status")),
        ("status=a&sale_status=a&sale_status=b", Refusal(Reason.DUPLICATE_PARAMETER, "sale_status")),
        ("status=a&sale_status={sale}", Refusal(Reason.UNRESOLVED_MACRO, "sale_status", "{…}")),
        ("status=REPLACE", Refusal(Reason.UNRESOLVED_MACRO, "status", "REPLACE")),
        ("payout=1&payout=2", Refusal(Reason.DUPLICATE_PARAMETER, "payout")),
    ],
)
def test_ambiguous_status_words_are_refused(query: str, refusal: Refusal) -> None:
    assert ask(make("keitaro"), f"/{KEY}/postback?subid=C1&{query}").refusal == refusal


def test_a_post_without_a_body_is_read_from_its_query() -> None:
    target = ADDRESSES["keitaro"][0]

    posted = ask(make("keitaro"), target, method="POST")

    assert said(posted) == said(ask(make("keitaro"), target))


def test_a_post_with_a_body_is_read_by_that_alone() -> None:
    body = {"method": "POST", "body": b"subid=C1&payout=1", "media_type": "application/x-www-form-urlencoded"}

    assert said(ask(make("keitaro"), f"/{KEY}/postback", **body))["click_id"] == "C1"
    refused = ask(make("keitaro"), f"/{KEY}/postback?payout=2", **body)
    assert refused.refusal == malformed(Cause.PARAMETERS_BESIDE_BODY).refusal


@pytest.mark.parametrize("name", ADDRESSES)
@given(
    path=st.text("/abc%{}.3f9c0de", max_size=20), query=st.binary(max_size=120), body=st.binary(max_size=40),
    method=st.sampled_from(["GET", "POST", "PUT"]),
)  # fmt: skip
def test_no_request_passes_a_dialect_without_the_key(
    name: str, path: str, query: bytes, body: bytes, method: str
) -> None:
    source = make(name, auth="token")
    request = Request("r", NOW, method, path=path.encode(), query=query, body=body, media_type="application/json")

    entry = evaluate(request, source)

    assert entry.refusal is not None or KEY in path or KEY.encode() in query
