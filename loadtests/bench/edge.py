"""`make bench EDGE=1`: what the edge costs beside a bare TLS proxy, how cheaply it refuses, handshakes, memory."""

import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from ipaddress import IPv4Network
from pathlib import Path
from statistics import median
from typing import Any

import msgspec

from loadtests.bench.contestants import postledger
from loadtests.bench.edge_load import Driven, EdgeContestant, drive
from loadtests.bench.edge_parts import (
    copy_without_metrics,
    copy_without_sessions,
    run_bare,
    run_nginx_constant,
    run_stack,
)
from loadtests.bench.ledger import make_ledger
from loadtests.bench.parts import ROOT, run_ground
from loadtests.bench.plan import Plan
from loadtests.bench.processes import read_memory
from loadtests.bench.report import MIB, Target, verdicts
from loadtests.bench.rounds import run_round
from tests.edge.authority import Authority
from tests.parts.edge import Edge, renew_workers

SOURCES, NETWORKS = 1_000, 10_000
HANDSHAKE_S = 5
BARE, ACCEPTED, UNCOUNTED = "bare proxy", "edge, accepted", "edge, no metrics"
RESUMED, FULL = "edge, resumed", "edge, full handshakes"
_HANDSHAKES = re.compile(r"([0-9]+) connections in ([0-9]+) real seconds")


class Found(msgspec.Struct, frozen=True):
    """What came out before one kind of upstream, by contestant: all rounds, and of the rates the median."""

    upstream: str
    rates: dict[str, float]
    rounds: dict[str, list[Driven]]

    def share_of_bare(self) -> float:
        """How much of a bare proxy's rate the edge passes: the median of the rounds, each against the one beside it."""
        pairs = zip(self.rounds[ACCEPTED], self.rounds[BARE], strict=True)
        return median(edge.per_second / bare.per_second for edge, bare in pairs)

    def share_of_keep_alive(self, closing: str) -> float:
        """How much of its rate with keep-alive the edge has with a new connection each: the median of the rounds."""
        pairs = zip(self.rounds[closing], self.rounds[ACCEPTED], strict=True)
        return median(new.per_second / kept.per_second for new, kept in pairs)

    def cost_of_metrics(self) -> float:
        """By how much counting adds to the edge's processor time for a request: the median of the rounds' shares."""
        pairs = zip(self.rounds[ACCEPTED], self.rounds[UNCOUNTED], strict=True)
        return median(counted.cpu_us / uncounted.cpu_us - 1 for counted, uncounted in pairs)


def bench_edge(plan: Plan) -> dict[str, object]:
    """Run all of it; print and return what came out."""
    with tempfile.TemporaryDirectory(prefix="postledger-bench-", dir="/tmp") as directory:
        home = Path(directory)
        home.chmod(0o755)
        uncounted, sessionless = copy_without_metrics(home), copy_without_sessions(home)
        with run_stack(home) as socket, _edge(home, socket) as edge, _edge(home, socket, uncounted) as other:
            behind_stack = _compare(plan, "gunicorn and Falcon", home, socket, (edge, other))
            handshakes = {kind: _handshakes(edge, kind) for kind in ("ECDSA", "RSA")}
            memory = [read_memory(pid).rss_bytes / MIB for pid in edge.worker_pids()]
        with run_nginx_constant(home) as socket, _edge(home, socket) as edge, _edge(home, socket, uncounted) as other:
            behind_nginx = _compare(plan, "nginx", home, socket, (edge, other))
        with run_nginx_constant(home) as socket, _edge(home, socket) as edge, _edge(home, socket, sessionless) as other:
            connecting = _connect(plan, edge, other)
    return _conclude([behind_stack, behind_nginx, connecting], _book(plan), handshakes, memory)


def _compare(plan: Plan, upstream: str, home: Path, socket: Path, edges: tuple[Edge, Edge]) -> Found:
    _say(f"\nA constant from {upstream}:")
    edge, uncounted = edges
    with run_bare(home, socket, edge) as (bare, bare_pid):
        postbacks = f"{edge.https_url}/tracking/postback"
        contestants = [
            EdgeContestant(BARE, f"{bare}/tracking/postback/bench", bare_pid),
            EdgeContestant(ACCEPTED, f"{postbacks}/bench", edge.pid),
            EdgeContestant(UNCOUNTED, f"{uncounted.https_url}/tracking/postback/bench", uncounted.pid),
            EdgeContestant("edge, ip_not_allowed", f"{postbacks}/closed", edge.pid, status=403),
            EdgeContestant("edge, rate_limited", f"{postbacks}/slow", edge.pid, status=429, others=1),
        ]
        return _take_turns(plan, upstream, contestants)


def _connect(plan: Plan, edge: Edge, sessionless: Edge) -> Found:
    """Drive the edge with a new connection for each request: with the session of the one before, and without."""
    _say("\nNew connections, a constant from nginx:")
    path = "/tracking/postback/bench"
    contestants = [
        EdgeContestant(ACCEPTED, edge.https_url + path, edge.pid),
        EdgeContestant(RESUMED, edge.https_url + path, edge.pid, closes=True),
        EdgeContestant(FULL, sessionless.https_url + path, sessionless.pid, closes=True),
    ]
    return _take_turns(plan, "nginx", contestants)


