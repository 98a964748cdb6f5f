"""A list or an object in a flat JSON body: it costs no conversion, unless it is the value of a field of ours."""

import hashlib
import json
from typing import Any

import pytest

from postledger.ingest.receive import evaluate
from postledger.ledger.entry import Entry
from postledger.policy.source import Source
from postledger.signatures.profile_schema import read_profile
from postledger.signatures.secret_key import Key
from postledger.vocabulary.click import LabelCause
from postledger.vocabulary.conversion_event import Event
from postledger.vocabulary.refusal import Cause, Reason, Refusal, malformed
from tests.parts.signed_requests import SECRET, post, refusal_of, source

MONEY = {"click_id": "A", "payout": "5"}
DEEP = "[" * 400 + "1" + "]" * 400
NESTED = ["[]", "{}", "[1]", '{"a":1}', '[{"a":[null]}]', '{"sub1":"x"}', DEEP]


def ask(members: str, by: Source | None = None) -> Entry:
    """What becomes of a signed body with a click, a payout and these members."""
    return evaluate(post(f'{{"click_id":"A","payout":"5",{members}}}'.encode()), by or source())


def event_of(members: str, by: Source | None = None) -> Event:
    entry = ask(members, by)
    assert entry.event is not None, entry.refusal
    assert entry.event.payout == 5
    return entry.event


@pytest.mark.parametrize("value", NESTED)
def test_a_nested_label_is_left_out_and_noted(value: str) -> None:
    event = event_of(f'"sub1":{value},"sub2":"x"')

    assert (event.subs, event.label_notes) == ({"sub2": "x"}, {"sub1": LabelCause.NESTED})


@pytest.mark.parametrize("settings", [{"params": {"sub3": ["tags"]}}, {"pii": ["tags"], "params": {"sub3": ["tags"]}},
                                      {"empty": "absent", "params": {"sub3": ["tags"]}}])  # fmt: skip
def test_a_nested_value_of_a_mapped_label_is_noted(settings: dict[str, Any]) -> None:
    event = event_of('"tags":["a","b"]', source(**settings))

    assert (event.subs, event.label_notes) == (None, {"sub3": LabelCause.NESTED})


@pytest.mark.parametrize(
    ("members", "subs", "notes"),
    [
        ('"sub1":"a","sub1":[]', {"sub1": "a"}, {"sub1": LabelCause.REPEATED}),
        ('"sub1":[],"sub1":"a"', {"sub1": "a"}, None),
        ('"sub1":[],"sub1":{}', None, {"sub1": LabelCause.NESTED}),
    ],
)
def test_a_repeated_label_is_read_where_it_is_text(
    members: str, subs: dict[str, str] | None, notes: dict[str, LabelCause] | None
) -> None:
    event = event_of(members)

    assert (event.subs, event.label_notes) == (subs, notes)


def test_a_nested_label_of_version_2_is_left_out() -> None:
    body = {"v": 2, "conversion": {"click_id": "A"}, "sub1": {"a": [1]}, "sub2": "x"}
    event = evaluate(post(json.dumps(body).encode()), source(pii=["sub1"])).event

    assert event is not None
    assert (event.subs, event.label_notes) == ({"sub2": "x"}, {"sub1": LabelCause.NESTED})


@pytest.mark.parametrize("value", NESTED)
def test_a_nested_parameter_that_is_not_ours_is_kept_and_ignored(value: str) -> None:
    for name in ("cart", "items", "conversion"):  # the last two mean something in version 2
        entry = ask(f'"{name}":{value}')

        assert (entry.event, entry.event and entry.event.label_notes) == (ask('"cart":1').event, None)
        assert entry.raw == f'{{"click_id":"A","payout":"5","{name}":{value}}}'.encode()


@pytest.mark.parametrize("name", ["click_id", "transaction_id", "event", "status", "currency", "v2", "affiliate_id",
                                  "event_time", "reverses", "sale_status", "is_test"])  # fmt: skip
def test_a_nested_field_of_ours_is_refused_where_it_stands(name: str) -> None:
    by = source(params={"v": ["v2"]}, status_parameters={"sale_status": "approved"}, test_parameters={"is_test": ["1"]})
    body = f'{{"x":{{"é":1,"{name}":[]}},"y":"\\"{name}\\":[" , "sub1":[2],\n "{name}" : [1]}}'

    assert refusal_of(post(body.encode()), by) == malformed(Cause.JSON_NESTING, body.encode().index(b"[1]")).refusal


