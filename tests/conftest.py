"""What every test of the ledger needs: one Postgres for the run, and a migrated database of its own for each test.

A database from a template is made in a few hundredths of a second, so no test has to clean up after another.
"""

import signal
from collections.abc import Iterator
from pathlib import Path

import gevent
import pytest
from cryptography.fernet import Fernet
from hypothesis import HealthCheck, settings

from tests.parts.databases import create_database, drop_database, prepare_database
from tests.parts.postgres import Postgres
from tests.parts.rabbitmq import RabbitMQ

TEMPLATE = "postledger_template"
SLOWEST = ("tests/monitoring/test_alerts.py", "tests/acceptance/test_make_up")

# A test fails for what the code does and not for how busy the machine is: no time limit for an example. And the same
# examples in every run; `pytest --hypothesis-profile=default` goes looking for others.
settings.register_profile("steady", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("steady")

# A shell has the programs that it starts in the background ignore Ctrl-C, and so would what the tests start.
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave the drills out unless they are asked for: they measure seconds, and a busy machine makes them fail."""
    asked = any("tests/drills" in argument for argument in config.args)
    return True if collection_path.name == "drills" and not asked else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Start with the files that take minutes, so that none of them is left for the end of a run side by side."""
    items.sort(key=lambda item: not item.nodeid.startswith(SLOWEST))


@pytest.fixture(autouse=True)
def clock_of_the_event_loop() -> None:
    """A loop reads the clock when it runs: without this, the time since then would count against a test's timers."""
    gevent.get_hub().loop.update_now()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """Shared, and without fsync: tests that stop or kill Postgres make one of their own."""
    with Postgres(durable=False) as postgres:
        yield postgres


@pytest.fixture(scope="session")
def rabbitmq() -> Iterator[RabbitMQ]:
    """Shared. A test that stops or kills it starts it again."""
    with RabbitMQ() as rabbitmq:
        yield rabbitmq


@pytest.fixture(scope="session")
def template(postgres: Postgres) -> str:
    """The name of a database with the whole schema and the partitions of these days, and nothing else."""
    prepare_database(create_database(postgres, TEMPLATE))
    return TEMPLATE


@pytest.fixture
def database(postgres: Postgres, template: str) -> Iterator[str]:
    """The URL of a fresh, migrated database, dropped afterwards with whoever is still connected to it."""
    url = create_database(postgres, template=template)
    yield url
    drop_database(postgres, url)


@pytest.fixture(scope="session")
def master_key() -> str:
    """The Fernet key that source secrets are encrypted under."""
    return Fernet.generate_key().decode()


@pytest.fixture
def environment(database: str, master_key: str) -> dict[str, str]:
    """The variables that the backend and the command line cannot do without."""
    return {"DATABASE_URL": database, "POSTLEDGER_MASTER_KEY": master_key}
