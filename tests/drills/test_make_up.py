"""The times that `make up` promises."""

import time

import pytest

from tests.drills.promises import Promises
from tests.parts.checkout import PARTS, Checkout, kill_part, kill_supervisor


def test_a_second_make_up_takes_at_most_ten_seconds(checkout: Checkout, promises: Promises) -> None:
    started_s = time.monotonic()

    checkout.up()

    promises.keep("second make up", time.monotonic() - started_s, 10)


@pytest.mark.parametrize("part", PARTS)
def test_a_killed_part_is_back_within_five_seconds(checkout: Checkout, promises: Promises, part: str) -> None:
    promises.keep(f"{part} back after kill -9", kill_part(checkout, part), 5)


def test_a_killed_supervisor_is_back_within_fifteen_seconds(checkout: Checkout, promises: Promises) -> None:
    promises.keep("all parts back after kill -9 of the supervisor", kill_supervisor(checkout), 15)
