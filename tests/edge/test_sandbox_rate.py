"""How fast partners may use the sandbox, apart from the rates of postbacks; and a sandbox that is switched off."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.edge.conftest import TALKATIVE, edge_with
from tests.edge.echo_backend import EchoBackend, source
from tests.edge.plain_lua import run_lua
from tests.edge.quota_clock import copy_with_quota_clock, set_quota_clock
from tests.parts.edge import Edge

TOKEN = {"Authorization": "Bearer plt_" + "a" * 43}
STRANGERS, KNOWN, TOGETHER = 5, 40, 50
# `take(subject, address, token, now_s)` with a digest that a test can read.
RATE = """
ngx.sha1_bin = function(text) return "digest of " .. text end
ngx.shared.postledger_sandbox = nginx.new_dictionary(math.huge)
rate = require("postledger.sandbox_rate")
function count(subject, address, token, number)
    local passed = 0
    for _ = 1, number do if rate.take(subject, address, token, 1000) then passed = passed + 1 end end
    return passed
end
"""


def test_a_stranger_and_an_unknown_token_have_the_low_rate() -> None:
    said = run_lua(RATE + 'print(count("acme", "addr", nil, 9), count("beta", "addr", "plt_x", 9))')

    assert said == [f"{STRANGERS}\t{STRANGERS}"]


def test_a_token_that_was_found_valid_has_the_high_rate_for_a_minute() -> None:
    said = run_lua(
        RATE
        + """
        rate.remember("plt_x")
        print(count("acme", "addr", "plt_x", 60))
        nginx.set_clock(61)
        print(count("beta", "addr", "plt_x", 60))"""
    )

    known, unknown = map(int, said)
    assert KNOWN - 1 <= known <= KNOWN  # fifths of a second are rounded
    assert unknown == STRANGERS


def test_all_callers_together_are_limited() -> None:
    said = run_lua(
        RATE
        + """
        local passed = 0
        for address = 1, 20 do passed = passed + count("acme", "addr" .. address, nil, 5) end
        print(passed, (select(2, rate.take("acme", "another", nil, 1000))))"""
    )

    assert said == [f"{TOGETHER}\t1"]


@pytest.fixture(scope="module")
def limited(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Edge]:
    """An edge whose rates see no time pass. Production's rate is one request."""
    root: Path = copy_with_quota_clock(tmp_path_factory.mktemp("root"))
    with EchoBackend() as backend:
        backend.set_sources(*[source(slug, rate=1, burst=1) for slug in ("acme", "token-valid", "other")])
        edge = Edge(backend_socket=backend.socket, environment=TALKATIVE, root=root)
        set_quota_clock(edge, 1000.0)
        with edge:
            yield edge


def test_the_sandbox_and_production_have_rates_of_their_own(limited: Edge) -> None:
    with limited.client() as client:
        tried = [client.get("/sandbox/postback/acme", headers=TOKEN) for _ in range(STRANGERS + 1)]
        booked = [client.get("/tracking/postback/acme").status_code for _ in range(2)]

    assert [answer.status_code for answer in tried] == [200] * STRANGERS + [429]
    assert (tried[-1].json()["reason"], tried[-1].headers["retry-after"]) == ("rate_limited", "1")
    assert booked == [200, 429]


def test_the_edge_learns_from_the_sandbox_which_token_is_valid(limited: Edge) -> None:
    token = {"Authorization": "Bearer plt_" + "b" * 43}
    with limited.client(address="127.0.0.2") as client:
        answer = client.get("/sandbox/postback/token-valid", headers=token)
        later = {client.get("/sandbox/postback/other", headers=token).status_code for _ in range(STRANGERS + 5)}

    assert "x-postledger-token" not in answer.headers
    assert later == {200}


def test_a_sandbox_that_is_off_is_not_found_and_receipts_are_there(backend: EchoBackend) -> None:
    with edge_with(backend, POSTLEDGER_SANDBOX="off") as edge, edge.client() as client:
        paths = ("/sandbox/postback/acme", "/sandbox/", "/sandbox/page.js", "/sandbox/explain/acme", "/sandbox")
        answers = [client.get(path) for path in paths]
        receipt = client.get("/receipts/x").json()

    assert {answer.status_code for answer in answers} == {404}
    assert {answer.json()["reason"] for answer in answers} == {"not_found"}
    assert receipt["socket"] == "sandbox.sock"
