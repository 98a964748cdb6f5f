"""The policy at the edge: who may speak is data, in force within seconds, and never half of it."""

import json
import os
import re
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from itertools import pairwise
from threading import Event
from typing import Any

import pytest

from tests.edge.conftest import TALKATIVE, edge_with
from tests.edge.echo_backend import EchoBackend, source
from tests.edge.wire import answer_to, body, exchange, get, header, tls_connection
from tests.parts.edge import Edge, wait_until
from tests.parts.stopwatch import Stopwatch

PATH = "/tracking/postback/acme"
IN_FORCE_WITHIN_S = 3
STRAGGLER_S = 10  # for so long an older version is none that counts
LONG = [f"10.{number // 250}.{number % 250}.0/24" for number in range(20_000)]  # such a list takes a while to compile
OURS = ["127.0.0.0/8"]
NOT_OURS = ["192.0.2.0/24", "2001:db8::/32"]


def closes(edge: Edge) -> bool:
    return answer_to(edge, PATH) == (403, "ip_not_allowed")


def is_served(edge: Edge) -> bool:
    return answer_to(edge, PATH) == (200, None)


@contextmanager
def edge_without_backend(policy: dict[str, Any] | None) -> Iterator[Edge]:
    with Edge(backend_socket="/tmp/no-such-socket", environment=TALKATIVE, policy=policy) as edge:
        yield edge


def test_an_address_outside_the_list_is_refused_before_the_backend_is_asked(
    own_edge: Edge, own_backend: EchoBackend
) -> None:
    own_backend.set_sources(source("acme", allow=NOT_OURS))
    wait_until(lambda: closes(own_edge))

    line = own_edge.log_line(header(exchange(own_edge, get(PATH)), "X-Request-Id"))
    assert (line["reason"], line["upstream_duration_s"]) == ("ip_not_allowed", None)


def test_an_address_in_the_list_passes(own_edge: Edge, own_backend: EchoBackend) -> None:
    own_backend.set_sources(source("acme", allow=NOT_OURS))
    wait_until(lambda: closes(own_edge))

    own_backend.set_sources(source("acme", allow=[*NOT_OURS, *OURS]))

    wait_until(lambda: is_served(own_edge))


def test_a_change_is_in_force_at_every_worker_without_a_dropped_connection(
    own_edge: Edge, own_backend: EchoBackend, stopwatch: Stopwatch
) -> None:
    request = get(PATH).replace(b"Connection: close\r\n", b"")
    connections = [tls_connection(own_edge) for _ in range(32)]  # enough that every worker has some of them

    def statuses() -> set[bytes]:
        for connection in connections:
            connection.sendall(request)
        return {connection.recv(65536).split(b" ", 2)[1] for connection in connections}

    asked_s: list[float] = []

    def is_in_force() -> bool:
        asked_s.append(stopwatch.now_s())
        return statuses() == {b"403"}

    assert statuses() == {b"200"}
    own_backend.set_sources(source("acme", allow=NOT_OURS))
    changed_s = stopwatch.now_s()

    wait_until(is_in_force)
    assert max(asked_s[:-1], default=0) - changed_s < IN_FORCE_WITHIN_S, "when somebody was last judged by the old one"
    for connection in connections:
        connection.close()


def test_requests_go_on_while_the_policy_changes(own_backend: EchoBackend) -> None:
    is_enough = Event()

    def ask_often(edge: Edge) -> set[int]:
        statuses: set[int] = set()
        with edge.client() as client:
            while not is_enough.is_set():
                statuses.add(client.get(PATH).status_code)
        return statuses

    with edge_with(own_backend, POSTLEDGER_NETWORK_RATE="0") as edge, ThreadPoolExecutor(4) as pool:
        asking = pool.map(ask_often, [edge] * 4)
        try:
            for number in (1, 10, 100):
                own_backend.set_sources(source("acme", allow=OURS), *[source(f"s{n}") for n in range(number)])
                edge.wait_for_source(f"s{number - 1}")
        finally:
            is_enough.set()

    assert set.union(*asking) == {200}


