"""A ledger with a past: postbacks that were received before, and commands that replay them."""

import secrets
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg

from postledger.ingest.receive import evaluate
from postledger.ledger.writer import write_entries
from postledger.platform.keyring import Keyring
from postledger.policy.policy import Policy
from postledger.policy.read import load_policy
from postledger.vocabulary.incoming_request import Request
from postledger.vocabulary.receipt import ENTROPY_BYTES, make_receipt
from tests.parts.cli import CommandLine
from tests.parts.sender import sign_query, sign_webhook

SECRET = "s3cret-current"
SOURCE = """
[[sources]]
slug = "acme"
name = "Acme Network"
secrets = ["s3cret-current"]
currency = "USD"
"""


class Sent(str):
    """The verdict, or the reason of a refusal, with the receipt."""

    receipt: str


class PastLedger:
    """Receives postbacks as of an earlier time, one minute after another, by the policy of now."""

    def __init__(self, cli: CommandLine) -> None:
        self.cli = cli
        self.now = datetime.now(UTC) - timedelta(hours=3)

    def apply(self, *changes: str, source: str = SOURCE) -> None:
        """Apply the source with more lines."""
        ran = self.cli("apply", self.cli.write("replayed.toml", source + "\n".join(changes) + "\n"))
        assert ran.code == 0, ran.err

    def get(self, query: str, *, slug: str = "acme", signed: bool = True) -> Sent:
        """Receive a GET."""
        if signed:
            query = f"{query}&ts={int(self.now.timestamp())}"
            query = f"{query}&sig={sign_query(SECRET, query.encode())}"
        return self.receive(slug, method="GET", query=query.encode())

    def post(self, body: bytes, message_id: str, *, slug: str = "acme") -> Sent:
        """Receive a webhook."""
        ts = str(int(self.now.timestamp()))
        headers = {
            "webhook-id": message_id,
            "webhook-timestamp": ts,
            "webhook-signature": sign_webhook(SECRET, message_id, ts, body),
        }
        return self.receive(slug, method="POST", body=body, media_type="application/json", headers=headers)

    def fill(self, queries: Iterable[str], *, slug: str = "acme") -> None:
        """Receive many GETs, one after another."""
        with self._open() as connection:
            policy = self._load(connection)
            for query in queries:
                signed = f"{query}&ts={int(self.now.timestamp())}"
                request = self._ask(method="GET", query=f"{signed}&sig={sign_query(SECRET, signed.encode())}".encode())
                write_entries(connection, [evaluate(request, policy.sources[slug], policy.version)])

    def receive(self, slug: str, **request: Any) -> Sent:
        """Receive a request, and let a minute pass."""
        with self._open() as connection:
            policy, asked = self._load(connection), self._ask(**request)
            (outcome,) = write_entries(connection, [evaluate(asked, policy.sources[slug], policy.version)])
        receipt = asked.receipt
        self.now += timedelta(minutes=1)
        sent = Sent(outcome.refusal.reason if outcome.refusal else outcome.verdict)
        sent.receipt = receipt
        return sent

    def _ask(self, **request: Any) -> Request:
        self.now += timedelta(milliseconds=1)
        receipt = make_receipt(int(self.now.timestamp() * 1000), secrets.token_bytes(ENTROPY_BYTES))
        return Request(receipt, self.now, **{"client_address": "127.0.0.1", **request})

    def _open(self) -> psycopg.Connection[Any]:
        return psycopg.connect(self.cli.environment["DATABASE_URL"], autocommit=True)

    def _load(self, connection: psycopg.Connection[Any]) -> Policy:
        return load_policy(connection, Keyring([self.cli.environment["POSTLEDGER_MASTER_KEY"]]))

    def replay(self, *options: str) -> dict[str, Any]:
        """Run a dry run and give its table."""
        facts: dict[str, Any] = self.cli("replay", "--since", "7h", *options, "--json").facts
        return facts

    def book(self, *options: str) -> dict[str, Any]:
        """Replay what the dry run shows, and check that both have the same numbers."""
        shown = self.replay(*(option for option in options if option != "--accept-drift"))
        booked = self.replay(*options, "--go", "--yes", str(shown["rows_to_book"]))
        parts = ("rows", "judged", "not_believed", "not_kept", "booked_before", "as_recorded", "changes", "drift")
        assert [shown[part] for part in parts] == [booked[part] for part in parts]
        return booked


def numbers_of(line: Mapping[str, Any]) -> tuple[int, int, dict[str, str]]:
    """The rows, conversions and money of one line of a table."""
    return line["rows"], line["conversions"], line["money"]
