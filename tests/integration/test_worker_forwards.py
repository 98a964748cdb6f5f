"""`postledger worker` sends booked changes to the forwards."""

import json

from postledger.ledger.writer import write_entries
from postledger.outgoing.rules.forward import Forward
from postledger.platform.postgres.connection import connect
from tests.parts.cli import CommandLine
from tests.parts.databases import fetch
from tests.parts.entries import entry_of
from tests.parts.forwarding import store_forward
from tests.parts.sinks import Sink
from tests.parts.sources import add_source


def test_a_booked_conversion_arrives_at_its_forward(cli: CommandLine, database: str, master_key: str) -> None:
    add_source(database, master_key, "acme")
    with Sink() as sink, connect(database, name="test", statement_timeout_ms=60_000) as ledger:
        store_forward(ledger, Forward("voluum", sink.url + "/p?txid={transaction_id}", allow_private=True))
        entry = entry_of(transaction_id="TXN789")
        write_entries(ledger, [entry])
        ledger.execute(
            "INSERT INTO outbox SELECT created_at, dedup_key, id, 1, 'opened' FROM conversions ON CONFLICT DO NOTHING"
        )
        ran = cli.process("worker", "--once")

    assert (ran.code, sink.targets) == (0, ["/p?txid=TXN789"])
    assert fetch(database, "SELECT state, attempts FROM deliveries") == [("delivered", 1)]
    (logged,) = [line for line in map(json.loads, ran.err.splitlines()) if line["event"] == "forwarded"]
    assert (logged["receipt"], logged["forward"], logged["outcome"]) == (entry.receipt, "voluum", "delivered")
