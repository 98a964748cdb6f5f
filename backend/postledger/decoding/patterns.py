"""Patterns of rules, in which `*` stands for any text.

No regular expressions, because the value comes from a sender, who could choose one that takes very long.
"""

from collections.abc import Sequence

WILDCARD = "*"


def matches(patterns: Sequence[str], value: str | None) -> bool:
    """Return whether a value matches one of the patterns. Without patterns every value does, and a missing one too."""
    if not patterns:
        return True
    return value is not None and any(matches_one(pattern, value) for pattern in patterns)


def matches_one(pattern: str, value: str) -> bool:
    """Return whether a value matches a pattern as a whole."""
    first, *rest = pattern.split(WILDCARD)
    if not rest:
        return value == pattern
    *middle, last = rest
    if len(value) < len(first) + len(last) or not (value.startswith(first) and value.endswith(last)):
        return False
    position, end = len(first), len(value) - len(last)
    for part in middle:
        found = value.find(part, position, end)
        if found < 0:
            return False
        position = found + len(part)
    return True


def is_covered(patterns: Sequence[str], by: Sequence[str]) -> bool:
    """Return whether each value that matches `patterns` certainly matches `by` as well."""
    if not by:
        return True
    return bool(patterns) and all(any(matches_one(wider, pattern) for wider in by) for pattern in patterns)
