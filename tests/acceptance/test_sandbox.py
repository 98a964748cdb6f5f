"""The sandbox through the edge: nothing of it in production, who may come in, and what is left when it ends."""

import hashlib
import hmac
import json
import re
from collections.abc import Iterator
from urllib.parse import urlsplit
from uuid import uuid4

import httpx
import msgspec
import pytest

from tests.acceptance.canaries import Canaries
from tests.acceptance.evidence import SignatureInput
from tests.parts.preset_sources import SECRET, make_preset_source
from tests.parts.sandbox_stack import LENIENT, SandboxStack, body_of, sandbox_stack
from tests.parts.sender import Postback, Sender
from tests.parts.sources import add_source
from tests.parts.waiting import wait_until

__all__ = ["sandbox_stack"]
ACME, CLOSED = Sender("acme", path="/sandbox/postback"), Sender("closed", path="/sandbox/postback")
_OF_PRODUCTION = re.compile(
    r"^(postledger_(?:postbacks|refusals|conversions|unauthenticated|flush|labels|edge_refusals|edge_observed)\w*"
    r"(?:\{[^}]*\})?) (\S+)$",
    re.MULTILINE,
)


@pytest.fixture(scope="module")
def stack(sandbox_stack: SandboxStack) -> SandboxStack:
    """The stack with a source that allows no address of this machine, and one that signs the whole URL."""
    url, key = sandbox_stack.database, sandbox_stack.master_key
    add_source(url, key, "closed", settings={**LENIENT, "allow": ["192.0.2.0/24"]})
    wall = msgspec.to_builtins(make_preset_source("bitlabs", click="optional").settings)
    add_source(url, key, "wall", [SECRET], {**wall, "rate": 1_000_000, "burst": 1_000_000})
    sandbox_stack.wait_for_source("wall")
    return sandbox_stack


@pytest.fixture
def client(stack: SandboxStack) -> Iterator[httpx.Client]:
    """A client of the public listener."""
    with stack.edge.client() as client:
        yield client


def ask(client: httpx.Client, postback: Postback, **headers: str) -> httpx.Response:
    return client.request(
        postback.method, postback.target, content=postback.body or None, headers={**postback.headers, **headers}
    )


def order(**changes: str) -> dict[str, str]:
    return {"click_id": "CLICK", "transaction_id": f"T-{uuid4().hex}", "event": "sale", "payout": "1.50", **changes}


def read_metrics(stack: SandboxStack) -> dict[str, str]:
    stack.backend.wait_until_counted()
    text = stack.backend.metrics_text() + stack.edge.ask_ops("/metrics").text
    return dict(_OF_PRODUCTION.findall(text))


def test_production_notices_nothing_of_what_is_tried(stack: SandboxStack, client: httpx.Client) -> None:
    def look() -> list[object]:
        used = stack.fetch("SELECT last_matched_at FROM source_secrets ORDER BY id")
        return [stack.count_rows("public"), read_metrics(stack), used, len(stack.backend.request_lines())]

    before, tried = look(), stack.count_rows("sandbox")
    good = ACME.get(order())

    answers = [ask(client, good) for _ in range(2)]
    refused = ask(client, Postback("GET", good.target.replace("payout=1.50", "payout=9.50")))
    closed = ask(client, CLOSED.get(order()))

    assert [body_of(answer) for answer in answers] == [{"status": "accepted"}, {"status": "duplicate"}]
    assert body_of(refused) == {"status": "refused", "reason": "bad_signature"}
    assert body_of(closed) == {"status": "refused", "reason": "ip_not_allowed"}
    stack.edge.log_line(closed.headers["x-request-id"])
    assert look() == before
    assert stack.count_rows("sandbox")["postbacks"] == tried["postbacks"] + 3
    assert stack.sandbox.metric('postledger_sandbox_requests_total{source="acme",verdict="duplicate"}') >= 1


def test_a_missing_a_wrong_and_a_foreign_token_get_one_answer(stack: SandboxStack, client: httpx.Client) -> None:
    wrong = ["plt_" + "a" * 43, "plt_short", "nonsense"]
    headers = [{"Authorization": f"Bearer {token}"} for token in wrong] + [{}, stack.token("beta")]

    for path in ("/sandbox/samples/acme", "/sandbox/samples/nobody"):
        answers = [client.get(path, headers=header) for header in headers]
        assert {answer.status_code for answer in answers} == {401}
        assert {answer.headers["www-authenticate"] for answer in answers} == {"Bearer"}
        assert {str(body_of(answer)) for answer in answers} == {
            "{'status': 'refused', 'reason': 'missing_signature', 'cause': 'partner_token'}"
        }
    assert client.get("/sandbox/samples/acme", headers=stack.token("acme")).status_code == 200


def test_a_postback_with_a_wrong_token_is_not_judged(stack: SandboxStack, client: httpx.Client) -> None:
    before = stack.count_rows("sandbox")

    for token in ({"Authorization": "bearer plt_" + "b" * 43}, stack.token("beta")):
        assert body_of(ask(client, ACME.get(order()), **token))["cause"] == "partner_token"

    assert stack.count_rows("sandbox") == before


