"""What a network calls things: names of events, several names of one field, and names with empty values."""

import pytest

from postledger.ingest.receive import evaluate
from postledger.policy.config_file import BadConfiguration
from postledger.policy.preset_files import read_known
from postledger.vocabulary.incoming_request import Request
from postledger.vocabulary.refusal import Reason, Refusal
from tests.parts.signed_requests import NOW, event_of, get, refusal_of, source
from tests.parts.token_sources import ask, make


@pytest.mark.parametrize("name", ["Free%20Trial", "free+trial", "%20FREE%20TRIAL%20", "trial", "Essai%20gratuit%20!"])
def test_a_networks_event_name_is_read_as_ours(name: str) -> None:
    by = source(event_names={"trial": ["Free Trial", "Essai gratuit !"]})

    entry = evaluate(get(f"click_id=A&event={name}&ts=1790000000"), by)

    assert event_of(entry)["event"] == "trial"


def test_an_event_name_that_is_not_listed_follows_the_usual_rule() -> None:
    by = source(event_names={"trial": ["Free Trial"]})

    assert event_of(evaluate(get("click_id=A&event=Sale&ts=1790000000"), by))["event"] == "sale"
    assert refusal_of(get("click_id=A&event=Free%20Trials&ts=1790000000"), by) == Refusal(
        Reason.INVALID_PARAMETER, "event"
    )


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ({"Trial": "Free Trial"}, '"Trial" is not the name of an event'),
        ({"trial": "Free", "sale": "FREE"}, '"free" is used for trial and for sale'),
        ({"trial": 1}, "trial must be text of 1 to 255 printable characters"),
        ("trial", "must be a table [sources.event_names]"),
    ],
)
def test_wrong_event_names_are_faults(names: object, message: str) -> None:
    with pytest.raises(BadConfiguration) as caught:
        make(auth="token", event_names=names)

    assert str(caught.value.faults[0]).startswith(f"sources[net].event_names: {message}")


@pytest.mark.parametrize(
    ("query", "click_id"),
    [
        ("subid_1=S&user_id=U", "S"),
        ("user_id=U&subid_1=S", "S"),
        ("user_id=U&subid_1=", "U"),
        ("user_id=U&subid_1=%20", "U"),
        ("click_id=C&user_id=U", "U"),
        ("click_id=C&user_id=", "C"),
    ],
)
def test_the_first_alias_of_a_preset_that_is_not_empty_counts(query: str, click_id: str) -> None:
    by = make(preset="cpx", auth="token")

    assert event_of(ask(by, f"{query}&trans_id=T1"))["click_id"] == click_id


def test_the_order_of_a_dialects_aliases_counts_too() -> None:
    by = make(dialect="keitaro", secrets=["3f9c0de3f9c0de3f"])
    path, query = b"/a-token-of-16-chars/postback", b"subid=C&payout=&revenue=2&status="

    entry = evaluate(Request("receipt", NOW, "GET", path=path, query=query), by)

    assert str(event_of(entry)["payout"]) == "2"


@pytest.mark.parametrize(
    ("query", "name"),
    [("user_id=U&user_id=U", "click_id"), ("user_id=&user_id=U&subid_1=S", "click_id"), ("v=1&v=1&user_id=U", "v")],
)
def test_one_name_sent_twice_is_refused_in_a_preset_too(query: str, name: str) -> None:
    entry = ask(make(preset="cpx", auth="token"), query)

    assert entry.refusal == Refusal(Reason.DUPLICATE_PARAMETER, name)


def test_two_names_of_a_sources_own_list_contradict_each_other() -> None:
    by = source(params={"click_id": ["subid", "sub1"]})

    assert refusal_of(get("subid=A&sub1=B&ts=1790000000"), by) == Refusal(Reason.DUPLICATE_PARAMETER, "click_id")


def test_an_empty_optional_value_is_absent_where_the_source_says_so() -> None:
    by = make(auth="token", empty="absent")

    event = event_of(ask(by, "click_id=A&transaction_id=&payout=&currency=&event=%20&status=&event_time=&sub1=&v="))

    assert (event["transaction_id"], event["payout"], event["event"], event["subs"]) == (None, None, "conversion", None)


@pytest.mark.parametrize("name", ["transaction_id", "payout", "currency", "event", "event_time"])
def test_an_empty_value_is_refused_by_default(name: str) -> None:
    entry = ask(make(auth="token"), f"click_id=A&{name}=")

    assert entry.refusal is not None
    assert entry.refusal.parameter == name


def test_an_empty_click_id_stays_missing() -> None:
    entry = ask(make(auth="token", empty="absent"), "click_id=&payout=1")

    assert entry.refusal == Refusal(Reason.MISSING_PARAMETER, "click_id")


def test_dialects_and_token_presets_take_empty_values_as_absent() -> None:
    known = read_known()
    trackers = [*known.dialects.values(), *(one for one in known.presets.values() if one.source.get("auth") == "token")]

    assert {preset.source.get("empty") for preset in trackers} == {"absent"}
