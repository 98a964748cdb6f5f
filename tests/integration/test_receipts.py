"""A receipt is looked up by one statement, whatever it is a receipt of."""

import os
import time
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from postledger.partners.receipts import find_receipt
from postledger.policy.source import Settings, Source
from postledger.vocabulary.receipt import ENTROPY_BYTES, make_receipt
from tests.parts.sources import add_source

_INSERT = """
INSERT INTO postbacks (id, received_at, source_id, source_ip, method, verdict, reason, raw)
VALUES (%s, now(), %s, %s, 'GET', %s, %s, %s)
"""


class Counting(psycopg.Cursor[Any]):
    """A cursor that counts what it runs."""

    count = 0

    def execute(self, *arguments: Any, **options: Any) -> "Counting":
        """Run a statement."""
        Counting.count += 1
        super().execute(*arguments, **options)
        return self


@pytest.fixture
def connection(database: str) -> Iterator[psycopg.Connection[Any]]:
    """A connection whose statements are counted."""
    with psycopg.connect(database, autocommit=True, cursor_factory=Counting) as connection:
        yield connection


@pytest.fixture
def acme(database: str, master_key: str) -> int:
    """The id of a source."""
    return add_source(database, master_key, "acme")


def now_receipt() -> str:
    """A receipt of today."""
    return make_receipt(time.time_ns() // 1_000_000, os.urandom(ENTROPY_BYTES))


def store(connection: Any, receipt: str, source_id: int, **changes: Any) -> None:
    row = {
        "source_ip": "192.0.2.1",
        "verdict": "refused",
        "reason": "missing_signature",
        "raw": b"click_id=C",
        **changes,
    }
    values = (row["source_ip"], row["verdict"], row["reason"], row["raw"])
    connection.execute(_INSERT, (receipt, source_id, *values))


@pytest.mark.parametrize("text", ["own", "other", "nonsense", "ffffffff-ffff-7fff-bfff-ffffffffffff", "", "' OR 1=1"])
def test_each_look_up_is_one_statement(connection: Any, acme: int, text: str) -> None:
    receipt = now_receipt()
    store(connection, receipt, acme)
    source = Source(acme if text == "own" else acme + 1, "acme", Settings())
    Counting.count = 0

    found = find_receipt(connection, source, receipt if text in ("own", "other") else text)

    assert Counting.count == 1
    assert (found is not None) == (text == "own")


@pytest.mark.parametrize(
    ("row", "keeps", "is_found"),
    [
        ({}, "full", True),
        ({"raw": b""}, "full", True),
        ({"raw": b"", "source_ip": None}, "full", False),
        ({"raw": b"", "source_ip": None, "verdict": "accepted", "reason": None}, "none", False),
        ({"raw": b"", "source_ip": None}, "none", True),
        ({"source_ip": None, "verdict": "accepted", "reason": None}, "none", True),
    ],
)
def test_a_row_without_content_and_address_is_erased(
    connection: Any, acme: int, row: dict[str, Any], keeps: Any, *, is_found: bool
) -> None:
    receipt = now_receipt()
    store(connection, receipt, acme, **row)

    found = find_receipt(connection, Source(acme, "acme", Settings(store_ip=keeps)), receipt)

    assert (found is not None) == is_found


@pytest.mark.parametrize(("status", "http"), [(503, 503), (499, None)])
def test_an_answer_that_was_lost_is_noted(connection: Any, acme: int, status: int, http: int | None) -> None:
    receipt = now_receipt()
    store(connection, receipt, acme)

    found = find_receipt(connection, Source(acme, "acme", Settings()), receipt, status)

    assert found is not None
    assert (found.answered.http, found.note) == (http, "recorded; the answer was lost")


@pytest.mark.parametrize("is_of_replay", [True, False])
def test_a_row_of_a_replay_answered_no_one(connection: Any, acme: int, *, is_of_replay: bool) -> None:
    receipt = now_receipt()
    store(connection, receipt, acme, verdict="accepted", reason=None)
    if is_of_replay:
        connection.execute("UPDATE postbacks SET replay_of = %s WHERE id = %s", (now_receipt(), receipt))

    found = find_receipt(connection, Source(acme, "acme", Settings()), receipt)

    assert found is not None
    assert (found.answered.http, found.note) == (None if is_of_replay else 200, None)
