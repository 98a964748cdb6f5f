"""`trace` finds everything about a conversion, by any of its ids, with a real edge, backend and ledger."""

import json

import psycopg
import pytest

from postledger.platform.postgres.sql import statements_of
from tests.integration.running import environment, running, send, unique
from tests.parts.cli import CommandLine
from tests.parts.databases import fetch
from tests.parts.entries import new_receipt
from tests.parts.sources import add_click
from tests.parts.waiting import wait_until

__all__ = ["environment", "running"]

sql = statements_of("postledger.audit")


def test_every_id_of_a_conversion_finds_all_its_rows(cli: CommandLine) -> None:
    transaction_id = unique("tx")
    receipts = [
        send(cli, f"transaction_id={transaction_id}", f"status={status}", "payout=1.25")["id"]
        for status in ("pending", "approved", "approved", "reversed", "approved")
    ]

    # A worker takes the changes in the meantime, and a trace shows those that wait.
    ledger = cli.environment["DATABASE_URL"]
    wait_until(lambda: fetch(ledger, "SELECT count(*) FROM outbox") == [(0,)], what="the worker")

    by_transaction = cli("trace", transaction_id, "--json").facts
    (conversion,) = by_transaction["conversions"]

    assert [row["id"] for row in by_transaction["postbacks"]] == receipts
    assert [row["verdict"] for row in by_transaction["postbacks"]] == [
        *("accepted", "updated", "duplicate", "updated", "refused")
    ]
    assert by_transaction["postbacks"][4]["reason"] == "conflict"
    assert by_transaction["postbacks"][0]["secret_position"] == 0
    assert [event["status"] for event in conversion["events"]] == ["pending", "approved", "reversed"]
    assert (conversion["status"], conversion["payout"], conversion["campaign"]) == ("reversed", "1.25", "spring")
    assert [click["click_id"] for click in by_transaction["clicks"]] == ["known-click"]
    for receipt in receipts:
        assert cli("trace", receipt, "--json").facts["conversions"] == by_transaction["conversions"]
    assert conversion in cli("trace", "known-click", "--json").facts["conversions"]


def test_a_refused_receipt_finds_the_conversion_of_its_repeat(cli: CommandLine, running: dict[str, str]) -> None:
    click_id, transaction_id = unique("late"), unique("tx")
    command = ("send", "acme", f"click_id={click_id}", f"transaction_id={transaction_id}", "--json")
    refused = json.loads(cli(*command).out)
    add_click(running["DATABASE_URL"], click_id)
    accepted = cli(*command).facts

    for wanted in (refused["id"], accepted["id"], transaction_id, click_id):
        found = cli("trace", wanted, "--json").facts

        assert [row["id"] for row in found["postbacks"]] == [refused["id"], accepted["id"]]
        assert [row["id"] for row in found["conversions"]] == [accepted["id"]]


def test_a_printed_trace_has_a_line_per_row(cli: CommandLine) -> None:
    transaction_id = unique("tx")
    receipt = send(cli, f"transaction_id={transaction_id}", "payout=0.50")["id"]

    told = cli("trace", receipt).out.splitlines()

    kinds = [line.split()[0] for line in told]
    assert kinds[:4] == ["click", "postback", "conversion", "event"]
    assert set(kinds[4:]) <= {"waiting"}, "until the worker has taken the change"
    assert receipt in told[1]
    assert "0.50 USD" in told[2]


def test_an_unknown_id_is_refused_in_one_line(cli: CommandLine) -> None:
    for wanted in (
        "no-such-id",
        "01981c1b-9c80-7abc-8abc-0123456789ab",
        "00000000-0000-7000-8000-000000000000",
        "'; --",
    ):
        ran = cli("trace", wanted)

        assert (ran.code, ran.out, len(ran.err.splitlines())) == (1, "", 1)


