"""What every test of the ledger needs: one Postgres for the run, and a migrated database of its own for each test.

A database from a template is made in a few hundredths of a second, so no test has to clean up after another.
"""

import secrets
from collections.abc import Iterator
from datetime import UTC, datetime

import psycopg
import pytest
from cryptography.fernet import Fernet
from psycopg.sql import SQL, Identifier

from postledger.adapters.postgres.migrations import migrate
from postledger.adapters.postgres.retention import make_partitions
from tests.parts.postgres import Postgres

TEMPLATE = "postledger_template"


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """Shared, and without fsync: tests that stop or kill Postgres make one of their own."""
    with Postgres(durable=False) as postgres:
        yield postgres


@pytest.fixture(scope="session")
def template(postgres: Postgres) -> str:
    """The name of a database with the whole schema and the partitions of these days, and nothing else."""
    _create_database(postgres, TEMPLATE)
    prepare_database(postgres.url(TEMPLATE))
    return TEMPLATE


@pytest.fixture
def database(postgres: Postgres, template: str) -> Iterator[str]:
    """The URL of a fresh, migrated database, dropped afterwards with whoever is still connected to it."""
    name = f"test_{secrets.token_hex(8)}"
    _create_database(postgres, name, template)
    yield postgres.url(name)
    _run(postgres, SQL("DROP DATABASE {} WITH (FORCE)").format(Identifier(name)).as_string())


@pytest.fixture(scope="session")
def master_key() -> str:
    """The Fernet key that source secrets are encrypted under."""
    return Fernet.generate_key().decode()


@pytest.fixture
def environment(database: str, master_key: str) -> dict[str, str]:
    """The variables that the backend and the command line cannot do without."""
    return {"DATABASE_URL": database, "POSTLEDGER_MASTER_KEY": master_key}


def prepare_database(url: str) -> None:
    """Give an empty database the schema and the partitions of these days."""
    with psycopg.connect(url, autocommit=True) as connection:
        migrate(connection)
        make_partitions(connection, datetime.now(UTC))


def _create_database(postgres: Postgres, name: str, template: str = "template1") -> None:
    _run(postgres, SQL("CREATE DATABASE {} TEMPLATE {}").format(Identifier(name), Identifier(template)).as_string())


def _run(postgres: Postgres, statement: str) -> None:
    with psycopg.connect(postgres.url(), autocommit=True) as connection:
        connection.execute(statement.encode())
