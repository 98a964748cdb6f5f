"""Unresolved macros, in the styles of real templates."""

import pytest

from postledger.domain.macros import is_unresolved_macro


@pytest.mark.parametrize(
    "value",
    ["{payout}", "{{MONEY}}", "#s2#", "##CLICK_ID##", "[payout]", "[[[subid]]]", "${sum}", "%commission%", "<click_id>",
     "!!!clickRef!!!", "(Sub Param 1)", "[%UID%]", "xxc1xx"],
)  # fmt: skip
def test_a_placeholder_in_any_known_bracket_style_is_seen(value: str) -> None:
    assert is_unresolved_macro(value)


@pytest.mark.parametrize(
    "value", ["", "ABC123", "{abc", "abc}", "50%", "a{b}c", "#1", "xx", "(a) b", "<", "0.50", "x" * 256, "xxx", "xxxxx"]
)
def test_an_ordinary_value_is_left_alone(value: str) -> None:
    assert not is_unresolved_macro(value)
