"""Notes of the drills: every measurement counts, and the table shows the worst one of each promise."""

import pytest

from tests.drills.promises import Promises, make_table


def test_the_table_shows_the_worst_measurement_of_each_promise() -> None:
    promises = Promises()

    promises.keep("back", 2.0, 5)
    promises.keep("stop", 0.25, 1)
    promises.keep("back", 4.126, 5)
    promises.keep("back", 3.0, 5)

    assert make_table(promises.worst()) == [
        "promise  promised  measured  kept",
        "back          5 s    4.13 s   yes",
        "stop          1 s    0.25 s   yes",
    ]


def test_a_broken_promise_fails_and_is_in_the_table() -> None:
    promises = Promises()

    with pytest.raises(AssertionError, match=r"back: took 5.01 s, promised within 5 s"):
        promises.keep("back", 5.01, 5)

    assert make_table(promises.worst())[1].split() == ["back", "5", "s", "5.01", "s", "NO"]
