"""How fast one address may speak for one source: over all workers together, and without touching anybody else."""

import re
import shutil
import subprocess
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from math import inf
from pathlib import Path
from threading import Event
from typing import Any

import httpx
import pytest

from tests.edge.conftest import TALKATIVE
from tests.edge.echo_backend import EchoBackend, source
from tests.parts.edge import ROOT, Edge, wait_until

LUA = ROOT / "edge" / "lua"
RATE, BURST = 40, 30
SLOW_RATE = 3  # for what must be beyond its limit on the slowest machine too: a burst is not given back meanwhile
FOR_S = 10
SENDERS = 8


@pytest.fixture(scope="module")
def limited() -> Iterator[Edge]:
    """An edge with sources that nobody else in this module uses up."""
    slugs = ["first", "second", "asked", *[f"burst{number}" for number in range(3)]]
    with EchoBackend() as backend:
        backend.set_sources(
            source("steady", rate=RATE, burst=BURST),
            *[source(slug, rate=SLOW_RATE, burst=BURST) for slug in slugs],
            source("slow", rate=1, burst=1),
            source("watched", rate=1, burst=1, mode="observe"),
            source("halfway", rate=1, burst=10),
            source("beyond", rate=1, burst=2),
            source("observed", rate=1, burst=2, mode="observe"),
            source("unhurried", rate=1000, burst=2),
            source("beside", rate=1, burst=10),
        )
        with Edge(backend_socket=backend.socket, environment=TALKATIVE) as edge:
            yield edge


def fire(edge: Edge, slug: str, count: int) -> list[int]:
    """As many requests as that, one after the other on one connection."""
    with edge.client() as client:
        return [client.get(f"/tracking/postback/{slug}").status_code for _ in range(count)]


