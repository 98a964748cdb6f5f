"""Unresolved macros, in the styles of real templates."""

import pytest

from postledger.decoding.unresolved_macros import OPENINGS, find_macro

REAL = [
    ("{payout}", "{…}"), ("{{MONEY}}", "{{…}}"), ("#s2#", "#…#"), ("##CLICK_ID##", "##…##"), ("[payout]", "[…]"),
    ("[[[subid]]]", "[[[…]]]"),
    ("[[tx_id]]", "[[…]]"), ("${sum}", "${…}"), ("%commission%", "%…%"), ("<click_id>", "<…>"),
    ("!!!clickRef!!!", "!!!…!!!"), ("(Sub Param 1)", "(…)"), ("[%UID%]", "[%…%]"), ("xxc1xx", "xx…xx"),
    ("REPLACE", "REPLACE"), ("OPTIONAL", "OPTIONAL"),
]  # fmt: skip


@pytest.mark.parametrize(("value", "style"), REAL)
def test_a_macro_is_found_by_its_style(value: str, style: str) -> None:
    assert find_macro(value) == style


def test_every_opening_of_a_macro_has_an_example() -> None:
    assert {value[0] for value, _ in REAL} == OPENINGS


@pytest.mark.parametrize(
    ("value", "style"),
    [("##CPA_AMOUNT##,##RS_AMOUNT##", "##…##"), ("{a};{b}", "{…}"), ("{a}|", "{…}"), ("(Sub, Param)", "(…)")],
)
def test_several_macros_in_one_parameter_are_found(value: str, style: str) -> None:
    assert find_macro(value) == style


@pytest.mark.parametrize("value", ["{{payout}", "{payout}}", "##s2#", "#s2##"])
def test_a_macro_without_a_closing_bracket_is_found(value: str) -> None:
    assert find_macro(value) is not None


@pytest.mark.parametrize(
    "value",
    ["", "ABC123", "{abc", "abc}", "50%", "a{b}c", "#1", "xx", "(a) b", "<", "0.50", "x" * 256, "xxx", "xxxxx",
     "REPLACED", "replace", "Rx", "{a},b", "O,1", "{", ",", "{a},xxx"],
)  # fmt: skip
def test_an_ordinary_value_is_left_alone(value: str) -> None:
    assert find_macro(value) is None
