"""The dashboards' role reads amounts and names, and never secrets or what identifies a person."""

from collections.abc import Iterator

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from tests.parts.cli import CommandLine
from tests.parts.databases import create_database, drop_database
from tests.parts.postgres import Postgres

CLOSED = (
    *(
        "SELECT ciphertext FROM source_secrets",
        "SELECT ciphertext FROM retired_secrets",
        "SELECT settings FROM sources",
    ),
    *("SELECT raw FROM postbacks", "SELECT id FROM postbacks", "SELECT source_ip FROM postbacks"),
    *("SELECT click_id FROM postbacks", "SELECT transaction_id FROM postbacks", "SELECT conversion_id FROM postbacks"),
    *("SELECT click_id FROM clicks", "SELECT subs FROM clicks"),
    *("SELECT id FROM conversions", "SELECT click_id FROM conversions", "SELECT transaction_id FROM conversions"),
    *("SELECT id FROM conversion_events", "SELECT transaction_id FROM conversion_events"),
    *("SELECT dedup_key FROM parked_reversals", "SELECT settled_by FROM parked_reversals"),
    *("SELECT * FROM conversions", "SELECT dedup_key FROM conversions", "SELECT subs FROM conversions"),
    *("SELECT payee FROM expense_lines", "SELECT account FROM expense_lines", "SELECT affiliate_id FROM expense_lines"),
    *("SELECT id FROM expense_lines", "SELECT dedup_key FROM expense_lines", "SELECT conversion_id FROM expense_lines"),
    *("SELECT name FROM payees", "SELECT bank_account FROM payees", "SELECT bank_account_hash FROM payees"),
    *("SELECT payee FROM bills", "SELECT number FROM bills", "SELECT category FROM bill_lines"),
    *("SELECT body FROM expense_rules", "SELECT changed_by FROM periods"),
    *("SELECT reference FROM exports", "SELECT fault FROM exports", "SELECT bill_id FROM exports"),
    *("SELECT account FROM statements", "SELECT id FROM statements", "SELECT file_name FROM statements"),
    *("SELECT opening FROM statements", "SELECT closing FROM statements", "SELECT imported_by FROM statements"),
    *("SELECT remittance FROM statement_lines", "SELECT counterparty FROM statement_lines"),
    *("SELECT amount FROM statement_lines", "SELECT transaction_id FROM statement_lines"),
    *("SELECT account FROM bank_accounts", "SELECT account_hash FROM bank_accounts", "SELECT slug FROM bank_accounts"),
    *(
        "SELECT account FROM reconciliations",
        "SELECT counts FROM reconciliations",
        "SELECT started_by FROM reconciliations",
    ),
    *("SELECT payee FROM receivables", "SELECT number FROM receivables", "SELECT bill_id FROM matches"),
    *("SELECT statement_id FROM matches", "SELECT dedup_key FROM matches", "SELECT confirmed_by FROM matches"),
    *("SELECT facts FROM discrepancies", "SELECT id FROM discrepancies", "SELECT owner FROM discrepancies"),
    *(
        "SELECT account FROM discrepancies",
        "SELECT resolution FROM discrepancies",
        "SELECT note FROM discrepancy_notes",
    ),
    *("SELECT report FROM locked_reports", "SELECT settings FROM report_formats"),
    *("DELETE FROM conversions", "UPDATE conversions SET payout = 0", "CREATE TABLE own (id int)"),
    "SET default_transaction_read_only = off; INSERT INTO affiliates VALUES ('1', 'x', now(), now())",
)
OPEN = (
    "SELECT sum(payout), currency, status, event FROM conversions GROUP BY currency, status, event",
    "SELECT verdict, reason, secret_id, received_at FROM postbacks",
    "SELECT slug, name FROM sources",
    'SELECT source_id, "position", created_at, last_matched_at FROM source_secrets',
    "SELECT campaign_id, affiliate_id, created_at, is_imported FROM clicks",
    "SELECT source_id, kind, delta, currency, received_at FROM conversion_events",
    "SELECT source_id, payout, currency, received_at, settled_at, outcome FROM parked_reversals",
    "SELECT name, applied_at FROM schema_migrations",
    "SELECT sum(amount), currency, period, category, unmapped FROM expense_lines GROUP BY 2, 3, 4, 5",
    "SELECT since, settings FROM finance",
    "SELECT period, currency, state, exact, carried_in, amount, carried_out FROM bills",
    "SELECT period, amount, paid FROM bills",
    "SELECT target, state, created_at FROM exports",
    "SELECT kind, proof, period, lines, faults FROM statements",
    "SELECT reason FROM statement_faults",
    "SELECT kind, state, period, started_at, ended_at FROM reconciliations",
    "SELECT period, currency, amount, received FROM receivables",
    "SELECT part, amount, state FROM matches",
    "SELECT class, state, stake, currency, opened_at FROM discrepancies",
    "SELECT period, locked_at FROM locked_reports",
    "SELECT currency, rate, on_day FROM rates",
    "SELECT period, state FROM periods",
)


@pytest.fixture(scope="module")
def database(postgres: Postgres, template: str) -> Iterator[str]:
    """One ledger for all of them: each test leaves the rights as `grant` makes them."""
    url = create_database(postgres, template=template)
    yield url
    drop_database(postgres, url)


@pytest.fixture(scope="module")
def run(database: str, master_key: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[CommandLine]:
    """The command line on that ledger."""
    directory = tmp_path_factory.mktemp("grants")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(directory)
        yield CommandLine({"DATABASE_URL": database, "POSTLEDGER_MASTER_KEY": master_key}, directory)


@pytest.fixture(scope="module")
def reader(postgres: Postgres, database: str, run: CommandLine) -> str:
    """The URL of the role on a ledger that has granted it its rights."""
    assert run("grant", "postledger_reader").code == 0
    return postgres.url(str(conninfo_to_dict(database)["dbname"]), role="postledger_reader")


@pytest.mark.parametrize("statement", CLOSED)
def test_the_reader_may_not(reader: str, statement: str) -> None:
    with psycopg.connect(reader, autocommit=True) as connection, pytest.raises(psycopg.Error) as refused:
        connection.execute(statement.encode())

    assert isinstance(refused.value, psycopg.errors.InsufficientPrivilege | psycopg.errors.ReadOnlySqlTransaction)


@pytest.mark.parametrize("statement", OPEN)
def test_the_reader_may(reader: str, statement: str) -> None:
    with psycopg.connect(reader, autocommit=True) as connection:
        connection.execute(statement.encode())


def test_other_rights_of_the_role_are_revoked(database: str, reader: str, run: CommandLine) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("GRANT SELECT ON source_secrets TO postledger_reader")

    run("grant", "postledger_reader")

    with psycopg.connect(reader) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute("SELECT ciphertext FROM source_secrets")


def test_the_monitor_reads_statistics_and_no_table(postgres: Postgres, database: str, reader: str) -> None:
    monitor = postgres.url(str(conninfo_to_dict(database)["dbname"]), role="postledger_monitor")

    with psycopg.connect(monitor, autocommit=True) as connection:
        connection.execute("SELECT wal_bytes FROM pg_stat_wal")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("SELECT payout FROM conversions")


def test_a_role_that_does_not_exist_is_named(run: CommandLine) -> None:
    ran = run("grant", "nobody-here")

    assert ran.code == 1
    assert "role nobody-here does not exist in Postgres" in ran.err
