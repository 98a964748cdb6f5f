"""No leak: a canary payout, signature, secret and e-mail go down every path, and nothing that the run left shows them.

The ledger itself is where they belong, so Postgres' data files are not searched; what it keeps of them is looked at
apart. Everything else is: logs, streams, metrics, answers, temporary files, process lists.
"""

import os
import signal
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import Any

import psycopg
import pytest

from postledger.vocabulary.refusal import Reason
from tests.acceptance.broken_app import BUGS, OUTSIDE_FALCON
from tests.acceptance.canaries import Canaries, forms
from tests.acceptance.canary_run import CanaryRun
from tests.acceptance.evidence import SignatureInput
from tests.acceptance.export_canaries import export_bills
from tests.acceptance.hostile_wire import Loud
from tests.edge.conftest import TALKATIVE
from tests.edge.quota_clock import copy_with_quota_clock, set_quota_clock
from tests.parts.backend import Backend
from tests.parts.certificates import make_authority
from tests.parts.cli import CommandLine
from tests.parts.databases import create_database, drop_database, fetch, prepare_database
from tests.parts.edge import Edge
from tests.parts.frozen import frozen
from tests.parts.network import tamper
from tests.parts.networks import NETWORKS, add_network, find_signatures
from tests.parts.postgres import Postgres
from tests.parts.sender import Postback, Sender
from tests.parts.sources import UNLIMITED, add_campaign, add_source
from tests.parts.waiting import wait_until

EDGE_LIMIT_BYTES = 128 * 1024
AUTHORITY = make_authority("nobody here")
REFUSED_BY_THE_EDGE: dict[str, dict[str, Any]] = {
    "elsewhere": {"allow": ["192.0.2.0/24"]},
    "hurried": {"rate": 1, "burst": 0},
    "certified": {"client_ca": AUTHORITY},
}
MOVED: dict[str, Any] = {
    "auth": "token",
    "paths": ["/{key}/postback"],
    "params": {"transaction_id": ["tid"]},
    "status_parameters": {"sale_status": "approved"},
}
WORDY: dict[str, Any] = {"auth": "none", "ack": {"ok": {"body": "1"}, "refused": {"status": 403, "body": "0"}}}
SHOP: dict[str, Any] = {"duplicates": "correct", "reversal_guard": 0, "store_ip": "truncated"}
LSR: dict[str, Any] = {
    "auth": "token",
    "token": "security_token",
    "paths": ["/aff_lsr"],
    "params": {"click_id": ["transaction_id"], "transaction_id": ["adv_sub"], "payout": ["amount"]},
}
CAREFUL: dict[str, Any] = {"auth": "token", "require_signed": ["payout"], "store_ip": "none"}
# Each makes Postgres refuse rows, with a message that quotes them where Postgres may choose its words; and its undoing.
LEDGER_BUGS = (
    (
        "ALTER TABLE conversions ADD CONSTRAINT cheap CHECK (payout < 1) NOT VALID",
        "ALTER TABLE conversions DROP CONSTRAINT cheap",
        "error",
    ),
    (
        "ALTER TABLE postbacks ADD CONSTRAINT short CHECK (length(raw) < 1) NOT VALID",
        "ALTER TABLE postbacks DROP CONSTRAINT short",
        "error",
    ),
    (
        "ALTER TABLE conversions RENAME COLUMN payout TO paid",
        "ALTER TABLE conversions RENAME COLUMN paid TO payout",
        "unavailable",
    ),
    ("ALTER TABLE postbacks RENAME TO gone", "ALTER TABLE gone RENAME TO postbacks", "unavailable"),
)
"""What breaks the ledger, what repairs it, and the answer meanwhile: an error if one row causes it, or unavailable."""


@pytest.fixture
def run(mortal: Postgres, master_key: str, tmp_path: Path) -> Iterator[CanaryRun]:
    """The parts with a backend full of bugs and the edge's most talkative log."""
    canaries, ledger = Canaries(), create_database(mortal)
    prepare_database(ledger)
    add_sources(ledger, master_key, canaries.secret)
    canaries.watch("master key", master_key)
    canaries.watch("Postgres password", ledger.partition("@")[0].rpartition(":")[2])
    environment = {"DATABASE_URL": ledger, "POSTLEDGER_MASTER_KEY": master_key}
    with (
        Backend(environment, app="tests.acceptance.broken_app:create()") as backend,
        edge_whose_quotas_see_no_time_pass(backend, tmp_path) as edge,
        Edge(backend_socket=backend.socket, environment=TALKATIVE, shipped_timeouts=True) as impatient,
    ):
        yield CanaryRun(mortal, ledger, backend, edge, Loud(canaries), impatient=impatient)
    drop_database(mortal, ledger)


