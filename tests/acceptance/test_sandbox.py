"""The sandbox through the edge: production's answers, nothing of it in production, and who may come in."""

from collections.abc import Iterator
from uuid import uuid4

import httpx
import pytest

from tests.parts.sandbox_stack import SandboxStack, body_of, sandbox_stack
from tests.parts.sender import Postback, Sender

__all__ = ["sandbox_stack"]
ACME = Sender("acme", path="/sandbox/postback")


@pytest.fixture
def client(sandbox_stack: SandboxStack) -> Iterator[httpx.Client]:
    """A client of the public listener."""
    with sandbox_stack.edge.client() as client:
        yield client


def ask(client: httpx.Client, postback: Postback, **headers: str) -> httpx.Response:
    return client.request(
        postback.method, postback.target, content=postback.body or None, headers={**postback.headers, **headers}
    )


def order() -> dict[str, str]:
    return {"click_id": "CLICK", "transaction_id": f"T-{uuid4().hex}", "event": "sale", "payout": "1.50"}


def test_a_postback_is_booked_in_the_sandbox_alone(sandbox_stack: SandboxStack, client: httpx.Client) -> None:
    before = sandbox_stack.count_rows("public"), sandbox_stack.count_rows("sandbox")

    first, repeat = (ask(client, ACME.get(order_)) for order_ in [order()] for _ in range(2))

    assert (first.status_code, body_of(first)) == (200, {"status": "accepted"})
    assert body_of(repeat) == {"status": "duplicate"}
    assert sandbox_stack.count_rows("public") == before[0]
    assert sandbox_stack.count_rows("sandbox")["conversions"] == before[1]["conversions"] + 1
