"""Nobody is booked for a source that the edge did not judge, however a request is bent, doubled or hidden in another.

`open` may be spoken for from here, `closed` may not. Each request tries to come to `closed` all the same; what is on
the ledger afterwards, and under which source the edge has let it in, is what counts.
"""

import re
from collections.abc import Iterator

import pytest

from tests.edge.wire import exchange, get
from tests.edge.wire_http2 import ask
from tests.parts.backend import Backend
from tests.parts.databases import fetch
from tests.parts.edge import Edge
from tests.parts.sources import UNLIMITED, add_source
from tests.parts.waiting import wait_until

OPEN, CLOSED = "/tracking/postback/open", "/tracking/postback/closed"
FREE = {"auth": "none", "click": "optional", "currency": "USD", **UNLIMITED}
ELSEWHERE = {"allow": ["192.0.2.0/24"]}
INNER = get(f"{CLOSED}?click_id=inner", "X-Client-Address: 192.0.2.1")
CHUNKS = b"0\r\n\r\n" + INNER
NGINX_OR_GUNICORN = re.compile(rb"<html|<h1|gunicorn", re.IGNORECASE)

TARGETS = [
    f"{OPEN}?click_id=1&source=closed",
    "/tracking/postback?click_id=1&source=open&source=closed",
    "/tracking/postback?click_id=1&source=open;source=closed",
    "/tracking/postback?click_id=1&source=open&s%6Furce=closed",
    "/tracking/postback?click_id=1&source=closed%00",
    "/tracking/postback?click_id=1&source=closed+",
    "/tracking/postback?click_id=1&source[]=closed",
    "/tracking/postback?click_id=1#&source=closed",
    "/tracking/postback?click_id=1&%73ource=%63losed",
    "/tracking/postback%3fsource=closed&click_id=1",
    "/tracking/postback/%63losed?click_id=1",
    "/tracking/postback/closed%00?click_id=1",
    "/tracking/postback/closed%20?click_id=1",
    "/tracking/postback/closed;open?click_id=1",
    "/tracking/postback/closed%3f/../open?click_id=1",
    "/tracking/postback/closed/../open?click_id=1",
    "/tracking/postback/open/../closed?click_id=1",
    "/tracking/postback/open/%2e%2e/closed?click_id=1",
    "/tracking/postback/open%2f..%2fclosed?click_id=1",
    "/tracking/postback/open/..%5cclosed?click_id=1",
    "/tracking/postback/open\\..\\closed?click_id=1",
    "/tracking/postback//closed?click_id=1",
    "//tracking/postback/closed?click_id=1",
    "/healthz/../tracking/postback/closed?click_id=1",
    "/healthz/..%2ftracking%2fpostback%2fclosed?click_id=1",
    "/click/..%2f..%2ftracking%2fpostback%2fclosed?click_id=1",
    f"http://localhost{CLOSED}?click_id=1",
    f"http://open@localhost{CLOSED}?click_id=1",
    f"https://evil.example{CLOSED}?click_id=1",
    "/moved.php?click_id=1",
    "/moved%2ephp?click_id=1",
    "/./moved.php?click_id=1",
    "/open.php?click_id=1&source=closed",
    "/open.php/../moved.php?click_id=1",
    "/open.php%3f/../moved.php?click_id=1",
    "/open.php;/moved.php?click_id=1",
]
CLAIMS = [
    "X-Client-Address: 192.0.2.1",
    "X_Client_Address: 192.0.2.1",
    "X-Client-Address : 192.0.2.1",
    " X-Client-Address: 192.0.2.1",
    "X-A: b\r\n X-Client-Address: 192.0.2.1",
    "X-A: b\nX-Client-Address: 192.0.2.1",
    "X-A: b\rX-Client-Address: 192.0.2.1",
    "X-A: b\0\r\nX-Client-Address: 192.0.2.1",
    "Connection: X-Client-Address, X-Request-Id, X-Edge-Source",
    "X-Forwarded-For: 192.0.2.1",
    "Forwarded: for=192.0.2.1",
    "X-Edge-Source: closed",
    "X_Edge_Source: closed",
    f"X-Original-URL: {CLOSED}",
    f"X-Rewrite-URL: {CLOSED}",
    "X-HTTP-Method-Override: PUT",
    "Script-Name: /tracking",
]
BODIES = [
    (f"Content-Length: 0\r\nContent-Length: {len(INNER)}", INNER),
    (f"Content-Length: {len(INNER)}\r\nContent-Length: 0", INNER),
    (f"Content-Length: 0, {len(INNER)}", INNER),
    (f"Content-Length: +{len(INNER)}", INNER),
    ("Content-Length: -1", INNER),
    ("Content-Length: 0x0", INNER),
    (f"Content-Length : {len(INNER)}", INNER),
    ("Content-Length: 5\r\nTransfer-Encoding: chunked", CHUNKS),
    ("Transfer-Encoding: chunked\r\nContent-Length: 5", CHUNKS),
    ("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity", CHUNKS),
    ("Transfer-Encoding: identity, chunked", CHUNKS),
    ("Transfer-Encoding: xchunked", CHUNKS),
    ("Transfer-Encoding : chunked", CHUNKS),
    ("Transfer-Encoding:\x0bchunked", CHUNKS),
    ("Transfer-Encoding:\r\n chunked", CHUNKS),
    ("Transfer_Encoding: chunked", CHUNKS),
    ("X-A: b\nTransfer-Encoding: chunked", CHUNKS),
    ("Transfer-Encoding: chunked", b"0x0\r\n\r\n" + INNER),
    ("Transfer-Encoding: chunked", b"-1\r\n" + INNER),
    ("Transfer-Encoding: chunked", b"ffffffffffffffff0\r\n" + INNER),
    ("Transfer-Encoding: chunked", b"3\r\na=bXX0\r\n\r\n" + INNER),
    ("Transfer-Encoding: chunked", b"0\r\nX-Client-Address: 192.0.2.1\r\n\r\n" + INNER),
    ("Transfer-Encoding: chunked", b'0;x="\r\n\r\n' + INNER),
]


