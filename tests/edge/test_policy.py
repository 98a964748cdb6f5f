"""The policy at the edge: a change in the backend is soon in force at every worker, and never half of it."""

import json
import os
import re
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from itertools import pairwise
from threading import Event
from typing import Any

import pytest

from tests.edge.conftest import NOT_OURS, TALKATIVE, Pair, edge_with
from tests.edge.echo_backend import EchoBackend, source
from tests.edge.wire import answer_to, body, exchange, get, header, tls_connection
from tests.parts.edge import Edge, wait_until

PATH = "/tracking/postback/acme"
LONG = [f"10.{number // 250}.{number % 250}.0/24" for number in range(20_000)]  # such a list takes a while to compile
OURS = ["127.0.0.0/8"]
WORKERS_MET = 16  # connections, which the kernel spreads: enough that every worker has some of them


@pytest.fixture(scope="module")
def changing() -> Iterator[Pair]:
    """An edge that goes on serving while tests change its policy; each of them first brings it to a known one."""
    with EchoBackend() as backend, edge_with(backend, POSTLEDGER_NETWORK_RATE="0") as edge:
        yield Pair(edge, backend)


def apply(pair: Pair, *allow: str) -> None:
    """Bring the source `acme` in force, open without a list and else closed to this machine."""
    pair.backend.set_sources(source("acme", allow=list(allow)))
    wait_until(lambda: closes(pair.edge) if allow else is_served(pair.edge))


def closes(edge: Edge) -> bool:
    return answer_to(edge, PATH) == (403, "ip_not_allowed")


def is_served(edge: Edge) -> bool:
    return answer_to(edge, PATH) == (200, None)


@contextmanager
def edge_without_backend(policy: dict[str, Any] | None) -> Iterator[Edge]:
    with Edge(backend_socket="/tmp/no-such-socket", environment=TALKATIVE, policy=policy) as edge:
        yield edge


def test_an_address_outside_the_list_never_reaches_the_backend(edge: Edge) -> None:
    answer = exchange(edge, get("/tracking/postback/closed"))

    line = edge.log_line(header(answer, "X-Request-Id"))
    assert (line["status"], line["reason"], line["upstream_duration_s"]) == (403, "ip_not_allowed", None)


def test_an_address_that_is_added_to_the_list_passes(changing: Pair) -> None:
    apply(changing, *NOT_OURS)

    changing.backend.set_sources(source("acme", allow=[*NOT_OURS, *OURS]))

    wait_until(lambda: is_served(changing.edge))


@contextmanager
def connections_to_every_worker(edge: Edge) -> Iterator[Any]:
    """Keep connections open; yields a function that asks on each of them and returns the set of statuses."""
    request = get(PATH).replace(b"Connection: close\r\n", b"")
    with ExitStack() as stack:
        connections = [stack.enter_context(tls_connection(edge)) for _ in range(WORKERS_MET)]

        def statuses() -> set[bytes]:
            for connection in connections:
                connection.sendall(request)
            return {connection.recv(65536).split(b" ", 2)[1] for connection in connections}

        yield statuses


def test_a_change_is_in_force_at_every_worker_without_a_dropped_connection(changing: Pair) -> None:
    apply(changing)
    with connections_to_every_worker(changing.edge) as statuses:
        assert statuses() == {b"200"}

        changing.backend.set_sources(source("acme", allow=NOT_OURS))

        wait_until(lambda: statuses() == {b"403"})


def test_thousands_of_networks_are_in_force_at_every_worker(changing: Pair) -> None:
    """They are compiled a slice at a time, and a change that comes meanwhile is not forgotten."""
    apply(changing)
    with connections_to_every_worker(changing.edge) as statuses:
        for allow, expected in ((LONG, b"403"), ([*LONG, *OURS], b"200")):
            changing.backend.set_sources(source("acme", allow=allow))
            wait_until(lambda expected=expected: statuses() == {expected})  # type: ignore[misc]


