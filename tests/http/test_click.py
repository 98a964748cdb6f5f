"""`/click/{campaign}`: a stored click, a redirect that no value can bend, and no cache in between."""

from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.http.conftest import Service
from tests.parts.cli import CommandLine
from tests.parts.sender import Sender


def test_a_click_is_stored_and_redirected_with_filled_macros(service: Service) -> None:
    answer = service.client.get("/click/spring?aff=456&sub1=a%20b%26c%3Dd")

    query = parse_qs(urlsplit(answer.headers["location"]).query)
    assert (answer.status_code, answer.headers["cache-control"]) == (302, "no-store")
    assert (query["a"], query["s"]) == (["456"], ["a b&c=d"])
    assert service.fetch("SELECT campaign_id, affiliate_id, subs FROM clicks WHERE click_id = %s", query["cid"][0]) == [
        (service.campaign_id, "456", {"sub1": "a b&c=d"})
    ]


def test_a_conversion_is_booked_on_the_campaign_of_its_click(service: Service, unique: str) -> None:
    location = service.client.get("/click/spring?aff=456").headers["location"]
    click_id = parse_qs(urlsplit(location).query)["cid"][0]

    answer = service.send(Sender("strict").get({"click_id": click_id, "transaction_id": unique}))

    assert answer.status == "accepted"
    assert service.fetch("SELECT campaign_id, affiliate_id FROM conversions WHERE transaction_id = %s", unique) == [
        (service.campaign_id, "456")
    ]


def test_each_visitor_gets_another_click_id(service: Service) -> None:
    locations = {service.client.get("/click/spring").headers["location"] for _ in range(20)}

    assert len(locations) == 20


def test_parameters_of_ad_platforms_are_ignored(service: Service) -> None:
    assert service.client.get("/click/spring?fbclid=%zz&gclid=1&gclid=2&aff=456").status_code == 302


@pytest.mark.parametrize("value", ["//evil.example", "https://evil.example/", "%0d%0aSet-Cookie:x", "\\evil"])
def test_no_value_changes_the_redirects_target(service: Service, value: str) -> None:
    answer = service.client.get(f"/click/spring?aff={value}")

    assert answer.status_code in (302, 400)
    assert urlsplit(answer.headers.get("location", "https://shop.example/")).netloc == "shop.example"


def test_an_unknown_campaign_is_not_found(service: Service) -> None:
    assert service.client.get("/click/nowhere").status_code == 404


@pytest.mark.parametrize(
    ("query", "reason"),
    [("sub1=" + "x" * 256, "invalid_parameter"), ("sub1=%ff", "malformed"), ("aff=1&aff=2", "duplicate_parameter")],
)
def test_own_parameters_must_be_well_formed(service: Service, query: str, reason: str) -> None:
    answer = service.client.get(f"/click/spring?{query}")

    assert (answer.status_code, answer.json()["reason"]) == (400, reason)


def test_clicks_and_their_conversions_are_counted_by_campaign(service: Service, unique: str) -> None:
    clicks = 'postledger_clicks_total{campaign="spring"}'
    conversions = 'postledger_conversions_total{campaign="spring",status="approved"}'
    before = service.counted(clicks, conversions)

    service.client.get("/click/spring")
    service.send(Sender("acme").get({"click_id": "known-click", "transaction_id": unique}))

    assert service.counted(clicks, conversions) == [before[0] + 1, before[1] + 1]


def test_conversions_of_imported_clicks_are_counted_apart(service: Service, tmp_path: Path, unique: str) -> None:
    ours, imported = (
        f'postledger_conversions_{name}_total{{campaign="spring"}}' for name in ("opened", "of_imported_clicks")
    )
    before = service.counted(ours, imported)
    run = CommandLine({"DATABASE_URL": service.database}, tmp_path)
    assert run.process("clicks", "import", run.write("clicks.csv", f"click_id,campaign\n{unique},spring\n")).code == 0

    for click_id in ("known-click", unique):
        sale = {"click_id": click_id, "transaction_id": f"{unique}-{click_id}"}
        assert [service.send(Sender("acme").get(sale)).status for _ in range(2)] == ["accepted", "duplicate"]

    assert service.counted(ours, imported) == [before[0] + 1, before[1] + 1]