@pytest.fixture(scope="module")
def guarded(edge: Edge, ledger: str, master_key: str, backend: Backend) -> Iterator[Edge]:
    """The edge before a ledger with both sources, and one more of each kind on a path of its own."""
    add_source(ledger, master_key, "open", settings=FREE)
    add_source(ledger, master_key, "closed", settings={**FREE, **ELSEWHERE})
    add_source(ledger, master_key, "opened", settings={**FREE, "paths": ["/open.php"]})
    add_source(ledger, master_key, "moved", settings={**FREE, **ELSEWHERE, "paths": ["/moved.php"]})
    backend.wait_for_source("moved")
    edge.wait_for_source("moved")
    yield edge
    assert_both_saw_the_same(edge, ledger)


def assert_both_saw_the_same(edge: Edge, ledger: str) -> None:
    """Each row of the audit has its line in the access log, under the same source."""
    rows = fetch(
        ledger, "SELECT p.id::text, coalesce(s.slug, '') FROM postbacks p LEFT JOIN sources s ON s.id = source_id"
    )
    judged: dict[str, str] = {}

    def is_each_written() -> bool:
        judged.update({line["receipt"]: line["source"] for line in edge.access_log()})
        return all(receipt in judged for receipt, _ in rows)

    wait_until(is_each_written, what="a line for each row")
    assert len(rows) > len(CLAIMS)
    assert [(receipt, slug) for receipt, slug in rows if judged[receipt] != slug] == []


def assert_nobody_got_in(ledger: str, *answers: bytes) -> None:
    """Nothing of a source that is closed to us is on the ledger, not even a refusal; and every answer is ours."""
    query = "SELECT p.id FROM postbacks p JOIN sources s ON s.id = source_id WHERE s.slug IN ('closed', 'moved')"
    assert fetch(ledger, query) == []
    assert [answer for answer in answers if NGINX_OR_GUNICORN.search(answer)] == []


@pytest.mark.parametrize("target", TARGETS)
def test_by_no_address(guarded: Edge, ledger: str, target: str) -> None:
    over_http2 = [(":method", "GET"), (":scheme", "https"), (":authority", "localhost"), (":path", target)]

    assert_nobody_got_in(ledger, exchange(guarded, get(target)), ask(guarded, over_http2).body)


@pytest.mark.parametrize("claim", CLAIMS)
def test_by_no_header(guarded: Edge, ledger: str, claim: str) -> None:
    answers = [exchange(guarded, get(f"{path}?click_id=1", claim)) for path in (CLOSED, OPEN, "/moved.php", "/healthz")]

    assert_nobody_got_in(ledger, *answers)


@pytest.mark.parametrize(
    "start", [f"POST {OPEN}", f"GET {OPEN}", "POST /nowhere", "POST /click/spring", f"POST {CLOSED}"]
)
@pytest.mark.parametrize(("headers", "body"), BODIES)
def test_by_no_request_in_the_body_of_another(
    guarded: Edge, ledger: str, start: str, headers: str, body: bytes
) -> None:
    head = f"{start} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: text/plain\r\n{headers}\r\n\r\n"

    assert_nobody_got_in(ledger, exchange(guarded, head.encode() + body))
