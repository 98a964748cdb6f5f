"""The parameters of the benchmark: sensible without any, and refused by name when they make no sense."""

import pytest

from loadtests.bench.plan import BadPlan, read_plan


def test_without_parameters_all_contestants_take_part_over_64_connections() -> None:
    plan = read_plan({})

    assert plan.only == ("a", "e", "b", "n", "w", "s", "r", "m", "c", "d")
    assert (plan.connections, plan.rows) == (64, ())


def test_rows_may_be_written_with_underscores() -> None:
    assert read_plan({"ROWS": "10_000,1000000"}).rows == (10_000, 1_000_000)


def test_a_textbook_is_a_worker_class_and_its_size() -> None:
    assert read_plan({"TEXTBOOK": "sync,gevent:8"}).textbooks == (("sync", 1), ("gevent", 8))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DURATION", "0"),
        ("ROUNDS", "many"),
        ("ROWS", "10,,20"),
        ("ONLY", "a,f"),
        ("TEXTBOOK", "eventlet:4"),
        ("BASELINE", "/nowhere"),
    ],
)
def test_a_parameter_without_sense_is_refused_by_its_name(name: str, value: str) -> None:
    with pytest.raises(BadPlan, match=name):
        read_plan({name: value})
