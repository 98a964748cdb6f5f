"""The gauges of a worker say what waits in the tables, at a bounded cost; its labels are closed."""

import math
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from prometheus_client.parser import text_string_to_metric_families

from postledger.metrics.worker_metrics import PUBLISHED, WorkerMetrics
from postledger.outgoing.publishing.broker import Outcome
from postledger.people.audit_chain import append
from postledger.people.verify_chain import check_chain
from postledger.platform.postgres.sql import statements_of
from tests.parts.derived_rows import Ledger, add_delivery, add_forward, add_line, add_publication, add_task
from tests.parts.entries import new_receipt

sql = statements_of("postledger.metrics")
MINUTE_AGO = datetime.now(UTC) - timedelta(minutes=1)


@pytest.fixture
def ledger(database: str) -> Iterator[Ledger]:
    with psycopg.connect(database, autocommit=True) as connection:
        yield connection


@pytest.fixture
def metrics() -> WorkerMetrics:
    return WorkerMetrics(["retain"], ["lines_sum_to_worth"])


def samples(metrics: WorkerMetrics) -> dict[str, float]:
    """Every series by its name and the values of its labels, in the order of their names."""
    return {
        " ".join((sample.name, *(value for _, value in sorted(sample.labels.items())))): sample.value
        for family in text_string_to_metric_families(metrics.render().decode())
        for sample in family.samples
        if not sample.name.endswith("_created")
    }


def test_every_series_of_a_closed_label_is_there_at_zero(metrics: WorkerMetrics) -> None:
    found = samples(metrics)

    for series in (
        "postledger_mapped_total unchanged",
        "postledger_jobs_total dead map",
        "postledger_jobs_total done retain",
        "postledger_jobs_waiting retain",
        "postledger_jobs_dead unknown",
        "postledger_invariant_broken lines_sum_to_worth",
        "postledger_expenses_unmapped no_rate",
        "postledger_outbox_waiting",
        "postledger_changes_set_aside",
        "postledger_published_total unconfirmed",
        "postledger_publications_waiting",
        "postledger_publications_age_seconds",
        "postledger_jobs_waiting publish",
        "postledger_jobs_waiting notify",
        "postledger_notifications_total mail dropped",
        "postledger_notifications_waiting webhook",
        "postledger_notifications_oldest_seconds mail",
        "postledger_audit_broken broken",
        "postledger_audit_broken went_back",
    ):
        assert found[series] == 0


def test_a_forward_has_all_its_series_once_it_is_configured(ledger: Ledger, metrics: WorkerMetrics) -> None:
    add_forward(ledger, "voluum")

    metrics.refresh(ledger)

    found = samples(metrics)
    for result in ("delivered", "retried", "failed", "blocked"):
        assert found[f"postledger_deliveries_total voluum {result}"] == 0
    assert found["postledger_deliveries_waiting voluum"] == 0


def test_counts_raise_their_series(metrics: WorkerMetrics) -> None:
    metrics.count_mapped("accrual", 3)
    metrics.count_delivery("voluum", "blocked")
    metrics.count_job("retain", "dead")
    metrics.count_published("published")
    metrics.count_published("returned")

    found = samples(metrics)
    assert found["postledger_mapped_total accrual"] == 3
    assert found["postledger_deliveries_total voluum blocked"] == 1
    assert found["postledger_jobs_total dead retain"] == 1
    assert found["postledger_published_total published"] == found["postledger_jobs_total done publish"] == 1
    assert found["postledger_published_total returned"] == found["postledger_jobs_total retried publish"] == 1


def test_every_outcome_of_a_broker_is_counted(metrics: WorkerMetrics) -> None:
    assert set(PUBLISHED) == set(Outcome)
    assert PUBLISHED[0] == Outcome.PUBLISHED