def test_a_field_whose_name_is_written_with_escapes_is_found() -> None:
    body = rb'{"x":[0],"p\u0061yout":{"a":1}}'

    assert refusal_of(post(body)) == malformed(Cause.JSON_NESTING, body.index(b'{"a"')).refusal


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        ({"email": ["ann@x"]}, {"email": "***"}),
        ({"email": {"work": "ann@x"}}, {"email": "***"}),
        ({"buyer": {"email": "ann@x", "n": "1"}}, {"buyer": {"email": "***", "n": "1"}}),
        ({"buyers": [{"email": "ann@x"}, {"email": None}]}, {"buyers": [{"email": "***"}, {"email": None}]}),
        ({"a": [[[[[[{"email": "ann@x"}]]]]]], "b": "x"}, {"a": [[[[["***"]]]]], "b": "x"}),
        ({"sub1": {"email": "ann@x"}}, {"sub1": {"email": "***"}}),
    ],
)
def test_personal_data_in_nested_values_are_masked(sent: dict[str, Any], stored: dict[str, Any]) -> None:
    escaped = json.dumps(MONEY | sent).replace('"email"', r'"em\u0061il"')
    for body in (json.dumps(MONEY | sent), escaped):
        entry = evaluate(post(body.encode()), source(pii=["email"]))

        assert entry.refusal is None
        assert json.loads(entry.raw) == MONEY | stored


def test_a_nested_personal_value_is_hashed_as_a_flat_one() -> None:
    by = Source(1, "acme", source(pii=["email"]).settings, (Key.from_secret(11, SECRET),), pii_key=b"key")
    flat, nested = (json.loads(ask(members, by).raw) for members in ('"email":"ann@x"', '"buyer":{"email":"Ann@x"}'))

    assert nested["buyer"]["email"] == flat["email"] != "***"


def test_a_nested_body_without_personal_data_is_kept_as_sent() -> None:
    entry = ask('"design" : [1.50, {"e": "\\u0041"}]', source(pii=["mail"]))

    assert entry.raw == rb'{"click_id":"A","payout":"5","design" : [1.50, {"e": "\u0041"}]}'


@pytest.mark.parametrize("body", ['"data":{"payout":50}', '"sub1":{"Payout":50}', '"rows":[{"x":{"payout[]":1}}]',
                                  '"data":{"sum":50}'])  # fmt: skip
def test_a_nested_payout_is_not_lost(body: str) -> None:
    by = source(params={"payout": ["sum"]})
    refusal = Refusal(Reason.INVALID_PARAMETER, "payout", cause=Cause.PARAMETER_IN_VALUE)

    assert refusal_of(post(f'{{"click_id":"A",{body}}}'.encode()), by) == refusal
    assert refusal_of(post(f'{{"click_id":"A","payout":"1",{body}}}'.encode()), by) is None


def sign_parameters(**parameters: Any) -> Source:
    """A source that signs its JSON parameters with the last of them, `sign`."""
    table = {"signature": {"from": "json", "name": "sign"}, "mac": "hash-sha256", "message": "{key}{parameters}"}
    listed = {"from": "json", "sort": "name", "join": "&", **parameters}
    profile = read_profile({**table, "parameters": listed, "methods": ["POST"]})
    made = source(signature="postledger-v1")
    return Source(1, "acme", made.settings, made.keys, profile)


def test_a_signature_over_parameters_leaves_nested_ones_out() -> None:
    body = {"click_id": "A", "payout": "5", "sub1": [1], "cart": {"a": 1}}
    body["sign"] = hashlib.sha256(f"{SECRET}click_id=A&payout=5".encode()).hexdigest()
    entry = evaluate(post(json.dumps(body).encode()), sign_parameters())

    assert (entry.refusal, entry.secret_id) == (None, 11)


def test_a_nested_value_of_a_required_signed_parameter_is_forged() -> None:
    signed = {"click_id": "A", "sign": hashlib.sha256(f"{SECRET}click_id=A&".encode()).hexdigest()}
    by = sign_parameters(only=["click_id", "sub1"], item="{name}={value}", sort="none")

    assert refusal_of(post(json.dumps(signed | {"sub1": []}).encode()), by) == Refusal(Reason.BAD_SIGNATURE)
