"""The allowance that keeps a flood of forgeries out of the ledger."""

from postledger.ingest.refusal_sampling import Allowance


def test_it_grants_so_many_in_a_second_and_as_many_in_the_next() -> None:
    now_s = 10.0
    allowance = Allowance(2, lambda: now_s)

    first_second = [allowance.take() for _ in range(4)]
    now_s = 11.2
    next_second = [allowance.take() for _ in range(3)]

    assert (first_second, next_second) == ([True, True, False, False], [True, True, False])
