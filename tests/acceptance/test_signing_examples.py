"""The signing examples, run as a partner runs them: against the real edge and backend, each in its own language.

Node is left out when the tests are collected if this machine does not have it; all other languages are always here.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from uuid import uuid4

import pytest

from tests.parts.backend import Backend
from tests.parts.databases import create_database, drop_database, fetch
from tests.parts.documents import ROOT
from tests.parts.edge import Edge
from tests.parts.part import END_WITHIN_S
from tests.parts.postgres import Postgres
from tests.parts.sources import add_source

SECRETS = {"plain": "s3cret-current", "hooks": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}
_GO = 'program=$(mktemp) && trap "rm $program" EXIT && gccgo-12 -o "$program" "$0" && "$program" "$@"'
COMMANDS = {
    "sign.sh": ["bash"],
    "sign.py": [sys.executable],
    "sign.php": ["php"],
    "sign.mjs": ["node"],
    "sign.go": ["sh", "-c", _GO],
}
RUNNABLE = [name for name, command in COMMANDS.items() if shutil.which(command[0])]


@pytest.fixture(scope="module")
def partners_ledger(postgres: Postgres, template: str, master_key: str) -> Iterator[str]:
    """A ledger with a source for each kind of secret."""
    url = create_database(postgres, template=template)
    for slug, secret in SECRETS.items():
        add_source(url, master_key, slug, [secret], {"click": "optional"})
    yield url
    drop_database(postgres, url)


@pytest.fixture(scope="module")
def partners_edge(partners_ledger: str, master_key: str) -> Iterator[Edge]:
    """The whole way, for partners."""
    environment = {"DATABASE_URL": partners_ledger, "POSTLEDGER_MASTER_KEY": master_key}
    with Backend(environment, workers=1) as backend:
        backend.wait_for_source("hooks")
        with Edge(backend_socket=backend.socket) as edge:
            yield edge


def _run(
    edge: Edge, example: str, method: str, *, source: str, order: str, secret: str
) -> subprocess.CompletedProcess[str]:
    # Each language has its own way to be told whom to trust.
    trust = {name: str(edge.ca_file) for name in ("CURL_CA_BUNDLE", "SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS")}
    return subprocess.run(
        [*COMMANDS[example], ROOT / "examples/signing" / example, method,
         f"{edge.https_url}/tracking/postback/{source}", f"click-{order}", order, "12.50"],
        env={**os.environ, **trust, "POSTBACK_SECRET": secret},
        capture_output=True, text=True, timeout=END_WITHIN_S, check=False,
    )  # fmt: skip


def test_every_example_is_known_here() -> None:
    assert {path.name for path in (ROOT / "examples/signing").iterdir()} == set(COMMANDS)
    assert set(COMMANDS) - {"sign.mjs"} <= set(RUNNABLE)


@pytest.mark.parametrize("source", SECRETS)
@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("example", RUNNABLE)
def test_an_example_is_accepted(
    example: str, method: str, source: str, partners_edge: Edge, partners_ledger: str
) -> None:
    order = uuid4().hex

    ended = _run(partners_edge, example, method, source=source, order=order, secret=SECRETS[source])

    assert (ended.returncode, ended.stderr) == (0, "")
    assert json.loads(ended.stdout)["status"] == "accepted"
    rows = fetch(
        partners_ledger,
        "SELECT click_id, event, payout::text, currency FROM conversions WHERE transaction_id = %s",
        (order,),
    )
    assert rows == [(f"click-{order}", "sale", "12.50", "USD")]


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("example", RUNNABLE)
def test_an_example_with_a_wrong_secret_shows_the_refusal_and_fails(
    example: str, method: str, partners_edge: Edge
) -> None:
    ended = _run(partners_edge, example, method, source="plain", order=uuid4().hex, secret="not-the-secret")

    assert ended.returncode != 0
    assert json.loads(ended.stdout)["reason"] == "bad_signature"
