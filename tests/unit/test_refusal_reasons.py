"""The list of refusal reasons is an enum. The edge and its answers repeat it; here they are compared with it."""

import re

from postledger.http.answers import STATUS_BY_REASON
from postledger.http.requests import EDGE_REASONS
from postledger.vocabulary.refusal import Reason
from postledger.vocabulary.statuses import Verdict
from tests.parts.documents import ROOT

LOGGING = (ROOT / "edge/snippets/logging.conf").read_text("utf-8")
REFUSALS = (ROOT / "edge/snippets/refusals.conf").read_text("utf-8")
NGINX = (ROOT / "edge/nginx.conf").read_text("utf-8")
PROXY = (ROOT / "edge/snippets/proxy.conf").read_text("utf-8")
GATE = (ROOT / "edge/lua/postledger/gate.lua").read_text("utf-8")
TRAFFIC = (ROOT / "edge/lua/postledger/traffic.lua").read_text("utf-8")
_LOCATION = re.compile(r"location = /_refused/(\w+) \{(.*?)\n    \}", re.DOTALL)
_ANSWER = re.compile(r'"reason":"(\w+)"')


def closed_list(variable: str) -> dict[str, str]:
    """What a map of nginx gives for each value, apart from its default."""
    (lines,) = re.findall(rf"^map {re.escape(variable)} \$\w+ \{{\n(.*?)^\}}", LOGGING, re.DOTALL | re.MULTILINE)
    pairs = [line.strip().rstrip(";").split() for line in lines.splitlines()]
    return {value: given for value, given in pairs if value != "default"}


def lua_list(name: str, text: str) -> list[str]:
    """The texts in a table of Lua."""
    (table,) = re.findall(rf"^local {name} = \{{(.*?)\}}", text, re.DOTALL | re.MULTILINE)
    return re.findall(r'"(\w+)"', table)


def named(reasons: list[Reason]) -> list[str]:
    return sorted(reason.value for reason in reasons)


def test_each_reason_has_a_status() -> None:
    assert set(STATUS_BY_REASON) == set(Reason)


def test_the_access_log_knows_each_reason_and_no_other_word() -> None:
    assert closed_list("$upstream_http_x_postledger_reason") == {reason.value: reason.value for reason in Reason}


def test_the_access_log_knows_each_verdict_and_no_other_word() -> None:
    assert closed_list("$upstream_http_x_postledger_verdict") == {verdict.value: verdict.value for verdict in Verdict}


def test_the_edge_refuses_for_reasons_of_the_list_alone() -> None:
    assert {reason for reason, _ in _LOCATION.findall(REFUSALS)} <= {reason.value for reason in Reason}


def test_each_refusal_of_the_edge_is_logged_as_what_it_answers() -> None:
    logged = {reason: re.findall(r"set \$edge_reason (\w+);", text) for reason, text in _LOCATION.findall(REFUSALS)}

    assert logged == {reason: [reason] for reason in logged}


def test_edge_and_backend_answer_a_reason_with_the_same_status() -> None:
    statuses = {reason: re.findall(r"return (\d+) ", text) for reason, text in _LOCATION.findall(REFUSALS)}

    assert statuses == {reason: [STATUS_BY_REASON[Reason(reason)][:3]] for reason in statuses}


def test_each_answer_of_the_edge_names_a_reason_of_the_list() -> None:
    answers = [reason for text in (REFUSALS, NGINX, PROXY) for reason in _ANSWER.findall(text)]

    assert set(answers) <= {reason.value for reason in Reason}
    assert {"not_found", "unavailable"} <= set(answers)


def test_the_edge_counts_each_reason_that_it_refuses_for() -> None:
    assert lua_list("REASONS", TRAFFIC) == sorted(reason for reason, _ in _LOCATION.findall(REFUSALS))


def test_edge_and_backend_observe_the_same_reasons() -> None:
    noted = sorted(set(re.findall(r'reasons\[#reasons \+ 1\] = "(\w+)"', GATE)))

    assert noted == lua_list("OBSERVED_REASONS", TRAFFIC) == named([*EDGE_REASONS])


def test_the_gate_refuses_for_what_it_observes() -> None:
    (table,) = re.findall(r"^local STATUS = \{(.*?)\}", GATE, re.MULTILINE)

    assert sorted(re.findall(r"(\w+) =", table)) == named([*EDGE_REASONS])
