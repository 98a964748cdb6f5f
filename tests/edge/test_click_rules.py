"""The rate of clicks as a pure rule: the shipped Lua with a clock that the test sets."""

import pytest

from tests.edge.plain_lua import run_lua

CLICKS = """
clicks = require("postledger.clicks")
policy = { campaigns = { spring = { rate = 1, burst = 2 }, autumn = { rate = 1, burst = 1 } } }
A, B = string.char(192, 0, 2, 1), string.char(192, 0, 2, 2)
function ipv6(network, host)
    return string.rep("\\1", 7) .. string.char(network) .. string.rep("\\0", 7) .. string.char(host)
end
function visit(path, client, of) print((clicks.is_over_rate(of or policy, path, client or A))) end
nginx.set_clock(100)
"""


def run_clicks(program: str) -> list[str]:
    return run_lua(CLICKS + program)


def test_beyond_the_burst_a_click_is_over_the_rate_until_time_passes() -> None:
    said = run_clicks("""
        for _ = 1, 3 do visit("/click/spring") end
        nginx.set_clock(101)
        for _ = 1, 2 do visit("/click/spring") end""")

    assert said == ["false", "false", "true", "false", "true"]


@pytest.mark.parametrize("path", ["/click/spring", "/click/spring/"])
def test_each_campaign_and_each_network_has_its_own_rate(path: str) -> None:
    said = run_clicks(f"""
        for _ = 1, 2 do visit("{path}") end
        visit("/click/autumn")
        visit("/click/spring", B)
        visit("/click/spring")""")

    assert said == ["false", "false", "false", "false", "true"]


def test_an_ipv6_network_is_a_64() -> None:
    said = run_clicks("""
        visit("/click/spring", ipv6(1, 1)) visit("/click/spring", ipv6(1, 2))
        visit("/click/spring", ipv6(1, 3)) visit("/click/spring", ipv6(2, 1))""")

    assert said == ["false", "false", "true", "false"]


def test_ipv4_written_as_ipv6_is_the_same_network() -> None:
    said = run_clicks("""
        local mapped = string.rep("\\0", 10) .. "\\255\\255" .. A
        visit("/click/autumn") visit("/click/autumn", mapped)""")

    assert said == ["false", "true"]


@pytest.mark.parametrize("policy", ["policy", "false"])
def test_all_unknown_campaigns_share_the_default_rate(policy: str) -> None:
    said = run_clicks(f"""
        local over = 0
        for number = 1, 150 do
            if clicks.is_over_rate({policy}, "/click/nowhere" .. number, A) then over = over + 1 end
        end
        print(over)""")

    assert said == ["50"]


def test_a_full_dictionary_is_counted_and_stops_nobody() -> None:
    said = run_clicks("""
        ngx.shared.postledger_click_quota:limit(1)
        visit("/click/spring", A) visit("/click/spring", B)
        require("postledger.counters").flush()
        print(ngx.shared.postledger_metrics:get("evictions|clicks"))""")

    assert said == ["false", "false", "1"]


@pytest.mark.parametrize(
    ("path", "arguments", "target"),
    [
        ("/click/a", "sub1=100%&b={c}", "/click/a?sub1=100%&b={c}"),
        ("/click/a", "b=\\195\\169#c d", "/click/a?b=%C3%A9%23c%20d"),
        ("/click/a b?\\195\\169%zz", "", "/click/a%20b%3F%C3%A9%25zz"),
    ],
)
def test_bytes_that_the_backend_cannot_read_are_escaped(path: str, arguments: str, target: str) -> None:
    assert run_clicks(f'print((clicks.target("{path}", "{arguments}")))') == [target]
