"""The times that `make up` promises."""

import time

from tests.drills.promises import Promises
from tests.parts.checkout import Checkout


def test_a_second_make_up_takes_at_most_ten_seconds(checkout: Checkout, promises: Promises) -> None:
    started_s = time.monotonic()

    checkout.up()

    promises.keep("second make up", time.monotonic() - started_s, 10)
