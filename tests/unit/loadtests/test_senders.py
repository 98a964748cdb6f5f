"""The networks' rules for repeats."""

import pytest

from loadtests.rules import read_rules
from tests.unit.loadtests.made_runs import ack

RULES = read_rules()
UNAVAILABLE = ack(http=503, said="refused", reason="unavailable")
TIMED_OUT = ack(http=0, said="", reason="timeout")
REFUSED = ack(http=401, said="refused", reason="bad_signature")


def test_every_rule_names_its_source() -> None:
    assert len(RULES) >= 8
    assert all(rule.source for rule in RULES.values())


@pytest.mark.parametrize(
    ("name", "repeats"),
    [("appsflyer", (True, True, False)), ("branch", (False, True, False)), ("apple-skan", (True, True, True))],
)
def test_a_network_repeats_by_its_rule(name: str, repeats: tuple[bool, bool, bool]) -> None:
    assert tuple(RULES[name].repeats(one) for one in (UNAVAILABLE, TIMED_OUT, REFUSED)) == repeats
    assert not RULES[name].repeats(ack())


def test_only_a_rule_that_outlasts_an_outage_survives_it() -> None:
    survivors = {name for name, rule in RULES.items() if rule.survives(900)}
    assert {"appsflyer", "adjust", "singular", "apple-skan", "patient"} <= survivors
    assert not survivors & {"awin", "branch"}