def test_at_four_times_the_rate_what_passes_is_the_rate_and_the_burst(limited: Edge) -> None:
    """All workers count together: each sender has a connection of its own, and the kernel spreads those."""
    started_s = time.monotonic()
    pause = Event()  # never set: waiting for it is keeping time, and the time is what this test is about

    def send_on_time(sender: int) -> list[tuple[float, bool]]:
        sent = []
        with limited.client() as client:
            for number in range(RATE * 4 * FOR_S // SENDERS):
                due_s = started_s + (number * SENDERS + sender) / (RATE * 4)
                pause.wait(max(0.0, due_s - time.monotonic()))
                sent.append((time.monotonic(), client.get("/tracking/postback/steady").status_code == 200))
        return sent

    with ThreadPoolExecutor(SENDERS) as pool:
        sent = [one for of_sender in pool.map(send_on_time, range(SENDERS)) for one in of_sender]

    passed, expected = sum(has_passed for _, has_passed in sent), count_passing([at_s for at_s, _ in sent])
    assert expected * 0.95 <= passed <= expected * 1.05


def count_passing(moments_s: Iterable[float]) -> int:
    """How many of them the rate and the burst let pass: a bucket that is full at first, and never fuller.

    By when they really were sent: a machine that is busy elsewhere sends late, and for longer.
    """
    passing, held, before_s = 0, float(BURST), -inf
    for at_s in sorted(moments_s):
        held, before_s = min(BURST, held + (at_s - before_s) * RATE), at_s
        if held >= 1:
            passing, held = passing + 1, held - 1
    return passing


@pytest.mark.parametrize("number", range(3))
def test_a_burst_passes_at_once_and_what_is_beyond_it_does_not(limited: Edge, number: int) -> None:
    with ThreadPoolExecutor(SENDERS) as pool:
        answers = [
            status
            for statuses in pool.map(lambda _: fire(limited, f"burst{number}", BURST), range(SENDERS))
            for status in statuses
        ]

    assert set(answers) == {200, 429}
    assert answers.count(200) >= BURST


def test_a_source_at_its_limit_does_not_touch_another(limited: Edge) -> None:
    assert 429 in fire(limited, "first", BURST * 3)

    assert fire(limited, "second", BURST) == [200] * BURST


def test_who_waits_as_long_as_he_was_told_passes(limited: Edge) -> None:
    with limited.client() as client:
        refused = refuse(client, "slow")
        told_s = int(refused.headers["retry-after"])

        assert (refused.json()["reason"], told_s) == ("rate_limited", 1)
        since_s = time.monotonic()
        wait_until(lambda: time.monotonic() - since_s >= told_s)
        assert client.get("/tracking/postback/slow").status_code == 200


def refuse(client: httpx.Client, slug: str) -> httpx.Response:
    """Ask until it is too much, which takes two requests within a second."""
    answers = [client.get(f"/tracking/postback/{slug}")]

    def is_refused() -> bool:
        answers.append(client.get(f"/tracking/postback/{slug}"))
        return answers[-1].status_code == 429

    wait_until(is_refused, what="a refusal")
    return answers[-1]


def test_a_refusal_for_speed_never_reaches_the_backend(limited: Edge) -> None:
    fire(limited, "asked", BURST * 3)

    def lines() -> list[dict[str, Any]]:
        return [line for line in limited.access_log() if line["source"] == "asked"]

    wait_until(lambda: len(lines()) == BURST * 3)
    refused = [line for line in lines() if line["status"] == 429]
    assert refused != []
    assert {line["upstream_duration_s"] for line in refused} == {None}


def test_a_source_in_observe_mode_passes_and_the_backend_is_told_what_would_have_been(limited: Edge) -> None:
    told: list[str | None] = []
    with limited.client() as client:

        def is_observed_twice() -> bool:
            told.append(client.get("/tracking/postback/watched").json()["headers"].get("x-edge-observed"))
            return told.count("rate_limited") == 2

        wait_until(is_observed_twice)

    assert told[0] is None
    assert set(told) == {None, "rate_limited"}
    wait_until(lambda: observed(limited, "watched") == 2)


def observed(edge: Edge, slug: str) -> float:
    return edge.metrics()[f'postledger_edge_observed_total{{source="{slug}",reason="rate_limited"}}']


def used(edge: Edge, slug: str) -> float:
    return edge.metrics()[f'postledger_edge_quota_used_ratio{{source="{slug}"}}']


def test_how_near_a_source_comes_to_its_quota_is_told(limited: Edge) -> None:
    """The sixth request of a burst of ten finds five places taken, less what has drained while they were sent."""
    assert used(limited, "halfway") == 0

    since_s = time.monotonic()
    fire(limited, "halfway", 6)
    drained = time.monotonic() - since_s  # one place a second

    wait_until(lambda: (5 - drained) / 10 <= used(limited, "halfway") + 0.01 <= 0.51)


@pytest.mark.parametrize("slug", ["beyond", "observed"])
def test_a_source_that_is_beyond_its_quota_is_told_as_such(limited: Edge, slug: str) -> None:
    assert used(limited, slug) == 0

    def is_told() -> bool:
        fire(limited, slug, 3)  # again, where that has taken more than a second
        return used(limited, slug) == 1

    wait_until(is_told)


def test_a_source_that_keeps_its_distance_uses_nothing_of_its_quota(limited: Edge) -> None:
    with limited.client() as client:
        for _ in range(5):
            assert client.get("/tracking/postback/unhurried").status_code == 200
            since_s = time.monotonic()
            wait_until(lambda since_s=since_s: time.monotonic() - since_s >= 2 / 1000)  # type: ignore[misc]

        def is_another_told() -> bool:
            """Of one that uses its quota, on the same connection: what its worker knows has been told since."""
            client.get("/tracking/postback/beside")
            return used(limited, "beside") > 0

        wait_until(is_another_told)
    assert used(limited, "unhurried") == 0


def test_an_address_that_would_be_refused_is_observed_too(own_edge: Edge, own_backend: EchoBackend) -> None:
    own_backend.set_sources(source("acme", allow=["192.0.2.0/24"], mode="observe", rate=1, burst=1))

    def told(client: httpx.Client) -> str | None:
        given: str | None = client.get("/tracking/postback/acme").json()["headers"].get("x-edge-observed")
        return given

    with own_edge.client() as client:
        wait_until(lambda: told(client) == "ip_not_allowed,rate_limited")


def test_nobody_else_can_say_what_was_observed(edge: Edge) -> None:
    with edge.client() as client:
        for path in ("/tracking/postback/acme", "/tracking/postback/nobody", "/click/spring", "/healthz"):
            seen = client.get(path, headers={"X-Edge-Observed": "rate_limited"}).json()
            assert "x-edge-observed" not in seen["headers"]


# A dictionary of three entries, as nginx's would do it: the oldest makes room.
FULL_DICTIONARY = """
local order, values = {}, {}
numbers = {}
function numbers:get(key) return values[key] end
function numbers:incr(key, by) if not values[key] then return nil, "not found" end values[key] = values[key] + by
    return values[key] end
function numbers:expire() end
function numbers:set(key, value)
    if refuses then return false, "no memory" end
    local evicted = false
    if not values[key] then
        order[#order + 1] = key
        if #order > 3 then values[table.remove(order, 1)] = nil; evicted = true end
    end
    values[key] = value
    return true, nil, evicted
end
"""


def run_lua(program: str) -> str:
    """The shipped quota, on a dictionary of the test's own."""
    start = f'package.path = "{LUA}/?.lua"; quota = require("postledger.quota")'
    command = ["lua5.1", "-e", start, "-e", FULL_DICTIONARY, "-e", program]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_a_full_dictionary_pushes_the_oldest_out_and_says_so() -> None:
    said = run_lua("""
        for number = 1, 4 do
            local passes, _, trouble = quota.take(numbers, "acme", "addr" .. number, 1, 1, 100)
            print(passes, trouble)
        end""")

    assert said.splitlines() == ["true\tnil", "true\tnil", "true\tnil", "true\tevicted"]


def test_a_dictionary_that_takes_nothing_lets_nobody_through() -> None:
    said = run_lua('refuses = true; print(quota.take(numbers, "acme", "addr", 10, 20, 100))')

    assert said == "false\t1\tno memory\n"


def test_of_two_workers_that_both_see_the_last_place_only_one_gets_it() -> None:
    """Both have read the same number; what the second one raises is already the first one's."""
    said = run_lua("""
        numbers:set("acme:addr", 100)
        local seen = numbers:get("acme:addr")
        function numbers:get() return seen end
        print((quota.take(numbers, "acme", "addr", 1, 2, 99)))
        print((quota.take(numbers, "acme", "addr", 1, 2, 99)))""")

    assert said.split() == ["true", "false"]


def test_a_dictionary_of_nginx_that_is_full_counts_whom_it_forgets_and_goes_on_limiting(
    own_backend: EchoBackend, tmp_path: Path
) -> None:
    """The shipped one has room for far more addresses than a test can have, so a copy of the files gets a small one."""
    for folder in ("edge", "script"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    conf = tmp_path / "edge" / "snippets" / "lua.conf"
    conf.write_text(re.sub(r"postledger_quota \d+m", "postledger_quota 12k", conf.read_text()))
    own_backend.set_sources(source("acme", rate=1, burst=1))
    environment = {**TALKATIVE, "POSTLEDGER_TRUSTED_PROXIES": "127.0.0.1"}
    with (
        Edge(backend_socket=own_backend.socket, environment=environment, root=tmp_path) as edge,
        edge.client() as client,
    ):
        for number in range(400):
            address = f"198.51.{number // 200}.{number % 200}"
            answer = client.get("/tracking/postback/acme", headers={"X-Forwarded-For": address})
            assert answer.status_code == 200

        asked = {"X-Forwarded-For": address}
        wait_until(lambda: client.get("/tracking/postback/acme", headers=asked).status_code == 429)
        name = 'postledger_edge_dictionary_evictions_total{dictionary="quota"}'
        wait_until(lambda: edge.metrics()[name] > 0)


def test_the_same_64_bits_of_ipv6_are_one_sender_and_others_are_not() -> None:
    said = run_lua("""
        local network = ("a"):rep(8)
        print((quota.take(numbers, "acme", network .. ("x"):rep(8), 1, 1, 100)))
        print((quota.take(numbers, "acme", network .. ("y"):rep(8), 1, 1, 100)))
        print((quota.take(numbers, "acme", ("b"):rep(8) .. ("x"):rep(8), 1, 1, 100)))""")

    assert said.split() == ["true", "false", "true"]


def test_a_rate_of_one_and_no_burst_lets_one_through_a_second() -> None:
    said = run_lua("""
        for tenth = 0, 30 do
            if quota.take(numbers, "acme", "addr", 1, 0, 100 + tenth / 10) then io.write(tenth, " ") end
        end""")

    assert said == "0 10 20 30 "


# Two workers of the shipped pressure on one dictionary, and a clock that the test sets.
TWO_WORKERS = """
local values, room = {}, true
local dictionary = {}
function dictionary:get(key) return values[key] end
function dictionary:safe_set(key, value) if room then values[key] = value end return room end
function dictionary:incr(key, by) values[key] = (values[key] or 0) + by end
local now_s = 0
ngx = { shared = { postledger_metrics = dictionary }, now = function() return now_s end, timer = { every = print } }
function at(second) now_s = second end
function be_full() room = false end
function value(key) return values[key] end
function worker()
    package.loaded["postledger.pressure"] = nil
    local one = require("postledger.pressure")
    one.flush()
    return one
end
first, second = worker(), worker()
"""


def run_pressure(program: str) -> list[str]:
    command = ["lua5.1", "-e", f'package.path = "{LUA}/?.lua"', "-e", TWO_WORKERS, "-e", program]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()


def test_of_two_workers_the_one_that_saw_more_is_told() -> None:
    said = run_pressure("""
        first.note("acme", 0.25) first.note("acme", 0.75) first.note("acme", 0.5) second.note("acme", 0.25)
        first.flush() second.flush()
        print(first.of("acme"), second.of("acme"), first.of("other"))""")

    assert said == ["0.75", "0.75", "0"]


def test_a_peak_that_another_worker_has_written_over_is_told_again() -> None:
    """Both read at once, and the lower one writes last: a second later the higher one stands again."""
    said = run_pressure("""
        first.note("acme", 0.75) first.flush()
        ngx.shared.postledger_metrics:safe_set("used|acme|0", 0.25)
        io.write(first.of("acme"), " ")
        first.flush() print(first.of("acme"))""")

    assert said == ["0.25", "0.75"]


def test_a_peak_is_told_in_its_minute_and_the_next_and_no_longer() -> None:
    said = run_pressure("""
        at(59) first.note("acme", 0.75)
        for _, second in ipairs({ 60, 119, 120, 121 }) do
            at(second) first.flush() io.write(first.of("acme"), " ")
        end""")

    assert said == ["0.75", "0.75", "0", "0"]


def test_a_peak_takes_no_counters_place_and_is_counted_as_lost() -> None:
    said = run_pressure("""
        be_full() first.note("acme", 0.75) first.flush()
        print(first.of("acme"), value("evictions|metrics"))""")

    assert said == ["0", "1"]
