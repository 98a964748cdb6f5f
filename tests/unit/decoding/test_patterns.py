"""Patterns of rules: `*` stands for any text, and everything else for itself."""

import fnmatch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postledger.decoding.patterns import is_covered, matches, matches_one

texts = st.text("ab-", max_size=6)
patterns = st.text("ab-*", max_size=6)


@pytest.mark.parametrize(
    ("pattern", "value"),
    [("acme", "acme"), ("spring*", "spring"), ("spring*", "spring-2"), ("*", ""), ("*", "x"), ("a*c*e", "abcde")],
)
def test_a_pattern_matches(pattern: str, value: str) -> None:
    assert matches_one(pattern, value)


@pytest.mark.parametrize(
    ("pattern", "value"),
    [("acme", "acme-2"), ("acme", "ACME"), ("a*a", "a"), ("[a]", "a"), ("a?", "ab"), ("a.c", "abc"), ("*b*b", "ab")],
)
def test_a_pattern_does_not_match(pattern: str, value: str) -> None:
    assert not matches_one(pattern, value)


@given(patterns, texts)
def test_patterns_match_as_those_of_a_shell(pattern: str, value: str) -> None:
    assert matches_one(pattern, value) == fnmatch.fnmatchcase(value, pattern)


def test_no_pattern_allows_a_missing_value() -> None:
    assert matches((), None)
    assert not matches(("*",), None)


@given(st.lists(patterns, max_size=2), st.lists(patterns, max_size=2), st.none() | texts)
def test_what_is_covered_matches_the_wider_patterns(narrow: list[str], wide: list[str], value: str | None) -> None:
    if is_covered(narrow, wide) and matches(narrow, value):
        assert matches(wide, value)


def test_a_narrower_pattern_is_covered() -> None:
    assert is_covered(("spring-*", "autumn"), ("spring*", "aut*"))
    assert not is_covered((), ("*",))
