"""Acceptance tests use the whole stack, or a checkout of the project that `make up` has started."""

from tests.parts.checkout import checkout, root, used
from tests.parts.stack import backend, client, edge, ledger, ledger_environment, mortal

__all__ = ["backend", "checkout", "client", "edge", "ledger", "ledger_environment", "mortal", "root", "used"]
