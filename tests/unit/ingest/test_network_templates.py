"""What a network's usual template means: the click, what names the conversion, and what takes it back."""

from typing import Any

import pytest

from postledger.policy.preset_files import read_known
from postledger.vocabulary.refusal import Cause, Reason, Refusal
from tests.parts.signed_requests import event_of
from tests.parts.token_sources import ask, make

# By preset: a query as its network sends it, and what it says.
TEMPLATES: dict[str, tuple[str, dict[str, Any]]] = {
    "everflow": ("sub1=C1&payout=2.5&transaction_id=TX&event_id=7&event_name=Free+Trial&status=approved&currency=usd", {
        "click_id": "C1", "transaction_id": None, "event": "7", "subs": {"sub1": "TX"}, "currency": "USD",
    }),
    "tune": ("aff_sub=&aff_click_id=C1&payout=2.5&goal_id=4&transaction_id=TX&currency=USD", {
        "click_id": "C1", "transaction_id": None, "event": "4", "subs": {"sub1": "TX"},
    }),
    "cake": ("s1=&s2=C1&price=2.5&tid=TX&leadid=L1", {"click_id": "C1", "transaction_id": "L1"}),
    "trackier": ("click_id=THEIRS&p1=C1&payout=2.5&revenue=&txn_id=T1&goal_value=ftd&goal_id=9", {
        "click_id": "C1", "transaction_id": "T1", "event": "ftd",
    }),
    "scaleo": ("aff_click_id=C1&payout=2.5&conv_status=trash&goal_id=3&goal_alias=ftd&transaction_id=T1", {
        "click_id": "C1", "transaction_id": "T1", "event": "3", "status": "rejected",
    }),
    "affise": ("sub1=C1&sum=2.5&transactionid=T1&status=5&currency=USD&goal=2", {
        "click_id": "C1", "transaction_id": "T1", "event": "2", "status": "pending",
    }),
    "impact": ("SubId1=C1&subId1=C1&Payout=2.5&ActionId=A1&OID=O1&Status=REVERSED&Currency=USD", {
        "click_id": "C1", "transaction_id": "A1", "status": "reversed",
    }),
    "cpx": ("user_id=U1&subid_1=C1&trans_id=T1&amount_usd=2.5&status=2", {
        "click_id": "C1", "transaction_id": "T1", "status": "reversed",
    }),
    "admob-ssv": ("custom_data=C1&user_id=U1&transaction_id=T1", {"click_id": "C1", "transaction_id": "T1"}),
    "lootably": ("userID=C1&transactionID=T1&revenue=2.5&status=0", {"transaction_id": "T1", "status": "reversed"}),
    "ayet": ("external_identifier=C1&payout_usd=0.36&transaction_id=r-T1&is_chargeback=1", {
        "click_id": "C1", "transaction_id": "r-T1", "reverses": "T1", "status": "reversed",
    }),
    "ironsource": ("userId=C1&eventId=E1&rewards=-250", {"transaction_id": "E1", "status": "reversed"}),
    "digistore24": ("custom=C1&event=on_refund&transaction_id=R1&parent_transaction_id=T1&amount_affiliate=-2.5", {
        "click_id": "C1", "transaction_id": "R1", "reverses": "T1", "status": "reversed",
    }),
    "bitlabs": ("uid=C1&tx=or-1&ref=o-1&raw=-2.5&type=RECONCILIATION", {
        "transaction_id": "or-1", "reverses": "o-1", "status": "reversed",
    }),
}  # fmt: skip


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_networks_template_is_read_as_the_network_means_it(name: str) -> None:
    query, meaning = TEMPLATES[name]

    event = event_of(ask(make(preset=name, auth="token"), query))

    assert {field: event[field] for field in meaning} == meaning


@pytest.mark.parametrize(
    ("name", "click", "event"),
    [("everflow", "sub1=C1", "event_id"), ("everflow", "sub1=C1", "event_name"), ("tune", "aff_sub=C1", "goal_id")],
)
def test_two_events_of_a_click_are_two_conversions(name: str, click: str, event: str) -> None:
    by = make(preset=name, auth="token")
    sent = [f"{click}&transaction_id=TX&{event}={number}" for number in (1, 2, 1)]

    first, second, repeat = (event_of(ask(by, query))["dedup_key"] for query in sent)

    assert first == repeat != second


def test_an_id_of_the_conversion_names_it_where_everflow_sends_one() -> None:
    by = make(preset="everflow", auth="token")

    keys = {event_of(ask(by, f"sub1=C1&transaction_id=TX&conversion_id={name}"))["dedup_key"] for name in "AB"}

    assert len(keys) == 2


@pytest.mark.parametrize(("custom", "user", "click_id"), [("", "U1", "U1"), ("C1", "", "C1"), ("C1", "U1", "C1")])
def test_admobs_user_is_the_click_if_there_is_no_custom_data(custom: str, user: str, click_id: str) -> None:
    by = make(preset="admob-ssv", auth="token")

    assert event_of(ask(by, f"custom_data={custom}&user_id={user}&transaction_id=T1"))["click_id"] == click_id


@pytest.mark.parametrize(
    ("name", "sale", "reversal"),
    [
        ("ayet", "click_id=C1&transaction_id=T1&is_chargeback=0", "click_id=C1&transaction_id=r-T1&is_chargeback=1"),
        ("ayet", "click_id=C1&transaction_id=T1", "click_id=C1&transaction_id=r-T1"),
        ("ironsource", "userId=C1&eventId=E1&rewards=250", "userId=C1&eventId=E1&rewards=-250"),
        (
            "digistore24",
            "custom=C1&event=on_payment&transaction_id=T1",
            "custom=C1&event=on_chargeback&transaction_id=R1&parent_transaction_id=T1",
        ),
    ],
)
def test_a_reversal_finds_the_conversion_that_it_takes_back(name: str, sale: str, reversal: str) -> None:
    by = make(preset=name, auth="token")

    sold, taken = (event_of(ask(by, query)) for query in (sale, reversal))

    assert (sold["status"], taken["status"]) == ("approved", "reversed")
    assert sold["dedup_key"] == taken["dedup_key"]


def test_a_link_to_another_postback_is_no_reversal_without_the_status() -> None:
    by = make(preset="digistore24", auth="token")

    event = event_of(ask(by, "custom=C1&event=on_payment&transaction_id=T2&parent_transaction_id=T1"))

    assert (event["status"], event["transaction_id"], event["reverses"]) == ("approved", "T2", None)


def test_a_reversal_prefix_without_an_id_is_refused() -> None:
    entry = ask(make(preset="ayet", auth="token"), "click_id=C1&transaction_id=r-")

    assert entry.refusal == Refusal(Reason.INVALID_PARAMETER, "transaction_id", cause=Cause.NO_VALUE)


def test_every_preset_with_several_names_of_a_field_is_tried_here() -> None:
    sources = {name: preset.source for name, preset in read_known().presets.items()}
    several = {name for name, own in sources.items() if any(len(names) > 1 for names in _params_of(own).values())}

    assert several - set(TEMPLATES) == {"skadnetwork"}  # versions of Apple's postback that never come together


def _params_of(own: dict[str, object]) -> dict[str, list[str]]:
    params = own.get("params", {})
    assert isinstance(params, dict)
    return params
