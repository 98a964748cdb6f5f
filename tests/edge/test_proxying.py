"""What reaches the backend: the sender's bytes as they were sent, and the edge's word for who sent them."""

import subprocess

import httpx
import pytest

from tests.edge.not_public import NOT_PUBLIC
from tests.edge.wire import answer_to, body, exchange, get, header, own_address, post, status
from tests.parts.edge import Edge, wait_until

CLAIMS = {
    "Forwarded": "for=203.0.113.9",
    "X-Real-IP": "203.0.113.9",
    "X-Forwarded-For": "203.0.113.9",
    "X-Forwarded-Host": "evil.example",
    "X-Forwarded-Port": "1",
    "X-Forwarded-Proto": "http",
    "X-Forwarded-Protocol": "ssl",
    "X-Forwarded-Scheme": "http",
    "X-Forwarded-Server": "evil.example",
    "X-Forwarded-Ssl": "on",
    "X-Forwarded-Prefix": "/evil",
    "X-Forwarded-By": "evil",
    "X-Forwarded-User": "evil",
    "X-Edge-Answered": "503",
    "X-Edge-Host": "evil.example",
    "X-Edge-Quota-Used": "0.00",
}


@pytest.mark.parametrize(
    "uri",
    [
        "/tracking/postback/a%20b/c?x=%70&y=a+b%20c&&z",
        "/tracking/postback/acme?payout=0.50&sig=%e4%F6&empty=&novalue",
        "/%74racking/postback/%61cme?a=%00",
        "/tracking/postback?source=acme",
        "/sandbox/postback/acme?x=%25%2f",
        "/click/spring?sub1=%E2%82%AC&sub1=again",
        "/schemas/postback-v1.json?x=%25",
        '/tracking/postback/acme?quote="raw"',
    ],
)
def test_the_uri_reaches_the_backend_byte_for_byte(edge: Edge, uri: str) -> None:
    answer = exchange(edge, get(uri))

    assert httpx.Response(200, content=body(answer)).json()["uri"] == uri


@pytest.mark.parametrize("sent", ["\xc3\xa9", "\xe9", "\xff\xfe"])
def test_bytes_beyond_ascii_pass_in_a_query_only(edge: Edge, sent: str) -> None:
    path = "/tracking/postback/acme"

    passed = exchange(edge, get(f"{path}?sub1={sent}".encode("latin-1")))
    refused = exchange(edge, get(f"{path}{sent}?a=b".encode("latin-1")))

    assert httpx.Response(200, content=body(passed)).json()["uri"] == f"{path}?sub1={sent}"
    assert status(refused) == 400


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS"])
def test_a_method_that_is_not_allowed_is_left_to_the_backend_to_refuse(client: httpx.Client, method: str) -> None:
    assert client.request(method, "/tracking/postback/acme").json()["method"] == method


def test_method_body_and_signature_headers_pass(client: httpx.Client) -> None:
    headers = {"webhook-id": "m1", "webhook-timestamp": "1", "webhook-signature": "v1,aGk=", "svix-id": "s1"}

    seen = client.post("/tracking/postback/acme", json={"payout": "1"}, headers=headers).json()

    assert seen["method"] == "POST"
    assert seen["content_type"] == "application/json"
    assert seen["body_bytes"] == len(b'{"payout":"1"}')
    assert headers.items() <= seen["headers"].items()


def test_a_chunked_body_arrives_whole(client: httpx.Client) -> None:
    seen = client.post("/tracking/postback/acme", content=iter([b"x" * 40_000, b"y" * 30_000])).json()

    assert seen["body_bytes"] == 70_000


def test_the_client_address_is_what_the_edge_saw(client: httpx.Client) -> None:
    forged = {"X-Client-Address": "203.0.113.9"}

    seen = client.get("/tracking/postback/acme", headers=forged).json()

    assert seen["headers"]["x-client-address"] == "127.0.0.1"


def test_the_request_id_is_the_edges_own(client: httpx.Client) -> None:
    forged = "01900000-0000-7000-8000-000000000000"

    seen = client.get("/tracking/postback/acme", headers={"X-Request-Id": forged}).json()

    assert seen["headers"]["x-request-id"] != forged