def test_a_value_outside_of_a_closed_list_is_refused(metrics: WorkerMetrics) -> None:
    with pytest.raises(ValueError, match="no value of this label"):
        metrics.count_mapped("TXN789")
    with pytest.raises(ValueError, match="no value of this label"):
        metrics.count_delivery("voluum", "503")
    with pytest.raises(ValueError, match="no value of this label"):
        metrics.count_job("TXN789", "done")
    with pytest.raises(ValueError, match="no value of this label"):
        metrics.count_published("TXN789")


def test_the_outbox_shows_how_much_waits_and_since_when(ledger: Ledger, metrics: WorkerMetrics) -> None:
    for received_at in (MINUTE_AGO, datetime.now(UTC)):
        ledger.execute(
            "INSERT INTO outbox VALUES (%s, %s, %s, 1, 'opened')", (received_at, new_receipt(), new_receipt())
        )

    metrics.refresh(ledger)

    found = samples(metrics)
    assert found["postledger_outbox_waiting"] == found["postledger_jobs_waiting map"] == 2
    assert found["postledger_outbox_age_seconds"] >= 60


def test_changes_that_were_set_aside_are_counted_apart(ledger: Ledger, metrics: WorkerMetrics) -> None:
    ledger.execute(
        "INSERT INTO set_aside_changes VALUES (%s, %s, %s, 1, 'opened', 'ValueError at map:7', %s)",
        (MINUTE_AGO, new_receipt(), new_receipt(), MINUTE_AGO),
    )

    metrics.refresh(ledger)

    found = samples(metrics)
    assert (found["postledger_changes_set_aside"], found["postledger_outbox_waiting"]) == (1, 0)


def test_requests_that_wait_are_shown_by_the_role_that_they_wait_for(ledger: Ledger, metrics: WorkerMetrics) -> None:
    add_request(ledger, "one", 0, MINUTE_AGO)
    add_request(ledger, "two", 1, datetime.now(UTC))
    add_request(ledger, "three", 0, MINUTE_AGO, "approved")

    metrics.refresh(ledger)

    found = samples(metrics)
    assert found["postledger_approvals_waiting manager"] == found["postledger_approvals_waiting director"] == 1
    assert found["postledger_approvals_oldest_seconds manager"] >= 60


def add_request(ledger: Ledger, subject_id: str, step: int, at: datetime, state: str = "waiting") -> None:
    ledger.execute(
        """
        INSERT INTO approvals (
            id, subject, subject_id, rule, rule_version, step, steps, state, content_sha256, created_at
        )
        VALUES (gen_random_uuid(), 'line', %s, 'over-100', 1, %s, '{manager, director}', %s, '', %s)
        """,
        (subject_id, step, state, at),
    )


def test_roles_of_the_rules_are_shown_although_nothing_waits(ledger: Ledger, metrics: WorkerMetrics) -> None:
    ledger.execute("INSERT INTO finance VALUES (true, '{}', now(), 0, now(), 1)")
    ledger.execute("INSERT INTO approval_rules VALUES (1, 0, 'large', '{\"steps\": [\"manager\"]}', now(), 'mia')")

    metrics.refresh(ledger)

    assert samples(metrics)["postledger_approvals_waiting manager"] == 0


def test_a_change_from_a_clock_ahead_has_no_negative_age(ledger: Ledger, metrics: WorkerMetrics) -> None:
    ahead = datetime.now(UTC) + timedelta(hours=1)
    ledger.execute("INSERT INTO outbox VALUES (%s, %s, %s, 1, 'opened')", (ahead, new_receipt(), new_receipt()))

    metrics.refresh(ledger)

    assert samples(metrics)["postledger_outbox_age_seconds"] == 0


