"""The receipt: one UUIDv7 for each request, the same wherever it shows."""

import time
from uuid import UUID

import httpx

from tests.edge.plain_lua import run_lua
from tests.edge.wire import UUID7, exchange, get, header, own_address
from tests.parts.edge import Edge, wait_until


def uuid7(unix_ms: int, random_hex: str) -> UUID:
    """The shipped function, run by plain Lua."""
    (written,) = run_lua(f'print(require("postledger.uuid7").write({unix_ms}, "{random_hex}"))')
    return UUID(written)


def test_the_example_of_the_rfc_comes_out() -> None:
    # RFC 9562, A.6: 2022-02-22 14:22:22.00-05:00, rand_a CC3, rand_b 18C4DC0C0C07398F.
    made = uuid7(1_645_557_742_000, "cc3" + "98c4dc0c0c07398f" + "0" * 13)

    assert made == UUID("017F22E2-79B0-7CC3-98C4-DC0C0C07398F")


def test_whatever_the_random_digits_are_the_variant_is_right() -> None:
    for digit in "0123456789abcdef":
        made = uuid7(1_790_000_000_123, "000" + digit + "0" * 28)

        assert (made.version, made.variant) == (7, "specified in RFC 4122")


def test_time_is_kept_to_the_millisecond() -> None:
    made = uuid7(1_790_000_000_123, "f" * 32)

    assert made.int >> 80 == 1_790_000_000_123


def test_backend_log_and_answer_have_the_same_receipt(edge: Edge, client: httpx.Client) -> None:
    answer = client.get("/tracking/postback/acme")

    receipt = answer.json()["headers"]["x-request-id"]
    assert UUID7.fullmatch(receipt)
    assert answer.headers["x-request-id"] == receipt
    assert edge.log_line(receipt)["status"] == 200


def test_a_receipt_tells_in_milliseconds_when_the_request_came(client: httpx.Client) -> None:
    """A minute is more than any machine stands still between two readings of its clock, and less than a wrong unit."""
    receipt = UUID(client.get("/tracking/postback/acme").headers["x-request-id"])

    assert abs((receipt.int >> 80) - time.time() * 1000) < 60_000


def test_every_request_has_a_receipt_of_its_own(client: httpx.Client) -> None:
    receipts = [client.get("/tracking/postback/acme").headers["x-request-id"] for _ in range(100)]

    # Without the time, which alone would tell them apart as long as they come one after the other.
    assert len({receipt[14:] for receipt in receipts}) == 100


def test_an_answer_of_the_edge_has_one_receipt_in_header_body_and_log(edge: Edge) -> None:
    for request in (get("/nowhere"), get("/" + "x" * 40_000), b"NONSENSE\r\n\r\n"):
        answer = exchange(edge, request)

        receipt = header(answer, "X-Request-Id")
        assert receipt is not None
        assert answer.count(receipt.encode()) == 2
        assert edge.log_line(receipt)["verdict"] == "refused"


def test_a_request_that_never_became_one_still_has_a_receipt_in_the_log(edge: Edge) -> None:
    client = own_address()

    exchange(edge, b"GET /tracking/postback/acme HTTP/1.1\r\nHost: localhost\r\nBad Header: 1\r\n\r\n", client)

    wait_until(lambda: edge.access_log(client=client) != [])
    (line,) = edge.access_log(client=client)
    assert UUID7.fullmatch(line["receipt"])
