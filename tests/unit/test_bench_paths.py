"""`make bench PATHS=1`: each way is sent by its script, and held against the baseline of its own turn."""

import re

import pytest

from loadtests.bench.paths import BASELINE, SCRIPT, Way, compare, list_ways
from loadtests.bench.rounds import Round
from postledger.policy.config_file import read_configuration
from postledger.policy.preset_files import read_known


def a_round(name: str, per_second: float) -> Round:
    return Round("b", name, per_second, p50_ms=1, p90_ms=1, p99_ms=1, max_ms=1, answered=1, cpu_us={}, worker_memory=[])


def test_every_way_has_its_requests_and_every_request_its_way() -> None:
    sent = set(re.findall(r"^function ways\.(\w+)\(", SCRIPT.read_text("utf-8"), re.MULTILINE))

    assert {way.slug for way in list_ways()} == sent


@pytest.mark.parametrize("way", [way for way in list_ways() if way.key is None], ids=lambda way: way.slug)
def test_every_way_is_a_source_that_apply_would_take(way: Way) -> None:
    document = {"slug": way.slug, "secrets": ["s3cret"], **way.document}

    assert way.slug in read_configuration({"sources": [document]}, {}, read_known()).sources


def test_a_way_is_held_against_the_baseline_of_its_own_turn() -> None:
    """A machine that is twice as slow for a turn says nothing of a way."""
    turns = [(1000.0, 500.0), (500.0, 250.0), (1000.0, 400.0)]
    rounds = [a_round(name, rate) for turn in turns for name, rate in zip((BASELINE, "other"), turn, strict=True)]

    (target,) = compare(rounds)

    assert (target.what, target.measured, target.promised) == (f"other / {BASELINE}", 0.5, None)
