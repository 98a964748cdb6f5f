"""The conversion of the self-test changes no number that a dashboard reads from the ledger."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import Connection

from postledger.vocabulary.selftest import SELFTEST
from tests.parts.databases import create_database, drop_database
from tests.parts.documents import ROOT
from tests.parts.postgres import Postgres
from tests.parts.sources import add_campaign, add_click, add_source

STATEMENTS = sorted((ROOT / "monitoring/grafana/sql").glob("*.sql"))
MACROS = (
    (r"\$__timeFilter\(([^)]*)\)", r"\1 BETWEEN now() - interval '1 day' AND now()"),
    (r"\$__timeFrom\(\)", "(now() - interval '1 day')"),
    (r"\$__timeTo\(\)", "now()"),
    (r"\$\{source:sqlstring\}", "'acme'"),
)
BOOK = """
    INSERT INTO conversions (dedup_key, id, source_id, event, click_id, campaign_id, affiliate_id, status, payout,
        currency, created_at, updated_at)
    SELECT gen_random_uuid(), gen_random_uuid(), sources.id, 'sale', 'c', campaigns.id, '456', 'approved', 7.5, 'USD',
        now(), now()
    FROM sources LEFT JOIN campaigns ON sources.slug = 'acme'
    WHERE sources.slug = %s"""


def expand(statement: str) -> bytes:
    """Write a statement as Grafana sends it."""
    for macro, text in MACROS:
        statement = re.sub(macro, text, statement)
    return statement.encode()


@pytest.fixture(scope="module")
def ledger(postgres: Postgres, template: str, master_key: str) -> Iterator[str]:
    """The URL of a ledger with two sources and a campaign of 30 clicks, which no test changes."""
    url = create_database(postgres, template=template)
    for slug in ("acme", SELFTEST):
        add_source(url, master_key, slug)
    campaign = add_campaign(url, "spring")
    for number in range(30):
        add_click(url, f"click-{number}", campaign, "456")
    yield url
    drop_database(postgres, url)


@pytest.fixture
def connection(ledger: str) -> Iterator[Connection[Any]]:
    """One transaction, so that now() stays the same. It is rolled back."""
    with psycopg.connect(ledger) as connection:
        yield connection
        connection.rollback()


@pytest.mark.parametrize("path", STATEMENTS, ids=lambda path: path.stem)
def test_the_self_test_changes_no_dashboard(connection: Connection[Any], path: Path) -> None:
    connection.execute(BOOK, ("acme",))
    statement = expand(path.read_text("utf-8"))
    before = connection.execute(statement).fetchall()

    connection.execute(BOOK, (SELFTEST,))

    assert connection.execute(statement).fetchall() == before
