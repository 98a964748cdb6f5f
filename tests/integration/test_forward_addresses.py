"""A forward reaches no address inside: not by its URL, not by a name that changes, not by a redirect."""

from collections.abc import Iterator
from typing import Any

import pytest
from psycopg import Connection

from postledger.outgoing.conclusion import Outcome
from postledger.outgoing.store import load_forwards
from postledger.platform.keyring import Keyring
from postledger.platform.postgres.connection import connect
from tests.parts.cli import CommandLine
from tests.parts.forwarding import Forwarding
from tests.parts.sinks import Reply, Sink
from tests.parts.sources import add_source

REFUSED = """
[[forwards]]
slug = "metadata"
url = "http://169.254.169.254/latest/meta-data"

[[forwards]]
slug = "mapped"
url = "http://[::ffff:10.0.0.1]/p"
"""


@pytest.fixture
def ledger(database: str) -> Iterator[Connection[Any]]:
    with connect(database, name="test", statement_timeout_ms=60_000) as connection:
        yield connection


def test_scenario_30_ssrf(cli: CommandLine, ledger: Connection[Any], database: str, master_key: str) -> None:
    applied = cli("apply", cli.write("bad.toml", REFUSED))
    assert applied.code == 1
    assert "bad.toml:4: forwards[metadata].url: leads to the metadata service of a cloud" in applied.err
    assert "bad.toml:8: forwards[mapped].url: leads to an IPv4 address inside an IPv6 address" in applied.err

    with Sink() as inside, Sink() as partner:
        partner.reply = Reply(302, {"Location": inside.url})
        rebound = f'[[forwards]]\nslug = "rebound"\nurl = "http://track.example:{inside.port}/p"\n'
        redirected = f'[[forwards]]\nslug = "redirected"\nurl = "{partner.url}/p"\nallow_private = true\n'
        assert cli("apply", cli.write("good.toml", rebound + redirected)).code == 0
        forwarding = Forwarding(ledger, add_source(database, master_key, "acme"), lambda host, port: ["127.0.0.1"])
        loaded = load_forwards(ledger, Keyring([master_key]))
        forwarding.targets = {target.forward.slug: target for target in loaded}
        for slug in forwarding.targets:
            forwarding.book(f"click-{slug}", forward=slug)

        forwarding.work()

        assert (len(inside.asked), len(partner.asked)) == (0, 1)
    assert sorted(forwarding.outcomes) == [("rebound", Outcome.BLOCKED), ("redirected", Outcome.FAILED)]
    assert forwarding.attempts("rebound") == [(1, None, "blocked_loopback")]
    assert forwarding.attempts("redirected") == [(1, 302, "redirect")]
