"""Who takes part: for each contestant the gunicorn that is started, and whether its writes are counted afterwards."""

from pathlib import Path

import msgspec

from loadtests.bench.ledger import Ledger
from loadtests.bench.parts import ROOT, Ground
from loadtests.bench.plan import Plan
from loadtests.bench.wrk import SCRIPT

SOURCES = 10_000
MANY_CONNECTIONS = 256
TEXTBOOK = str(ROOT / "loadtests/bench/textbook/gunicorn.conf.py")


class Contestant(msgspec.Struct, frozen=True):
    """One way to answer postbacks; several of one letter are variants, the best of which counts.

    `script` is what wrk sends, and `told` what the script must know beside what it is always told. `repeats`: about
    half of what it sends repeats a request. `connections`: if not as many as the plan's.
    """

    letter: str
    name: str
    command: list[str]
    environment: dict[str, str]
    writes: bool
    script: Path = SCRIPT
    told: dict[str, str] = {}
    repeats: bool = False
    connections: int | None = None


def list_contestants(ground: Ground, plan: Plan, ledger: Ledger) -> list[Contestant]:
    """List the contestants of a plan that are asked over HTTP."""
    found: list[Contestant] = []
    if "a" in plan.only:
        command = [*_constant(ground), "-k", "gevent"]
        found.append(Contestant("a", "constant", command, _shipped_environment(plan, ledger), writes=False))
    if "e" in plan.only:
        shipped = _shipped_environment(plan, ledger)
        found.append(Contestant("e", "constant, our worker", _constant(ground), shipped, writes=False))
    if "b" in plan.only:
        found.append(postledger(ground, plan, ledger))
    if "n" in plan.only:
        found.append(one_connection_each(ground, plan, ledger))
    if "w" in plan.only:
        found.append(with_many_connections(ground, plan, ledger))
    if "c" in plan.only:
        found += [_textbook(plan, ledger, kind, size) for kind, size in plan.textbooks]
    return found


def postledger(ground: Ground, plan: Plan, ledger: Ledger) -> Contestant:
    """Postledger, as shipped, on a ledger."""
    return Contestant("b", "postledger", ["-c", _shipped(ground)], _shipped_environment(plan, ledger), writes=True)


def one_connection_each(ground: Ground, plan: Plan, ledger: Ledger) -> Contestant:
    """Postledger, asked as most networks ask: with a new TLS connection for each postback."""
    ours = postledger(ground, plan, ledger)
    return msgspec.structs.replace(ours, letter="n", name="postledger, new connections", told={"BENCH_CLOSES": "1"})


def with_many_connections(ground: Ground, plan: Plan, ledger: Ledger) -> Contestant:
    """Postledger, asked over so many connections that requests wait."""
    ours, name = postledger(ground, plan, ledger), f"postledger, {MANY_CONNECTIONS} connections"
    return msgspec.structs.replace(ours, letter="w", name=name, connections=MANY_CONNECTIONS)


def repeating(ground: Ground, plan: Plan, ledger: Ledger) -> Contestant:
    """Postledger, where each second request repeats one that was answered before."""
    # Each connection waits for its answer, so a request was answered when all of them have sent a few more.
    told = {"BENCH_REPEATS_AFTER": str(4 * plan.connections // plan.threads | 1)}
    ours = postledger(ground, plan, ledger)
    return msgspec.structs.replace(ours, letter="r", name="postledger, 50 % repeats", told=told, repeats=True)


def with_many_sources(ground: Ground, plan: Plan, ledger: Ledger) -> Contestant:
    """Postledger, asked by `SOURCES` sources in turn. The ledger has them."""
    ours = postledger(ground, plan, ledger)
    told = {"BENCH_SOURCES": str(SOURCES)}
    return msgspec.structs.replace(ours, letter="m", name=f"postledger, {SOURCES:,} sources", told=told)


def silent(ground: Ground, plan: Plan, ledger: Ledger) -> Contestant:
    """Postledger without metrics and request log: what it is faster by is what they cost."""
    environment = {**_shipped_environment(plan, ledger), "POSTLEDGER_REQUEST_LOG": "off"}
    command = ["-c", _shipped(ground), "loadtests.bench.silent:create()"]
    return Contestant("s", "postledger, silent", command, environment, writes=True)


def baseline(ground: Ground, plan: Plan, ledger: Ledger) -> Contestant:
    """Return Postledger of another checkout, as it was shipped then; `ground` holds its backend."""
    return msgspec.structs.replace(postledger(ground, plan, ledger), letter="o", name="postledger, baseline")


def _constant(ground: Ground) -> list[str]:
    return ["-c", _shipped(ground), "loadtests.bench.constant.app:create()"]


def _textbook(plan: Plan, ledger: Ledger, kind: str, size: int) -> Contestant:
    environment = {
        "DATABASE_URL": ledger.url,
        "BENCH_SECRET": ledger.secret,
        "BENCH_SOURCE_ID": str(ledger.source_id),
        "BENCH_SECRET_ID": str(ledger.secret_id),
        "BENCH_WORKER_CLASS": kind,
        "BENCH_POOL": str(size),
        **_workers(plan),
    }
    return Contestant("c", f"textbook {kind}:{size}", ["-c", TEXTBOOK], environment, writes=True)


def _shipped_environment(plan: Plan, ledger: Ledger) -> dict[str, str]:
    return {"DATABASE_URL": ledger.url, "POSTLEDGER_MASTER_KEY": ledger.master_key, **_workers(plan)}


def _shipped(ground: Ground) -> str:
    return str(ground.backend / "gunicorn.conf.py")


def _workers(plan: Plan) -> dict[str, str]:
    return {"POSTLEDGER_WORKERS": str(plan.workers)}
