"""Plain repeats: the first statement settles them as the fold would have done, and waits for no one."""

from collections.abc import Iterator, Sequence
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import Connection
from psycopg.errors import LockNotAvailable

from postledger.ledger import writer
from postledger.ledger.entry import Entry, Outcome
from postledger.ledger.rows import EntryRow
from postledger.ledger.rules.status_rules import DUPLICATES, OTHER_CLICKS, Rules
from postledger.ledger.writer import write_entries
from postledger.platform.postgres.connection import connect
from postledger.vocabulary.statuses import Verdict
from tests.parts.entries import entry_of, same_again
from tests.parts.sources import add_campaign, add_click

_LEFT = """
SELECT status, source_status, payout, currency, event_time, click_id, revision, conflicted_at IS NOT NULL
FROM conversions WHERE id = %s
"""
_CHANGES = """
SELECT kind, status_before, status_after, conversion_events.revision, delta
FROM conversion_events JOIN conversions USING (dedup_key) WHERE conversions.id = %s ORDER BY 4
"""
_AUDITED = """
SELECT verdict, reason, cause, status, payout, currency, event_time, click_id, raw, observed, click_shed
FROM postbacks WHERE conversion_id = %s ORDER BY received_at, id
"""
_COPY = """
INSERT INTO conversions (dedup_key, id, source_id, event, click_id, status, created_at, updated_at, revision)
SELECT gen_random_uuid(), gen_random_uuid(), source_id, event, click_id, status, created_at, updated_at, 1
FROM conversions, generate_series(1, 100)
"""
_READ = "SELECT seq_tup_read FROM pg_stat_xact_user_tables WHERE relid = 'conversions'::regclass"

_SALE: dict[str, Any] = {"transaction_id": "T1", "payout": "1"}


@pytest.fixture
def ledger(database: str) -> Iterator[Connection[Any]]:
    with connect(database, name="test", statement_timeout_ms=60_000) as connection:
        yield connection


@pytest.fixture
def impatient(database: str) -> Iterator[Connection[Any]]:
    """A connection that fails as soon as it waits for a lock."""
    with connect(database, name="test", statement_timeout_ms=60_000, lock_timeout_ms=50) as connection:
        yield connection


def mark_all(rows: Sequence[EntryRow]) -> None:
    """Have every repeat folded."""
    for row in rows:
        row.is_again = True


def test_a_plain_repeat_waits_for_no_lock(ledger: Connection[Any], impatient: Connection[Any]) -> None:
    entry = entry_of(transaction_id="T1", payout="1")
    write_entries(ledger, [entry])

    with ledger.transaction():
        ledger.execute("SELECT FROM conversions FOR UPDATE")
        (outcome,) = write_entries(impatient, [same_again(entry)])

    assert (outcome.verdict, outcome.conversion_id) == (Verdict.DUPLICATE, entry.receipt)


def test_a_plain_repeat_belongs_to_the_campaign_that_its_conversion_has(ledger: Connection[Any], database: str) -> None:
    entry = entry_of(transaction_id="T1", payout="1")
    write_entries(ledger, [entry])
    add_click(database, "C1", add_campaign(database, "spring"), "456")

    plain, folded = write_entries(ledger, [same_again(entry), same_again(entry)])

    assert plain == folded
    assert plain.campaign_id is None


@pytest.mark.parametrize("fields", [{"payout": "2"}, {"currency": "EUR"}, {"click_id": "C2"}, {"status": "pending"}])
def test_a_repeat_with_another_value_waits_for_the_lock(
    ledger: Connection[Any], impatient: Connection[Any], fields: dict[str, Any]
) -> None:
    write_entries(ledger, [entry_of(transaction_id="T1", payout="1")])

    with ledger.transaction():
        ledger.execute("SELECT FROM conversions FOR UPDATE")
        with pytest.raises(LockNotAvailable):
            write_entries(impatient, [entry_of(**(_SALE | fields))])


def test_a_repeat_behind_a_change_in_its_batch_sees_the_change(ledger: Connection[Any]) -> None:
    entry = entry_of(transaction_id="T1", payout="1")
    write_entries(ledger, [entry])

    outcomes = write_entries(ledger, [entry_of(transaction_id="T1", status="rejected"), same_again(entry)])

    assert [outcome.verdict for outcome in outcomes] == [Verdict.UPDATED, Verdict.REFUSED]


