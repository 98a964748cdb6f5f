"""The keys under which earlier releases or settings booked the same postback."""

from typing import Any

import pytest

from postledger.decoding.identities import trim
from postledger.ingest.receive import evaluate
from postledger.ledger.rules.dedup_key import dedup_key
from postledger.policy.preset_files import read_known
from postledger.policy.source import Source
from postledger.vocabulary.conversion_event import Event, FormerKey
from postledger.vocabulary.incoming_request import Request
from tests.parts.signed_requests import NOW, get, source


def event_of(query: str, by: Source) -> Event:
    signed = by.settings.auth == "signature"
    request = get(f"{query}&ts=1790000000") if signed else Request("r", NOW, "GET", query=query.encode())
    event = evaluate(request, by).event
    assert event is not None
    return event


def former_of(query: str, **settings: Any) -> tuple[FormerKey, ...]:
    return event_of(query, source(**settings)).former_keys


def key(event: str, transaction_id: str | None, click_id: str = "A") -> str:
    return dedup_key(1, event, transaction_id, click_id)


@pytest.mark.parametrize("query", ["click_id=A&transaction_id=T77&event=Sale", "click_id=A", "click_id=A&event=sale"])
def test_what_is_not_trimmed_or_mapped_has_no_former_key(query: str) -> None:
    assert former_of(query) == ()


def test_a_trimmed_id_has_the_key_of_what_was_sent() -> None:
    assert former_of("click_id=A&transaction_id=T77%20") == (FormerKey(key("conversion", "T77 "), is_certain=True),)
    assert former_of("click_id=%20A") == (FormerKey(key("conversion", None, " A"), is_certain=True),)


def test_a_trimmed_sale_of_a_refund_has_the_key_of_what_was_sent() -> None:
    query = "click_id=A&transaction_id=R1&reverses=%20T1&status=reversed"

    assert former_of(query) == (FormerKey(key("conversion", " T1"), is_certain=True),)


def test_what_earlier_releases_refused_has_no_former_key() -> None:
    assert former_of("click_id=A&transaction_id=T77%C2%A0") == ()


def test_a_mapped_event_has_the_key_of_its_sent_name() -> None:
    names = {"deposit": ("ftd",)}

    assert former_of("click_id=A&transaction_id=T1&event=FTD", event_names=names) == (
        FormerKey(key("ftd", "T1"), is_certain=True),
    )
    assert former_of("click_id=A&transaction_id=T1&event=Free%20Trial", event_names={"x": ("free trial",)}) == ()


def test_a_preset_that_reads_other_names_now_has_the_key_of_the_old_names() -> None:
    own = read_known().presets["everflow"].source
    by = source(**{name: own[name] for name in ("params", "former", "empty")}, auth="none", preset="everflow")

    event = event_of("sub1=A&transaction_id=T1&event_id=7&payout=5", by)

    assert (event.event, event.transaction_id) == ("7", None)
    assert event.former_keys == (FormerKey(key("conversion", "T1"), is_certain=False),)


def test_every_name_of_a_former_reading_is_trimmed_too() -> None:
    assert trim("\u00a0 T77\ufeff\t") == "T77"
