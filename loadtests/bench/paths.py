"""`make bench PATHS=1`: the other ways in, each beside a GET of `postledger-v1`.

The same Postledger throughout, on one ledger that knows all their sources; what differs is what wrk sends.
"""

import base64
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median

import msgspec
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from loadtests.bench.contestants import Contestant, postledger
from loadtests.bench.ledger import UNLIMITED, Ledger, make_ledger
from loadtests.bench.machine import describe_machine
from loadtests.bench.parts import Ground, run_ground
from loadtests.bench.plan import Plan
from loadtests.bench.report import Target, summarize, table, verdicts
from loadtests.bench.rounds import Round, run_round
from loadtests.bench.wrk import SCRIPT as SIGN
from postledger.policy.config_file import read_configuration
from postledger.policy.preset_files import read_known

SCRIPT = Path(__file__).with_name("paths.lua")
BASELINE = "postledger-v1, GET"


class Way(msgspec.Struct, frozen=True):
    """One way in: the name of its source, which is that of its requests in `paths.lua` too, and its table in a file."""

    name: str
    slug: str
    document: Mapping[str, object]
    key: EllipticCurvePrivateKey | Ed25519PrivateKey | None = None


def list_ways() -> list[Way]:
    """List them all; the keys of those who sign with one are fresh."""
    return [
        Way("md5 preset (cpx)", "cpx", {"preset": "cpx"}),
        Way("md5 over all, ack 1 (unity)", "unity", {"preset": "unity-ads"}),
        Way("token preset (everflow)", "everflow", {"preset": "everflow"}),
        Way("dialect (keitaro)", "keitaro", {"dialect": "keitaro"}),
        Way("POST, flat JSON", "flat", {}),
        Way("POST, version 2", "nested", {}),
        Way("POST, ed25519 (v1a)", "v1a", {"preset": "standard-webhooks-v1a"}, Ed25519PrivateKey.generate()),
        Way("ECDSA P-256 (admob)", "admob", {"preset": "admob-ssv"}, generate_private_key(SECP256R1())),
    ]


def bench_paths(plan: Plan) -> dict[str, object]:
    """Let the ways take turns; print and return what came out."""
    with run_ground() as ground:
        ledger = make_ledger(ground.postgres.url(), ground.home / "clicks")
        ledger.write_click_ids()
        facts = describe_machine(ledger, ground.home)
        contestants = [_baseline(ground, plan, ledger), *(_prepare(ground, plan, ledger, way) for way in list_ways())]
        rounds = [
            _run(ground, plan, ledger, one, number) for number in range(1, plan.rounds + 1) for one in contestants
        ]
    summary, targets = summarize(rounds), compare(rounds)
    _say(f"\nMedian of {plan.rounds} rounds of {plan.duration_s} s, {plan.connections} connections")
    _say(f"\n{table(summary)}\n\n{verdicts(targets)}")
    return {"plan": plan, "machine": facts, "rounds": rounds, "median": summary, "targets": targets}


def compare(rounds: Sequence[Round]) -> list[Target]:
    """Hold each way against the baseline: the median of the rounds' ratios, each against the one in the same turn."""
    by_name = {name: [one for one in rounds if one.name == name] for name in dict.fromkeys(one.name for one in rounds)}
    baseline = by_name.pop(BASELINE)
    return [Target(f"{name} / {BASELINE}", _ratio(driven, baseline), None) for name, driven in by_name.items()]


def _ratio(driven: Sequence[Round], baseline: Sequence[Round]) -> float:
    pairs = zip(driven, baseline, strict=True)
    return median(one.per_second / beside.per_second for one, beside in pairs)


def _baseline(ground: Ground, plan: Plan, ledger: Ledger) -> Contestant:
    return msgspec.structs.replace(postledger(ground, plan, ledger), name=BASELINE)


def _prepare(ground: Ground, plan: Plan, ledger: Ledger, way: Way) -> Contestant:
    """Give the ledger the source of a way, and make the contestant that comes that way."""
    secret = ledger.secret if way.key is None else _write_public(way.key)
    document = {"slug": way.slug, "secrets": [secret], "rate": UNLIMITED, "burst": UNLIMITED, **way.document}
    read = read_configuration({"sources": [document]}, {}, read_known())
    ledger.add_source(way.slug, read.sources[way.slug].settings, secret)
    told = {"BENCH_WAY": way.slug, "BENCH_SIGN": str(SIGN), "BENCH_KEY": _write_private(way.key) if way.key else ""}
    return msgspec.structs.replace(postledger(ground, plan, ledger), name=way.name, script=SCRIPT, told=told)


def _run(ground: Ground, plan: Plan, ledger: Ledger, contestant: Contestant, number: int) -> Round:
    ledger.empty()
    one = run_round(ground, plan, ledger, contestant, number)
    _say(f"round {number}  {one.name:28}{one.per_second:8.0f} req/s  p99 {one.p99_ms:.1f} ms")
    return one


def _write_public(key: EllipticCurvePrivateKey | Ed25519PrivateKey) -> str:
    if isinstance(key, Ed25519PrivateKey):
        return base64.b64encode(key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)).decode()
    spki = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(spki).decode()


def _write_private(key: EllipticCurvePrivateKey | Ed25519PrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
