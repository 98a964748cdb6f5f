"""The sandbox through the edge: production's answers, nothing of it in production, and who may come in."""

import json
from collections.abc import Iterator
from uuid import uuid4

import httpx
import pytest

from tests.parts.sandbox_stack import LENIENT, SandboxStack, body_of, sandbox_stack
from tests.parts.sender import Postback, Sender
from tests.parts.sources import add_source
from tests.parts.waiting import wait_until

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


def test_a_pasted_har_is_explained_and_nothing_of_it_is_kept(sandbox_stack: SandboxStack, client: httpx.Client) -> None:
    canary = f"canary-{uuid4().hex}"
    headers = [{"name": name, "value": f"Bearer {canary}"} for name in ("Cookie", "Authorization", "X-Token")]
    url = f"https://e.example/tracking/postback/acme?click_id={canary}&sig={canary}&ts=1790000000"
    har = json.dumps({"log": {"entries": [{"request": {"method": "GET", "url": url, "headers": headers}}]}})
    before = sandbox_stack.count_rows("public"), sandbox_stack.count_rows("sandbox")

    answer = client.post("/sandbox/explain/acme", content=har, headers=sandbox_stack.token("acme"))

    assert answer.json()["explanation"]["reason"] == "bad_signature"
    assert answer.json()["explanation"]["edge"]["address"] is None
    assert (sandbox_stack.count_rows("public"), sandbox_stack.count_rows("sandbox")) == before
    sandbox_stack.edge.log_line(answer.headers["x-request-id"])
    written = [path.read_text(errors="replace") for path in (sandbox_stack.edge.prefix / "logs").iterdir()]
    assert canary not in "".join([*written, sandbox_stack.sandbox.log_text()])


def test_an_address_that_production_refuses_is_explained_to_a_token(
    sandbox_stack: SandboxStack, client: httpx.Client
) -> None:
    settings = {**LENIENT, "allow": ["203.0.113.0/24"]}
    add_source(sandbox_stack.database, sandbox_stack.master_key, "far", settings=settings)
    sandbox_stack.edge.wait_for_source("far")

    sent, token = Sender("far", path="/sandbox/postback").get(order()), sandbox_stack.token("far")
    wait_until(lambda: ask(client, sent, **token).status_code == 200, what="the source in the sandbox")

    answer = ask(client, sent, **token)

    assert (answer.status_code, answer.json()["explanation"]["edge"]["allowed"]) == (200, False)
    assert "allowlist" in answer.json()["explanation"]["next"]
