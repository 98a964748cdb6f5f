"""What makes a ledger unusable for this release or for this machine's keys is found before `make up` stops anything."""

from pathlib import Path

import psycopg
import pytest
from cryptography.fernet import Fernet

from postledger.doctor.readiness import describe_low_room, find_obstacle, list_warnings
from postledger.platform.keyring import Keyring
from tests.parts.cli import CommandLine
from tests.parts.databases import create_database, drop_database
from tests.parts.postgres import Postgres

KEY_FILE = Path("/srv/var/master.key")
FOREIGN = Keyring([Fernet.generate_key().decode()])


@pytest.fixture
def configured(cli: CommandLine, file: str) -> str:
    """A ledger with a source, and the key of the hashes of personal data."""
    assert cli("apply", file).code == 0
    assert cli("hash", stdin="person@example.org\n").code == 0
    return cli.environment["DATABASE_URL"]


def find(url: str, keyring: Keyring | None) -> str | None:
    with psycopg.connect(url, autocommit=True) as connection:
        return find_obstacle(connection, keyring, KEY_FILE)


def execute(url: str, statement: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement.encode())


def test_a_ledger_and_its_own_key_have_no_obstacle(configured: str, master_key: str) -> None:
    assert find(configured, Keyring([master_key])) is None


def test_an_empty_database_has_no_obstacle_for_any_key(postgres: Postgres) -> None:
    url = create_database(postgres)

    assert find(url, FOREIGN) is None
    assert find(url, None) is None
    drop_database(postgres, url)


@pytest.mark.parametrize("begun", [False, True], ids=["never migrated", "a migration failed"])
def test_tables_of_another_program_are_an_obstacle(postgres: Postgres, begun: bool) -> None:
    url = create_database(postgres)
    execute(url, "CREATE TABLE orders (id int)")  # a name that the ledger does not use does no harm
    if begun:
        execute(url, "CREATE TABLE schema_migrations (name text, checksum text, applied_at timestamptz)")
    assert find(url, None) is None

    execute(url, "CREATE TABLE sources (id int)")

    obstacle = "DATABASE_URL: its database has a table sources of another program; create a database for the ledger"
    assert find(url, None) == obstacle
    drop_database(postgres, url)


@pytest.mark.parametrize("keyring", [FOREIGN, None])
def test_the_key_of_another_machine_is_an_obstacle(configured: str, keyring: Keyring | None) -> None:
    obstacle = find(configured, keyring)

    assert obstacle == (
        'the master key of this machine does not decrypt 2 secrets of the ledger (acme, its own key "pii"); copy the'
        " master key from the machine that runs on this ledger (scp HOST:…/var/master.key /srv/var/master.key), or set"
        " POSTLEDGER_MASTER_KEY_FILE"
    )


def test_a_key_that_opens_some_secrets_is_to_be_completed(configured: str, master_key: str) -> None:
    locked = FOREIGN.encrypt("canary").hex()
    execute(configured, f"UPDATE source_secrets SET ciphertext = '\\x{locked}' WHERE position = 1")

    obstacle = find(configured, Keyring([master_key]))

    assert obstacle is not None
    assert "does not decrypt 1 secret of the ledger (acme); add the key that encrypted them as a further" in obstacle


def test_secrets_of_a_retired_source_are_no_obstacle(cli: CommandLine, configured: str, master_key: str) -> None:
    execute(configured, f"UPDATE source_secrets SET ciphertext = '\\x{FOREIGN.encrypt('x').hex()}'")
    cli("source", "retire", "acme")

    assert find(configured, Keyring([master_key])) is None


def test_a_ledger_of_a_newer_release_is_a_warning(configured: str, master_key: str) -> None:
    """The release before it still works: on the machine that is upgraded last, or on one that was set back."""
    execute(configured, "INSERT INTO schema_migrations VALUES ('9999_later.sql', 'x', now())")

    with psycopg.connect(configured, autocommit=True) as connection:
        (warning,) = list_warnings(connection)

    assert warning.startswith("the ledger was migrated by a newer release (9999_later.sql)")
    assert find(configured, Keyring([master_key])) is None


def test_an_edited_migration_is_an_obstacle(configured: str, master_key: str) -> None:
    execute(configured, "UPDATE schema_migrations SET checksum = 'x' WHERE name LIKE '0001%'")

    obstacle = find(configured, Keyring([master_key]))

    assert obstacle == "0001_ledger.sql was edited after it had been applied; restore the released file"


def test_a_database_that_only_reads_is_an_obstacle(configured: str, master_key: str) -> None:
    obstacle = find(f"{configured}&options=-c%20default_transaction_read_only%3Don", Keyring([master_key]))

    assert obstacle == "DATABASE_URL: this server only reads, as a standby does; name the primary"


def test_a_user_that_does_not_own_the_ledger_is_an_obstacle(
    postgres: Postgres, configured: str, master_key: str
) -> None:
    database = configured.rpartition("/")[2].partition("?")[0]

    obstacle = find(
        postgres.url(database, role="postledger_monitor") + "&options=-c%20default_transaction_read_only%3Doff", None
    )

    assert obstacle == "DATABASE_URL: its user does not own the tables of the ledger; name the role that owns them"


def test_a_database_with_another_encoding_is_an_obstacle(postgres: Postgres) -> None:
    execute(postgres.url(), "CREATE DATABASE latin ENCODING 'SQL_ASCII' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'")

    obstacle = find(postgres.url("latin"), None)

    assert obstacle is not None
    assert "the postgres encoding is SQL_ASCII; create the database again" in obstacle
    drop_database(postgres, postgres.url("latin"))


def test_a_source_that_cannot_be_read_is_a_warning(configured: str, master_key: str) -> None:
    execute(configured, 'UPDATE sources SET settings = \'{"mode": "nonsense"}\'')

    with psycopg.connect(configured, autocommit=True) as connection:
        (warning,) = list_warnings(connection)

    assert warning.startswith("cannot read the settings of acme")
    assert find(configured, Keyring([master_key])) is None


@pytest.mark.parametrize(("free_mib", "is_low"), [(0, True), (127, True), (128, False), (10_000, False)])
def test_a_disk_with_little_room_is_described(free_mib: int, is_low: bool) -> None:
    described = describe_low_room(Path("/srv/var"), free_mib * 1024**2)

    assert (described is not None) == is_low
