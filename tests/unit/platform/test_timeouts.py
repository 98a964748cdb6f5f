"""The bounds of a request form a chain: each one leaves room for those inside of it."""

import re
from pathlib import Path

from postledger.platform import timeouts
from postledger.platform.timeouts import (
    ANSWER_WITHIN_S,
    CHECK_EVERY_S,
    CLOCK_EVERY_S,
    CONNECT_S,
    FLUSH_LOCK_MS,
    FLUSH_STATEMENT_MS,
    FLUSH_WITHIN_S,
    GRACEFUL_STOP_S,
    HEALTH_WITHIN_S,
    OPEN_WITHIN_S,
    PATIENT_CONNECT_S,
    PAUSE_S,
    POOL_RECONNECT_S,
    POOL_WAIT_S,
    PROMISED_ANSWER_S,
    SETTLED_WITHIN_S,
)

ROOT = Path(__file__).parents[3]
DEADLOCK_TIMEOUT_MS = 1000  # Postgres' default


def test_a_request_is_answered_within_the_promise() -> None:
    assert ANSWER_WITHIN_S + 2 * CLOCK_EVERY_S < PROMISED_ANSWER_S


def test_a_health_check_is_answered_within_the_promise() -> None:
    assert POOL_RECONNECT_S < POOL_WAIT_S < HEALTH_WITHIN_S < PROMISED_ANSWER_S


def test_a_deadlock_is_found_before_a_lock_and_a_lock_before_a_statement() -> None:
    assert DEADLOCK_TIMEOUT_MS < FLUSH_LOCK_MS < FLUSH_STATEMENT_MS


def test_no_statement_goes_on_after_its_senders_were_answered() -> None:
    assert FLUSH_STATEMENT_MS / 1000 <= ANSWER_WITHIN_S


def test_postgres_can_cancel_a_statement_before_its_connection_is_given_up() -> None:
    assert max(FLUSH_STATEMENT_MS / 1000, CONNECT_S) < FLUSH_WITHIN_S


def test_forget_waits_longer_than_any_flush_can_take() -> None:
    last_begin_s = ANSWER_WITHIN_S + CLOCK_EVERY_S
    last_moment_of_the_writer_s = last_begin_s + FLUSH_WITHIN_S + CLOCK_EVERY_S

    assert last_moment_of_the_writer_s + FLUSH_STATEMENT_MS / 1000 <= SETTLED_WITHIN_S


def test_a_worker_that_stops_has_time_to_write_what_it_took() -> None:
    assert GRACEFUL_STOP_S > SETTLED_WITHIN_S


def test_opening_allows_for_several_hosts() -> None:
    assert OPEN_WITHIN_S >= 3 * CONNECT_S
    assert PATIENT_CONNECT_S > CONNECT_S >= 2, "libpq makes two seconds of less"


def test_only_a_pause_of_the_machine_is_a_pause() -> None:
    assert 5 * CLOCK_EVERY_S < PAUSE_S < ANSWER_WITHIN_S


def test_health_recovers_within_three_seconds() -> None:
    assert CHECK_EVERY_S + HEALTH_WITHIN_S < 3


def test_the_edge_waits_longer_than_the_backend_takes() -> None:
    proxy = (ROOT / "edge/snippets/proxy.conf").read_text("utf-8")
    found = re.search(r"^proxy_read_timeout (\d+)s;", proxy, re.MULTILINE)

    assert found is not None
    assert int(found[1]) > PROMISED_ANSWER_S


def test_every_bound_has_its_reason() -> None:
    source = Path(timeouts.__file__).read_text("utf-8")

    assert re.findall(r'^[A-Z_]+ = .*\n(?!""")', source, re.MULTILINE) == []
