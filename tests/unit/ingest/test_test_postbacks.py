"""Postbacks that call themselves a test: read and verified as any other, and refused by the parameter that says so."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from postledger.ingest.receive import evaluate
from postledger.ledger.entry import Entry
from postledger.policy.config_file import BadConfiguration, read_configuration
from postledger.policy.source import Settings, Source
from postledger.signatures.secret_key import Key
from postledger.vocabulary.incoming_request import Request
from postledger.vocabulary.refusal import Reason, Refusal
from tests.parts.sender import sign_query

NOW = datetime.fromtimestamp(1_790_000_010, UTC)
SECRET = "s3cret-current"
A_TEST = Refusal(Reason.INVALID_PARAMETER, "debug")


def source(**settings: Any) -> Source:
    document = {"currency": "USD", "test_parameters": {"debug": ["True", "1"], "mode": ["test"]}, **settings}
    return Source(1, "acme", msgspec.convert(document, Settings), (Key.from_secret(11, SECRET),))


def ask(beside: str, by: Source | None = None) -> Entry:
    query = f"click_id=A&payout=5&ts=1790000000{beside}"
    signature = sign_query(SECRET, query.encode())
    return evaluate(Request("r", NOW, "GET", query=f"{query}&sig={signature}".encode()), by or source())


def faults_of(**own: Any) -> list[str]:
    with pytest.raises(BadConfiguration) as caught:
        read_configuration({"sources": [{"slug": "acme", "secrets": ["s"], **own}]}, {})
    return [str(fault) for fault in caught.value.faults]


@pytest.mark.parametrize("word", ["true", "TRUE", "1", "%20true"])
def test_what_calls_itself_a_test_is_refused_by_the_name_of_the_parameter(word: str) -> None:
    entry = ask(f"&debug={word}")

    assert (entry.event, entry.refusal) == (None, A_TEST)
    assert (entry.secret_id, entry.click_id) == (11, "A"), "it was verified, and can be found"


@pytest.mark.parametrize("beside", ["", "&debug=false", "&debug=0", "&debug=", "&mode=live", "&test=1"])
def test_everything_else_is_a_conversion(beside: str) -> None:
    assert ask(beside).refusal is None


def test_any_of_the_parameters_is_enough() -> None:
    assert ask("&debug=false&mode=test").refusal == Refusal(Reason.INVALID_PARAMETER, "mode")


def test_it_is_looked_at_last_so_that_the_answer_tells_that_all_else_was_right() -> None:
    assert ask("&debug=true&currency=XXY").refusal == Refusal(Reason.INVALID_PARAMETER, "currency")


def test_a_source_that_has_no_such_parameter_ignores_it_as_any_other() -> None:
    assert ask("&debug=true", source(test_parameters={})).refusal is None


def test_saying_both_is_sending_it_twice() -> None:
    assert ask("&debug=false&debug=true").refusal == Refusal(Reason.DUPLICATE_PARAMETER, "debug")


@pytest.mark.parametrize(
    ("media_type", "body"),
    [
        ("application/json", b'{"click_id": "A", "debug": true}'),
        ("application/json", b'{"click_id": "A", "debug": 1}'),
        ("application/x-www-form-urlencoded", b"click_id=A&debug=true"),
    ],
)
def test_a_body_says_the_same(media_type: str, body: bytes) -> None:
    request = Request("r", NOW, "POST", body=body, media_type=media_type)

    assert evaluate(request, source(auth="none")).refusal == A_TEST


def test_it_is_no_field_that_could_be_unsigned() -> None:
    assert ask("&debug=false", source(auth="none")).unsigned == ("click_id", "payout")


@pytest.mark.parametrize(
    ("own", "fault"),
    [
        ({"test_parameters": "debug"}, "sources[acme].test_parameters: must be a table"),
        ({"test_parameters": {"debug": True}}, "sources[acme].test_parameters: must be text"),
        ({"test_parameters": {"sub1": "x"}}, "sources[acme].test_parameters: sub1 is a canonical name"),
        ({"test_parameters": {"a": "1"}, "params": {"sub1": "a"}}, "sources[acme].test_parameters: a is already one"),
        ({"test_parameters": {"a": "1"}, "pii": ["a"]}, "sources[acme].test_parameters: a is already masked by pii"),
        (
            {"test_parameters": {"a": "1"}, "status_parameters": {"a": "approved"}},
            "sources[acme].test_parameters: a is already one of the status_parameters",
        ),
        (
            {"auth": "token", "token": "key", "status_parameters": {"key": "approved"}},
            "sources[acme].status_parameters: key is already the parameter of the signature",
        ),
    ],
)  # fmt: skip
def test_what_could_never_be_read_is_told(own: dict[str, Any], fault: str) -> None:
    assert any(told.startswith(fault) for told in faults_of(**own)), faults_of(**own)
