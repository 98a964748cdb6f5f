"""The edge serves the partner page from files, under a policy that lets it load nothing and send no form."""

import httpx
import pytest

from tests.parts.edge import ROOT, Edge

FILES = {
    "/sandbox/": ("page.html", "text/html; charset=utf-8"),
    "/sandbox": ("page.html", "text/html; charset=utf-8"),
    "/sandbox/page.css": ("page.css", "text/css; charset=utf-8"),
    "/sandbox/page.js": ("page.js", "text/javascript; charset=utf-8"),
}
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
)


@pytest.mark.parametrize("path", FILES)
def test_a_file_of_the_page_is_served_with_its_headers(client: httpx.Client, path: str) -> None:
    name, media_type = FILES[path]

    answer = client.get(path)

    assert (answer.status_code, answer.headers["content-type"]) == (200, media_type)
    assert answer.content == (ROOT / "edge/partner-page" / name).read_bytes()
    assert answer.headers["content-security-policy"] == POLICY
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "max-age=" in answer.headers["strict-transport-security"]
    assert len(answer.headers["x-request-id"]) == 36


def test_a_file_that_the_browser_has_is_not_sent_again(client: httpx.Client) -> None:
    first = client.get("/sandbox/page.js")

    again = client.get("/sandbox/page.js", headers={"If-None-Match": first.headers["etag"]})

    assert (first.headers["cache-control"], again.status_code) == ("no-cache", 304)


def test_a_query_of_the_page_is_in_no_log(edge: Edge, client: httpx.Client) -> None:
    answer = client.get("/sandbox/?token=plt_canary")

    line = edge.log_line(answer.headers["x-request-id"])

    assert (answer.status_code, line["status"], line["route"]) == (200, 200, "page")
    assert "canary" not in str(line) + edge.error_output()


@pytest.mark.parametrize("method", ["POST", "DELETE"])
def test_the_page_can_only_be_read(client: httpx.Client, method: str) -> None:
    answer = client.request(method, "/sandbox/")

    assert (answer.status_code, answer.json()["reason"]) == (405, "method_not_allowed")
    assert answer.headers["allow"] == "GET, HEAD"


def test_without_the_sandbox_there_is_no_page() -> None:
    with (
        Edge(backend_socket="/nonexistent/backend.sock", environment={"POSTLEDGER_SANDBOX": "off"}) as edge,
        edge.client() as client,
    ):
        answers = [client.get(path) for path in FILES]

    assert {(answer.status_code, answer.json()["reason"]) for answer in answers} == {(404, "not_found")}
