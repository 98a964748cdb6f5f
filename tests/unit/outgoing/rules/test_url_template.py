"""URL templates: what is refused, and how values are written into them."""

from urllib.parse import parse_qsl, unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postledger.outgoing.rules.url_template import MACROS, UrlTemplate

VALUES = dict.fromkeys(MACROS, "") | {"click_id": "c1", "payout": "0.50"}


def _fill(url: str, **values: str) -> str:
    return UrlTemplate.parse(url).fill(VALUES | values)


def test_a_template_is_parsed_into_its_fixed_parts() -> None:
    template = UrlTemplate.parse("HTTPS://Track.Example:8443/a/{secret}?cid={click_id}&x=1")

    assert (template.scheme, template.host, template.port) == ("https", "track.example", 8443)
    assert template.origin == "https://Track.Example:8443"
    assert template.macros == {"secret", "click_id"}
    assert UrlTemplate.parse("http://[2606:2800::1]/").host == "2606:2800::1"
    assert UrlTemplate.parse("http://a.example").port == 80
    assert UrlTemplate.parse(f"http://_a.{'b' * 63}.example./").host == f"_a.{'b' * 63}.example."


def test_values_are_percent_encoded_and_a_missing_one_is_empty() -> None:
    filled = _fill("http://a.example/p?c={click_id}&p={payout}&s={sub1}&e={event}", event="a b&x=1#é/%2F+")

    assert filled == "/p?c=c1&p=0.50&s=&e=a%20b%26x%3D1%23%C3%A9%2F%252F%2B"


def test_a_url_without_a_path_asks_for_the_root() -> None:
    assert _fill("http://a.example") == "/"
    assert _fill("http://a.example?c={click_id}") == "/?c=c1"
    assert _fill("http://a.example?") == "/?"


@pytest.mark.parametrize("value", [".", "..", "../../admin", "a/../b"])
def test_a_value_never_leads_to_another_folder(value: str) -> None:
    filled = _fill("http://a.example/x/{sub1}/{sub2}{sub3}/p", sub1=value, sub2=".", sub3=".")

    assert not {".", ".."} & set(filled.split("/"))
    assert filled.count("/") == 4


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("", "1 to 2000 characters"),
        ("http://a.example/" + "a" * 2000, "1 to 2000 characters"),
        ("http://a.example/ ", "character"),
        ("http://a.example/\n", "character"),
        ("http://a.example\\@b.example/", "character"),
        ("http://ä.example/", "write the host in its xn-- form"),
        ("http://a.example/ä", "character"),
        ("http://a.example/100%", "write % as %25"),
        ("http://a.example/?x=%zz", "write % as %25"),
        ("http://a.example/?x=%{click_id}", "write % as %25"),
        ("http://x..example/", "host that cannot exist"),
        ("http://.example/", "host that cannot exist"),
        ("http://-x.example/", "host that cannot exist"),
        ("http://x-.example/", "host that cannot exist"),
        (f"http://{'a' * 64}.example/", "host that cannot exist"),
        ("http://a.example/#x", "fragment"),
        ("http://a.example/?c={click_id}#{sub1}", "fragment"),
        ("ftp://a.example/", "http:// or https://"),
        ("javascript:alert(1)", "http:// or https://"),
        ("//a.example/", "http:// or https://"),
        ("{sub1}://a.example/", "http:// or https://"),
        ("http:/a.example/", "http:// or https://"),
        ("http://{sub1}.example/", "macro in its host"),
        ("http://a.example:{sub1}/", "macro in its host"),
        ("http://{sub1}", "macro in its host"),
        ("http://user@a.example/", "user or password"),
        ("http://user:{secret}@a.example/", "macro in its host"),
        ("http:///x", "must have a host"),
        ("http://?x", "must have a host"),
        ("http://%31%32%37.0.0.1/", "must have a host"),
        ("http://[::1", "must have a host"),
        ("http://[fe80::1%25eth0]/", "must have a host"),
        ("http://[1.2.3.4]/", "must have a host"),
        ("http://::1/", "must have a host"),
        ("http://a.example:0/", "port"),
        ("http://a.example:65536/", "port"),
        ("http://a.example:http/", "port"),
        ("http://a.example/?x={clickid}", "unknown macro, {clickid}; use only {click_id} "),
        ("http://a.example/?x={CLICK_ID}", "unknown macro"),
        ("http://a.example/?x={}", "unknown macro"),
        ("http://a.example/?x={{click_id}}", "outside of a macro"),
        ("http://a.example/?x={click_id", "outside of a macro"),
        ("http://a.example/a/../b", '".."'),
    ],
)
def test_a_url_that_cannot_work_is_refused_with_the_reason(url: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason.replace(".", r"\.")):
        UrlTemplate.parse(url)


_VALUES = st.text(st.characters(exclude_categories=["Cs"]), max_size=40) | st.text("./%&=#?@:\\\r\n ", max_size=20)


@given(_VALUES, _VALUES)
def test_any_value_arrives_as_it_is_and_changes_nothing_else(first: str, second: str) -> None:
    filled = _fill("https://a.example/p/{sub1}/q?a={sub1}&b=x{sub2}&c=1", sub1=first, sub2=second)
    read = urlsplit(f"https://a.example{filled}")

    assert (read.scheme, read.netloc, read.fragment) == ("https", "a.example", "")
    assert parse_qsl(read.query, keep_blank_values=True) == [("a", first), ("b", "x" + second), ("c", "1")]
    assert filled.isascii()
    assert filled.isprintable()
    segments = read.path.split("/")
    assert [*segments[:2], *segments[3:]] == ["", "p", "q"]
    assert unquote(segments[2]) == ("" if first in (".", "..") else first)