def test_thousands_of_networks_are_in_force_at_every_worker(own_edge: Edge, own_backend: EchoBackend) -> None:
    """They are compiled a slice at a time, and what has come meanwhile is not forgotten."""
    with ExitStack() as stack:
        connections = [stack.enter_context(tls_connection(own_edge)) for _ in range(16)]

        def statuses() -> set[bytes]:
            for connection in connections:
                connection.sendall(get(PATH).replace(b"Connection: close\r\n", b""))
            return {connection.recv(65536).split(b" ", 2)[1] for connection in connections}

        for allow, expected in ((LONG, b"403"), ([*LONG, *OURS], b"200"), (LONG, b"403"), (OURS, b"200")):
            own_backend.set_sources(source("acme", allow=allow))
            wait_until(lambda expected=expected: statuses() == {expected})  # type: ignore[misc]


def test_a_worker_that_nobody_has_asked_meanwhile_judges_its_next_request_by_the_new_list(
    own_edge: Edge, own_backend: EchoBackend, stopwatch: Stopwatch
) -> None:
    request, allow = get(PATH).replace(b"Connection: close\r\n", b""), LONG[:8_000]
    with ExitStack() as stack:
        connections = [stack.enter_context(tls_connection(own_edge)) for _ in range(16)]

        def statuses() -> list[bytes]:
            for connection in connections:
                connection.sendall(request)
            return [connection.recv(65536).split(b" ", 2)[1] for connection in connections]

        assert set(statuses()) == {b"200"}
        own_backend.set_sources(source("acme", allow=allow))
        # The worker that asks the backend has it, and nobody asks the others for as long as it may take them.
        wait_until(lambda: allow[-1] in (own_edge.prefix / "policy" / "snapshot").read_text())
        changed_s = stopwatch.now_s()
        wait_until(lambda: stopwatch.now_s() - changed_s > IN_FORCE_WITHIN_S)

        assert set(statuses()) == {b"403"}


# Each with what is said of it, and never twice in a row the same: that would be said once.
BROKEN = [
    (b"", "json"),
    (b"[]", "version"),
    (b"{", "json"),
    (b'{"version": 99}', "sources"),
    (b"null", "json"),
    (b'{"version": 99, "sources": []}', "empty"),
    (b'{"version": "99", "sources": [1]}', "version"),
    (json.dumps({"version": 99, "sources": [source("acme"), source("acme")]}).encode(), "repeated"),
    (json.dumps({"version": 99, "sources": [source("acme"), source("Ac/me")]}).encode(), "slug"),
    (json.dumps({"version": 99, "sources": [source("acme"), source("b", allow=["10.0.0.0/99"])]}).encode(), "allow"),
    (json.dumps({"version": 99, "sources": [source("acme"), source("b", rate=0)]}).encode(), "rate"),
    (json.dumps({"version": 99, "sources": [source("acme"), source("b", allow="10.0.0.0/8")]}).encode(), "allow"),
    (json.dumps({"version": 99, "sources": [source("acme"), source("b", burst=-1)]}).encode(), "burst"),
    (json.dumps({"version": 99, "sources": [source("acme"), source("b", mode="maybe")]}).encode(), "mode"),
    (json.dumps({"version": 99, "sources": [source("acme"), source("b", client_ca="none")]}).encode(), "client_ca"),
    (json.dumps({"version": 99, "sources": [source("acme")]}).encode()[:-2], "json"),
]


def complaints(edge: Edge) -> list[str]:
    """What the edge has said of its policy, without what it does about it."""
    return re.findall(r" policy: ([^;,]+)", edge.error_output())


def test_a_broken_snapshot_is_refused_counted_and_logged_and_the_last_good_one_stays(
    own_edge: Edge, own_backend: EchoBackend
) -> None:
    own_backend.set_sources(source("acme", allow=NOT_OURS))
    wait_until(lambda: closes(own_edge))

    for text, fault in BROKEN:
        said = f"a snapshot was refused: {fault}"
        own_backend.set_policy(text)
        wait_until(lambda said=said: complaints(own_edge)[-1:] == [said], what=said)  # type: ignore[misc]
        assert closes(own_edge), text

    wait_until(lambda: own_edge.metrics()["postledger_edge_policy_refused_total"] >= len(BROKEN))
    assert own_edge.metrics()["postledger_edge_policy_version"] < 99


def test_a_backend_without_a_policy_changes_nothing(own_edge: Edge, own_backend: EchoBackend) -> None:
    own_backend.forget_policy()

    wait_until(lambda: "policy: the backend answered 503" in own_edge.error_output())
    assert is_served(own_edge)


