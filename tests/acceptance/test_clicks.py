"""Visitors before the whole stack: each of them is redirected, also over the rate and while Postgres is down."""

import re
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from tests.parts.backend import Backend
from tests.parts.databases import fetch
from tests.parts.edge import Edge
from tests.parts.outages import OUTAGES, Outage
from tests.parts.postgres import Postgres
from tests.parts.sender import Sender, send
from tests.parts.sources import UNLIMITED, add_campaign, add_source
from tests.parts.waiting import wait_until

OVER_RATE = re.compile(r'postledger_clicks_shed_total\{campaign="spring",cause="rate"\} [1-9]')
COUNT = "SELECT count(*) FROM clicks WHERE click_id = ANY(%s)"


@pytest.fixture(scope="module")
def keeps_time() -> bool:
    """What hangs is answered after the shipped timeouts."""
    return True


@pytest.fixture(scope="module")
def campaign_id(ledger: str, master_key: str, edge: Edge, backend: Backend) -> int:
    """The campaign `spring`, and the source `strict`, which must bring back a click."""
    campaign_id = add_campaign(ledger, "spring", "https://shop.example/?cid={click_id}")
    add_source(ledger, master_key, "strict", settings=UNLIMITED)
    backend.wait_for_source("strict")
    edge.wait_for_source("strict")
    return campaign_id


def visit(client: httpx.Client) -> str:
    """Follow a link of the campaign, and return the click id."""
    answer = client.get("/click/spring?sub1=%E9&sub2=100%&\xff=1")
    assert answer.status_code == 302
    return parse_qs(urlsplit(answer.headers["location"]).query)["cid"][0]


@pytest.mark.parametrize("outage", OUTAGES)
def test_a_visitor_is_redirected_without_postgres_and_the_sale_is_booked_later(
    mortal: Postgres, ledger: str, client: httpx.Client, campaign_id: int, outage: Outage
) -> None:
    with outage(mortal, ledger):
        click_ids = [visit(client) for _ in range(5)]
    sales = [Sender("strict").get({"click_id": click_id, "transaction_id": click_id}) for click_id in click_ids]

    wait_until(lambda: all(send(client, sale).is_success for sale in sales), what="the sales")

    # A Postgres that hung may write its last batch when it goes on, although no request waits for it any more.
    ((stored,),) = fetch(ledger, COUNT, (click_ids,))
    booked = "SELECT campaign_id, count(click_shed), count(*) FROM conversions WHERE click_id = ANY(%s) GROUP BY 1"
    assert stored < 5
    assert fetch(ledger, booked, (click_ids,)) == [(campaign_id, 5 - stored, 5)]


def test_a_visitor_over_the_rate_is_redirected_and_not_stored(
    ledger: str, client: httpx.Client, backend: Backend, campaign_id: int
) -> None:
    limits = "UPDATE campaigns SET click_rate = 1, click_burst = 1 WHERE id = %s RETURNING id"
    assert fetch(ledger, limits, (campaign_id,)) == [(campaign_id,)]
    fetch(ledger, "UPDATE policy_version SET version = version + 1 RETURNING version")
    click_ids: list[str] = []

    def is_one_over_the_rate() -> bool:
        click_ids.extend(visit(client) for _ in range(10))
        backend.wait_until_counted()
        return OVER_RATE.search(backend.metrics_text()) is not None

    wait_until(is_one_over_the_rate, what="a click over the rate")

    ((stored,),) = fetch(ledger, COUNT, (click_ids,))
    assert 0 < stored < len(click_ids)
