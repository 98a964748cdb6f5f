"""How fast one address may send for one source: over all workers together, and without a cost for other sources."""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.edge.conftest import TALKATIVE
from tests.edge.echo_backend import EchoBackend, source
from tests.edge.quota_clock import copy_with_quota_clock, set_quota_clock
from tests.parts.edge import Edge, wait_until

START_S = 1000.0
BURST = 100  # at a rate of one per second nginx keeps the count of an address for longer than any pause of a machine
SENDERS, EACH = 8, 20
BEYOND = 120


@pytest.fixture(scope="module")
def limited(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Edge]:
    """An edge whose quotas see no time pass. Each test uses sources of its own."""
    root = copy_with_quota_clock(tmp_path_factory.mktemp("root"))
    with EchoBackend() as backend:
        backend.set_sources(
            *[source(slug, rate=1, burst=BURST) for slug in ("crowded", "refilled", "first", "second", "asked")],
            source("slow", rate=1, burst=1),
            source("large", rate=1, burst=1),
            source("watched", rate=1, burst=1, mode="observe"),
            source("outside", rate=1, burst=1, mode="observe", allow=["192.0.2.0/24"]),
            source("halfway", rate=1, burst=10),
            source("tried", rate=1, burst=10),
            source("beyond", rate=1, burst=2),
            source("observed", rate=1, burst=2, mode="observe"),
            source("unhurried", rate=1, burst=2),
            source("beside", rate=1, burst=10),
        )
        edge = Edge(backend_socket=backend.socket, environment=TALKATIVE, root=root)
        set_quota_clock(edge, START_S)
        with edge:
            yield edge


@pytest.fixture(autouse=True)
def clock(limited: Edge) -> Iterator[None]:
    """The clock stands at its start again after each test."""
    yield
    set_quota_clock(limited, START_S)


def fire(edge: Edge, slug: str, count: int) -> list[int]:
    """Send so many requests one after the other on one connection; return the statuses."""
    with edge.client() as client:
        return [client.get(f"/tracking/postback/{slug}").status_code for _ in range(count)]


def test_all_workers_together_let_a_burst_pass_and_no_more(limited: Edge) -> None:
    """Each sender has a connection of its own, and the kernel spreads those over the workers."""
    first = fire(limited, "crowded", 1)  # of several first requests at once, one for each worker may go uncounted
    with ThreadPoolExecutor(SENDERS) as pool:
        others = pool.map(lambda _: fire(limited, "crowded", EACH), range(SENDERS))
        statuses = [status for statuses in others for status in statuses]

    assert first == [200]
    assert statuses.count(200) == BURST - 1
    assert statuses.count(429) == SENDERS * EACH - (BURST - 1)


def test_after_a_burst_as_many_pass_as_the_rate_gives_back(limited: Edge) -> None:
    assert fire(limited, "refilled", BEYOND).count(200) == BURST

    set_quota_clock(limited, START_S + 10)

    assert fire(limited, "refilled", BEYOND).count(200) == 10


def test_a_source_at_its_limit_does_not_touch_another(limited: Edge) -> None:
    assert 429 in fire(limited, "first", BEYOND)

    assert fire(limited, "second", BURST) == [200] * BURST


def test_a_client_that_waits_for_retry_after_passes(limited: Edge) -> None:
    with limited.client() as client:
        client.get("/tracking/postback/slow")
        refused = client.get("/tracking/postback/slow")
        retry_after_s = int(refused.headers["retry-after"])
        assert (refused.json()["reason"], retry_after_s) == ("rate_limited", 1)

        set_quota_clock(limited, START_S + retry_after_s - 0.5)
        assert client.get("/tracking/postback/slow").status_code == 429
        set_quota_clock(limited, START_S + retry_after_s)
        assert client.get("/tracking/postback/slow").status_code == 200


def test_a_rate_limited_request_never_reaches_the_backend(limited: Edge) -> None:
    fire(limited, "asked", BEYOND)

    def lines() -> list[dict[str, Any]]:
        return [line for line in limited.access_log() if line["source"] == "asked"]

    wait_until(lambda: len(lines()) == BEYOND)
    refused = [line for line in lines() if line["status"] == 429]
    assert len(refused) == BEYOND - BURST
    assert {line["upstream_duration_s"] for line in refused} == {None}


def observations(edge: Edge, slug: str, count: int) -> list[str | None]:
    """What the backend hears of the edge's doubts, for each of so many requests."""
    with edge.client() as client:
        answers = [client.get(f"/tracking/postback/{slug}").json() for _ in range(count)]
    return [answer["headers"].get("x-edge-observed") for answer in answers]


