"""Sources of a configuration file that a token proves, for tests of what a preset or dialect reads."""

from typing import Any

from postledger.ingest.receive import evaluate
from postledger.ledger.entry import Entry
from postledger.policy.config_file import read_configuration
from postledger.policy.preset_files import read_known
from postledger.policy.source import Source, find_profile
from postledger.signatures.secret_key import Key
from postledger.vocabulary.incoming_request import Request
from tests.parts.signed_requests import NOW

TOKEN = "a-token-of-16-chars"


def make(**document: Any) -> Source:
    """A source of a file, whose secret is a token unless it says otherwise."""
    content = {"slug": "net", "secrets": [TOKEN], "click": "optional", **document}
    settings = read_configuration({"sources": [content]}, {}, read_known()).sources["net"].settings
    return Source(1, "net", settings, (Key.from_secret(11, TOKEN),), find_profile(settings))


def ask(by: Source, query: str) -> Entry:
    """What the source makes of a GET with its token."""
    return evaluate(Request("receipt", NOW, "GET", query=f"{query}&token={TOKEN}".encode()), by)
