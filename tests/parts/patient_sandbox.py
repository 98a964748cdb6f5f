"""The shipped sandbox with limits that neither a slow nor a fast machine reaches, as `patient_app` is the backend."""

from postledger.bootstrap import sandbox
from postledger.platform.server.wsgi_exchange import ByListener
from tests.parts.patient_app import be_patient


def create() -> ByListener:
    """Build the applications as the shipped factory does, with long limits."""
    be_patient()
    return sandbox.create()
