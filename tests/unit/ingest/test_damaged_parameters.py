"""A damaged request is refused with the parameter that was meant, and never booked without its money."""

import json
import random
from collections.abc import Callable
from html import unescape
from urllib.parse import unquote

import pytest

from postledger.ingest.receive import evaluate
from postledger.policy.preset_files import read_known
from postledger.policy.source import Source
from postledger.vocabulary.incoming_request import Request
from postledger.vocabulary.refusal import Cause, Reason, Refusal, malformed
from tests.parts.signed_requests import NOW, get, post, refusal_of, source

ACME = source(params={"click_id": ("cid",)}, versions=(1, 2))


def ask(query: str) -> Refusal | None:
    return refusal_of(get(f"{query}&ts=1790000000"), ACME)


def damaged(parameter: str) -> Refusal:
    return Refusal(Reason.INVALID_PARAMETER, parameter, cause=Cause.DAMAGED_NAME)


def swallowed(parameter: str) -> Refusal:
    return Refusal(Reason.INVALID_PARAMETER, parameter, cause=Cause.PARAMETER_IN_VALUE)


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("cid=A&amp;transaction_id=T1&amp;payout=50", "transaction_id"),
        ("cid=A&PAYOUT=50", "payout"),
        ("cid=A&+payout=50", "payout"),
        ("cid=A&payout%20=50", "payout"),
        ("cid=A&%EF%BB%BFpayout=50", "payout"),
        ("cid=A&payout[]=50", "payout"),
        ("cid=A&payout%5B%5D=50", "payout"),
        ("cid=A&payout=50&%C2%A4cy=EUR", "currency"),
        ("cid=A&CID=B", "click_id"),
        ("cid=A&Status=pending", "status"),
        ("?transaction_id=T1&cid=A", "transaction_id"),
        ("cid=A&%26payout=50", "payout"),
        ("cid=A&payout%3D50", "payout"),
        ("cid=A&%2570ayout=50", "payout"),
    ],
)
def test_a_damaged_name_is_refused_with_the_name_that_was_meant(query: str, parameter: str) -> None:
    assert ask(query) == damaged(parameter)


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("cid=A?payout=12.5", "payout"),
        ("cid=A%26payout%3D50", "payout"),
        ("cid=A%2526payout%253D50", "payout"),
        ("cid=A;payout=50", "payout"),
        ("cid=A&transaction_id=T,payout=50", "payout"),
        ("cid=A&affiliate_id=7%C2%A4cy=EUR", "currency"),
        ("cid=A&event=sale?transaction_id=T", "transaction_id"),
        ("click_id=A?cid=B", "click_id"),
    ],
)
def test_a_parameter_inside_an_id_is_refused_with_its_name(query: str, parameter: str) -> None:
    assert ask(query) == swallowed(parameter)


@pytest.mark.parametrize("query", ["cid=A&sub1=x?payout=5", "cid=A&sub1=x%26transaction_id%3DT"])
def test_money_inside_a_label_is_refused_if_it_is_missing(query: str) -> None:
    refusal = ask(query)

    assert refusal is not None
    assert refusal.cause is Cause.PARAMETER_IN_VALUE


@pytest.mark.parametrize(
    "query", ["cid=A&payout=5&sub1=x?payout=5", "cid=A&sub1=https://shop.example/?payout=5", "cid=A&sub1=x?sub2=y"]
)
def test_a_label_may_hold_what_the_request_has_beside_it(query: str) -> None:
    assert ask(query) is None


@pytest.mark.parametrize("value", ["x%26payout%3D5", "x;payout=5", "x?a=b%26amp;payout=5"])
def test_money_inside_a_parameter_that_is_not_ours_is_refused_if_missing(value: str) -> None:
    assert ask(f"cid=A&foo={value}") == swallowed("payout")
    assert ask(f"cid=A&foo={value}&payout=5") is None


@pytest.mark.parametrize("value", ["/cart?payout=5", "https://x.example/?payout=5", "x?event=5", "x;status=1"])
def test_a_parameter_that_is_not_ours_may_hold_anything_else(value: str) -> None:
    assert ask(f"cid=A&foo={value}") is None


@pytest.mark.parametrize("query", ["cid=A&SUB1=x", "cid=A&V=7", "cid=A&Foo=1", "cid=A&utm[]=1", "cid=A==&a;b=1"])
def test_other_names_cost_no_conversion(query: str) -> None:
    assert ask(query) is None


@pytest.mark.parametrize("name", ["pay_out", "payouts", "data[payout]", "data%5Bpay_out%5D", "offer.payout"])
def test_a_name_that_resembles_the_payout_is_refused_if_there_is_none(name: str) -> None:
    assert ask(f"cid=A&{name}=50") == damaged("payout")
    assert refusal_of(post(json.dumps({"cid": "A", unquote(name): 50}).encode()), ACME) == damaged("payout")
    assert ask(f"cid=A&{name}=50&payout=5") is None
    assert ask(f"cid=A&{name}=") is None


@pytest.mark.parametrize("name", ["payout.", "payout:=", "%22payout%22", "'payout'", "payout%00"])
def test_punctuation_around_a_name_damages_it(name: str) -> None:
    assert ask(f"cid=A&{name}=50") == damaged("payout")
    assert ask(f"cid=A&payout=5&{name.replace('payout', 'currency')}=EUR") == damaged("currency")


@pytest.mark.parametrize(("sent", "refusal"), [("SID=", None), ("SID=+", None), ("SID=x", damaged("click_id")),
                                               ("commission%3D5=", damaged("payout"))])  # fmt: skip