def test_requests_are_served_while_the_policy_changes(changing: Pair) -> None:
    apply(changing)
    is_enough = Event()

    def ask_often(edge: Edge) -> set[int]:
        statuses: set[int] = set()
        with edge.client() as client:
            while not is_enough.is_set():
                statuses.add(client.get(PATH).status_code)
        return statuses

    with ThreadPoolExecutor(4) as pool:
        asking = pool.map(ask_often, [changing.edge] * 4)
        try:
            for number in (10, 100):
                changing.backend.set_sources(source("acme", allow=OURS), *[source(f"s{n}") for n in range(number)])
                changing.edge.wait_for_source(f"s{number - 1}")
        finally:
            is_enough.set()

    assert set.union(*asking) == {200}


def complaints(edge: Edge) -> list[str]:
    """What the edge has logged about its policy, without what it does about it."""
    return re.findall(r" policy: ([^;,]+)", edge.error_output())


def test_a_broken_snapshot_is_refused_and_the_last_good_one_stays(changing: Pair) -> None:
    """Which ones are broken, and how: see test_policy_rules."""
    apply(changing, *NOT_OURS)
    refused = "postledger_edge_policy_refused_total"
    before = changing.edge.metrics()[refused]

    for text, fault in ((b'{"version": 999}', "sources"), (b'{"version": 999', "json")):
        said = f"a snapshot was refused: {fault}"
        changing.backend.set_policy(text)
        wait_until(lambda said=said: complaints(changing.edge)[-1:] == [said], what=said)  # type: ignore[misc]
        assert closes(changing.edge), text

    wait_until(lambda: changing.edge.metrics()[refused] >= before + 2)
    assert changing.edge.metrics()["postledger_edge_policy_version"] < 999


def test_a_backend_without_a_policy_changes_nothing(changing: Pair) -> None:
    apply(changing)
    before = complaints(changing.edge).count("the backend answered 503")

    changing.backend.forget_policy()

    wait_until(lambda: complaints(changing.edge).count("the backend answered 503") > before)
    assert is_served(changing.edge)


def test_the_age_of_the_policy_grows_while_the_backend_is_down(own_pair: Pair) -> None:
    own_pair.backend.stop()
    age_s = own_pair.edge.policy_age_s()

    wait_until(lambda: own_pair.edge.policy_age_s() > max(age_s, 1.5))

    own_pair.backend.start()
    wait_until(lambda: own_pair.edge.policy_age_s() < 1.5)


def test_without_a_backend_and_a_copy_every_request_is_refused() -> None:
    with edge_without_backend(None) as edge:
        assert answer_to(edge, PATH) == (503, "unavailable")
        assert edge.policy_age_s() == float("inf")
        assert edge.metrics()["postledger_edge_policy_refused_total"] == 0, "there was nothing to refuse"
        wait_until(lambda: "no connection; there is none, and everything is refused" in edge.error_output())


def test_a_broken_copy_on_the_disk_is_worth_as_much_as_none() -> None:
    """Which ones are broken, and how: see test_policy_rules."""
    with edge_without_backend(None) as edge:
        edge.kill()
        (edge.prefix / "policy").mkdir(exist_ok=True)
        (edge.prefix / "policy" / "snapshot").write_text("17\n{")
        edge.start()

        assert answer_to(edge, PATH) == (503, "unavailable")
        assert edge.metrics()["postledger_edge_policy_refused_total"] == 1
        wait_until(lambda: "policy: the copy on disk was refused: " in edge.error_output())


def test_an_edge_that_starts_without_its_backend_has_the_last_policy(own_pair: Pair) -> None:
    edge, backend = own_pair
    apply(own_pair, *NOT_OURS)
    version = edge.metrics()["postledger_edge_policy_version"]
    backend.stop()
    edge.stop()

    edge.start()

    assert closes(edge)
    assert edge.metrics()["postledger_edge_policy_version"] == version