def edge_whose_quotas_see_no_time_pass(backend: Backend, root: Path) -> Edge:
    """However slow the machine is, the second request for `hurried` is one too many."""
    edge = Edge(backend_socket=backend.socket, environment=TALKATIVE, root=copy_with_quota_clock(root))
    set_quota_clock(edge, 1000)
    return edge


def add_sources(ledger: str, master_key: str, secret: str) -> None:
    """A source for each kind of trouble, all with the canary as their second secret, and all masking e-mail."""
    settings = {"click": "optional", "currency": "USD", "pii": ["email"], **UNLIMITED}
    for slug in ("acme", *BUGS, *OUTSIDE_FALCON):
        add_source(ledger, master_key, slug, ["another-secret", secret], settings)
    add_source(ledger, master_key, "strict", ["another-secret", secret], {**settings, "click": "required"})
    for slug, policy in REFUSED_BY_THE_EDGE.items():
        add_source(ledger, master_key, slug, ["another-secret", secret], {**settings, **policy})
    add_source(ledger, master_key, "moved", ["another-secret", secret], {**settings, **MOVED})
    add_source(ledger, master_key, "lsr", ["another-secret", secret], {**settings, **LSR})
    add_source(ledger, master_key, "wordy", [], {**settings, **WORDY})
    add_source(ledger, master_key, "shop", ["another-secret", secret], {**settings, **SHOP})
    add_source(ledger, master_key, "careful", ["another-secret", secret], {**settings, **CAREFUL})
    for network in NETWORKS:
        add_network(ledger, master_key, network, pii=["email"])
    add_campaign(ledger, "spring", "https://shop.example/?cid={click_id}")


def test_no_canary_is_seen_outside_the_ledger_whatever_path_it_goes_down(run: CanaryRun, master_key: str) -> None:
    with ThreadPoolExecutor(4) as slow_clients:
        slow = [slow_clients.submit(run.exchange_slowly, request) for request in unfinished_requests(run)]
        go_down_ordinary_paths(run)
        go_down_the_ways_of_networks(run)
        go_down_paths_that_are_hardly_http(run)
        pages = [*run.pages]  # for a bug outside of everything that is ours, gunicorn may speak
        go_down_paths_with_bugs(run)
        go_down_paths_to_rows_that_postgres_refuses(run)
        for request in slow:
            request.result()
    go_down_paths_without_postgres(run)
    go_down_paths_without_a_backend(run)
    export_bills(run, master_key)
    go_down_the_ways_of_operators(run, master_key)
    run.look_at_processes()
    run.backend.stop()
    run.edge.stop()
    run.impatient.stop()
    run.look_at_files()

    assert run.outcomes >= {reason.value for reason in Reason}
    assert run.evidence.leaks(run.loud.canaries) == []
    assert_the_paths_were_really_taken(run)
    assert pages == [], "nginx or gunicorn has answered in its own words"
    assert_the_ledger_has_masked_them(run)


def unfinished_requests(run: CanaryRun) -> list[bytes]:
    """Requests that stop in the line, in a header and in the body, until the edge loses patience."""
    postback = run.request_bytes(run.loud.acme.form(run.loud.parameters))
    return [postback[:40], postback[: postback.index(b"Cookie: ") + 60], postback[:-5]]


def go_down_ordinary_paths(run: CanaryRun) -> None:
    """Every verdict and refusal, over HTTP/1.1 and HTTP/2; every path with canaries in it."""
    for expected, postback in run.loud.postbacks():
        assert run.send(postback) == expected, postback
    for _, postback in run.loud.postbacks():
        if len(postback.body) < EDGE_LIMIT_BYTES:  # httpx goes on waiting to send although it was answered long ago
            run.send(postback, http2=True)
    for slug in REFUSED_BY_THE_EDGE:
        sender = Sender(slug, run.loud.canaries.secret)
        for postback in (sender.get(run.loud.parameters), sender.json(run.loud.parameters)) * 2:
            run.send(postback)
            run.send(postback, http2=True)
    for target in run.loud.targets():
        run.exchange(run.request_bytes(Postback("GET", target)))


