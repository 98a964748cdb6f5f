"""Edge and backend together: a change of the policy is in force at once, and no path leads past either of them."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import cycle
from pathlib import Path
from threading import Event, Thread

import httpx
import pytest

from tests.edge.not_public import NOT_PUBLIC
from tests.edge.wire import answer_to, exchange, get
from tests.parts.backend import START_WITHIN_S, Backend
from tests.parts.cli import CommandLine
from tests.parts.databases import fetch
from tests.parts.edge import Edge
from tests.parts.part import ANSWER_WITHIN_S
from tests.parts.sender import Answer, Postback, Sender, send
from tests.parts.sources import UNLIMITED, add_source, change_source
from tests.parts.stopwatch import Stopwatch
from tests.parts.waiting import wait_until

IN_FORCE_WITHIN_S = 3
SETTINGS = {"click": "optional", "currency": "USD"}


@pytest.mark.parametrize("target", NOT_PUBLIC)
def test_no_path_leads_to_what_is_internal(edge: Edge, target: str) -> None:
    assert answer_to(edge, target) == (404, "not_found")


def test_a_change_of_a_source_is_in_force_at_the_edge_within_three_seconds(
    edge: Edge, ledger: str, master_key: str, backend: Backend
) -> None:
    target = "/tracking/postback/partner?click_id=1"
    add_source(ledger, master_key, "partner", settings={**SETTINGS, **UNLIMITED})
    backend.wait_for_source("partner")
    edge.wait_for_source("partner")
    assert answer_to(edge, target) == (401, "missing_signature")

    change_source(ledger, "partner", {**SETTINGS, **UNLIMITED, "allow": ["192.0.2.0/24"]})

    wait_until(lambda: answer_to(edge, target) == (403, "ip_not_allowed"), IN_FORCE_WITHIN_S)


FILE = """
[[sources]]
slug = "{slug}"
name = "New"
auth = "none"
click = "optional"
currency = "USD"
rate = 1000000
burst = 1000000
allow = ["{allow}"]
paths = ["/{slug}.php"]
"""
BOOKED = "SELECT 1 FROM conversions WHERE source_id = (SELECT id FROM sources WHERE slug = %s)"
WAYS_IN = ("/tracking/postback/{0}?", "/tracking/postback?source={0}&", "/%74racking/postback/{0}?", "/{0}.php?")


def apply_source(environment: Mapping[str, str], folder: Path, slug: str, allow: str) -> None:
    """`postledger apply` of a file with a new source."""
    file = folder / f"{slug}.toml"
    file.write_text(FILE.format(slug=slug, allow=allow))
    assert CommandLine(environment, folder).process("apply", str(file)).code == 0


Asked = list[tuple[float, Answer]]
"""When each was asked, by a stopwatch, and what it was answered."""


@contextmanager
def asking_often(edge: Edge, slug: str, watch: Stopwatch) -> Iterator[Asked]:
    """By every way in, one after the other, for as long as the block runs; gives all answers so far."""
    asked: Asked = []
    stopping = Event()

    def run() -> None:
        with httpx.Client(base_url=edge.https_url, verify=edge.tls_context(), timeout=ANSWER_WITHIN_S) as client:
            for number, way_in in enumerate(cycle(WAYS_IN)):
                if stopping.is_set():
                    return
                target = f"{way_in.format(slug)}click_id=C{number}&transaction_id={number}"
                asked.append((watch.now_s(), send(client, Postback("GET", target))))

    thread = Thread(target=run)
    thread.start()
    try:
        yield asked
    finally:
        stopping.set()
        thread.join()


def wait_for_eight(asked: Asked, code: int) -> None:
    """Wait until each way in has been answered so twice, one after the other."""
    wait_until(lambda: [answer.code for _, answer in asked[-8:]] == [code] * 8, what=f"nothing but {code}")


def codes_after(asked: Asked, since_s: float) -> set[int]:
    """What was answered to whoever has asked since then."""
    return {answer.code for asked_s, answer in asked if asked_s > since_s}


@pytest.mark.parametrize("slug", ["closed-1", "closed-2", "closed-3"])
def test_a_new_source_is_closed_from_its_first_moment_to_whom_its_allowlist_does_not_name(
    edge: Edge, ledger_environment: dict[str, str], tmp_path: Path, stopwatch: Stopwatch, slug: str
) -> None:
    with asking_often(edge, slug, stopwatch) as asked:
        apply_source(ledger_environment, tmp_path, slug, "192.0.2.0/24")
        edge.wait_for_source(slug)
        known_s = stopwatch.now_s()
        wait_for_eight(asked, 403)

    # Not found before, by us or as a path of nobody's; told to come again while edge and backend differ; then closed.
    assert {answer.code for _, answer in asked} <= {404, 503, 403}
    assert codes_after(asked, known_s + IN_FORCE_WITHIN_S) <= {403}
    assert fetch(ledger_environment["DATABASE_URL"], BOOKED, (slug,)) == []


def test_a_new_source_is_open_within_three_seconds_to_whom_its_allowlist_names(
    edge: Edge, ledger_environment: dict[str, str], tmp_path: Path, stopwatch: Stopwatch
) -> None:
    with asking_often(edge, "welcome", stopwatch) as asked:
        apply_source(ledger_environment, tmp_path, "welcome", "127.0.0.0/8")
        applied_s = stopwatch.now_s()
        wait_for_eight(asked, 200)

    told_to_wait = [answer for _, answer in asked if answer.code == 503]
    assert {answer.code for _, answer in asked} <= {404, 503, 200}
    assert codes_after(asked, applied_s + IN_FORCE_WITHIN_S) <= {200}
    assert {(answer.reason, answer.retry_after) for answer in told_to_wait} <= {("unavailable", "1")}


def test_a_copy_from_the_disk_lets_nobody_in_whom_a_newer_policy_keeps_out(
    ledger: str, master_key: str, ledger_environment: dict[str, str]
) -> None:
    """The edge was away while the source was closed, and is asked before it has heard of that."""
    target = "/tracking/postback/closing?click_id=1"
    add_source(ledger, master_key, "closing", settings={**SETTINGS, **UNLIMITED})
    with Backend(ledger_environment) as backend, Edge(backend_socket=backend.socket) as edge:
        assert answer_to(edge, target) == (401, "missing_signature")
        edge.stop()
        change_source(ledger, "closing", {**SETTINGS, **UNLIMITED, "allow": ["192.0.2.0/24"]})
        backend.stop()
        edge.start()
        answers = [answer_to(edge, target)]

        def is_closed() -> bool:
            answers.append(answer_to(edge, target))
            return answers[-1][0] == 403

        backend.start(ready=False)
        wait_until(is_closed, START_WITHIN_S)

    assert set(answers) == {(503, "unavailable"), (403, "ip_not_allowed")}


def test_a_copy_from_the_disk_serves_where_nothing_has_changed(
    edge: Edge, ledger: str, master_key: str, backend: Backend, client: httpx.Client
) -> None:
    add_source(ledger, master_key, "lasting", settings={**SETTINGS, **UNLIMITED})
    backend.wait_for_source("lasting")
    edge.wait_for_source("lasting")
    edge.stop()

    edge.start()

    assert send(client, Sender("lasting").get({"click_id": "after-a-restart"})).is_success


def test_the_edge_logs_what_the_backend_decided(edge: Edge) -> None:
    exchange(edge, get("/tracking/postback/acme?click_id=logged&payout=1"))

    wait_until(
        lambda: (
            [
                (line["verdict"], line["reason"])
                for line in edge.access_log()
                if line["params"] == ["click_id", "payout"]
            ]
            == [("refused", "missing_signature")]
        )
    )
