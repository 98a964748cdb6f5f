"""`trace` shows what followed from a conversion: what waits for a worker, expense lines, forwards, publications."""

from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from postledger.audit.trace_rows import sql
from tests.integration.running import environment, running, send, unique
from tests.parts.cli import CommandLine
from tests.parts.derived_rows import add_attempt, add_delivery, add_forward, add_line, add_publication
from tests.parts.entries import new_receipt
from tests.parts.waiting_requests import write_request

__all__ = ["environment", "running"]


@pytest.fixture
def conversion(cli: CommandLine) -> Any:
    """A conversion in the ledger, as `trace` shows it."""
    receipt = send(cli, f"transaction_id={unique('tx')}", "payout=12.50")["id"]
    return cli("trace", receipt, "--json").facts["conversions"][0]


def lines_of(cli: CommandLine, conversion: Any, kind: str) -> list[str]:
    """The printed lines of one kind, without the time and the name."""
    printed = [line.split(maxsplit=4) for line in cli("trace", conversion["id"]).out.splitlines()]
    return [words[4] for words in printed if words[0] == kind]


def test_expense_lines_stand_below_their_conversion(cli: CommandLine, running: dict[str, str], conversion: Any) -> None:
    with psycopg.connect(running["DATABASE_URL"]) as ledger:
        add_line(ledger, conversion["dedup_key"], 1, "accrual", "12.50", unmapped="no_rule")
        add_line(ledger, conversion["dedup_key"], 2, "remap", "-12.50", unmapped="no_rule")
        add_line(ledger, conversion["dedup_key"], 3, "remap", "12.50")

    told = lines_of(cli, conversion, "line")
    (found,) = cli("trace", conversion["transaction_id"], "--json").facts["conversions"]

    assert [line.split("  ")[:3] for line in told] == [
        ["accrual #1", "+12.50 USD payable", "unmapped (no_rule)"],
        ["remap #2 of #1", "-12.50 USD payable", "unmapped (no_rule)"],
        ["remap #3 of #1", "+12.50 USD payable", "Affiliate Commission — Spring sale"],
    ]
    assert "rule=spring" in told[2]
    assert [(line["amount"], line["unmapped"]) for line in found["lines"]] == [
        ("12.50", "no_rule"),
        ("-12.50", "no_rule"),
        ("12.50", None),
    ]


def test_requests_and_decisions_stand_below_their_lines(
    cli: CommandLine, running: dict[str, str], conversion: Any
) -> None:
    login, key = unique("mia"), conversion["dedup_key"]
    cli("user", "add", login, "--role", "manager")
    with psycopg.connect(running["DATABASE_URL"]) as ledger:
        request = write_request(ledger, key=key, steps=["manager", "director"])
    cli("approvals", "approve", request, "--as", login, "--comment", "as agreed")

    (found,) = cli("trace", conversion["id"], "--json").facts["conversions"][0]["approvals"]

    assert lines_of(cli, conversion, "approval") == [
        "line  150 USD  waiting  waits for director  rule=over-100  lines=#1"
    ]
    assert lines_of(cli, conversion, "decided") == [f"approved by {login}  as agreed"]
    assert (found["id"], found["state"], found["seqs"]) == (request, "waiting", [1])
    assert [(each["decided_by"], each["decision"]) for each in found["decisions"]] == [(login, "approve")]


def test_each_attempt_to_forward_is_shown_with_its_time_and_result(
    cli: CommandLine, running: dict[str, str], conversion: Any
) -> None:
    key = (conversion["dedup_key"], unique("voluum"), conversion["id"])
    with psycopg.connect(running["DATABASE_URL"]) as ledger:
        add_forward(ledger, key[1])
        add_delivery(ledger, key[1], "delivered", dedup_key=key[0], receipt=key[2], at=datetime.now(UTC))
        add_attempt(ledger, key, 1, fault="timeout")
        add_attempt(ledger, key, 2, status=503)
        add_attempt(ledger, key, 3, status=200)

    (delivery,) = lines_of(cli, conversion, "forward")
    attempts = lines_of(cli, conversion, "attempt")
    (found,) = cli("trace", conversion["id"], "--json").facts["conversions"][0]["forwards"]

    assert delivery == f"{key[1]}  delivered  revision=1"
    assert attempts == ["timeout  after 112 ms", "HTTP 503  after 112 ms", "HTTP 200  after 112 ms"]
    assert (found["forward"], found["state"]) == (key[1], "delivered")
    assert [(attempt["http_status"], attempt["fault"]) for attempt in found["attempts"]] == [
        (None, "timeout"),
        (503, None),
        (200, None),
    ]


