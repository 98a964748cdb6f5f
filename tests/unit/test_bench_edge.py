"""What `make bench EDGE=1` believes of what wrk tells, and what metrics cost by it."""

from pathlib import Path

import pytest

from loadtests.bench.edge import ACCEPTED, RESUMED, UNCOUNTED, Found
from loadtests.bench.edge_load import Driven, EdgeContestant, Told, check_all, read_told
from loadtests.bench.edge_parts import copy_without_sessions
from loadtests.bench.rounds import RoundFailed

QUIET = """  2 threads and 64 connections
  12345 requests in 1.01s, 5.00MB read
Requests/sec:  12222.77
Transfer/sec:      4.95MB
"""


def test_a_round_without_faults_is_read() -> None:
    assert read_told(QUIET) == Told(answered=12345, refused=0, lost=0, per_second=12222.77)


def test_refusals_and_losses_are_read() -> None:
    faults = "  Socket errors: connect 1, read 2, write 0, timeout 4\n  Non-2xx or 3xx responses: 99\n"

    told = read_told(QUIET.replace("Requests/sec", faults + "Requests/sec"))

    assert (told.refused, told.lost) == (99, 7)


def told_with(*, lost: int = 0, refused: int = 0) -> Told:
    return Told(answered=10_000, refused=refused, lost=lost, per_second=10_000.0)


ANY = EdgeContestant("any", "https://127.0.0.1:1", pid=1)


@pytest.mark.parametrize("lost", [0, 1, 30])
def test_a_few_lost_connections_in_a_thousand_are_no_failure(lost: int) -> None:
    check_all(ANY, told_with(lost=lost), 1)


@pytest.mark.parametrize("told", [told_with(lost=31), told_with(refused=1), Told(0, 0, 0, 0.0)])
def test_more_of_them_a_wrong_answer_or_none_at_all_is_one(told: Told) -> None:
    with pytest.raises(RoundFailed):
        check_all(ANY, told, 1)


def test_what_is_no_result_is_no_round() -> None:
    with pytest.raises(RoundFailed):
        read_told("unable to connect to 127.0.0.1:1 Connection refused")


def test_metrics_cost_what_they_add_to_a_requests_time_in_the_round_between() -> None:
    counted = [Driven(1, cpu_us) for cpu_us in (51.0, 102.0, 70.0)]
    uncounted = [Driven(1, cpu_us) for cpu_us in (50.0, 100.0, 50.0)]

    found = Found("nginx", {}, {ACCEPTED: counted, UNCOUNTED: uncounted})

    assert found.cost_of_metrics() == pytest.approx(0.02)


def test_new_connections_are_held_against_keep_alive_round_by_round() -> None:
    kept = [Driven(per_second, 1) for per_second in (4000.0, 1000.0, 2000.0)]
    new = [Driven(per_second, 1) for per_second in (1000.0, 500.0, 600.0)]

    found = Found("nginx", {}, {ACCEPTED: kept, RESUMED: new})

    assert found.share_of_keep_alive(RESUMED) == pytest.approx(0.3)


def test_the_edge_of_full_handshakes_keeps_no_session(tmp_path: Path) -> None:
    text = (copy_without_sessions(tmp_path) / "edge/snippets/tls.conf").read_text()

    assert "ssl_session_cache none;" in text
    assert "shared:tls" not in text
