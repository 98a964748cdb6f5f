"""The shipped backend with limits that neither a slow nor a fast machine reaches.

gunicorn imports this in place of the shipped factory. Without it, a test that expects one postback to be booked would
fail if the commit took more than 1.4 s, and a test that reads the audit row of one refusal would fail if 50 others came
in the same second. Tests of these limits run the shipped factory: `Backend(shipped_limits=True)`.
"""

import sys

from postledger.bootstrap import backend
from postledger.platform.server.wsgi_exchange import ByListener
from tests.parts.patience import LONG_S

__all__ = ["backend", "create"]

PATIENT = {
    "ANSWER_WITHIN_S": LONG_S,
    "CONNECT_S": LONG_S,
    "FLUSH_LOCK_MS": LONG_S * 1000,
    "FLUSH_STATEMENT_MS": LONG_S * 1000,
    "FLUSH_WITHIN_S": LONG_S,
    "OPEN_WITHIN_S": LONG_S,
    "POOL_STATEMENT_MS": LONG_S * 1000,
    "UNAUTHENTICATED_PER_SECOND": 10**9,
}
"""`POOL_WAIT_S` and `HEALTH_WITHIN_S` stay: a test waits until the policy is read and the backend is healthy."""


def be_patient() -> None:
    """Lengthen the limits in this process. Only a backend's: in that of the tests they must stay as shipped."""
    # A module that imports a constant has a copy of it, so it is changed in each.
    for name, module in list(sys.modules.items()):
        if name.startswith("postledger."):
            vars(module).update({limit: value for limit, value in PATIENT.items() if limit in vars(module)})


def create() -> ByListener:
    """Build the applications as the shipped factory does, with long limits."""
    be_patient()
    return backend.create()
