"""The receipt is the thread: what the sender was told leads to the request in every place that knows it."""

import httpx

from tests.parts.backend import Backend
from tests.parts.cli import CommandLine
from tests.parts.edge import Edge
from tests.parts.sender import Sender, send


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
