"""How the edge follows the backend's policy: the shipped Lua with a clock and a backend that the test sets."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.edge.echo_backend import source
from tests.edge.plain_lua import run_lua

LONG = [f"10.{number // 250}.{number % 250}.0/24" for number in range(8_000)]  # compiled in a timer, not in a request

# One worker of nginx that pulls from a backend which answers as `offer` or `fail` said last.
PULLING = """
answer, failure, saves = nil, "no connection", 0
package.loaded["postledger.backend"] = { get_policy = function() return answer, failure end }
package.loaded["postledger.disk"] = {
    load = function() return copy, copied_at_s end,
    save = function() saves = saves + 1 return not is_full end,
}
policy, pull = require("postledger.policy"), require("postledger.pull")
function offer(text) answer = { status = 200, etag = '"' .. text:match("%d+") .. '"', text = text } end
function offer_version(number)
    local only_source = '{"slug": "acme", "allow": [], "rate": 1, "burst": 1, "mode": "enforce"}'
    offer('{"version": ' .. number .. ', "sources": [' .. only_source .. "]}")
end
function confirm() answer = { status = 304 } end
function fail(words) answer, failure = nil, words end
function tick(at_s) nginx.set_clock(at_s) nginx.fire_timers() end
function version() return (policy.current() or {}).version end
function refused()
    require("postledger.counters").flush()
    return ngx.shared.postledger_metrics:get("policy_refused") or 0
