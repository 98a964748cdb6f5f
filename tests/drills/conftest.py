"""What drills need: a place for their measurements, and the services that they break."""

import pytest

from tests.drills.promises import Promises, make_table
from tests.parts.checkout import checkout, root, used
from tests.parts.incidents import alertmanager, catcher, prometheus, stage
from tests.parts.stack import backend, client, edge, ledger, ledger_environment, mortal

__all__ = [
    "alertmanager",
    "backend",
    "catcher",
    "checkout",
    "client",
    "edge",
    "ledger",
    "ledger_environment",
    "mortal",
    "prometheus",
    "root",
    "stage",
    "used",
]


@pytest.fixture(scope="module")
def keeps_time() -> bool:
    """Drills measure the shipped timeouts."""
    return True


_PROMISES = pytest.StashKey[Promises]()


def pytest_configure(config: pytest.Config) -> None:
    """Start with no measurement."""
    config.stash[_PROMISES] = Promises()


@pytest.fixture(scope="session")
def promises(pytestconfig: pytest.Config) -> Promises:
    """`promises.keep(name, measured_s, within_s)` notes a measurement and fails if it is over its bound."""
    return pytestconfig.stash[_PROMISES]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print the table, also of promises that were not kept."""
    if rows := config.stash[_PROMISES].worst():
        terminalreporter.section("promises")
        for line in make_table(rows):
            terminalreporter.line(line)
