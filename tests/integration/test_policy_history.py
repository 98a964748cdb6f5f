"""The history of the policy: each change with its time, its actor and the settings after it, and no secret."""

from typing import Any

import pytest

from postledger.platform.postgres import migrations
from postledger.platform.postgres.connection import connect
from tests.integration.configured import FILE
from tests.parts.cli import CommandLine
from tests.parts.databases import create_database, drop_database, fetch
from tests.parts.postgres import Postgres
from tests.parts.sources import add_source


def history(cli: CommandLine, *arguments: str) -> list[dict[str, Any]]:
    facts: list[dict[str, Any]] = cli("policy", "history", *arguments, "--json").facts
    return facts


def done(rows: list[dict[str, Any]]) -> list[str]:
    return [" ".join([row["action"], row["subject"], row["slug"], *row["keys"]]) for row in rows]


def test_apply_records_what_it_creates_changes_and_retires(cli: CommandLine, file: str) -> None:
    cli("apply", file)
    cli("apply", cli.write("b.toml", FILE.replace('"45m"', '"5m"').replace('"Spring sale"', '"Sale"')))
    cli("campaign", "retire", "spring")

    rows = history(cli)

    assert done(rows) == [
        "retire campaign spring",
        "change campaign spring name",
        "change source acme timestamp_tolerance",
        "create affiliate 456",
        "create campaign spring",
        "create source acme",
    ]
    versions = [row["version"] for row in rows]
    assert versions == sorted(versions, reverse=True)
    assert [len(set(part)) for part in (versions[:1], versions[1:3], versions[3:])] == [1, 1, 1]
    assert (rows[0]["settings"], rows[2]["settings"]["timestamp_tolerance_s"]) == (None, 300)
    assert all(row["actor"] and row["at"] for row in rows)


def test_a_dry_run_and_an_apply_without_a_change_record_nothing(cli: CommandLine, file: str) -> None:
    cli("apply", "--dry-run", file)
    before = history(cli)
    cli("apply", file)
    cli("apply", file)

    assert (before, len(history(cli))) == ([], 3)


def test_a_rotation_is_recorded_and_no_secret_is(cli: CommandLine, file: str, database: str) -> None:
    cli("apply", file)
    secret = cli("source", "rotate", "acme").out.strip()
    cli("source", "secret", "acme", "--retire", "--force")

    assert done(history(cli, "--source", "acme")) == [
        "retire secrets source acme secrets",
        "rotate source acme secrets",
        "create source acme",
    ]
    kept = str(fetch(database, "SELECT policy_history::text FROM policy_history"))
    assert not any(word in kept for word in ("s3cret", secret, "whsec_"))


def test_the_history_of_an_unknown_source_is_an_error(cli: CommandLine) -> None:
    ran = cli("policy", "history", "--source", "nobody")

    assert (ran.code, ran.err) == (1, "postledger: source nobody does not exist; run: postledger source list\n")


@pytest.mark.parametrize("limit", [1, 2])
def test_the_history_is_a_table_of_the_newest(cli: CommandLine, file: str, limit: int) -> None:
    cli("apply", file)

    lines = cli("policy", "history", "--limit", str(limit)).out.splitlines()

    assert len(lines) == 1 + limit
    assert "affiliate" in lines[1]


def test_what_was_in_force_before_the_history_began_is_in_it(postgres: Postgres, cli: CommandLine) -> None:
    url = create_database(postgres)
    shipped = migrations.shipped_migrations()
    with pytest.MonkeyPatch.context() as patched, connect(url, name="test", statement_timeout_ms=60_000) as ledger:
        former = [migration for migration in shipped if migration.name[:4] < "0023"]
        patched.setattr(migrations, "shipped_migrations", lambda: former)
        migrations.migrate(ledger)
        add_source(url, cli.environment["POSTLEDGER_MASTER_KEY"], "acme", settings={"currency": "EUR"})
    cli.environment["DATABASE_URL"] = url
    cli("migrate")

    (row,) = history(cli)

    assert (row["action"], row["slug"], row["actor"], row["settings"]) == (
        "change", "acme", "unknown", {"currency": "EUR"},
    )  # fmt: skip
    drop_database(postgres, url)