def test_in_observe_mode_the_backend_learns_what_enforce_mode_would_refuse(limited: Edge) -> None:
    assert observations(limited, "watched", 3) == [None, "rate_limited", "rate_limited"]

    observed = 'postledger_edge_observed_total{source="watched",reason="rate_limited"}'
    wait_until(lambda: limited.metrics()[observed] == 2)


def test_in_observe_mode_an_address_outside_the_list_is_rate_limited_too(limited: Edge) -> None:
    assert observations(limited, "outside", 2) == ["ip_not_allowed", "ip_not_allowed,rate_limited"]


def used(edge: Edge, slug: str) -> float:
    """The highest share of its burst that any client of the source used."""
    return edge.metrics()[f'postledger_edge_quota_used_ratio{{source="{slug}"}}']


def test_the_used_share_of_the_quota_is_reported(limited: Edge) -> None:
    """The sixth request of a burst of ten finds five places taken."""
    assert used(limited, "halfway") == 0

    fire(limited, "halfway", 6)

    wait_until(lambda: used(limited, "halfway") == 0.5)


@pytest.mark.parametrize("slug", ["beyond", "observed"])
def test_a_source_beyond_its_quota_is_reported_at_one(limited: Edge, slug: str) -> None:
    assert used(limited, slug) == 0

    fire(limited, slug, 3)

    wait_until(lambda: used(limited, slug) == 1)


def test_a_source_whose_bucket_is_always_empty_uses_nothing(limited: Edge) -> None:
    with limited.client() as client:
        for second in range(5):
            set_quota_clock(limited, START_S + second)
            assert client.get("/tracking/postback/unhurried").status_code == 200

        # On the same connection, so that the worker that would report the one reports the other.
        client.get("/tracking/postback/beside")
        client.get("/tracking/postback/beside")
        wait_until(lambda: used(limited, "beside") > 0)
    assert used(limited, "unhurried") == 0


def test_a_client_cannot_claim_what_the_edge_observed(edge: Edge) -> None:
    with edge.client() as client:
        for path in ("/tracking/postback/acme", "/tracking/postback/nobody", "/click/spring", "/healthz"):
            seen = client.get(path, headers={"X-Edge-Observed": "rate_limited"}).json()
            assert "x-edge-observed" not in seen["headers"]


def test_a_full_dictionary_of_nginx_counts_evictions_and_goes_on_limiting(
    own_backend: EchoBackend, tmp_path: Path
) -> None:
    """The shipped one has room for far more addresses than a test can have, so a copy of the files gets a small one."""
    copy_with_quota_clock(tmp_path)
    conf = tmp_path / "edge" / "snippets" / "lua.conf"
    conf.write_text(re.sub(r"postledger_quota \d+m", "postledger_quota 12k", conf.read_text()))
    own_backend.set_sources(source("acme", rate=1, burst=1))
    environment = {**TALKATIVE, "POSTLEDGER_TRUSTED_PROXIES": "127.0.0.1"}
    edge = Edge(backend_socket=own_backend.socket, environment=environment, root=tmp_path)
    set_quota_clock(edge, START_S)
    with edge, edge.client() as client:
        for number in range(400):
            address = f"198.51.{number // 200}.{number % 200}"
            answer = client.get("/tracking/postback/acme", headers={"X-Forwarded-For": address})
            assert answer.status_code == 200

        asked = {"X-Forwarded-For": address}
        wait_until(lambda: client.get("/tracking/postback/acme", headers=asked).status_code == 429)
        name = 'postledger_edge_dictionary_evictions_total{dictionary="quota"}'
        wait_until(lambda: edge.metrics()[name] > 0)


@pytest.mark.parametrize("bytes_sent", [0, 100, 20_000])
def test_a_refusal_is_the_same_whether_it_waits_or_not(limited: Edge, bytes_sent: int) -> None:
    """One with a large body waits, which `test_pace_rules.py` checks. It must not lose its answer by it."""
    with limited.client() as client:
        answers = [client.post("/tracking/postback/large", content=b"x" * bytes_sent) for _ in range(5)]

    assert {answer.status_code for answer in answers[2:]} == {429}
    assert {answer.json()["reason"] for answer in answers[2:]} == {"rate_limited"}
    assert (min(answer.elapsed.total_seconds() for answer in answers[2:]) >= 0.1) or bytes_sent < 20_000


def test_the_sandbox_learns_the_used_share_and_uses_nothing_of_it(limited: Edge) -> None:
    def told() -> str:
        with limited.client() as client:
            seen: dict[str, str] = client.get("/sandbox/postback/tried").json()["headers"]
        return seen["x-edge-quota-used"]

    before = told()
    fire(limited, "tried", 5)

    assert [before, told(), told()] == ["0.00", "0.50", "0.50"]
    assert fire(limited, "tried", 5) == [200] * 5
    assert (fire(limited, "tried", 1), told()) == ([429], "1.00")
