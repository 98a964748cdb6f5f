"""The files of the European Central Bank are read as they are published, and faults are named by their line."""

from datetime import date
from decimal import Decimal

import pytest

from postledger.finance.rates_csv import BadRates, DayRate, read_rates

TODAY = date(2026, 11, 29)
HISTORY = """Date,USD,JPY,BGN,CYP,
2026-11-27,1.1566,180.79,N/A,N/A,
2025-12-31,1.1750,184.09,1.9558,N/A,
2007-12-31,1.4721,164.93,1.9558,0.585274,
"""
DAILY = "Date, USD, JPY, GBP, \n27 November 2026, 1.1566, 180.79, 0.8763, \n"


def list_faults(text: str) -> list[str]:
    """Read a bad file and list its faults."""
    with pytest.raises(BadRates) as caught:
        read_rates(text, TODAY)
    return [str(fault) for fault in caught.value.faults]


def test_the_history_is_read_without_what_has_no_rate() -> None:
    rates = read_rates(HISTORY, TODAY)

    assert len(rates) == 9
    assert rates[0] == DayRate("USD", date(2026, 11, 27), Decimal("1.1566"))
    assert [rate.on_day for rate in rates if rate.currency == "BGN"] == [date(2025, 12, 31), date(2007, 12, 31)]
    assert rates[-1] == DayRate("CYP", date(2007, 12, 31), Decimal("0.585274"))


def test_the_daily_file_is_read() -> None:
    rates = read_rates(DAILY, TODAY)

    found = {rate.currency: str(rate.rate) for rate in rates}
    assert found == {"USD": "1.1566", "JPY": "180.79", "GBP": "0.8763"}
    assert {rate.on_day for rate in rates} == {date(2026, 11, 27)}


def test_a_byte_order_mark_and_line_ends_of_windows_are_read() -> None:
    assert read_rates("\ufeff" + HISTORY.replace("\n", "\r\n"), TODAY) == read_rates(HISTORY, TODAY)


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("2026-11-26,1.1,-1,N/A,N/A,", "line 5: JPY must be a rate above zero"),
        ("2026-11-26,0.0,1,N/A,N/A,", "line 5: USD must be a rate above zero"),
        ("2026-11-26,1e3,1,N/A,N/A,", "line 5: USD must be a rate above zero"),
        ("2026-11-26,NaN,1,N/A,N/A,", "line 5: USD must be a rate above zero"),
        ('2026-11-26,"1,1",1,N/A,N/A,', "line 5: USD must be a rate above zero"),
        ("2026-11-26,1.1", "line 5: JPY must be a rate above zero"),
        ("26/11/2026,1.1,1,N/A,N/A,", "line 5: Date must be a day such as"),
        ("2027-01-01,1.1,1,N/A,N/A,", "line 5: Date must be a day such as"),
        ("2026-11-27,1.1,1,N/A,N/A,", "line 5: 2026-11-27 is in this file twice"),
    ],
)
def test_a_bad_line_is_named(line: str, fault: str) -> None:
    assert list_faults(HISTORY + line)[0].startswith(fault)


def test_all_bad_lines_are_named_at_once() -> None:
    assert len(list_faults(HISTORY + "2026-11-26,x,1,N/A,N/A,\n2026-11-25,1,y,N/A,N/A,")) == 2


@pytest.mark.parametrize("text", ["", "\n\n", "currency,rate\nUSD,1.1\n", "Date,\n", "Date,Dollar\n", "\x00"])
def test_another_file_is_refused(text: str) -> None:
    assert list_faults(text) == ["line 1: is not the header of ECB's file: Date, and a column for each currency"]


def test_a_currency_that_is_twice_in_the_header_is_refused() -> None:
    assert list_faults("Date,USD,EUR,USD,\n2026-11-27,1.1,1,1.2,\n") == [
        "line 1: has USD twice; remove one of the columns"
    ]


def test_a_file_without_a_rate_is_refused() -> None:
    assert list_faults("Date,USD,\n2026-11-27,N/A,\n") == ["line 1: the file has no rate; download it again"]
