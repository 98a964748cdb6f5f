"""What a worker reads again and again costs little: also on empty tables, and with plans that were made for these."""

from contextlib import closing

import psycopg
import pytest

from postledger.bootstrap.loops import connect_mapper
from postledger.outgoing.leases import prepare_session
from postledger.platform.postgres.sql import statements_of
from tests.parts.mapping import open_ledger

READS = [
    ("postledger.ledger", "take_changes", "integer", "1000"),
    ("postledger.finance", "read_lines", "uuid[]", "'{}'"),
    ("postledger.finance", "find_with_lines", "uuid[]", "'{}'"),
]


@pytest.mark.parametrize(("subject", "name", "kind", "value"), READS)
def test_a_plan_that_was_made_for_empty_tables_looks_up_by_the_key(
    database: str, subject: str, name: str, kind: str, value: str
) -> None:
    statement = statements_of(subject)(name).replace("%s", "$1")
    with psycopg.connect(database) as connection:
        connection.execute("SET plan_cache_mode = force_generic_plan")
        connection.execute(f"PREPARE looked_up ({kind}) AS {statement}")
        rows = connection.execute(f"EXPLAIN EXECUTE looked_up ({value})").fetchall()

    plan = "\n".join(row[0] for row in rows)
    for table in ("conversions", "expense_lines", "conversion_events"):
        assert f"Seq Scan on {table}" not in plan
    assert "_pkey" in plan


@pytest.mark.parametrize(("subject", "name", "_kind", "value"), READS)
def test_a_session_that_maps_looks_up_by_the_key_in_tables_that_postgres_believes_empty(
    database: str, subject: str, name: str, _kind: str, value: str
) -> None:
    statement = statements_of(subject)(name).replace("%s", f"({value})" if value.isdigit() else f"{value}::uuid[]")
    with closing(connect_mapper(database, "worker")) as connection:
        connection.execute("VACUUM ANALYZE conversions, conversion_events, outbox, expense_lines")
        rows = connection.execute(f"EXPLAIN {statement}".encode()).fetchall()

    plan = "\n".join(row[0] for row in rows)
    for table in ("outbox", "conversions", "expense_lines", "conversion_events"):
        assert f"Seq Scan on {table}" not in plan


def test_no_poll_of_a_worker_compiles_its_plan(database: str) -> None:
    statement = statements_of("postledger.outgoing")("read_forward_states")
    with closing(open_ledger(database)) as connection:
        prepare_session(connection)
        rows = connection.execute(f"EXPLAIN ANALYZE {statement}".encode()).fetchall()

    assert "JIT:" not in "\n".join(row[0] for row in rows)
