"""The formats of the canonical parameters."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postledger.decoding.parameters import read_currency, read_event, read_event_time, read_identifier, read_payout
from postledger.vocabulary.refusal import Reason, Refused


@pytest.mark.parametrize("text", ["0", "0.50", "123456789012.123456", "-1.00", "00.1"])
def test_a_payout_is_taken_digit_by_digit(text: str) -> None:
    assert str(read_payout(text)) == str(Decimal(text))


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("12.5000000", "12.500000"),
        ("0.1234560", "0.123456"),
        ("-1.00000000000000", "-1.000000"),
        ("7.000000", "7.000000"),
    ],
)
def test_zeros_behind_the_sixth_place_of_a_payout_are_dropped(text: str, amount: str) -> None:
    assert str(read_payout(text)) == amount


@pytest.mark.parametrize(
    "text",
    ["1234567890123", "", " 1", "1 ", "+1", "1e3", "1E3", "NaN", "Infinity", "-Infinity", "1,5", "1.", ".5",
     "1.1234567", "1.12345670", "1.00000001", "0x10", "١٢", "1_000", "1.2.3", "$5", "--1", "1\n", "½"],
)  # fmt: skip
def test_a_payout_accepts_only_plain_digits(text: str) -> None:
    with pytest.raises(Refused) as refused:
        read_payout(text)

    assert (refused.value.refusal.reason, refused.value.refusal.parameter) == (Reason.INVALID_PARAMETER, "payout")


@given(st.decimals(min_value=0, max_value=Decimal("999999999999.999999"), places=6))
def test_every_amount_of_the_form_survives_unchanged(amount: Decimal) -> None:
    assert read_payout(str(amount)) == amount


@pytest.mark.parametrize(("text", "code"), [("USD", "USD"), ("eur", "EUR"), ("Jpy", "JPY")])
def test_a_currency_is_read_in_any_case(text: str, code: str) -> None:
    assert read_currency(text) == code


@pytest.mark.parametrize("text", ["", "US", "USDT", "ZZZ", "840", "€", "uſd"])
def test_a_code_outside_iso_4217_is_refused(text: str) -> None:
    with pytest.raises(Refused):
        read_currency(text)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("1790000000", datetime.fromtimestamp(1_790_000_000, UTC)),
        ("2026-11-21T10:00:00Z", datetime(2026, 11, 21, 10, tzinfo=UTC)),
        ("2026-11-21T10:00:00+02:00", datetime(2026, 11, 21, 8, tzinfo=UTC)),
        ("2026-11-21T10:00:00 02:00", datetime(2026, 11, 21, 8, tzinfo=UTC)),
        ("2026-11-21 10:00:00.5 0200", datetime(2026, 11, 21, 8, 0, 0, 500_000, tzinfo=UTC)),
        ("20261121T1000 02", datetime(2026, 11, 21, 8, tzinfo=UTC)),
        ("2026-11-21 10:00-02:00", datetime(2026, 11, 21, 12, tzinfo=UTC)),
    ],
)
def test_an_event_time_is_aware_utc(text: str, moment: datetime) -> None:
    assert read_event_time(text) == moment


@pytest.mark.parametrize(
    "text",
    ["", "2026-11-21T10:00:00", "2026-11-21", "2026-11-21 10:00", "2026-11-21T10:00:00 2", "2026-11-21 10:00:00",
     "yesterday", "1790000000000", "1790000000.5", "-1", "999999999999", "0001-01-01T00:00:00+14:00",
     "9999-12-31T23:59:59-14:00", "2026-02-30T00:00:00Z"],
)  # fmt: skip
def test_a_time_without_offset_or_out_of_range_is_refused(text: str) -> None:
    with pytest.raises(Refused) as refused:
        read_event_time(text)

    assert refused.value.refusal.parameter == "event_time"


def test_an_event_is_lower_cased() -> None:
    assert read_event("First.Deposit-2") == "first.deposit-2"


@pytest.mark.parametrize("text", ["", "a b", "é", "\u212a", "x" * 65, "a/b"])
def test_an_event_outside_its_alphabet_is_refused(text: str) -> None:
    with pytest.raises(Refused):
        read_event(text)


@pytest.mark.parametrize("text", ["x", "x" * 255, "Ünïcode id"])
def test_an_identifier_may_be_any_printable_text(text: str) -> None:
    assert read_identifier("click_id", text) == text


@pytest.mark.parametrize("text", ["", "x" * 256, "a\tb", "a\nb", "a\x7f", "\u200b"])
def test_an_empty_too_long_or_unprintable_identifier_is_refused(text: str) -> None:
    with pytest.raises(Refused):
        read_identifier("click_id", text)
