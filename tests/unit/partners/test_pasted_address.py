"""The address of a pasted request is judged as production judges it, and says nothing of other sources."""

import pytest

from postledger.partners.pasted_address import PLAIN_HTTP, find_address_fault
from postledger.partners.pasted_text import read_url
from tests.parts.checkout import ROOT
from tests.parts.mistaken_senders import make_source

_OWN = make_source(auth="token", paths=["/postback", "/{key}/in", "/"], hosts=["t.example"])
_KEY = _OWN.keys[0].secret


def judge(text: str) -> str | None:
    fault = find_address_fault(read_url(text), _OWN)
    return None if fault is None else str(fault.reason and fault.reason.value)


@pytest.mark.parametrize(
    "text",
    [
        "click_id=A", "?click_id=A", "/tracking/postback/acme?a=b", "https://h/tracking/postback/acme/?a=b",
        "https://h/tracking/postback?source=acme", "/tracking/postback/?a=b&source=%61cme", "/sandbox/postback/acme",
        "/sandbox/postback?source=acme", "/%74racking/postback/%61cme?a=b", "https://t.example/postback?a=b",
        "https://T.example:8443/postback/?a=b", "/sandbox/postback?source=acme&a=b", "https://t.example?a=b",
        f"https://t.example/{_KEY}/in?a=b", f"/sandbox/{_KEY}/in/?a=b", "/postback?a=b",
        "/tracking/postback?" + "&".join("a" * 101),
    ],
)  # fmt: skip
def test_an_address_of_the_source_has_no_fault(text: str) -> None:
    assert judge(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "https://h/traking/postback/acme?a=b", "/tracking//postback/acme?a=b", "/tracking/postback/acme//?a=b",
        "/tracking/./postback/acme?a=b", "/tracking/postback/x/../acme?a=b", "/tracking/%2e%2e/postback?a=b",
        "/Tracking/postback/acme?a=b", "/tracking/postback/acme/x?a=b", "/tracking/postbacks/acme?a=b",
        "/sandbox/tracking/postback/acme?a=b", "/sandbox/explain/acme?a=b", "/tracking?a=b", "https://other.example/?a=b",
        "https://other.example/postback?a=b", "/%70ostback?a=b", "/wrong-key/in?a=b", "//postback?a=b", "/acme?a=b",
        f"/{_KEY}?a=b", f"/x/{_KEY}/in?a=b", f"/{_KEY}%0A/in?a=b",
    ],
)  # fmt: skip
def test_any_other_path_is_not_found(text: str) -> None:
    assert judge(text) == "not_found"


@pytest.mark.parametrize("slug", ["/acm", "/beta", "/beta/", "/ACME", "", "?source=beta", "?source=acme&source=acme"])
def test_another_slug_is_an_unknown_source(slug: str) -> None:
    for route in ("/tracking/postback", "/sandbox/postback"):
        assert judge(f"{route}{slug}{'&' if '?' in slug else '?'}a=b") == "unknown_source"


def test_plain_http_gets_the_answer_of_the_edge() -> None:
    assert judge("http://h/tracking/postback/acme?a=b") == "None"
    assert f'return 403 "{PLAIN_HTTP.decode()[:-1]}\\n"' in (ROOT / "edge/nginx.conf").read_text()
