"""Body version 2: it gives the same conversion as version 1, and the published schemas match the reader."""

import json
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from postledger.decoding.json_v2 import NAMES
from postledger.decoding.parameters import CANONICAL_NAMES
from postledger.http.schemas import read_schemas
from postledger.ingest.receive import evaluate
from postledger.ledger.entry import Entry
from postledger.policy.source import Settings, Source, find_profile
from postledger.signatures.secret_key import Key
from postledger.vocabulary.click import LabelCause
from postledger.vocabulary.incoming_request import Request
from postledger.vocabulary.refusal import Cause, Reason, Refusal, malformed
from tests.parts.sender import sign_webhook

NOW = datetime.fromtimestamp(1_796_100_010, UTC)
SECRET = "s3cret-current"
SCHEMAS = {name: json.loads(text) for name, text in read_schemas().items() if name.startswith("postback-")}
EXAMPLES = [(name, example) for name, schema in SCHEMAS.items() for example in schema["examples"]]
WHOLE = SCHEMAS["postback-v2.json"]["examples"][1]
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)


def source(**settings: Any) -> Source:
    return Source(1, "acme", msgspec.convert({"currency": "USD", **settings}, Settings), (Key.from_secret(11, SECRET),))


def ask(body: object, by: Source | None = None) -> Entry:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {
        "webhook-id": "m", "webhook-timestamp": "1796100000",
        "webhook-signature": sign_webhook(SECRET, "m", "1796100000", raw),
    }  # fmt: skip
    request = Request("receipt", NOW, "POST", body=raw, media_type="application/json", headers=headers)
    return evaluate(request, by or source())


def v2(**changes: Any) -> dict[str, Any]:
    return {"v": 2, "conversion": {"click_id": "C1"}, **changes}


def test_a_nested_body_gives_the_same_event_as_a_flat_one() -> None:
    flat = {
        "click_id": "ABC123", "transaction_id": "TXN789", "event": "sale", "status": "pending", "payout": "12.50",
        "currency": "USD", "affiliate_id": "456", "sub1": "x", "event_time": 1790000000,
    }  # fmt: skip

    first, second = ask(flat), ask(WHOLE)

    assert first.event is not None
    assert second.event == first.event
    assert (second.refusal, second.secret_id, second.raw) == (None, 11, json.dumps(WHOLE).encode())


@pytest.mark.parametrize(("name", "example"), EXAMPLES, ids=str)
def test_every_example_of_a_schema_is_read(name: str, example: object) -> None:
    assert ask(example).refusal is None


def test_the_schemas_name_what_is_read_and_nothing_else() -> None:
    flat = set(SCHEMAS["postback-v1.json"]["properties"])
    properties = SCHEMAS["postback-v2.json"]["properties"]
    paths: set[tuple[str, ...]] = {(name,) for name in set(properties) - {"conversion", "amount", "items", "v"}}
    paths |= {(name, member) for name in ("conversion", "amount") for member in properties[name]["properties"]}

    assert flat == set(CANONICAL_NAMES) - {"ts", "sig"}
    assert paths == set(NAMES)
    assert set(NAMES.values()) == flat - {"v"}


@pytest.mark.parametrize(
    ("body", "refusal"),
    [
        (v2(conversion={}), Refusal(Reason.MISSING_PARAMETER, "click_id")),
        ({"v": 2, "click_id": "C1"}, Refusal(Reason.MISSING_PARAMETER, "click_id")),
        (v2(amount={"value": "1e3"}), Refusal(Reason.INVALID_PARAMETER, "payout")),
        (v2(amount={"value": "{payout}"}), Refusal(Reason.UNRESOLVED_MACRO, "payout", "{…}")),
        (v2(conversion="C1"), malformed(Cause.JSON_STRUCTURE).refusal),
        (v2(amount=5), malformed(Cause.JSON_STRUCTURE).refusal),
        (v2(amount={"value": [1]}), malformed(Cause.JSON_NESTING).refusal),
        (v2(items={"sku": "A"}), malformed(Cause.JSON_STRUCTURE).refusal),
        (v2(items=["A"]), malformed(Cause.JSON_STRUCTURE).refusal),
        (v2(items=[{}] * 101), malformed(Cause.JSON_STRUCTURE).refusal),
        (v2(items=[{"sku": "x" * 256}]), Refusal(Reason.INVALID_PARAMETER, "items")),
        (v2(items=[{"quantity": 0}]), Refusal(Reason.INVALID_PARAMETER, "items")),
        (v2(items=[{"quantity": "1.5"}]), Refusal(Reason.INVALID_PARAMETER, "items")),
        (v2(items=[{"amount": "1,5"}]), Refusal(Reason.INVALID_PARAMETER, "items")),
        (v2(more={"a": {"b": {"c": {"d": {"e": {}}}}}}), malformed(Cause.JSON_NESTING).refusal),
        (v2(more=list(range(496))), malformed(Cause.TOO_MANY_VALUES).refusal),
        (v2(more=[{}] * 496), malformed(Cause.TOO_MANY_VALUES).refusal),
        (v2(more=[None] * 496), malformed(Cause.TOO_MANY_VALUES).refusal),
        (b'{"v":2,"conversion":{"click_id":"A","click_id":"B"}}', Refusal(Reason.DUPLICATE_PARAMETER, "click_id")),
        (b'{"v":2,"conversion":{},"conversion":{"click_id":"B"}}', malformed(Cause.JSON_DUPLICATE_KEY).refusal),
        (b'{"v":2,"conversion":{"click_id":"A"},"x":{"y":1,"y":2}}', malformed(Cause.JSON_DUPLICATE_KEY).refusal),
        (b'{"v":2,"conversion":{"click_id":"A\\u0000"}}', malformed(Cause.NUL).refusal),
        ({**v2(), "v": 3}, Refusal(Reason.UNSUPPORTED_VERSION)),
        ({**v2(), "v": True}, Refusal(Reason.UNSUPPORTED_VERSION)),
        ({**v2(), "v": [2]}, Refusal(Reason.UNSUPPORTED_VERSION)),
        ({**v2(), "v": 1}, Refusal(Reason.MISSING_PARAMETER, "click_id")),
        ({"conversion": {"click_id": "A"}}, Refusal(Reason.MISSING_PARAMETER, "click_id")),
        ({"v": 3, "click_id": "A"}, Refusal(Reason.UNSUPPORTED_VERSION)),
        ({"v": "{v}", "click_id": "A"}, Refusal(Reason.UNRESOLVED_MACRO, "v", "{…}")),
    ],
)  # fmt: skip
def test_an_invalid_nested_body_is_refused_by_name(body: object, refusal: Refusal) -> None:
    assert ask(body).refusal == refusal