@pytest.mark.parametrize("column", ["click_id", "transaction_id"])
def test_a_refused_postback_without_a_conversion_is_found_by_its_ids(
    cli: CommandLine, running: dict[str, str], column: str
) -> None:
    wanted, receipt = unique("lost"), new_receipt()
    with psycopg.connect(running["DATABASE_URL"]) as connection:
        statement = (
            f"INSERT INTO postbacks (id, received_at, source_id, method, verdict, reason, parameter, {column}, raw)"
            " SELECT %s, now(), id, 'GET', 'refused', 'invalid_parameter', 'payout', %s, '' FROM sources LIMIT 1"
        )
        connection.execute(statement.encode(), (receipt, wanted))

    for given in (wanted, receipt):
        found = cli("trace", given, "--json").facts

        assert [row["id"] for row in found["postbacks"]] == [receipt]
        assert (found["conversions"], found["clicks"]) == ([], [])


def test_a_trace_of_postbacks_uses_the_indexes(running: dict[str, str]) -> None:
    values = {"conversion_ids": [new_receipt()], "click_ids": ["c"], "transaction_ids": ["t"], "limit": 1}
    with psycopg.connect(running["DATABASE_URL"], options="-c enable_seqscan=off") as connection:
        plan = "\n".join(row[0] for row in connection.execute("EXPLAIN " + sql("trace_postbacks"), values).fetchall())

    assert "Seq Scan on postbacks" not in plan
    for index in ("conversion_id_idx", "click_id_idx", "transaction_id_idx"):
        assert index in plan


def test_a_trace_of_conversions_uses_the_indexes(running: dict[str, str]) -> None:
    values = {"receipts": [new_receipt()], "click_ids": ["c"], "transaction_ids": ["t"], "limit": 1}
    with psycopg.connect(running["DATABASE_URL"], options="-c enable_seqscan=off") as connection:
        plan = "\n".join(row[0] for row in connection.execute("EXPLAIN " + sql("trace_conversions"), values).fetchall())

    for table in ("conversions", "conversion_events", "parked_reversals"):
        assert f"Seq Scan on {table}" not in plan
        assert f"{table}_transaction_id" in plan


def test_a_trace_shows_a_refund_and_what_it_reverses(cli: CommandLine) -> None:
    transaction_id = unique("T")
    receipt = send(cli, f"transaction_id={transaction_id}", "payout=12.50")["id"]
    send(cli, f"transaction_id={transaction_id}", "payout=-2.50", "status=reversed")

    told = cli("trace", transaction_id).out
    (conversion,) = json.loads(cli("trace", transaction_id, "--json").out)["conversions"]

    assert f"refund  -2.50 USD  of {receipt}" in told
    assert [(change["kind"], change["delta"], change["reverses"]) for change in conversion["changes"]] == [
        ("refund", "-2.50", receipt)
    ]


def test_a_refund_is_traced_by_its_transaction_id_and_its_receipt(cli: CommandLine) -> None:
    sale, refund = unique("T"), unique("R")
    send(cli, f"transaction_id={sale}", "payout=12.50")
    receipt = send(cli, f"transaction_id={refund}", f"reverses={sale}", "payout=-2.50")["id"]

    for wanted in (refund, receipt):
        (conversion,) = cli("trace", wanted, "--json").facts["conversions"]

        assert (conversion["transaction_id"], conversion["payout"]) == (sale, "10.00")
        assert [change["receipt"] for change in conversion["changes"]] == [receipt]


def test_the_evidence_of_a_conversion_has_its_signature_check(cli: CommandLine) -> None:
    transaction_id = unique("tx")
    receipt = send(cli, f"transaction_id={transaction_id}", "payout=1.25")["id"]
    ledger = cli.environment["DATABASE_URL"]
    wait_until(lambda: fetch(ledger, "SELECT count(*) FROM outbox") == [(0,)], what="the worker")

    found = cli("evidence", transaction_id, "--json").facts

    ((sent, checked),) = [(row["request"], row["signature"]) for row in found["postbacks"]]
    assert (checked["result"], checked["covers"], checked["secret_position"]) == ("valid", "all parameters", 0)
    assert checked["signed_at"] is not None
    assert f"transaction_id={transaction_id}" in sent
    assert "sig=" not in sent
    assert "the signature was right" in cli("evidence", receipt, "--html", "-").out