def test_deliveries_and_circuits_are_shown_by_forward(ledger: Ledger, metrics: WorkerMetrics) -> None:
    add_forward(ledger, "voluum", "off")
    add_forward(ledger, "keitaro", "half_open")
    add_delivery(ledger, "voluum", at=MINUTE_AGO)
    add_delivery(ledger, "voluum", at=MINUTE_AGO)
    add_delivery(ledger, "keitaro", "delivered", at=MINUTE_AGO)

    metrics.refresh(ledger)

    found = samples(metrics)
    assert (found["postledger_deliveries_waiting voluum"], found["postledger_deliveries_waiting keitaro"]) == (2, 0)
    assert found["postledger_deliveries_oldest_seconds voluum"] >= 60
    assert found["postledger_deliveries_oldest_seconds keitaro"] == 0
    assert (found["postledger_forward_circuit voluum"], found["postledger_forward_circuit keitaro"]) == (3, 1)
    assert found["postledger_jobs_waiting forward"] == 2


def test_publications_wait_until_the_broker_confirms_them(ledger: Ledger, metrics: WorkerMetrics) -> None:
    now = datetime.now(UTC)
    add_publication(ledger, at=MINUTE_AGO, published_at=now)
    add_publication(ledger, at=now)
    metrics.refresh(ledger)
    fresh = samples(metrics)

    add_publication(ledger, at=MINUTE_AGO, refusals=1, due_at=now + timedelta(hours=1))
    metrics.refresh(ledger)

    assert fresh["postledger_publications_waiting"] == 1
    assert _find_oldest(fresh) == pytest.approx(now.timestamp(), rel=0, abs=0.001)
    found = samples(metrics)
    assert found["postledger_publications_waiting"] == found["postledger_jobs_waiting publish"] == 2
    assert _find_oldest(found) == pytest.approx(MINUTE_AGO.timestamp(), rel=0, abs=0.001)


def _find_oldest(found: dict[str, float]) -> float:
    # Both are of one moment, so it does not matter how long the refresh took.
    return found["postledger_worker_refreshed_timestamp_seconds"] - found["postledger_publications_age_seconds"]


def test_the_gauges_of_a_removed_forward_end(ledger: Ledger, metrics: WorkerMetrics) -> None:
    add_forward(ledger, "voluum", "off")
    metrics.refresh(ledger)

    ledger.execute("UPDATE forwards SET removed_at = now()")
    metrics.refresh(ledger)

    assert "postledger_forward_circuit voluum" not in samples(metrics)
    assert "postledger_deliveries_waiting voluum" not in samples(metrics)


def test_unmapped_money_is_counted_until_it_is_mapped(ledger: Ledger, metrics: WorkerMetrics) -> None:
    mapped, waiting = new_receipt(), new_receipt()
    for dedup_key in (mapped, waiting):
        add_line(ledger, dedup_key, 1, "accrual", "12.50", unmapped="no_rule")
    add_line(ledger, mapped, 2, "remap", "-12.50", unmapped="no_rule")
    add_line(ledger, mapped, 3, "remap", "12.50")

    metrics.refresh(ledger)

    found = samples(metrics)
    assert found["postledger_expenses_unmapped no_rule"] == 1
    assert found["postledger_expenses_unmapped no_payee"] == 0


def test_unmapped_money_that_was_taken_back_is_not_counted(ledger: Ledger, metrics: WorkerMetrics) -> None:
    reversed_one = new_receipt()
    add_line(ledger, reversed_one, 1, "accrual", "12.50", unmapped="no_rule")
    add_line(ledger, reversed_one, 2, "adjustment", "-12.50", unmapped="no_rule")

    metrics.refresh(ledger)

    assert samples(metrics)["postledger_expenses_unmapped no_rule"] == 0


def test_a_missing_amount_is_counted_as_unmapped(ledger: Ledger, metrics: WorkerMetrics) -> None:
    add_line(ledger, new_receipt(), 1, "accrual", "0", unmapped="no_amount")

    metrics.refresh(ledger)

    assert samples(metrics)["postledger_expenses_unmapped no_amount"] == 1


def test_tasks_are_counted_by_name_and_those_of_other_releases_as_unknown(
    ledger: Ledger, metrics: WorkerMetrics
) -> None:
    for name, state in (("retain", "waiting"), ("retain", "dead"), ("retain", "done"), ("of-tomorrow", "dead")):
        add_task(ledger, name, state)

    metrics.refresh(ledger)

    found = samples(metrics)
    assert (found["postledger_jobs_waiting retain"], found["postledger_jobs_dead retain"]) == (1, 1)
    assert found["postledger_jobs_dead unknown"] == 1