def test_an_update_that_is_written_again_is_no_repeat_of_itself(ledger: Connection[Any]) -> None:
    write_entries(ledger, [entry_of(transaction_id="T1", payout="1", status="pending")])
    approved = entry_of(transaction_id="T1", payout="1", status="approved")

    first = write_entries(ledger, [approved])
    again = write_entries(ledger, [approved])

    assert first == again
    assert again[0].verdict is Verdict.UPDATED


def test_a_plain_repeat_that_is_written_again_stays_one_after_a_change(ledger: Connection[Any]) -> None:
    entry = entry_of(transaction_id="T1", payout="1")
    repeat = same_again(entry)
    write_entries(ledger, [entry, entry_of(transaction_id="T2")])
    first = write_entries(ledger, [repeat])
    write_entries(ledger, [entry_of(transaction_id="T1", payout="1", status="reversed")])

    again = write_entries(ledger, [repeat])

    assert first == again
    assert again[0].verdict is Verdict.DUPLICATE


def test_a_plan_from_an_empty_ledger_reads_no_whole_table(ledger: Connection[Any], database: str) -> None:
    ledger.execute("ALTER TABLE conversions SET (autovacuum_enabled = off)")
    ledger.execute("VACUUM ANALYZE conversions")
    entries = [entry_of(transaction_id=f"T{nth}", payout="1") for nth in range(10)]
    with connect(database, name="test", statement_timeout_ms=60_000, may_scan=False) as writing:
        for entry in entries:  # a plan is made for each of the first five; then for all that follow
            write_entries(writing, [entry])
        ledger.execute(_COPY)

        with writing.transaction():
            (outcome,) = write_entries(writing, [same_again(entries[0])])
            read = writing.execute(_READ).fetchone()

    assert outcome.verdict is Verdict.DUPLICATE
    assert read == (0,)


_numbers = count(1)
_money = st.sampled_from([{}, {"payout": "1"}, {"payout": "2"}, {"payout": "1", "currency": "EUR"}])
_times = st.sampled_from([{}, {"event_time": "1790000000"}, {"event_time": "1790000100"}])
_clicks = st.sampled_from([{"click_id": "C1"}, {"click_id": "C1"}, {"click_id": "C2"}])
_statuses = st.sampled_from([{"status": status} for status in ("pending", "approved", "rejected", "reversed")])
_refunds = st.sampled_from([{"status": "reversed", "payout": payout} for payout in ("-1", "-2")])
_fields = st.tuples(_money, _times, _clicks, _statuses | _refunds).map(
    lambda parts: {key: value for part in parts for key, value in part.items()}
)
_rules = st.builds(
    Rules,
    duplicates=st.sampled_from(DUPLICATES),
    may_reapprove=st.booleans(),
    reversal_guard=st.none(),
    other_click=st.sampled_from(OTHER_CLICKS),
)
# Few different postbacks, so that most of them repeat another one.
_histories = st.lists(_fields, min_size=1, max_size=3).flatmap(
    lambda some: st.lists(st.tuples(st.sampled_from(some), st.booleans()), min_size=2, max_size=7)
)


def write_all(
    ledger: Connection[Any], rules: Rules, history: list[tuple[dict[str, Any], bool]]
) -> tuple[list[Any], ...]:
    """Write a history in batches; return what was answered and what is on the ledger."""
    name = f"T{next(_numbers)}"
    batches: list[list[Entry]] = [[]]
    for fields, starts_batch in history:
        if starts_batch:
            batches.append([])
        batches[-1].append(entry_of(rules=rules, transaction_id=name, **fields))
    outcomes = [outcome for batch in batches if batch for outcome in write_entries(ledger, batch)]
    opened = outcomes[0].conversion_id
    stored = [ledger.execute(statement, (opened,)).fetchall() for statement in (_LEFT, _CHANGES, _AUDITED)]
    return [answer(outcome, opened) for outcome in outcomes], *stored


def answer(outcome: Outcome, opened: str | None) -> object:
    return outcome.verdict, outcome.refusal, outcome.status, outcome.conversion_id == opened


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40)
@given(_rules, _histories)
def test_batches_with_plain_repeats_end_as_folding_each_postback_does(
    ledger: Connection[Any], rules: Rules, history: list[tuple[dict[str, Any], bool]]
) -> None:
    written = write_all(ledger, rules, history)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(writer, "_mark_again", mark_all)
        folded = write_all(ledger, rules, [(fields, True) for fields, _ in history])

    assert written == folded
