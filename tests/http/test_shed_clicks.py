"""Clicks that are not stored: the visitor goes on, the id verifies, and the conversion is booked and marked."""

from tests.http.conftest import Service
from tests.http.test_click import click_id_of
from tests.parts.sender import Sender
from tests.parts.sources import add_campaign, remove
from tests.parts.waiting import wait_until

OVER_RATE = {"X-Edge-Observed": "rate_limited"}
BOOKED = "SELECT campaign_id, click_shed FROM conversions WHERE transaction_id = %s"


def shed_click(service: Service, campaign: str = "spring") -> str:
    """Visit a campaign over its rate, and return the click id."""
    answer = service.client.get(f"/click/{campaign}?aff=456", headers=OVER_RATE)
    assert answer.status_code == 302
    return click_id_of(answer)


def test_a_click_over_the_rate_is_redirected_and_not_stored(service: Service) -> None:
    stored = 'postledger_clicks_total{campaign="spring"}'
    shed = 'postledger_clicks_shed_total{campaign="spring",cause="rate"}'
    before = service.counted(stored, shed)

    click_id = shed_click(service)

    assert service.fetch("SELECT FROM clicks WHERE click_id = %s", click_id) == []
    assert service.counted(stored, shed) == [before[0], before[1] + 1]


def test_every_cause_of_a_shed_click_is_shown_at_zero(service: Service) -> None:
    assert {
        f'postledger_clicks_shed_total{{campaign="{campaign}",cause="{cause}"}}'
        for campaign in ("spring", "unknown")
        for cause in ("rate", "queue", "unavailable")
    } <= service.series()


def test_a_conversion_of_a_shed_click_is_booked_and_marked(service: Service, unique: str) -> None:
    of_shed, opened = (
        f'postledger_conversions_{name}_total{{campaign="spring"}}' for name in ("of_shed_clicks", "opened")
    )
    before = service.counted(of_shed, opened)
    postback = {"click_id": shed_click(service), "transaction_id": unique, "payout": "1.50"}

    answers = [service.send(Sender("strict").get(postback)) for _ in range(2)]

    assert [answer.status for answer in answers] == ["accepted", "duplicate"]
    assert service.fetch(BOOKED, unique) == [(service.campaign_id, True)]
    for answer in answers:
        assert service.fetch("SELECT click_shed FROM postbacks WHERE id = %s", answer.receipt) == [(True,)]
    assert service.counted(of_shed, opened) == [before[0] + 1, before[1]]


def test_a_conversion_of_a_stored_click_is_not_marked(service: Service, unique: str) -> None:
    click_id = click_id_of(service.client.get("/click/spring"))

    answer = service.send(Sender("strict").get({"click_id": click_id, "transaction_id": unique}))

    assert service.fetch(BOOKED, unique) == [(service.campaign_id, None)]
    assert service.fetch("SELECT click_shed FROM postbacks WHERE id = %s", answer.receipt) == [(None,)]


def test_an_optional_click_that_was_shed_names_its_campaign(service: Service, unique: str) -> None:
    service.send(Sender("acme").get({"click_id": shed_click(service), "transaction_id": unique}))

    assert service.fetch(BOOKED, unique) == [(service.campaign_id, True)]


def test_a_shed_click_is_known_in_observe_mode(service: Service, unique: str) -> None:
    answer = service.send(Sender("watched").get({"click_id": shed_click(service), "transaction_id": unique}))

    assert service.fetch("SELECT observed FROM postbacks WHERE id = %s", answer.receipt) == [(None,)]


def test_a_forged_click_id_is_unknown(service: Service, unique: str) -> None:
    click_id = shed_click(service)
    forged = click_id[:-1] + ("0" if click_id[-1] != "0" else "1")

    answer = service.send(Sender("strict").get({"click_id": forged, "transaction_id": unique}))

    assert (answer.code, answer.reason) == (422, "unknown_click")
    assert service.fetch(BOOKED, unique) == []


def test_a_shed_click_of_a_retired_campaign_is_booked_on_it(service: Service, unique: str) -> None:
    campaign_id = add_campaign(service.database, "ended", "https://shop.example/?cid={click_id}")
    wait_until(lambda: service.client.head("/click/ended").status_code == 302, what="the campaign")
    click_id = shed_click(service, "ended")
    remove(service.database, "campaigns", "ended")
    wait_until(lambda: service.client.head("/click/ended").status_code == 404, what="its end")

    answer = service.send(Sender("strict").get({"click_id": click_id, "transaction_id": unique}))

    assert answer.status == "accepted"
    assert service.fetch(BOOKED, unique) == [(campaign_id, True)]