def test_the_age_of_rates_is_that_of_their_newest_day(ledger: Ledger, metrics: WorkerMetrics) -> None:
    metrics.refresh(ledger)
    assert math.isnan(samples(metrics)["postledger_rates_age_seconds"])

    today = datetime.now(UTC).date()
    for currency, days in (("CHF", 9), ("CHF", 3), ("BGN", 200), ("USD", 2)):
        ledger.execute(
            "INSERT INTO rates VALUES ('EUR', %s, %s, 1.1, 'ecb', now())", (currency, today - timedelta(days=days))
        )
    metrics.refresh(ledger)

    assert 2 <= samples(metrics)["postledger_rates_age_seconds"] / 86400 < 3.1


def test_the_last_check_of_the_books_is_shown_by_invariant(ledger: Ledger, metrics: WorkerMetrics) -> None:
    ledger.execute("INSERT INTO invariant_checks VALUES ('lines_sum_to_worth', 2, now())")

    metrics.refresh(ledger)

    assert samples(metrics)["postledger_invariant_broken lines_sum_to_worth"] == 2


def test_the_state_of_the_audit_chain_is_shown(ledger: Ledger, metrics: WorkerMetrics) -> None:
    assert math.isnan(samples(metrics)["postledger_audit_seq"])
    now = datetime(2026, 11, 30, 12, tzinfo=UTC)
    with ledger.transaction():
        append(ledger, "mia", "test.do", "it", body=b"{}", at=now)
    check_chain(ledger, now, lambda *_: None)

    metrics.refresh(ledger)

    found = samples(metrics)
    assert found["postledger_audit_seq"] == 2
    assert found["postledger_audit_verified_timestamp_seconds"] == now.timestamp()
    assert [found[f"postledger_audit_broken {fault}"] for fault in ("broken", "went_back")] == [0, 0]


@pytest.mark.parametrize("statement", ["outbox", "forwards", "unmapped", "rates", "tasks", "publications"])
def test_each_statement_goes_by_an_index(ledger: Ledger, statement: str) -> None:
    plan = explain(ledger, statement)

    assert "Index" in plan
    assert set(re.findall(r"Seq Scan on (\w+)", plan)) <= {"forwards"}, "it has a row for each forward"


@pytest.mark.parametrize("statement", ["outbox", "forwards", "publications"])
def test_a_backlog_is_counted_along_its_index(ledger: Ledger, statement: str) -> None:
    assert "Sort" not in explain(ledger, statement), "it would read all that waits"


def explain(ledger: Ledger, statement: str) -> str:
    """The plan of a statement on tables that are not empty."""
    ledger.execute("SET enable_seqscan = off; SET enable_bitmapscan = off")  # of few rows it would take these
    rows = ledger.execute("EXPLAIN " + sql(f"measure_{statement}"), {"limit": 10}).fetchall()
    return "\n".join(row[0] for row in rows)


def test_notifications_that_wait_are_measured(ledger: Ledger, metrics: WorkerMetrics) -> None:
    ledger.execute(
        "INSERT INTO notifications (id, kind, subject_id, channel, created_at, due_at)"
        " SELECT gen_random_uuid(), 'request', number::text, 'mail', %s, %s FROM generate_series(1, 2) AS number",
        (MINUTE_AGO, MINUTE_AGO),
    )
    metrics.count_notification("mail", "dropped")

    metrics.refresh(ledger)

    found = samples(metrics)
    assert found["postledger_notifications_waiting mail"] == found["postledger_jobs_waiting notify"] == 2
    assert found["postledger_notifications_oldest_seconds mail"] >= 60
    assert found["postledger_notifications_total mail dropped"] == found["postledger_jobs_total dead notify"] == 1