def test_a_copy_that_could_not_be_written_is_written_when_it_can_be(changing: Pair) -> None:
    folder, away = changing.edge.prefix / "policy", changing.edge.prefix / "policy-away"
    apply(changing)
    folder.rename(away)
    folder.touch()  # a file in the place of the folder stops root too
    logged = len(changing.edge.error_output())
    apply(changing, *NOT_OURS)
    wait_until(lambda: "could not be written to the disk" in changing.edge.error_output()[logged:])

    folder.unlink()
    away.rename(folder)

    wait_until(lambda: NOT_OURS[0] in (folder / "snapshot").read_text())
    wait_until(lambda: "in step with the backend again" in changing.edge.error_output()[logged:])
    assert all(said != before for before, said in pairwise(complaints(changing.edge))), "once, and not once a second"


def test_a_reload_keeps_the_policy_and_goes_on_following_it(changing: Pair) -> None:
    apply(changing)
    os.kill(changing.edge.pid, signal.SIGHUP)
    assert is_served(changing.edge)

    changing.backend.set_sources(source("acme", allow=NOT_OURS))

    wait_until(lambda: closes(changing.edge))


def told_of_policy(edge: Edge, target: str = PATH, claim: str = "none") -> str | None:
    """What the backend hears of the policy that the edge has judged by, whatever the sender claims."""
    answer = exchange(edge, get(target, f"X-Edge-Policy: {claim}", f"X_Edge_Policy: {claim}"))
    told: str | None = json.loads(body(answer))["headers"].get("x-edge-policy")
    return told


@pytest.mark.parametrize("target", [PATH, "/tracking/postback?source=acme", "/click/spring", "/healthz"])
def test_a_request_that_the_policy_covers_carries_no_policy_header(edge: Edge, target: str) -> None:
    assert told_of_policy(edge, target) is None


@pytest.mark.parametrize("target", ["/tracking/postback/nobody", "/sandbox/postback/nobody", "/tracking/postback?a=1"])
def test_an_unknown_source_is_left_to_the_backend_and_marked(edge: Edge, target: str) -> None:
    assert told_of_policy(edge, target, "1") == "none"


def test_the_backend_hears_of_a_copy_until_it_has_given_out_a_policy(own_backend: EchoBackend) -> None:
    own_backend.forget_policy()
    copy = {"version": 7, "sources": [source("acme"), source("watched", mode="observe", paths=["/watched.php"])]}
    with Edge(backend_socket=own_backend.socket, environment=TALKATIVE, policy=copy) as edge:
        targets = (PATH, "/tracking/postback/watched", "/watched.php")
        assert [told_of_policy(edge, target) for target in targets] == ["7"] * 3
        edge.reload()
        assert told_of_policy(edge) == "7"

        own_backend.set_sources(source("acme"))

        wait_until(lambda: told_of_policy(edge) is None)


@pytest.mark.parametrize(
    "target",
    [
        "/tracking/postback/closed",
        "/sandbox/postback/closed",
        "/tracking/postback?source=closed",
        "/tracking/postback/?source=closed",
        "/tracking/postback/closed/",
        "/tracking/postback/closed%2f",
        "/tracking/postback?a=1&s%6furce=%63losed&b=2",
        "/tracking/postback?&&source=closed",
        "/tracking/postback?" + "x=1&" * 99 + "source=closed",
        "/%74racking/postback/%63los%65d?source=acme",
    ],
)
def test_however_a_source_is_written_it_is_judged_by_its_own_list(edge: Edge, target: str) -> None:
    assert answer_to(edge, target) == (403, "ip_not_allowed")


@pytest.mark.parametrize(
    "target",
    [
        "/tracking/postback?source=closed&source=closed",
        "/tracking/postback?source=closed+",
        "/tracking/postback?source",
        "/tracking/postback/closed%2Fx",
        "/tracking/postback/CLOSED",
    ],
)
def test_what_names_no_source_to_the_backend_names_none_to_the_edge(edge: Edge, target: str) -> None:
    assert answer_to(edge, target) == (200, None)


def test_a_fragment_which_the_backend_would_cut_off_is_malformed(edge: Edge) -> None:
    assert answer_to(edge, "/tracking/postback?a=1#&source=closed") == (400, "malformed")
    assert answer_to(edge, "/tracking/postback?source=closed#") == (400, "malformed")