def test_the_age_of_the_policy_grows_while_the_backend_is_away(own_edge: Edge, own_backend: EchoBackend) -> None:
    wait_until(lambda: own_edge.policy_age_s() < 1.5)
    own_backend.stop()

    wait_until(lambda: own_edge.policy_age_s() > 2)

    own_backend.start()
    wait_until(lambda: own_edge.policy_age_s() < 1.5)


def test_an_older_version_from_a_backend_process_that_lags_behind_is_not_taken(
    own_edge: Edge, own_backend: EchoBackend
) -> None:
    own_backend.set_policy(json.dumps({"version": 50, "sources": [source("acme", allow=NOT_OURS)]}).encode())
    wait_until(lambda: closes(own_edge))

    started_s = time.monotonic()
    age_s = own_edge.policy_age_s()
    own_backend.set_policy(json.dumps({"version": 49, "sources": [source("acme")]}).encode())

    wait_until(lambda: is_served(own_edge))  # in the end: nobody knows the newer one any more
    assert time.monotonic() - started_s > STRAGGLER_S - age_s - 0.1, "by clocks of their own"


def test_without_backend_and_without_a_copy_nobody_may_speak() -> None:
    with edge_without_backend(None) as edge:
        assert answer_to(edge, PATH) == (503, "unavailable")
        assert edge.policy_age_s() == float("inf")
        assert edge.metrics()["postledger_edge_policy_refused_total"] == 0, "there was nothing to refuse"
        wait_until(lambda: "no connection; there is none, and everything is refused" in edge.error_output())


def test_without_backend_the_copy_on_disk_is_in_force() -> None:
    with edge_without_backend({"version": 7, "sources": [source("acme", allow=NOT_OURS)]}) as edge:
        assert closes(edge)
        assert edge.metrics()["postledger_edge_policy_version"] == 7


def test_a_copy_from_the_future_is_not_younger_than_new() -> None:
    """Clocks are set back; and each worker reads its own, some milliseconds apart."""
    with edge_without_backend(None) as edge:
        edge.stop()
        edge.keep_policy({"version": 7, "sources": [source("acme")]}, age_s=-3600)
        edge.start()

        assert edge.policy_age_s() == 0


@pytest.mark.parametrize("content", ["", "17\n", "17\n{", '17\n{"version": 1, "sources": []}', "x", "\0" * 5000])
def test_a_copy_that_is_broken_is_refused_counted_and_logged_and_as_good_as_none(content: str) -> None:
    with edge_without_backend(None) as edge:
        edge.kill()
        (edge.prefix / "policy").mkdir(exist_ok=True)
        (edge.prefix / "policy" / "snapshot").write_text(content)
        edge.start()

        assert answer_to(edge, PATH) == (503, "unavailable")
        assert edge.metrics()["postledger_edge_policy_refused_total"] == 1
        wait_until(lambda: "policy: the copy on disk was refused: " in edge.error_output())


def test_an_edge_that_starts_without_its_backend_serves_by_what_it_knew(
    own_edge: Edge, own_backend: EchoBackend
) -> None:
    own_backend.set_sources(source("acme", allow=NOT_OURS))
    wait_until(lambda: closes(own_edge))
    own_backend.stop()
    own_edge.stop()

    own_edge.start()

    assert closes(own_edge)


def confirmed_at_s(edge: Edge) -> float:
    """When the backend last said that the policy in force is its own, in unix seconds, or a little earlier."""
    return time.time() - edge.policy_age_s()


def test_a_copy_that_could_not_be_written_is_written_when_it_can_be(own_edge: Edge, own_backend: EchoBackend) -> None:
    folder, away = own_edge.prefix / "policy", own_edge.prefix / "policy-away"
    folder.rename(away)
    folder.touch()  # a file where the folder was stops root too
    own_backend.set_sources(source("acme", allow=NOT_OURS))
    wait_until(lambda: "could not be written to the disk" in own_edge.error_output())
    assert closes(own_edge)
    known_s = confirmed_at_s(own_edge)
    wait_until(lambda: confirmed_at_s(own_edge) > known_s + 0.5)  # it has asked, and tried, a second time

    folder.unlink()
    away.rename(folder)

    wait_until(lambda: NOT_OURS[0] in (folder / "snapshot").read_text())
    wait_until(lambda: "in step with the backend again" in own_edge.error_output())
    assert all(said != before for before, said in pairwise(complaints(own_edge))), "once, and not once a second"


