"""A run does work in proportion to its rows, also where the statistics say that the tables are as good as empty."""

from collections.abc import Iterator

import pytest

from tests.parts.reconciling import Books, line, open_books

LINES = 1200
GROWING = ("discrepancies", "discrepancy_notes", "matches", "conversions", "statement_lines")
# Rows, and pages: what a statement adds itself is no row for it, and is read all the same.
_READ = """
SELECT relname, seq_tup_read + coalesce(idx_tup_fetch, 0) + pg_stat_get_xact_blocks_fetched(relid)
FROM pg_stat_xact_all_tables
WHERE relname = ANY(%s)
"""


@pytest.fixture
def books(database: str) -> Iterator[Books]:
    """A young ledger that was analyzed when it had one row of each kind, and never since."""
    with open_books(database) as books:
        for table in GROWING:
            books.connection.execute(f"ALTER TABLE {table} SET (autovacuum_enabled = off)".encode())
        books.sale("S-1", "1.00")
        books.report(line("S-1", "1.00"), line("S-2", "1.00"))
        books.reconcile()
        books.connection.execute("ANALYZE")
        yield books


def count_work(books: Books) -> dict[str, int]:
    """Reconcile in one transaction, and return how many rows and pages of each table were read."""
    with books.connection.transaction():
        books.reconcile()
        return dict(books.connection.execute(_READ, [list(GROWING)]).fetchall())


@pytest.mark.parametrize("known", [0, LINES], ids=["none in the ledger", "all in the ledger"])
def test_a_large_run_reads_each_row_a_few_times(books: Books, known: int) -> None:
    for nth in range(known):
        books.sale(f"T-{nth}", "1.00")
    books.report(*(line(f"T-{nth}", "2.00") for nth in range(LINES)))
    work = {"new": count_work(books), "known": count_work(books)}
    books.report(line("S-1", "1.00"))
    work["gone"] = count_work(books)

    assert all(read < 60 * LINES for each in work.values() for read in each.values()), work
    assert work["new"]["discrepancy_notes"] < 5 * LINES, "its pages are not read for each row that is added"
