"""The byte budget of requests without a matching secret."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from postledger.ledger.rules.byte_budget import Leases, Limits, grant

TODAY = date(2026, 11, 29)
TOMORROW = TODAY + timedelta(days=1)
MIB = 1024 * 1024
LIMITS = Limits(256 * MIB)
ACME, OTHER = (TODAY, 1), (TODAY, 2)

sources = st.integers(0, 4)
sums = st.dictionaries(sources, st.integers(0, 2000))


def test_one_source_gets_an_eighth_of_the_budget() -> None:
    assert LIMITS.of_source == 32 * MIB
    assert grant({1: 100}, {1: 32 * MIB - 30}, LIMITS) == {1: 30}


def test_all_sources_together_get_the_budget() -> None:
    used = dict.fromkeys(range(8), 32 * MIB) | {0: 32 * MIB - 30}

    assert grant({8: 20, 9: 20, 10: 20}, used, LIMITS) == {8: 20, 9: 10, 10: 0}


@given(st.lists(sums, max_size=8), st.integers(1, 8000))
def test_leases_never_exceed_the_budget(asked: list[dict[int, int]], total: int) -> None:
    limits, used = Limits(total), dict[int, int]()
    for one in asked:
        for source, granted in grant(one, used, limits).items():
            assert granted >= 0
            used[source] = used.get(source, 0) + granted

    assert sum(used.values()) <= total
    assert max(used.values(), default=0) <= limits.of_source


def test_a_lease_covers_many_rows_and_at_least_the_batch() -> None:
    leases = Leases(LIMITS)

    assert leases.list_missing([(ACME, 400), (OTHER, 100_000), (OTHER, 100_000)]) == {ACME: 65536, OTHER: 200_000}


def test_no_lease_is_asked_for_while_one_covers_the_rows() -> None:
    leases = Leases(LIMITS)
    leases.add(ACME, 1000, 1000)

    assert [leases.pay(ACME, 400) for _ in range(3)] == [True, True, False]
    assert leases.list_missing([(ACME, 200)]) == {}
    assert leases.list_missing([(ACME, 201)]) == {ACME: 65536}


def test_a_short_lease_is_the_last_one_of_its_day() -> None:
    leases = Leases(LIMITS)
    leases.add(ACME, 65536, 500)

    assert (leases.is_spent(ACME), leases.is_spent(OTHER), leases.is_spent((TOMORROW, 1))) == (True, False, False)
    assert leases.pay(ACME, 400), "what was granted is spent"
    assert leases.list_missing([(ACME, 400)]) == {}, "the ledger is not asked again"


def test_what_was_given_back_can_be_spent() -> None:
    leases = Leases(LIMITS)
    leases.add(ACME, 400, 400)
    leases.pay(ACME, 400)

    leases.give_back(ACME, 400)

    assert leases.pay(ACME, 400)


def test_a_new_day_has_a_budget_of_its_own() -> None:
    leases = Leases(LIMITS)
    leases.add(ACME, 65536, 0)
    leases.add((TOMORROW, 1), 65536, 65536)

    assert (leases.is_spent(ACME), leases.is_spent((TOMORROW, 1))) == (True, False)
    assert leases.pay((TOMORROW, 1), 400)


def test_days_before_yesterday_are_forgotten() -> None:
    leases = Leases(LIMITS)
    for days in range(1000):
        leases.add((TODAY + timedelta(days=days), 1), 65536, 0)

    assert len(leases._left) == len(leases._spent) == 2


def test_a_small_budget_is_leased_in_small_parts() -> None:
    assert Limits(1 * MIB).lease == 8192
