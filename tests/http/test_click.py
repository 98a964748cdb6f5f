"""`/click/{campaign}`: a stored click, a redirect that no value can bend, and no cache in between."""

from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from tests.http.conftest import Service
from tests.parts.backend import Backend
from tests.parts.cli import CommandLine
from tests.parts.entries import new_receipt
from tests.parts.sender import Sender
from tests.parts.sources import add_campaign


def click_id_of(answer: httpx.Response) -> str:
    """The click id that a visitor carries to the offer."""
    return parse_qs(urlsplit(answer.headers["location"]).query)["cid"][0]


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

    assert answer.status_code == 302
    assert urlsplit(answer.headers["location"]).netloc == "shop.example"


@pytest.mark.parametrize("path", ["/click", "/click/", "/click?aff=1", "/click//"])
def test_a_link_without_a_campaign_is_answered_with_a_page(service: Service, path: str) -> None:
    answer = service.client.get(path)

    assert (answer.status_code, answer.headers["content-type"]) == (404, "text/html; charset=utf-8")


@pytest.mark.parametrize("slug", ["nowhere", "spring%20", "%C3%A9t%C3%A9", "a'\"><script>"])
def test_an_unknown_campaign_is_answered_with_a_page(service: Service, slug: str) -> None:
    receipt = new_receipt()

    answer = service.client.get(f"/click/{slug}?sub1=MARK", headers={"X-Request-Id": receipt})

    assert (answer.status_code, answer.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert answer.text.startswith("<!doctype html>")
    assert receipt in answer.text
    assert "script" not in answer.text
    assert "MARK" not in answer.text


@pytest.mark.parametrize(
    ("query", "subs", "cause"),
    [
        ("sub1=" + "x" * 256, "x" * 255, "too_long"),
        ("sub1=%E9t%E9", None, "encoding"),
        ("sub1=%00", None, "unprintable"),
        ("sub1=a&sub1=b", "a", "repeated"),
    ],
)
def test_a_label_never_costs_the_visit(service: Service, query: str, subs: str | None, cause: str) -> None:
    counter = f'postledger_click_labels_dropped_total{{campaign="spring",cause="{cause}"}}'
    before = service.counted(counter)

    answer = service.client.get(f"/click/spring?aff=456&{query}")

    assert answer.status_code == 302
    assert service.fetch(
        "SELECT affiliate_id, subs ->> 'sub1', label_notes FROM clicks WHERE click_id = %s", click_id_of(answer)
    ) == [("456", subs, {"sub1": cause})]
    assert service.counted(counter) == [before[0] + 1]


def test_head_is_answered_like_get_and_records_nothing(service: Service) -> None:
    before = service.counted('postledger_clicks_total{campaign="spring"}')

    answer = service.client.head("/click/spring?aff=456&sub1=a")

    assert (answer.status_code, answer.content, answer.headers["cache-control"]) == (302, b"", "no-store")
    assert service.fetch("SELECT FROM clicks WHERE click_id = %s", click_id_of(answer)) == []
    assert service.counted('postledger_clicks_total{campaign="spring"}') == before


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


def test_visitors_of_an_unknown_campaign_go_to_the_fallback(environment: dict[str, str], database: str) -> None:
    add_campaign(database, "spring", "https://shop.example/?cid={click_id}")
    fallback = "https://shop.example/all?from=links"
    with_fallback = {**environment, "POSTLEDGER_CLICK_FALLBACK_URL": fallback}
    with Backend(with_fallback, workers=1) as backend, backend.client() as client:
        unknown, known = client.get("/click/nowhere?sub1=a"), client.get("/click/spring")

    assert (unknown.status_code, unknown.headers["location"]) == (302, fallback)
    assert (known.status_code, known.headers["location"].startswith("https://shop.example/?cid=")) == (302, True)
