"""What the report of a month says: its verdict, its amounts, its page, its charts and its rows."""

from decimal import Decimal

import msgspec
import pytest

from postledger.reconciliation.month_page.amounts import write_money, write_signed
from postledger.reconciliation.month_page.charts import Bar, Segment, draw_bars
from postledger.reconciliation.month_page.page import write_page
from postledger.reconciliation.month_page.rows import COLUMNS, list_all, list_totals
from postledger.reconciliation.month_page.verdict import list_gaps, sum_up
from postledger.reconciliation.month_page.words import MEANINGS
from postledger.reconciliation.rules.month import ItemTotal, read_month_report, write_month_report
from tests.parts.month_sample import make_item, make_report, money

DISPUTED = (ItemTotal("disputed", "USD", 2, money("41.5")), ItemTotal("disputed", "EUR", 1, money("0.60")))


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        ("1234567.5", "EUR", "1 234 567.50 EUR"),
        ("-0.005", "EUR", "−0.005 EUR"),
        ("1E+3", "JPY", "1 000 JPY"),
        ("0.1", "KWD", "0.100 KWD"),
        ("0.00", "USD", "0.00 USD"),
        ("-0.00", "USD", "0.00 USD"),
        ("999.995", "USD", "999.995 USD"),
    ],
)
def test_an_amount_has_all_its_digits_and_its_currency(amount: str, currency: str, text: str) -> None:
    written = write_money(Decimal(amount), currency)

    assert written.replace("\u202f", " ").replace("\u00a0", " ") == text


def test_a_difference_has_a_sign_unless_it_is_zero() -> None:
    signed = [write_signed(Decimal(text), "USD")[0] for text in ("1", "-1", "0")]

    assert signed == ["+", "−", "0"]


def test_a_month_with_open_items_and_a_missing_report_is_not_explained() -> None:
    report = make_report()

    assert sum_up(report) == "Not everything is explained yet."
    assert [gap.replace("\u00a0", " ") for gap in list_gaps(report)] == [
        "The report of Südnetz is missing.",
        "2 work items (100.00 EUR, 1.50 USD) wait for a decision.",
    ]


def test_disputed_items_are_the_exception_of_an_explained_month() -> None:
    report = make_report(sources=make_report().sources[:1], item_totals=DISPUTED)

    assert list_gaps(report) == []
    assert sum_up(report).replace("\u00a0", " ") == (
        "Explained to the cent, except 3 work items (0.60 EUR, 41.50 USD) that are disputed."
    )


def test_what_is_not_expected_is_not_missing() -> None:
    report = make_report()
    account = msgspec.structs.replace(report.accounts[0], proof="missing", lines=0, is_expected=False)
    source = msgspec.structs.replace(report.sources[1], is_expected=False)

    assert list_gaps(make_report(sources=(source,), accounts=(account,), item_totals=())) == []


def test_a_month_without_anything_open_is_explained() -> None:
    report = make_report(sources=make_report().sources[:1], item_totals=(), items=())

    assert sum_up(report) == "Everything is explained to the cent."


@pytest.mark.parametrize(
    ("changes", "gap"),
    [
        (
            {"proof": "unproven", "proof_difference": Decimal("-10.00")},
            "Bank account main: not proven, its lines and balances differ by 10.00\N{NO-BREAK SPACE}EUR.",
        ),
        ({"proof": "missing"}, "Bank account main: no statement."),
        ({"run": None}, "Bank account main was not compared with bills and receivables."),
    ],
)
def test_an_account_that_is_not_proven_or_compared_is_a_gap(changes: dict[str, object], gap: str) -> None:
    account = msgspec.structs.replace(make_report().accounts[0], **changes)

    assert gap in list_gaps(make_report(accounts=(account,)))


def test_a_page_is_one_file_without_script_or_other_files() -> None:
    page = write_page(make_report())

    assert page.startswith("<!DOCTYPE html>")
    assert [text for text in ("<script", "src=", "href=", "http:", "https:", "@import", "url(") if text in page] == [
        "url("
    ]
    assert page.count("url(") == page.count("url(#stripes)")


def test_texts_of_people_are_never_markup() -> None:
    hostile = '<script>alert(1)</script>"&'
    item = make_item(1, hostile, "1", scope=hostile, subject=hostile, note=hostile, owner=hostile, state=hostile)
    source = msgspec.structs.replace(make_report().sources[0], name=hostile, source=hostile)

    page = write_page(make_report(items=(item,), sources=(source,), changed_by=hostile, timezone=hostile))

    assert "<script" not in page


def test_a_page_says_who_must_do_what_by_how_much() -> None:
    page = write_page(make_report()).replace("\u00a0", " ")

    assert "nobody yet" in page
    assert "Ask the network which amount is right" in page
    assert "postledger evidence 17" in page
    assert "12 410.55 USD" in page.replace("\u202f", " ")


def test_a_late_item_names_the_class_that_it_would_have() -> None:
    item = make_item(1, "after_lock", "1", facts={"class": "restated"})

    page, rows = write_page(make_report(items=(item,))), list_all(make_report(items=(item,)))

    assert "Came after the month was locked: Network changed its report" in page
    assert rows[-1]["name"] == "1 after_lock (restated) T-1"


def test_a_page_says_what_each_bank_line_pays_or_takes_back() -> None:
    page = write_page(make_report())

    said = [verb for verb in ("pays PL-", "takes back PL-", "not explained</strong>") if verb in page]
    assert said == ["pays PL-", "takes back PL-", "not explained</strong>"]


def test_a_month_without_anything_has_a_page() -> None:
    empty = make_report(
        sources=(), accounts=(), bills=(), bill_totals=(), receivables=(), receivable_totals=(), items=(),
        item_totals=(), runs=(), changed_by=None, changed_at=None,
    )  # fmt: skip

    assert "Nothing was reconciled yet" in write_page(empty)


def test_bars_of_one_currency_share_a_scale_and_a_cent_is_seen() -> None:
    def bar(amount: str, scale: str) -> Bar:
        return Bar("text", amount, [Segment("solid", Decimal(amount), "open")], scale)

    drawn = draw_bars([bar("1000000", "USD"), bar("-500000", "USD"), bar("0.01", "USD"), bar("2", "EUR")], "title")

    assert [part.split('"')[0] for part in drawn.split(' width="')[1:]] == ["480.0", "240.0", "1.0", "480.0"]


def test_every_class_of_work_items_has_words() -> None:
    assert [meaning.next_step for meaning in MEANINGS.values() if not meaning.next_step] == []


def test_rows_have_the_same_columns_and_no_markup() -> None:
    rows = list_all(make_report())

    assert {tuple(row) for row in rows} == {COLUMNS}
    assert [row["amount"] for row in rows if (row["section"], row["name"]) == ("bank", "closing")] == [money("8800.10")]
    assert len(list_totals(make_report())) < len(rows)


def test_a_report_of_a_release_before_can_be_read() -> None:
    content = write_month_report(make_report())

    assert read_month_report(content) == make_report()