def go_down_the_ways_of_networks(run: CanaryRun) -> None:
    """Every network's own signature, genuine and over what was changed, with the payout where it has money."""
    canaries = run.loud.canaries
    for network in NETWORKS:
        for secret in network.secrets:
            canaries.watch(f"secret of {network.name}", secret)
        genuine = network.postback(f"of-{network.slug}", int(time.time()))
        for signature in find_signatures(network, genuine):
            canaries.watch(f"signature of {network.name}", signature)
        run.send(genuine)
        for piece, other in network.covered.items():
            run.send(tamper(genuine, piece, other))
            run.send(tamper(genuine, piece, canaries.payout), http2=True)
    answers = {run.ask_verdict(f"of-{network.slug}") for network in NETWORKS}
    assert answers == {"accepted"}, "each was believed once, or nothing was tried"


def go_down_the_ways_of_operators(run: CanaryRun, master_key: str) -> None:
    """A datum is hashed, and a person forgotten, by the real program; a signed postback is printed by it too."""
    environment = {"DATABASE_URL": run.ledger, "POSTLEDGER_MASTER_KEY": master_key}
    with tempfile.TemporaryDirectory() as folder:
        cli = CommandLine(environment, Path(folder))
        hashed = cli.process("hash", stdin=run.loud.canaries.email)
        told = [hashed, cli.process("forget", "--hash", hashed.out.strip()), cli.process("forget", "--click-id", "c8")]
    for ran in told:
        run.evidence.add("a command of an operator", ran.out + ran.err)
    assert [ran.code for ran in told] == [0, 0, 0], [ran.err for ran in told]
    assert "erased from" in told[1].out


