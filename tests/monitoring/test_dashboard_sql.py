"""The conversion of the self-test changes no number that a dashboard reads from the ledger."""

import re

import psycopg
import pytest

from postledger.vocabulary.selftest import SELFTEST
from tests.parts.documents import ROOT
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


@pytest.mark.parametrize("path", STATEMENTS, ids=lambda path: path.stem)
def test_the_self_test_changes_no_dashboard(database: str, master_key: str, path: str) -> None:
    for slug in ("acme", SELFTEST):
        add_source(database, master_key, slug)
    campaign = add_campaign(database, "spring")
    for number in range(30):
        add_click(database, f"click-{number}", campaign, "456")
    with psycopg.connect(database) as connection:  # one transaction, so that now() stays the same
        connection.execute(BOOK, ("acme",))
        statement = expand((ROOT / path).read_text("utf-8"))
        before = connection.execute(statement).fetchall()

        connection.execute(BOOK, (SELFTEST,))

        assert connection.execute(statement).fetchall() == before
