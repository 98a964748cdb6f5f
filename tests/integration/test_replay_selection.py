"""How the rows of a replay are read: with a plan that knows the receipts, if some are listed."""

from datetime import UTC, datetime, timedelta

import pytest

from postledger.audit.replay.selection import Selection, count_rows, read_batches
from postledger.platform.postgres.connection import connect
from tests.parts.cli import CommandLine
from tests.parts.replaying import PastLedger

PREPARED = "SELECT count(*)::integer FROM pg_prepared_statements WHERE statement LIKE '%public.postbacks%'"


@pytest.mark.parametrize(("lists_receipts", "prepared"), [(True, 0), (False, 2)])
def test_a_plan_for_any_receipts_is_never_used(
    cli: CommandLine, database: str, lists_receipts: bool, prepared: int
) -> None:
    """It would compare each row of a day with each receipt: seconds for ten thousand, and minutes on a large ledger."""
    past = PastLedger(cli)
    past.apply()
    sent = [past.get(f"click_id=C1&transaction_id=T{number}&payout=1").receipt for number in range(3)]
    since = datetime.now(UTC) - timedelta(days=1)
    selection = Selection(since, since + timedelta(days=2), receipts=tuple(sent[:2]) if lists_receipts else None)

    with connect(database, name="test", statement_timeout_ms=60_000) as ledger:
        read = [row.id for rows in read_batches(ledger, selection, 1) for row in rows]
        counted = count_rows(ledger, selection)
        found = ledger.execute(PREPARED, prepare=False).fetchone()

    assert (read, counted) == (sent[:counted], 2 if lists_receipts else 3)
    assert found == (prepared,)