def _take_turns(plan: Plan, upstream: str, contestants: list[EdgeContestant]) -> Found:
    turns = [_take_turn(plan, contestants, number) for number in range(plan.rounds)]
    rounds = {one.name: [turn[one.name] for turn in turns] for one in contestants}
    rates = {name: median(one.per_second for one in driven) for name, driven in rounds.items()}
    for name, driven in rounds.items():
        each = ", ".join(f"{one.per_second:.0f}" for one in driven)
        spent, by_wrk = (median(times) for times in zip(*((one.cpu_us, one.client_us) for one in driven), strict=True))
        lost = sum(one.lost for one in driven)
        _say(
            f"{name:24}{rates[name]:10.0f} req/s {spent:8.1f} us of its own, {by_wrk:.1f} of wrk   ({each})"
            + f"   {lost} lost" * (lost > 0)
        )
    return Found(upstream, rates, rounds)


def _take_turn(plan: Plan, contestants: list[EdgeContestant], number: int) -> dict[str, Driven]:
    """Drive each once, so that a noisy minute of the machine hits all of them, and each as often first as the others.

    With new connections to the upstream each time: how they happen to be spread over its processes would else favour
    the same contestant in every round, and one bare proxy was a tenth faster than another that was its copy.
    """
    for pid in {one.pid for one in contestants}:
        renew_workers(pid)
    first = number % len(contestants)
    order = contestants[first:] + contestants[:first]
    for one in order:
        drive(plan, one, plan.warm_up_s)
    return {one.name: drive(plan, one, plan.duration_s) for one in order}


def _book(plan: Plan) -> float:
    """How many postbacks a second Postledger itself accepts: verified, written and committed, every one a new key."""
    with run_ground() as ground:
        ledger = make_ledger(ground.postgres.url(), ground.home / "clicks")
        ledger.write_click_ids()
        shipped = postledger(ground, plan, ledger)
        rounds = [run_round(ground, plan, ledger, shipped, number).per_second for number in range(plan.rounds)]
    _say(f"\n{'Postledger, accepted':24}{median(rounds):10.0f} req/s   ({', '.join(f'{one:.0f}' for one in rounds)})")
    return median(rounds)


def _edge(home: Path, socket: Path, root: Path = ROOT) -> Edge:
    certificate, key = Authority("CN=localhost", rsa=True).files(home)
    environment = {
        "POSTLEDGER_NETWORK_RATE": "0",
        "POSTLEDGER_TLS_RSA_CERTIFICATE": str(certificate),
        "POSTLEDGER_TLS_RSA_KEY": str(key),
    }
    return Edge(backend_socket=socket, environment=environment, policy=_policy(), root=root)


def _policy() -> dict[str, Any]:
    networks = [str(IPv4Network(((10 << 24) + (number << 8), 24))) for number in range(NETWORKS)]
    sources = [_source(f"source-{number}", ["192.0.2.0/24"]) for number in range(SOURCES - 3)]
    named = [_source("bench", [*networks, "127.0.0.0/8"]), _source("closed", networks[:100])]
    return {"version": 1, "sources": [*sources, *named, {**_source("slow", []), "rate": 1, "burst": 1}]}


def _source(slug: str, allow: list[str]) -> dict[str, Any]:
    return {"slug": slug, "allow": allow, "rate": 1_000_000, "burst": 1_000_000, "mode": "enforce", "client_ca": None}


def _handshakes(edge: Edge, kind: str) -> float:
    """Full TLS 1.2 handshakes a second that one client makes, one after the other; it needs most of a core itself."""
    where = f"127.0.0.1:{edge.https_port}"
    cipher = f"ECDHE-{kind}-AES128-GCM-SHA256"
    command = ["openssl", "s_time", "-connect", where, "-new", "-time", str(HANDSHAKE_S), "-cipher", cipher, "-tls1_2"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    found = _HANDSHAKES.search(done.stdout)
    assert found is not None, done.stdout
    rate = int(found[1]) / int(found[2])
    _say(f"new connections, {kind:8}{rate:10.0f} /s")
    return rate


def _conclude(
    found: Sequence[Found], booked: float, handshakes: dict[str, float], memory: Sequence[float]
) -> dict[str, object]:
    _say(f"\nmemory of a worker with {NETWORKS:,} networks and {SOURCES:,} sources: {max(memory):.0f} MiB (RSS)")
    rates = found[0].rates
    refused = min(rates["edge, ip_not_allowed"], rates["edge, rate_limited"])
    targets = [
        Target("edge / bare proxy", found[0].share_of_bare(), 0.85),
        Target("edge / bare proxy, before nginx", found[1].share_of_bare(), None),
        Target("refused at the edge / accepted by Postledger", refused / booked, 5),
        Target("refused / answered with a constant", refused / rates[ACCEPTED], None),
        Target("new connections, resumed / keep-alive, before nginx", found[2].share_of_keep_alive(RESUMED), None),
        Target("new connections, full / keep-alive, before nginx", found[2].share_of_keep_alive(FULL), None),
        Target("what metrics add to the edge's time, before nginx", found[1].cost_of_metrics(), 0.03, at_least=False),
    ]
    _say("\n" + verdicts(targets))
    return {"found": found, "booked": booked, "handshakes": handshakes, "worker_mib": list(memory), "targets": targets}


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