def test_a_reload_keeps_the_policy_and_goes_on_asking(own_edge: Edge, own_backend: EchoBackend) -> None:
    os.kill(own_edge.pid, signal.SIGHUP)
    assert is_served(own_edge)

    own_backend.set_sources(source("acme", allow=NOT_OURS))

    wait_until(lambda: closes(own_edge))


def told_of_policy(edge: Edge, target: str = PATH, claim: str = "none") -> str | None:
    """What the backend is told of the policy that the edge has judged by, whatever the sender says of it."""
    answer = exchange(edge, get(target, f"X-Edge-Policy: {claim}", f"X_Edge_Policy: {claim}"))
    told: str | None = json.loads(body(answer))["headers"].get("x-edge-policy")
    return told


@pytest.mark.parametrize("target", [PATH, "/tracking/postback?source=acme", "/click/spring", "/healthz"])
def test_where_the_policy_has_the_source_or_needs_none_the_backend_is_told_nothing(edge: Edge, target: str) -> None:
    assert told_of_policy(edge, target) is None


@pytest.mark.parametrize("target", ["/tracking/postback/nobody", "/sandbox/postback/nobody", "/tracking/postback?a=1"])
def test_a_source_that_nobody_knows_is_left_to_the_backend_which_is_told_so(edge: Edge, target: str) -> None:
    assert told_of_policy(edge, target, "1") == "none"


def test_the_backend_is_told_of_a_copy_until_it_has_given_out_a_policy(own_backend: EchoBackend) -> None:
    own_backend.forget_policy()
    copy = {"version": 7, "sources": [source("acme"), source("watched", mode="observe", paths=["/watched.php"])]}
    with Edge(backend_socket=own_backend.socket, environment=TALKATIVE, policy=copy) as edge:
        targets = (PATH, "/tracking/postback/watched", "/watched.php")
        assert [told_of_policy(edge, target) for target in targets] == ["7"] * 3
        edge.reload()
        assert told_of_policy(edge) == "7"

        own_backend.set_sources(source("acme"))

        wait_until(lambda: told_of_policy(edge) is None)


def test_a_copy_is_the_last_good_policy_where_the_backend_gives_out_a_broken_one(own_backend: EchoBackend) -> None:
    own_backend.set_policy(b'{"version": 9')
    copy = {"version": 7, "sources": [source("acme")]}
    with Edge(backend_socket=own_backend.socket, environment=TALKATIVE, policy=copy) as edge:
        wait_until(lambda: told_of_policy(edge) is None)
        assert edge.metrics()["postledger_edge_policy_version"] == 7


@pytest.mark.parametrize(
    "target",
    [
        "/tracking/postback/acme",
        "/sandbox/postback/acme",
        "/tracking/postback?source=acme",
        "/tracking/postback?a=1&s%6furce=%61cme&b=2",
        "/tracking/postback?&&source=acme",
        "/tracking/postback?" + "x=1&" * 99 + "source=acme",
        "/%74racking/postback/%61%63me?source=nobody",
    ],
)
def test_however_a_source_is_written_it_is_judged_by_its_own_list(
    own_edge: Edge, own_backend: EchoBackend, target: str
) -> None:
    own_backend.set_sources(source("acme", allow=NOT_OURS), source("nobody"))
    wait_until(lambda: closes(own_edge))

    assert answer_to(own_edge, target) == (403, "ip_not_allowed")


@pytest.mark.parametrize(
    "target",
    [
        "/tracking/postback?source=acme&source=acme",
        "/tracking/postback?source=acme+",
        "/tracking/postback?source",
        "/tracking/postback/?source=acme",
        "/tracking/postback/acme%2Fx",
        "/tracking/postback/ACME",
    ],
)
def test_what_names_no_source_to_the_backend_names_none_here(
    own_edge: Edge, own_backend: EchoBackend, target: str
) -> None:
    own_backend.set_sources(source("acme", allow=NOT_OURS))
    wait_until(lambda: closes(own_edge))

    assert answer_to(own_edge, target) == (200, None)


def test_a_fragment_which_the_backend_would_cut_off_is_malformed(edge: Edge) -> None:
    assert answer_to(edge, "/tracking/postback?a=1#&source=acme") == (400, "malformed")
    assert answer_to(edge, "/tracking/postback?source=acme#") == (400, "malformed")