def test_null_is_the_same_as_leaving_it_out() -> None:
    body = v2(
        conversion={"click_id": "C1", "event": None}, amount={"value": None}, items=[{"quantity": None, "amount": None}]
    )

    assert ask(body).event == ask(v2()).event


def test_a_source_can_be_pinned_to_a_version() -> None:
    assert ask(v2(), source(versions=[1])).refusal == Refusal(Reason.UNSUPPORTED_VERSION)
    assert ask({"click_id": "C1"}, source(versions=[2])).refusal == Refusal(Reason.UNSUPPORTED_VERSION)
    assert ask(v2(), source(versions=[2])).refusal is None


def test_the_aliases_of_a_source_are_those_of_version_1() -> None:
    by = source(params={"click_id": ["subid"], "sub1": ["affiliate_id"]}, statuses={"approved": ["sold"]})

    entry = ask(v2(conversion={"click_id": "C1", "subid": "other", "status": "SOLD"}, affiliate_id="456"), by)

    assert entry.event is not None
    assert (entry.event.click_id, entry.event.affiliate_id, entry.event.status) == ("C1", "456", "approved")


def test_a_source_with_its_own_v_is_read_as_version_1() -> None:
    entry = ask({"v": 2, "click_id": "C1"}, source(params={"sub1": ["v"]}))

    assert entry.event is not None
    assert entry.event.subs == {"sub1": "2"}


def test_masking_reaches_every_depth() -> None:
    body = v2(buyer={"email": "m@x.example", "phones": [{"phone": "1"}]}, sig="s", sub1="m")

    entry = ask(body, source(pii=["email", "phone", "sub1"]))

    assert entry.refusal is None
    stored = json.loads(entry.raw)
    assert (stored["buyer"], stored["sig"]) == ({"email": "***", "phones": [{"phone": "***"}]}, "***")
    assert entry.event is not None
    assert entry.event.subs == {"sub1": "***"}


@pytest.mark.parametrize("more", [list(range(495)), [{}] * 495, [[" [ ]"]] * 247, ['a,b,[,{,\\",' * 200]])
def test_a_body_may_have_500_values(more: list[object]) -> None:
    assert ask(v2(more=more)).refusal is None


@pytest.mark.parametrize("text", ["a\0b", "\ud800"])
@pytest.mark.parametrize("by", [source(), source(pii=["x", "email"])], ids=["plain", "masked"])
def test_no_text_of_a_label_or_unknown_member_costs_the_conversion(text: str, by: Source) -> None:
    entry = ask(v2(sub1=text, x=text, more={"y": text, text: 1}, email="m@x.example"), by)

    assert entry.event is not None
    assert entry.event.label_notes == {"sub1": LabelCause.ENCODING}


@pytest.mark.parametrize("name", ["click_id", "transaction_id"])
def test_a_text_that_cannot_be_stored_is_malformed_elsewhere(name: str) -> None:
    assert ask(v2(conversion={"click_id": "A", name: "a\0b"})).refusal == malformed(Cause.NUL).refusal


def test_a_list_or_object_below_a_masked_name_is_masked_whole() -> None:
    entry = ask(v2(phones=["1", "2"], buyer={"email": "m@x.example"}, ok=True), source(pii=["phones", "buyer"]))

    stored = json.loads(entry.raw)
    assert (stored["phones"], stored["buyer"], stored["ok"]) == ("***", "***", True)


def test_a_path_is_not_a_name_with_a_dot() -> None:
    entry = ask({"v": 2, "conversion": {}, "conversion.click_id": "A"})

    assert entry.refusal == Refusal(Reason.MISSING_PARAMETER, "click_id")


def test_a_token_signs_no_field_of_version_2_either() -> None:
    by = source(auth="token", token_header="X-Token", require_signed=["payout"])
    profiled = msgspec.structs.replace(by, profile=find_profile(by.settings))
    raw = json.dumps(v2(amount={"value": "1"})).encode()
    request = Request("r", NOW, "POST", body=raw, media_type="application/json", headers={"x-token": SECRET})

    assert evaluate(request, profiled).refusal == Refusal(Reason.MISSING_SIGNATURE, "payout")


@given(st.dictionaries(st.sampled_from(["conversion", "amount", "items", "sub1", "x"]), JSON_VALUES))
def test_no_nested_body_crashes_the_judgement(body: dict[str, Any]) -> None:
    entry = ask({"v": 2, **body}, source(pii=["x"]))

    assert (entry.refusal is None) != (entry.event is None)
