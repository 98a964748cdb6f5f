"""Clicks that never converted are deleted after their retention period; all others stay."""

from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from msgspec.structs import replace

from postledger.clicks import retention
from postledger.ledger.writer import write_entries
from postledger.platform.postgres.connection import connect
from tests.parts.cli import CommandLine
from tests.parts.entries import entry_of

NOW = datetime.now(UTC)
ADD = "INSERT INTO clicks (click_id, created_at) SELECT %s || n, %s FROM generate_series(1, %s) AS n"


def add_clicks(url: str, name: str, age: timedelta, count: int = 1) -> None:
    """Add clicks of this age, named and numbered."""
    with psycopg.connect(url) as connection:
        connection.execute(ADD, (name, NOW - age, count))


def list_clicks(url: str) -> list[str]:
    """The ids of all clicks."""
    with psycopg.connect(url) as connection:
        return [click_id for (click_id,) in connection.execute("SELECT click_id FROM clicks ORDER BY 1").fetchall()]


def test_old_clicks_without_a_conversion_are_deleted(cli: CommandLine, database: str) -> None:
    add_clicks(database, "old", timedelta(days=31), 2)
    add_clicks(database, "young", timedelta(days=29))
    add_clicks(database, "converted", timedelta(days=31))
    with connect(database, name="test", statement_timeout_ms=60_000) as connection:
        write_entries(connection, [entry_of(click_id="converted1", transaction_id="T1")])
    cli.environment["POSTLEDGER_CLICK_RETENTION_DAYS"] = "30"

    kept = cli("retain", "--json").facts

    assert (kept["clicks_deleted"], kept["click_retention_days"]) == (2, 30)
    assert list_clicks(database) == ["converted1", "young1"]


def test_clicks_are_kept_for_400_days_by_default(cli: CommandLine, database: str) -> None:
    add_clicks(database, "old", timedelta(days=401))
    add_clicks(database, "young", timedelta(days=399))

    ran = cli("retain")

    assert ran.out.splitlines()[-2] == "1 click without a conversion deleted; they are kept for 400 days."
    assert list_clicks(database) == ["young1"]


def test_many_clicks_are_deleted_in_portions(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "PORTION_ROWS", 3)
    add_clicks(database, "old", timedelta(days=31), 10)

    with connect(database, name="test", statement_timeout_ms=60_000) as connection:
        assert retention.delete_expired_clicks(connection, NOW, 30) == 10

    assert list_clicks(database) == []


@pytest.mark.parametrize("days", ["0", "-1", "soon"])
def test_a_retention_that_would_delete_everything_is_refused(cli: CommandLine, days: str) -> None:
    cli.environment["POSTLEDGER_CLICK_RETENTION_DAYS"] = days

    ran = cli("retain")

    assert ran.code == 1
    assert ran.err == "postledger: POSTLEDGER_CLICK_RETENTION_DAYS must be a whole number of at least 1\n"


def test_a_marked_conversion_is_shown_by_trace_lists_and_report(cli: CommandLine, database: str) -> None:
    entry = replace(entry_of(click_id="shed", transaction_id="T1", click_check="required"), named_campaign_id=7)
    with connect(database, name="test", statement_timeout_ms=60_000) as connection:
        connection.execute(
            "INSERT INTO sources (slug, name, settings, created_at, updated_at) VALUES (%s, %s, %s, now(), now())",
            ("acme", "Acme", "{}"),
        )
        (outcome,) = write_entries(connection, [entry])

    traced = cli("trace", "T1", "--json").facts

    assert (outcome.verdict, outcome.campaign_id, outcome.click_shed) == ("accepted", 7, True)
    assert [row["click_shed"] for row in (*traced["conversions"], *traced["postbacks"])] == [True, True]
    assert "click_shed: its click was not stored" in cli("trace", "T1").out
    for kind in ("conversions", "postbacks"):
        assert [row["click_shed"] for row in cli(kind, "list", "--json").facts] == [True]
    assert cli("source", "report", "acme", "--json").facts["click_shed"] == 1
    assert "click_shed 1 of 1: their clicks were not stored" in cli("source", "report", "acme").out
