"""The quota and the peaks of its use as pure rules: the shipped Lua with a clock that the test sets."""

import pytest

from tests.edge.plain_lua import run_lua

# `take(slug, address, rate, burst, now_s)` on a dictionary of its own.
QUOTA = """
quota = require("postledger.quota")
numbers = nginx.new_dictionary(math.huge)
function take(...) return quota.take(numbers, ...) end
"""


def run_quota(program: str) -> list[str]:
    return run_lua(QUOTA + program)


def test_at_four_times_the_rate_the_burst_and_the_rate_pass() -> None:
    """Rate and steps are powers of two, so that no rounding blurs the count."""
    passed = run_quota("""
        local passed = 0
        for step = 0, 10 * 128 do
            if take("acme", "addr", 32, 30, 1000 + step / 128) then passed = passed + 1 end
        end
        print(passed)""")

    assert passed == [str(30 + 10 * 32)]


def test_a_rate_of_one_and_no_burst_lets_one_pass_each_second() -> None:
    passed = run_quota("""
        for tenth = 0, 30 do
            if take("acme", "addr", 1, 0, 100 + tenth / 10) then print(tenth) end
        end""")

    assert passed == ["0", "10", "20", "30"]


@pytest.mark.parametrize(("after_s", "passes"), [(0.75, "false"), (1, "true")])
def test_after_the_seconds_of_retry_after_a_request_passes(after_s: float, passes: str) -> None:
    said = run_quota(f"""
        take("acme", "addr", 1, 1, 100)
        print(take("acme", "addr", 1, 1, 100))
        print((take("acme", "addr", 1, 1, 100 + {after_s})))""")

    assert said == ["false\t1\tnil\t1", passes]


@pytest.mark.parametrize(("burst", "passing"), [(1, ["0", "10", "20", "30"]), (2, ["0", "1", "10", "20", "30"])])
def test_the_dictionary_keeps_a_count_until_its_bucket_is_empty(burst: int, passing: list[str]) -> None:
    said = run_quota(f"""
        for tenth = 0, 30 do
            nginx.set_clock(100 + tenth / 10)
            if take("acme", "addr", 1, {burst}, 100 + tenth / 10) then print(tenth) end
        end""")

    assert said == passing


def test_each_request_reports_what_was_used_of_the_burst_before_it() -> None:
    said = run_quota("""
        for number = 1, 5 do print((select(4, take("acme", "addr", 1, 4, 100)))) end""")

    assert said == ["nil", "0.25", "0.5", "0.75", "1"]


def test_a_request_that_finds_its_bucket_empty_reports_nothing_used() -> None:
    said = run_quota("""
        for number = 0, 3 do print((select(4, take("acme", "addr", 1, 2, 100 + number)))) end""")

    assert said == ["nil"] * 4


def test_a_full_dictionary_evicts_the_oldest_address_and_reports_it() -> None:
    said = run_quota("""
        numbers:limit(3)
        for number = 1, 4 do
            local passes, _, trouble = take("acme", "addr" .. number, 1, 1, 100)
            print(passes, trouble)
        end""")

    assert said == ["true\tnil", "true\tnil", "true\tnil", "true\tevicted"]


def test_a_dictionary_that_stores_nothing_lets_no_request_pass() -> None:
    said = run_quota("""
        function numbers:set() return false, "no memory" end
        print(take("acme", "addr", 10, 20, 100))""")

    assert said == ["false\t1\tno memory"]


def test_of_two_workers_that_see_the_last_place_only_one_takes_it() -> None:
    """Both have read the same number; what the second one raises is already the first one's."""
    said = run_quota("""
        numbers:set("acme:addr", 100)
        function numbers:get() return 100 end
        print((take("acme", "addr", 1, 2, 99)))
        print((take("acme", "addr", 1, 2, 99)))""")

    assert said == ["true", "false"]


def test_the_same_64_bits_of_ipv6_are_one_sender_and_others_are_not() -> None:
    said = run_quota("""
        local network = ("a"):rep(8)
        print((take("acme", network .. ("x"):rep(8), 1, 1, 100)))
        print((take("acme", network .. ("y"):rep(8), 1, 1, 100)))
        print((take("acme", ("b"):rep(8) .. ("x"):rep(8), 1, 1, 100)))""")

    assert said == ["true", "false", "true"]


# Two workers that share the dictionaries.
PRESSURE = """
metrics = ngx.shared.postledger_metrics
first, second = nginx.load_again("pressure"), nginx.load_again("pressure")
first.start() second.start()
"""


def run_pressure(program: str) -> list[str]:
    return run_lua(PRESSURE + program)


def test_of_two_workers_the_higher_peak_is_reported() -> None:
    said = run_pressure("""
        first.note("acme", 0.25) first.note("acme", 0.75) first.note("acme", 0.5) second.note("acme", 0.25)
        first.flush() second.flush()
        print(first.of("acme"), second.of("acme"), first.of("other"))""")

    assert said == ["0.75\t0.75\t0"]


def test_a_peak_that_another_worker_wrote_over_is_reported_again() -> None:
    """Both read at once, and the lower one writes last: a second later the higher one stands again."""
    said = run_pressure("""
        first.note("acme", 0.75) first.flush()
        metrics:safe_set("used|acme|0", 0.25)
        print(first.of("acme"))
        nginx.fire_timers()
        print(first.of("acme"))""")

    assert said == ["0.25", "0.75"]


def test_a_peak_is_reported_in_its_minute_and_the_next_and_no_longer() -> None:
    said = run_pressure("""
        nginx.set_clock(1) first.note("acme", 0.75) first.flush()
        for _, second in ipairs({ 60, 119, 120, 121 }) do
            nginx.set_clock(second)
            first.flush()
            print(first.of("acme"))
        end""")

    assert said == ["0.75", "0.75", "0", "0"]


def test_a_peak_takes_no_place_of_a_counter_and_is_counted_as_lost() -> None:
    said = run_pressure("""
        metrics:limit(0)
        first.note("acme", 0.75) first.flush()
        print(first.of("acme"), metrics:get("evictions|metrics"))""")

    assert said == ["0\t1"]