def test_an_empty_damaged_parameter_is_none_where_empty_ones_are(sent: str, refusal: Refusal | None) -> None:
    by = source(params={"click_id": ["sid"], "payout": ["commission"]}, empty="absent", auth="none")

    assert refusal_of(get(f"sid=A&{sent}"), by) == refusal


def test_a_damaged_name_in_a_json_body_is_refused() -> None:
    assert refusal_of(post(b'{"cid":"A","Payout":"50"}'), ACME) == damaged("payout")


@pytest.mark.parametrize("amount", ["amount[]", "Amount", " amount"])
def test_a_damaged_object_in_a_nested_body_is_refused(amount: str) -> None:
    body = {"v": 2, "conversion": {"click_id": "A"}, amount: {"value": "50"}}

    assert refusal_of(post(json.dumps(body).encode()), ACME) == damaged("payout")


def test_a_damaged_name_in_a_nested_body_is_refused() -> None:
    body = {"v": 2, "conversion": {"click_id": "A"}, "amount": {"Value": "50", "currency": "USD"}}

    assert refusal_of(post(json.dumps(body).encode()), ACME) == damaged("payout")


@pytest.mark.parametrize("place", [{"payout": 50}, {"conversion": {"click_id": "A", "payout": 50}}])
def test_the_flat_name_of_the_payout_in_a_nested_body_is_refused(place: dict[str, object]) -> None:
    body = {"v": 2, "conversion": {"click_id": "A"}, **place}

    assert refusal_of(post(json.dumps(body).encode()), ACME) == damaged("payout")
    assert refusal_of(post(json.dumps({**body, "amount": {"value": 50}}).encode()), ACME) is None


def test_a_damaged_name_beside_a_body_is_refused() -> None:
    assert refusal_of(post(b'{"cid":"A"}', query=b"PAYOUT=50"), ACME) == malformed(Cause.PARAMETERS_BESIDE_BODY).refusal


def test_a_forged_damaged_request_is_refused_as_forged() -> None:
    request = Request("r", NOW, "GET", query=b"cid=A&PAYOUT=50&ts=1790000000")

    assert refusal_of(request, ACME) == Refusal(Reason.MISSING_SIGNATURE)


DAMAGES: dict[str, Callable[[str, str, str], str]] = {
    # Each takes what stands before a parameter, its name, and its value with what follows.
    "amp": lambda before, name, rest: f"{before}&amp;{name}={rest}",
    "case": lambda before, name, rest: f"{before}&{name.upper()}={rest}",
    "title": lambda before, name, rest: f"{before}&{name.title()}={rest}",
    "blank before": lambda before, name, rest: f"{before}&+{name}={rest}",
    "blank behind": lambda before, name, rest: f"{before}&{name}%20={rest}",
    "bom": lambda before, name, rest: f"{before}&%EF%BB%BF{name}={rest}",
    "brackets": lambda before, name, rest: f"{before}&{name}[]={rest}",
    "semicolon": lambda before, name, rest: f"{before};{name}={rest}",
    "question mark": lambda before, name, rest: f"{before}?{name}={rest}",
    "comma": lambda before, name, rest: f"{before},{name}={rest}",
    "escaped": lambda before, name, rest: f"{before}%26{name}%3D{rest}",
    "entity": lambda before, name, rest: before + unescape(f"&{name}").encode().hex("%").join(("%", "=")) + rest,
}
MONEY = ("payout", "currency", "transaction_id", "status")


def damage(chosen: random.Random, known: dict[str, str]) -> str:
    """A request whose money comes under a damaged name or inside another parameter."""
    names = {meant: name for name, meant in known.items() if meant in MONEY}
    meant = chosen.choice([name for name in MONEY if name in names])
    values = {"payout": "12.50", "currency": "USD", "transaction_id": f"T{chosen.random()}", "status": "approved"}
    click = next(name for name, canonical in known.items() if canonical == "click_id")
    front = f"{click}=A{chosen.randrange(10**9)}" + chosen.choice(["", "&sub1=x", "&affiliate_id=7", "&foo=bar"])
    if chosen.random() < 0.5:
        front = f"foo=1&{front}"
    how = chosen.choice([name for name in DAMAGES if name != "entity" or meant == "currency"])
    inside = how in ("semicolon", "question mark", "comma", "escaped", "entity")
    if inside and front.endswith("bar") and meant != "payout":
        front = front.removesuffix("&foo=bar")  # a parameter that is not ours may hold anything but the payout
    after = "".join(f"&{names[name]}={values[name]}" for name in names if name != meant and chosen.random() < 0.7)
    return DAMAGES[how](front, names[meant], values[meant] + after)


def test_no_damaged_request_is_booked_without_its_money() -> None:
    chosen = random.Random(14)  # noqa: S311 - a fixed seed makes the same requests in every run
    sources = [ACME, source(), *dialects()]

    booked = []
    for _ in range(1000):
        by = chosen.choice(sources)
        query = damage(chosen, by.canonical_names)
        entry = evaluate(get(f"{query}&ts=1790000000") if by.settings.auth == "signature" else plain(query), by)
        if entry.refusal is None:
            booked.append(query)

    assert booked == []


def dialects() -> list[Source]:
    known = read_known().dialects
    listed = [
        {key: preset.source[key] for key in ("params", "statuses") if key in preset.source} for preset in known.values()
    ]
    return [source(**own, auth="none") for own in listed]


def plain(query: str) -> Request:
    return Request("r", NOW, "GET", query=query.encode("latin-1"))
