"""Acceptance tests use the whole stack, or a checkout of the project that `make up` has started."""

from tests.parts.checkout import checkout, fresh, root, used
from tests.parts.incidents import alertmanager, catcher, prometheus, stage
from tests.parts.stack import backend, client, edge, keeps_time, ledger, ledger_environment, mortal

__all__ = [
    "alertmanager",
    "backend",
    "catcher",
    "checkout",
    "client",
    "edge",
    "fresh",
    "keeps_time",
    "ledger",
    "ledger_environment",
    "mortal",
    "prometheus",
    "root",
    "stage",
    "used",
]
