"""A change is sent on within a second of its commit, also beside a receiver that hangs."""

import time

from postledger.ledger.writer import write_entries
from postledger.outgoing.rules.forward import Forward, Match
from postledger.platform.postgres.connection import connect
from tests.drills.promises import Promises
from tests.parts.entries import entry_of
from tests.parts.forwarding import store_forward
from tests.parts.sinks import RawSink, Sink, hang
from tests.parts.sources import add_source
from tests.parts.waiting import wait_until
from tests.parts.worker import Worker

FIRST_ATTEMPT_WITHIN_S = 1


def test_a_change_is_sent_within_a_second(
    database: str, environment: dict[str, str], master_key: str, promises: Promises
) -> None:
    add_source(database, master_key, "acme")
    with (
        Sink() as sink,
        RawSink(hang) as hanging,
        connect(database, name="test", statement_timeout_ms=60_000) as ledger,
        Worker(environment),
    ):
        store_forward(ledger, Forward("hangs", hanging.url, allow_private=True, match=Match(event=("lead",))))
        store_forward(ledger, Forward("voluum", sink.url, allow_private=True, match=Match(event=("sale",))))
        write_entries(ledger, [entry_of(transaction_id=f"L{number}", event="lead") for number in range(100)])
        for number in range(20):
            write_entries(ledger, [entry_of(transaction_id=f"T{number}", event="sale")])
            committed_s = time.monotonic()
            wait_until(lambda: len(sink.asked) > number, what="the request")  # noqa: B023 - it is called at once
            promises.keep("first attempt of a forward", time.monotonic() - committed_s, FIRST_ATTEMPT_WITHIN_S)