def test_a_delivery_that_is_held_names_the_change_before(
    cli: CommandLine, running: dict[str, str], conversion: Any
) -> None:
    slug, now = unique("voluum"), datetime.now(UTC)
    with psycopg.connect(running["DATABASE_URL"]) as ledger:
        add_forward(ledger, slug)
        add_delivery(ledger, slug, dedup_key=conversion["dedup_key"], receipt=conversion["id"], at=now)
        add_delivery(ledger, slug, dedup_key=conversion["dedup_key"], at=now)
        ledger.execute(
            "UPDATE deliveries SET revision = 2 WHERE forward = %s AND receipt <> %s", (slug, conversion["id"])
        )

    first, second = lines_of(cli, conversion, "forward")
    found = cli("trace", conversion["id"], "--json").facts["conversions"][0]["forwards"]

    assert first.startswith(f"{slug}  waiting  due at ")
    assert second == f"{slug}  waiting  behind revision 1  revision=2"
    assert [delivery["behind"] for delivery in found] == [None, 1]


def test_a_publication_is_shown_with_its_times(cli: CommandLine, running: dict[str, str], conversion: Any) -> None:
    key, at = conversion["dedup_key"], datetime(2026, 11, 1, 12, tzinfo=UTC)
    with psycopg.connect(running["DATABASE_URL"]) as ledger:
        add_publication(ledger, dedup_key=key, at=at, published_at=at + timedelta(seconds=2))
        add_publication(ledger, dedup_key=key, at=at + timedelta(seconds=3))
        later = at + timedelta(seconds=4)
        add_publication(ledger, dedup_key=key, at=later, refusals=3, due_at=later + timedelta(minutes=1))

    told = lines_of(cli, conversion, "publish")
    found = cli("trace", conversion["id"], "--json").facts["conversions"][0]["publications"]

    assert told == [
        "published at 2026-11-01 12:00:02Z  revision=1  opened",
        "waiting for the broker  revision=1  opened",
        "waiting for the broker  revision=1  opened  refusals=3  tried again at 2026-11-01 12:01:04Z",
    ]
    assert [one["published_at"] for one in found] == ["2026-11-01T12:00:02+00:00", None, None]


def test_a_change_of_status_is_shown_with_its_revision(
    cli: CommandLine, running: dict[str, str], conversion: Any
) -> None:
    with psycopg.connect(running["DATABASE_URL"]) as ledger:
        ledger.execute(
            "INSERT INTO conversion_events"
            " (dedup_key, id, source_id, kind, status_before, status_after, revision, received_at)"
            " SELECT dedup_key, %s, source_id, 'status', 'pending', 'approved', 2, now()"
            " FROM conversions WHERE id = %s",
            (new_receipt(), conversion["id"]),
        )

    (told,) = lines_of(cli, conversion, "change")

    assert told == "status  pending → approved  revision=2"


@pytest.mark.parametrize(
    "query",
    [
        "trace_waiting", "trace_events", "trace_lines", "trace_approvals", "trace_decisions", "trace_deliveries",
        "trace_attempts", "trace_publications", "trace_bills", "trace_exports",
    ],
)  # fmt: skip
def test_a_trace_of_consequences_uses_the_indexes(running: dict[str, str], query: str) -> None:
    values = {"dedup_keys": [new_receipt()], "ids": [new_receipt()], "times": [datetime.now(UTC)], "limit": 1}
    with psycopg.connect(running["DATABASE_URL"], options="-c enable_seqscan=off") as connection:
        plan = "\n".join(row[0] for row in connection.execute("EXPLAIN " + sql(query), values).fetchall())

    assert "Index Cond: " in plan
    assert "Seq Scan" not in plan
