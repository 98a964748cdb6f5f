"""Canaries that go on behind the ledger: into expense lines, onto a bill, and to a receiver that repeats them all."""

import base64
import secrets
import tempfile
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path

from tests.acceptance.canary_run import CanaryRun
from tests.parts.cli import CommandLine, Ran
from tests.parts.sinks import Asked, Reply, Sink

_BOOKS = """
[finance]
base_currency = "USD"

[[payees]]
id = "paid"
name = "{email}"

[[expense_rules]]
slug = "all"
match = {{ source = ["acme"] }}
category = "Commission"
amount = "100%"
payee = "paid"

[[exports]]
slug = "hook"
kind = "webhook"
url = "{url}/{secret}?payout={payout}"
secrets = ["{key}"]
allow_private = true

[[exports]]
slug = "books"
kind = "csv"
"""
_LOOKED_AT = (
    ("export", "list"), ("export", "list", "--json"), ("jobs", "list", "--all", "--json"),
    ("doctor",),
)  # fmt: skip


def export_bills(run: CanaryRun, master_key: str) -> None:
    """Bill the canary payout of a new conversion, and let a worker export the bill to a receiver that refuses it."""
    canaries, key = run.loud.canaries, base64.b64encode(secrets.token_bytes(32)).decode()
    canaries.watch("signing key of an export", key)
    canaries.watch("payout on a bill", str(Decimal(canaries.payout).quantize(Decimal("0.01"), ROUND_HALF_EVEN)))
    environment = {"DATABASE_URL": run.ledger, "POSTLEDGER_MASTER_KEY": master_key}
    with tempfile.TemporaryDirectory() as folder, Sink(_repeat) as sink:
        cli = CommandLine(environment, Path(folder))
        books = Path(folder, "books.toml")
        books.write_text(
            _BOOKS.format(
                email=canaries.email, url=sink.url, secret=canaries.secret, payout=canaries.payout, key=f"whsec_{key}"
            )
        )
        _succeed(cli.process("apply", str(books)))
        assert run.send(run.loud.acme.get(run.loud.parameters | {"transaction_id": "exported"})) == "accepted"
        worker = [_succeed(cli.process("worker", "--only", "map", "--once"))]
        _succeed(cli.process("bills", "make"))
        worker += [_succeed(cli.process("worker", "--only", "export", "--once"))]
        for ran in (*worker, *(cli.process(*command) for command in _LOOKED_AT)):
            run.evidence.add("a command behind the ledger", ran.out + ran.err)
        written = b"".join(file.read_bytes() for file in Path(folder).rglob("*.csv"))
    assert any(what.startswith("payout") for what in canaries.find(written)), "the bill has the canary"
    assert any(what.startswith("payout") for what in canaries.find(sink.asked[0].body)), (
        "the receiver was sent the canary"
    )
    assert '"result":"refused"' in worker[1].err


def _repeat(asked: Asked) -> Reply:
    """Refuse a bill, and repeat all of it."""
    return Reply(422, {"X-Repeated": asked.target}, asked.body)


def _succeed(ran: Ran) -> Ran:
    assert ran.code == 0, ran.err
    return ran
