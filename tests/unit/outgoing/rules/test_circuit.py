"""The circuit of a forward, step by step."""

from datetime import UTC, datetime, timedelta

from postledger.outgoing.rules.circuit import CLOSED, Circuit, after_failure, after_success, count_allowed, start_probe

NOW = datetime(2026, 10, 31, 12, 0, tzinfo=UTC)
MINUTE, DAYS = timedelta(minutes=1), timedelta(days=5)


def _fail(circuit: Circuit, times: int, now: datetime = NOW) -> Circuit:
    for _ in range(times):
        circuit = after_failure(circuit, now, DAYS)
    return circuit


def test_a_circuit_opens_after_twenty_failures_in_a_row() -> None:
    almost = _fail(CLOSED, 19)

    assert (almost.state, almost.failures, almost.failing_since) == ("closed", 19, NOW)
    assert count_allowed(almost, NOW) is None
    assert after_success(almost) == CLOSED
    assert _fail(almost, 1) == Circuit("open", 20, NOW, NOW + MINUTE)


def test_an_open_circuit_allows_one_probe_a_minute() -> None:
    opened = _fail(CLOSED, 20)
    probed = start_probe(opened, NOW + MINUTE)

    assert count_allowed(opened, NOW) == count_allowed(opened, NOW + 0.99 * MINUTE) == 0
    assert count_allowed(opened, NOW + MINUTE) == 1
    assert probed.state == "half_open"
    assert count_allowed(probed, NOW + 1.5 * MINUTE) == 0
    assert count_allowed(probed, NOW + 2 * MINUTE) == 1


def test_a_probe_closes_the_circuit_or_opens_it_again() -> None:
    probed = start_probe(_fail(CLOSED, 20), NOW + MINUTE)

    assert after_success(probed) == CLOSED
    assert _fail(probed, 1, NOW + MINUTE) == Circuit("open", 21, NOW, NOW + 2 * MINUTE)


def test_a_circuit_switches_off_when_it_fails_for_too_long() -> None:
    probed = start_probe(_fail(CLOSED, 20), NOW + MINUTE)
    off = _fail(probed, 1, NOW + DAYS)

    assert _fail(probed, 1, NOW + DAYS - MINUTE).state == "open"
    assert (off.state, off.until) == ("off", None)
    assert count_allowed(off, NOW + 10 * DAYS) == 0
    assert after_success(off) == after_failure(off, NOW, DAYS) == off
