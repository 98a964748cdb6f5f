"""Ids: placeholders and words for "no value" are refused, genuine values are not, blanks around them are removed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postledger.decoding.identities import BLANKS
from postledger.decoding.parameters import read_identifier
from postledger.decoding.placeholders import find_placeholder
from postledger.policy.preset_files import read_known
from postledger.vocabulary.refusal import Cause, Reason, Refused

PLACEHOLDERS = [
    ("{tid}", "{…}"), ("{offer_id}-{tid}", "{…}"), ("order-{tid}", "{…}"), ("{tid", "{…}"), ("tid}", "{…}"),
    ("order-{tid", "{…}"), ("{{tid}}", "{{…}}"), ("{{ ad.id }}", "{{…}}"), ("{ tid }", "{…}"), ("{{tid", "{…}"),
    ("${tid}", "${…}"), ("A-${sum}-B", "${…}"), ("{$tid}", "{…}"), ("{var:cid}", "{…}"), ("#s2#", "#…#"),
    ("order-#tid#", "#…#"), ("##CLICK_ID##", "##…##"), ("1-##CLICK_ID##-2", "##…##"), ("[ml_sub1]", "[…]"),
    ("x[ml_sub1]", "[…]"), ("[[signature]]", "[…]"), ("[[[subid]]]", "[[[…]]]"), ("[%UID%]", "[%…%]"),
    ("u-[%UID%]", "[%…%]"), ("%subid1%", "%…%"), ("a-%subid1%", "%…%"), ("%%tid%%", "%…%"), ("%ad%", "%…%"),
    ("%aff_sub%", "%…%"), ("<click_id>", "<…>"), ("o<click_id>", "<…>"), ("<click_id", "{…}"),
    ("!!!clickRef!!!", "!!!…!!!"), ("1!!!clickRef!!!", "!!!…!!!"), ("(Sub Param 1)", "(…)"), ("x-(tid)", "(…)"),
    ("{url(sid)}", "(…)"), ("{Sub Param 1}", "{…}"), ("{AppsFlyer ID}", "{…}"), ("{Event Revenue USD}", "{…}"),
    ("xxc1xx", "xx…xx"), ("a-xxTIDxx", "xx…xx"), ("__TID__", "__…__"), ("a-__CLICK_ID__", "__…__"),
    ("%7Btid%7D", "{…}"), ("order-%7btid%7d", "{…}"), ("%3Ctid%3E", "<…>"), ("%25tid%25", "%…%"),
    ('{"u":"{user_id}"}', "{…}"), ('["[sub]"]', "[…]"), ("{идентификатор}", "{…}"),
    ("REPLACE", "REPLACE"), ("REPLACE_ME", "REPLACE"), ("replace-me", "REPLACE"), ("YOUR_TRANSACTION_ID", "REPLACE"),
    ("your_click_id", "REPLACE"), ("YOURCLICKID", "REPLACE"), ("INSERT_CLICK_ID_HERE", "REPLACE"),
    ("FILL_ME_IN", "REPLACE"), ("CHANGEME", "REPLACE"), ("TODO", "REPLACE"), ("OPTIONAL", "OPTIONAL"),
    ("CLICK_ID", "REPLACE"), ("transaction_id", "REPLACE"), ("TXN_ID", "REPLACE"), ("YOUR_CLICKID", "REPLACE"),
    ("your-subid", "REPLACE"), ("MY_TXID", "REPLACE"), ("CLICK_ID_HERE", "REPLACE"), ("lead_id", "REPLACE"),
    ("[CLICK ID]", "REPLACE"), ("{YOUR CLICK ID}", "REPLACE"), ("YOUR%20TRANSACTION%20ID", "REPLACE"),
    ("order__TID__", "__…__"), ("__tid__77", "__…__"),
]  # fmt: skip
GENUINE = [
    "ABC123", "T77", "1", "0", "a_b-c.d:e", "2026/11/29", "a@b.example", "+49-30/123", "order #1001", "#1001", "50%",
    "100% cotton", '{"u":1}', '{"u":"x","a":[true,null]}', '["a",1]', "[]1", "{1}",
    "{3f2504e0-4f89-11d3-9a0c-0305e82c3301}", "{A3BB189E-8BF9-3888-9912-ACE4E6543002}",
    "{a3bb189e8bf938889912ace4e6543002}", "a3bb189e-8bf9-3888-9912-ace4e6543002", "{hello world}", "Summer (2026)",
    "(two words)", "T#1#2", "caf%C3%A9", "caf%C3%A9%20noir", "a%20b", "QUJD/v==", "x=1", "a;b", "x" * 255, "xxx",
    "xx", "Axxabcxxb", "xx9f8Q2xx", "a__b__c", "__9f8_Q2__", "mylogin", "putin", "replaced", "nullable", "none-1",
    "undefined-77", "null-a", "no-no",
    "lead_sub", "external_77", "shop__order__123", "order__77__", "exxonmaxx", "myidea", "trans_12", "lead-id-77",
    "undefined1", "Nancy", "click_ideal", "subway", "0-0-1", "日本語", "é",
]  # fmt: skip
NOTHING = [
    "undefined", "null", "NULL", "None", "nil", "NaN", "n/a", "N/A", "(null)", "[null]", "<null>", "{null}", '"null"',
    "'undefined'", "(not set)", "not_set", "[object Object]", "unknown", "false", "-", "--", "_", "?", "''", '""', "{}",
    "[]", "{{}}", "<>", "00000000-0000-0000-0000-000000000000", "{00000000-0000-0000-0000-000000000000}", "%20",
    "00000000000000000000000000000000", " null ", "\u00a0", "\u200b", " ", "\t", "%22%22", "\ufeff",
    "undefined-undefined", "null_None", "#N/A",
]  # fmt: skip


def refusal(value: str) -> tuple[Reason, str | None, Cause | None]:
    with pytest.raises(Refused) as refused:
        read_identifier("transaction_id", value)
    found = refused.value.refusal
    assert found.parameter == "transaction_id"
    return found.reason, found.macro, found.cause


@pytest.mark.parametrize(("value", "style"), PLACEHOLDERS)
def test_a_placeholder_in_an_id_is_refused_by_its_style(value: str, style: str) -> None:
    assert refusal(value) == refusal(f" {value}\u00a0") == (Reason.UNRESOLVED_MACRO, style, None)


@pytest.mark.parametrize("value", GENUINE)
def test_a_genuine_value_is_an_id(value: str) -> None:
    assert read_identifier("transaction_id", value) == value


@pytest.mark.parametrize("value", NOTHING)
def test_a_word_for_no_value_is_no_id(value: str) -> None:
    assert refusal(value) == (Reason.INVALID_PARAMETER, None, Cause.NO_VALUE)


@pytest.mark.parametrize("value", ["x" * 256, "a\tb", "a\u200bb", "a\0", "\ud800", "x" * 10_000])
def test_what_cannot_be_stored_is_no_id(value: str) -> None:
    assert refusal(value) == (Reason.INVALID_PARAMETER, None, None)


@given(st.text(BLANKS, max_size=5), st.text(BLANKS, max_size=5))
def test_an_id_is_trimmed_at_both_ends(before: str, after: str) -> None:
    assert read_identifier("click_id", f"{before}T 77{after}") == "T 77"


@given(st.text(max_size=300))
def test_no_text_crashes_the_reading_of_an_id(value: str) -> None:
    try:
        read = read_identifier("click_id", value)
    except Refused:
        return

    assert 0 < len(read) <= 255
    assert read.isprintable()


@given(st.text("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-", min_size=16, max_size=22))
def test_a_random_id_is_no_placeholder(value: str) -> None:
    """A random id of 96 bits or more must not be taken for a name in underscores or in `xx`."""
    is_word = value.strip("_").isalpha() or value.strip("x").isalpha()

    assert is_word or find_placeholder(value) is None


MACROS = sorted({
    macro
    for preset in read_known().presets.values()
    for macro in (preset.url or {}).values()
    if not macro.isalnum()  # a network may have a value without brackets, such as a constant
})  # fmt: skip


@pytest.mark.parametrize("macro", MACROS)
def test_every_macro_of_a_preset_is_found_in_an_id(macro: str) -> None:
    assert find_placeholder(macro) is not None
    assert find_placeholder(f"order-{macro}") is not None