@pytest.mark.parametrize("name", CLAIMS)
def test_a_claim_about_who_sent_it_is_dropped(client: httpx.Client, name: str) -> None:
    seen = client.get("/tracking/postback/acme", headers={name: CLAIMS[name]}).json()

    assert name.lower() not in seen["headers"]


@pytest.mark.parametrize("host", ["localhost", "localhost:28443", "LocalHost"])
def test_the_sandbox_alone_learns_the_host_as_it_was_sent(edge: Edge, host: str) -> None:
    def ask(target: str) -> dict[str, str]:
        request = get(target, "X-Edge-Host: evil.example").replace(b"Host: localhost", b"Host: " + host.encode())
        seen: dict[str, str] = httpx.Response(200, content=body(exchange(edge, request))).json()["headers"]
        return seen

    tried, real = ask("/sandbox/postback/acme"), ask("/tracking/postback/acme")

    assert (tried["x-edge-host"], tried["host"]) == (host, "postledger")
    assert "x-edge-host" not in real


def test_underscores_do_not_smuggle_a_header_in(edge: Edge) -> None:
    answer = exchange(edge, get("/tracking/postback/acme", "X_Client_Address: 203.0.113.9", "X_Forwarded_For: 1.2.3.4"))

    assert b"203.0.113.9" not in answer
    assert b"1.2.3.4" not in answer


def test_a_forged_forwarded_for_changes_no_address_in_the_log(edge: Edge, client: httpx.Client) -> None:
    answer = client.get("/tracking/postback/acme", headers={"X-Forwarded-For": "203.0.113.9"})

    assert edge.log_line(answer.headers["x-request-id"])["client_address"] == "127.0.0.1"


def test_refusals_of_the_backend_pass_as_they_are(edge: Edge) -> None:
    answer = exchange(edge, get("/tracking/postback/refuse"))

    assert status(answer) == 503
    assert body(answer) == b'{"reason":"of the backend"}'
    assert header(answer, "Retry-After") == "7"


def test_connections_to_the_backend_are_used_again(client: httpx.Client) -> None:
    connections = {client.get("/tracking/postback/acme").json()["connection"] for _ in range(20)}

    # One for each worker of nginx at most, not one for each request.
    assert len(connections) <= 4


@pytest.mark.parametrize("path", NOT_PUBLIC)
def test_what_is_not_public_cannot_be_reached_through_the_public_listener(edge: Edge, path: str) -> None:
    assert answer_to(edge, path) == (404, "not_found")


def chunked(size: int) -> bytes:
    """A POST in chunks of a hundred bytes."""
    head = b"POST /tracking/postback/acme HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
    return head + b"Transfer-Encoding: chunked\r\n\r\n" + b"64\r\n%b\r\n" % (b"x" * 100) * (size // 100) + b"0\r\n\r\n"


@pytest.mark.parametrize(
    "request_bytes", [post("/tracking/postback/acme", b"x" * 131_072), chunked(131_000)], ids=["at once", "in chunks"]
)
def test_a_large_body_is_never_written_to_a_file(edge: Edge, request_bytes: bytes) -> None:
    client = own_address()

    assert status(exchange(edge, request_bytes, client)) == 200
    assert_no_file_was_written(edge, client)


def test_nor_is_one_of_unknown_length_over_http2_that_is_too_large(edge: Edge) -> None:
    client = own_address()
    posting = ["curl", "-s", "--http2", "--cacert", str(edge.ca_file), "-X", "POST", "-T", "-", "-w", "%{http_code}"]
    to = ["--interface", client, "-o", "/dev/null", f"https://localhost:{edge.https_port}/tracking/postback/acme"]

    ran = subprocess.run([*posting, *to], input=b"x" * 200_000, capture_output=True, check=False)

    assert ran.stdout == b"413"
    assert_no_file_was_written(edge, client)


def assert_no_file_was_written(edge: Edge, client: str) -> None:
    """nginx would say so, and then what it has to say of the nonsense: the error output comes late, but in order."""
    exchange(edge, b"NONSENSE\r\n\r\n", client)
    wait_until(lambda: "client sent invalid method" in "".join(edge.errors_about(client)))

    assert not [path for path in (edge.prefix / "tmp").rglob("*") if path.is_file()]
    assert "buffered to a temporary file" not in edge.error_output()