def go_down_paths_that_are_hardly_http(run: CanaryRun) -> None:
    """Malformed requests, the ports that are not for them, and clients that hang up in the middle."""
    postback = run.request_bytes(run.loud.acme.get(run.loud.parameters))
    for request in run.loud.malformed():
        run.exchange(request)
        run.exchange_past_the_edge(request)
    for port in (run.edge.http_port, run.edge.https_port):
        run.exchange_plainly(port, postback)
        run.exchange_plainly(port, b"GET " + postback)
    run.shake_hands(f"{run.loud.canaries.payout}.{run.loud.canaries.secret}.example")
    for length in (30, len(postback) // 2, len(postback)):
        run.hang_up(postback[:length])


def go_down_paths_with_bugs(run: CanaryRun) -> None:
    """Every bug of the broken backend, for a query and for a body."""
    for slug in BUGS:
        sender = Sender(slug, run.loud.canaries.secret)
        for postback in (sender.get(run.loud.parameters), sender.json(run.loud.parameters)):
            run.send(postback)
    for slug in OUTSIDE_FALCON:
        run.exchange(run.request_bytes(Sender(slug, run.loud.canaries.secret).get(run.loud.parameters)))
    wait_until(lambda: is_booked(run), what="service after the bugs")


def is_booked(run: CanaryRun) -> bool:
    """True when a postback comes to the ledger."""
    return run.send(run.loud.acme.get(run.loud.parameters)) in ("accepted", "duplicate")


def go_down_paths_to_rows_that_postgres_refuses(run: CanaryRun) -> None:
    """Conversions, audit rows and clicks that come to a ledger which is not as the program thinks."""
    for number, (damage, repair, answer) in enumerate(LEDGER_BUGS):
        change_ledger(run, damage)
        fresh = run.loud.parameters | {"transaction_id": f"row-{number}"}
        answers = {run.send(make(fresh)) for make in (run.loud.acme.get, run.loud.acme.form, run.loud.acme.json)}
        change_ledger(run, repair)
        assert answers == {answer}
    wait_until(lambda: is_booked(run), what="service after the repairs")


def change_ledger(run: CanaryRun, statement: str) -> None:
    """Do what no migration does."""
    with psycopg.connect(run.ledger) as connection:
        connection.execute(statement.encode())


def go_down_paths_without_postgres(run: CanaryRun) -> None:
    """Postgres hangs, and clients hang up and workers die meanwhile; then it is stopped, and then killed."""
    with insisting(run) as count, frozen(run.postgres):
        wait_until(lambda: run.requests_in_flight() >= count, what="requests in flight")
        for request in requests_of_each_kind(run):
            run.hang_up(request)
        run.look_at_processes()
        run.look_at_files()
        os.kill(run.backend.worker_pids()[0], signal.SIGKILL)
    for end in (run.postgres.stop, run.postgres.kill):
        end()
        assert run.send(run.loud.acme.get(run.loud.parameters)) == "unavailable"
        for request in requests_of_each_kind(run):
            run.exchange(request)
        run.postgres.start()
    wait_until(lambda: is_booked(run), what="service after the outages")


@contextmanager
def insisting(run: CanaryRun) -> Iterator[int]:
    """Send a request of each kind again and again, and tell how many at a time."""
    requests, stopping = requests_of_each_kind(run), Event()

    def insist(request: bytes) -> None:
        while not stopping.is_set():
            run.exchange(request)

    with ThreadPoolExecutor(len(requests)) as senders:
        insistent = [senders.submit(insist, request) for request in requests]
        try:
            yield len(requests)
        finally:
            stopping.set()
    for sender in insistent:
        sender.result()


def go_down_paths_without_a_backend(run: CanaryRun) -> None:
    """The backend is killed, is gone for a while, and comes back."""
    run.backend.stop()
    assert run.send(run.loud.acme.get(run.loud.parameters)) == "unavailable"
    for request in requests_of_each_kind(run):
        run.exchange(request)
        run.hang_up(request)
    run.backend.start()


def requests_of_each_kind(run: CanaryRun) -> list[bytes]:
    """A query, a form, a JSON object, and a click."""
    loud = run.loud
    postbacks = [loud.acme.get(loud.parameters), loud.acme.form(loud.parameters), loud.acme.json(loud.parameters)]
    elsewhere = Postback("GET", f"/{loud.canaries.secret}/postback?{loud.query}")
    click = Postback("GET", f"/click/spring?{loud.query}")
    return [run.request_bytes(postback) for postback in (*postbacks, elsewhere, click)]


def assert_the_paths_were_really_taken(run: CanaryRun) -> None:
    """Each kind of trouble has left its mark in a log: silence alone could also mean that there was no trouble."""
    assert "client timed out" in run.impatient.error_output()
    for mark in ("prematurely closed connection", "connect() to unix:", "[cut]"):
        assert mark in run.edge.error_output(), mark
    for mark in (
        "bug: receipt=",
        "a row was rejected: sqlstate=23514",
        "nothing can be committed: cause=refused sqlstate=42",
        "a greenlet died: type=RuntimeError",
        "withheld",
    ):
        assert mark in run.backend.log_text(), mark
    assert "violates check constraint" in run.postgres.log_text()


def assert_the_ledger_has_masked_them(run: CanaryRun) -> None:
    """The audit rows hold neither signature nor e-mail, and the payout, which they are for."""
    raws = [bytes(raw) for (raw,) in fetch(run.ledger, "SELECT raw FROM postbacks")]
    texts = [f"{row}".encode() for row in fetch(run.ledger, "SELECT * FROM conversions")]

    found = {what for content in (*raws, *texts) for what in run.loud.canaries.find(content)}

    assert {what for what in found if not what.startswith(("payout", "secret"))} == set()
    assert any(what.startswith("payout") for what in found)


def test_the_search_finds_a_canary_in_every_form_that_it_may_take(tmp_path: Path) -> None:
    canaries = Canaries()
    canaries.watch("signature", "0123456789abcdef" * 4)
    values = {
        "payout": canaries.payout,
        "secret": canaries.secret,
        "email": canaries.email,
        "signature": "0123456789abcdef" * 4,
    }

    for what, value in values.items():
        for form, written in forms(value.encode()):
            log = tmp_path / f"{what} {form}.log"
            log.write_bytes(b'2026/01/01 12:00:00 [error] 1#1: *1 request: "GET /' + written + b' HTTP/1.1"\n')
    evidence = SignatureInput()
    evidence.add_tree(tmp_path)

    leaks = evidence.leaks(canaries)

    assert len(evidence.places()) == len(values) * len(list(forms(b"")))
    assert {leak.split(": ")[0] for leak in leaks} == set(evidence.places())


def test_the_search_finds_what_a_deleted_file_and_a_process_list_show(tmp_path: Path) -> None:
    canaries, evidence = Canaries(), SignatureInput()
    with (tmp_path / "spool").open("wb+") as spool:
        spool.write(canaries.secret.encode())
        spool.flush()
        (tmp_path / "spool").unlink()
        evidence.add_deleted_files([os.getpid()])

    assert [leak.rpartition(": ")[2] for leak in evidence.leaks(canaries)] == ["secret (plain)"]