end
"""


def run_pull(program: str) -> list[str]:
    return run_lua(PULLING + "pull.start()\n" + program)


def test_an_older_version_is_taken_ten_seconds_after_the_newer_one() -> None:
    """Until then it comes from a backend process that lags behind."""
    versions = run_pull("""
        offer_version(50) tick(100) print(version())
        confirm() tick(105)
        offer_version(49)
        for _, second in ipairs({ 106, 114.9, 115 }) do tick(second) print(version()) end""")

    assert versions == ["50", "50", "50", "49"]


def test_a_newer_version_is_taken_at_once() -> None:
    assert run_pull("offer_version(50) tick(100) offer_version(51) tick(101) print(version())") == ["51"]


def test_the_policy_ages_from_when_the_backend_last_confirmed_it() -> None:
    ages = run_pull("""
        print(policy.age_s(99))
        offer_version(50) tick(100) print(policy.age_s(100))
        fail("no connection") tick(107) print(policy.age_s(107))
        confirm() tick(108) print(policy.age_s(108.5))""")

    assert ages == ["inf", "0", "7", "0.5"]


def test_a_policy_is_never_younger_than_new() -> None:
    """Clocks are set back, and each worker reads its own, some milliseconds apart."""
    assert run_lua(PULLING + "policy.confirm(3600) print(policy.age_s(100))") == ["0"]


def test_a_trouble_is_logged_once_and_its_end_too() -> None:
    log = run_pull("""
        offer_version(50) tick(100)
        fail("no connection") tick(101) tick(102) tick(103)
        answer = { status = 503 } tick(104) tick(105)
        confirm() tick(106) tick(107)
        print(table.concat(nginx.log, "\\n"))""")

    assert log == [
        "error: policy: the backend gave no connection; the last good one stays",
        "error: policy: the backend answered 503; the last good one stays",
        "notice: policy: in step with the backend again",
    ]


def test_without_any_policy_the_log_reports_that_everything_is_refused() -> None:
    log = run_pull("tick(100) print(nginx.log[1], version())")

    assert log == ["error: policy: the backend gave no connection; there is none, and everything is refused\tnil"]


def test_a_copy_is_written_again_each_second_until_the_disk_takes_it() -> None:
    said = run_pull("""
        offer_version(50) is_full = true tick(100) saves = 0
        confirm() tick(101) tick(102)
        print(version(), saves)
        is_full = false tick(103) tick(104)
        print(saves)
        print(table.concat(nginx.log, "\\n"))""")

    assert said == [
        "50\t2",
        "3",
        "error: policy: its copy could not be written to the disk; the last good one stays",
        "notice: policy: in step with the backend again",
    ]


def snapshot(*sources: dict[str, Any], **keys: Any) -> str:
    return json.dumps({"version": 99, "sources": sources, **keys})


BROKEN = [
    ("", "json"),
    ("[]", "version"),
    ("{", "json"),
    ('{"version": 99}', "sources"),
    ("null", "json"),
    (snapshot(), "empty"),
    ('{"version": "99", "sources": [1]}', "version"),
    (snapshot(source("acme"), source("acme")), "repeated"),
    (snapshot(source("acme"), source("Ac/me")), "slug"),
    (snapshot(source("acme"), source("b", allow=["10.0.0.0/99"])), "allow"),
    (snapshot(source("acme"), source("b", allow="10.0.0.0/8")), "allow"),
    (snapshot(source("acme"), source("b", rate=0)), "rate"),
    (snapshot(source("acme"), source("b", burst=-1)), "burst"),
    (snapshot(source("acme"), source("b", mode="maybe")), "mode"),
    (snapshot(source("acme"), source("b", client_ca="none")), "client_ca"),
    (snapshot(source("acme"), source("b", paths="/postback")), "paths"),
    (snapshot(source("acme"), source("b", paths=["postback"])), "paths"),
    (snapshot(source("acme"), source("b", paths=[1])), "paths"),
    (snapshot(source("acme"), source("b", hosts=["Red.example"])), "hosts"),
    (snapshot(source("acme"), source("b", keys=["3f9c0de"])), "keys"),
    (snapshot(source("acme"), source("b", keys={"a": 1})), "keys"),
    (snapshot(source("acme"), salt="no hex"), "salt"),
    (snapshot(source("acme"))[:-2], "json"),
]


@pytest.mark.parametrize(("text", "fault"), BROKEN)
def test_a_broken_snapshot_is_refused_whole_and_the_last_good_one_stays(text: str, fault: str) -> None:
    program = """
        offer_version(50) tick(100)
        answer = { status = 200, etag = '"99"', text = io.read("*a") } tick(101)
        print(version(), refused(), nginx.log[1])"""

    said = run_lua(PULLING + "pull.start()\n" + program, stdin=text)

    assert said == [f"50\t1\terror: policy: a snapshot was refused: {fault}; the last good one stays"]


def test_a_good_copy_on_the_disk_is_in_force_before_the_backend_answers(tmp_path: Path) -> None:
    assert load_copy(tmp_path, "17\n" + snapshot(source("acme"))) == ["99\t0\tnil\t83"]


@pytest.mark.parametrize("content", ["", "17\n", "17\n{", '17\n{"version": 1, "sources": []}', "x", "\0" * 5000])
def test_a_broken_copy_on_the_disk_is_refused_counted_and_logged(tmp_path: Path, content: str) -> None:
    (said,) = load_copy(tmp_path, content)

    assert said.startswith("nil\t1\terror: policy: the copy on disk was refused: ")
    assert said.endswith("\tinf")


def load_copy(prefix: Path, content: str) -> list[str]:
    """What the master of nginx makes of a copy, a hundred seconds after 1970: version, refusals, log, age."""
    (prefix / "policy").mkdir()
    (prefix / "policy" / "snapshot").write_text(content)
    program = """
        package.loaded["postledger.disk"] = nil
        package.loaded["postledger.pull"] = nil
        nginx.set_clock(100)
        require("postledger.pull").load()
        print(version(), refused(), nginx.log[1], policy.age_s(100))"""
    return run_lua(PULLING + program, prefix=prefix)


def test_a_worker_without_requests_compiles_a_new_policy_by_itself() -> None:
    """Otherwise its next request would be judged by the old policy, for as long as a long list takes to compile."""
    program = """
        local first, second = nginx.load_again("policy"), nginx.load_again("policy")
        second.start()
        first.install(io.read("*l"))
        nginx.set_clock(1) print(second.current().version)
        first.install(io.read("*l"))
        nginx.set_clock(2) nginx.fire_timers()    -- it looks, and has the long list compiled in a timer
        nginx.set_clock(3) nginx.fire_timers()
        nginx.set_clock(4) print(second.current().version)"""
    texts = [snapshot(source("acme"), version=1), snapshot(source("acme", allow=LONG), version=2)]

    assert run_lua(program, stdin="\n".join(texts)) == ["1", "2"]


def test_a_long_policy_is_compiled_beside_the_requests() -> None:
    program = """
        local first, second = nginx.load_again("policy"), nginx.load_again("policy")
        first.install(io.read("*l"))
        nginx.set_clock(1) print(second.current().version)
        first.install(io.read("*l"))
        nginx.set_clock(2) print(second.current().version)
        nginx.fire_timers() print(second.current().version)"""
    texts = [snapshot(source("acme"), version=1), snapshot(source("acme", allow=LONG), version=2)]

    assert run_lua(program, stdin="\n".join(texts)) == ["1", "1", "2"]


def test_a_copy_is_confirmed_when_the_backend_offers_a_broken_policy() -> None:
    said = run_lua(
        PULLING
        + """
        copy, copied_at_s = io.read("*a"), 17
        pull.load()
        print(version(), policy.current().copy_of)
        pull.start()
        offer('{"version": 9') tick(100)
        print(version(), policy.current().copy_of)""",
        stdin=snapshot(source("acme")),
    )

    assert said == ["99\t99", "99\tnil"]
