"""The receipt is the thread: what the sender was told leads to the request in every place that knows it."""

import httpx

from tests.parts.backend import Backend
from tests.parts.cli import CommandLine
from tests.parts.edge import Edge
from tests.parts.sender import Sender, send
from tests.parts.waiting import wait_until
from tests.parts.worker import Worker


def test_one_receipt_leads_through_edge_backend_and_audit(
    client: httpx.Client, edge: Edge, backend: Backend, ledger_environment: dict[str, str]
) -> None:
    answer = send(client, Sender("acme").get({"click_id": "thread", "transaction_id": "thread", "payout": "1.50"}))
    receipt = str(answer.receipt)

    told = backend.request_line(receipt)
    logged = edge.log_line(receipt)
    traced = CommandLine(ledger_environment, backend.home).process("trace", receipt, "--json")

    assert told["verdict"] == logged["verdict"] == answer.status == "accepted"
    assert told["source"] == logged["source"] == "acme"
    assert receipt in traced.out


def test_the_same_receipt_leads_on_through_the_worker(
    client: httpx.Client, backend: Backend, ledger_environment: dict[str, str]
) -> None:
    answer = send(client, Sender("acme").get({"click_id": "on", "transaction_id": "on", "payout": "1.50"}))
    receipt = str(answer.receipt)
    cli = CommandLine(ledger_environment, backend.home)
    assert "no worker has taken this change" in cli.process("trace", receipt).out

    with Worker(ledger_environment) as worker:
        wait_until(lambda: receipt in worker.log_text(), what="the change in the worker's log")
        (told,) = [line for line in worker.log_lines() if line.get("receipt") == receipt]

    assert (told["event"], told["kind"], told["revision"]) == ("handed over", "opened", 1)
    assert "no worker has taken this change" not in cli.process("trace", receipt).out