def test_another_authorization_is_left_to_the_source(client: httpx.Client) -> None:
    answer = ask(client, ACME.get(order()), Authorization="Bearer of-the-network")

    assert body_of(answer) == {"status": "accepted"}


@pytest.mark.parametrize(
    "target",
    [
        "/sandbox/postback/acme?{}&a=1",
        "/receipts/x?t={}",
        "/sandbox/postback/acme?{}=1",
        "/sandbox/postback/acme/{}",
        "/sandbox/postback/{}?a=1",
        "/sandbox/explain/acme/{}",
        "/sandbox/{}",
    ],
)
def test_a_token_in_a_url_is_named_a_leak(stack: SandboxStack, client: httpx.Client, target: str) -> None:
    before = stack.count_rows("sandbox")
    token = stack.token("acme")["Authorization"].removeprefix("Bearer ")

    for sent in (token, "%70lt%5F" + token.removeprefix("plt_")):
        answer = client.get(target.format(sent), headers={"Authorization": f"Bearer {token}"})
        assert (answer.status_code, body_of(answer)["cause"]) == (400, "leaked_token")

    assert stack.count_rows("sandbox") == before


def test_a_token_is_explained_the_allowlist_and_not_refused(stack: SandboxStack, client: httpx.Client) -> None:
    answer = ask(client, CLOSED.get(order()), **stack.token("closed"))

    assert body_of(answer) == {"status": "accepted"}
    assert stack.fetch(
        "SELECT observed FROM sandbox.postbacks WHERE id = %s::uuid", answer.headers["x-request-id"]
    ) == [(["ip_not_allowed"],)]
    assert body_of(ask(client, CLOSED.get(order()), Authorization="Bearer plt_" + "c" * 43))["status"] == "refused"


@pytest.mark.parametrize("signed_for", ["/tracking/postback/wall", "/sandbox/postback/wall"])
def test_a_signed_url_is_valid_for_both_addresses(client: httpx.Client, signed_for: str) -> None:
    query = f"uid=U&tx={uuid4().hex}&raw=1.50&type=COMPLETE"
    message = f"https://t.example{signed_for}?{query}"
    signature = hmac.new(SECRET.encode(), message.encode(), hashlib.sha1).hexdigest()

    answer = client.get(f"/sandbox/postback/wall?{query}&hash={signature}")

    assert answer.json()["status"] == "accepted"


@pytest.mark.parametrize(
    "path", ["/sandbox/nowhere", "/sandbox/postback/a/b", "/sandbox//postback/acme", "/receipts", "/sandbox/click"]
)
def test_a_path_without_a_route_is_not_found(client: httpx.Client, path: str) -> None:
    answer = client.get(path)

    assert answer.status_code in (401, 404)
    assert answer.json()["reason"] in ("not_found", "missing_signature")


def test_no_token_payout_or_signature_is_in_a_log(stack: SandboxStack, client: httpx.Client) -> None:
    canaries, evidence = Canaries(), SignatureInput()
    token = stack.token("acme")
    good = ACME.get(order(payout=canaries.payout))
    canaries.watch("token", token["Authorization"].removeprefix("Bearer "))
    canaries.watch("signature", good.target.rpartition("=")[2])

    answers = [ask(client, good, **token), ask(client, Postback("GET", good.target + "0"), **token)]
    answers.append(client.get(f"/sandbox/postback/acme?t={token['Authorization'].removeprefix('Bearer ')}"))
    answers.append(client.post("/sandbox/explain/acme", content=urlsplit(good.target).query, headers=token))
    answers.append(client.get("/sandbox/samples/acme", headers=token))

    for answer in answers:
        stack.edge.log_line(answer.headers["x-request-id"])
    evidence.add_tree(stack.edge.prefix)
    evidence.add_tree(stack.sandbox.home)
    evidence.add_tree(stack.backend.home)
    evidence.add("metrics", stack.sandbox.status("/metrics").text + stack.edge.ask_ops("/metrics").text)
    evidence.add_processes()
    assert evidence.leaks(canaries) == []


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


def test_production_goes_on_when_the_sandbox_is_killed(stack: SandboxStack, client: httpx.Client) -> None:
    stack.edge.expected_alarms.append(r"connect\(\) to unix:")
    stack.sandbox.kill()

    tried = ask(client, ACME.get(order()))
    booked = ask(client, Sender("acme").get(order()))

    assert (tried.status_code, body_of(tried)) == (503, {"status": "refused", "reason": "unavailable"})
    assert tried.headers["retry-after"] == "1"
    assert booked.json()["status"] == "accepted"
    assert stack.backend.is_healthy()
    stack.sandbox.start()
    wait_until(lambda: ask(client, ACME.get(order())).status_code == 200, what="the sandbox again")
