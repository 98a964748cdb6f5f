"""A bill as a transaction of beancount: `bean-check` accepts it, and no difference is left to its tolerance."""

import re
import subprocess
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postledger.finance.exports.beancount import name_account, write_beancount
from postledger.finance.exports.target import ExportedBill
from tests.parts.exporting import make_bill
from tests.parts.tryton import ENVIRONMENT

_POSTING = re.compile(r"^  ([A-Z]\S*) +(-?[0-9.]+) USD$", re.MULTILINE)
HOSTILE = 'Affiliate "Commission" — \\Spring\n  Assets:Cash  5 USD\n; =HYPERLINK()'


def check(*bills: ExportedBill, folder: Path) -> str:
    """What bean-check says of the files of bills, each alone and all together."""
    names = []
    for number, bill in enumerate(bills):
        (folder / f"{number}.beancount").write_bytes(write_beancount(bill))
        names.append(f"{number}.beancount")
    includes = "".join(f'include "{name}"\n' for name in names)
    (folder / "main.beancount").write_text(f'plugin "beancount.plugins.auto_accounts"\n{includes}')
    command = [str(ENVIRONMENT / "bin" / "bean-check")]
    ran = [
        subprocess.run([*command, str(folder / name)], capture_output=True, text=True, check=False, timeout=120)
        for name in (names[0], "main.beancount")
    ]
    return "".join(each.stdout + each.stderr for each in ran)


def postings_of(bill: ExportedBill) -> dict[str, Decimal]:
    return {account: Decimal(amount) for account, amount in _POSTING.findall(write_beancount(bill).decode())}


def test_bean_check_accepts_bills_of_every_kind(tmp_path: Path) -> None:
    bills = [
        make_bill(),
        make_bill([(HOSTILE, HOSTILE, "5.00"), ("Rabatt", "6010", "-1.00")], payee=HOSTILE, payee_name=HOSTILE),
        make_bill([("佣金", None, "100"), ("Комиссия", None, "1.00")], payee="ж", number="PL-2"),
        make_bill([("", "", "1.005")], amount=Decimal("1.01"), payee="a b"),
    ]

    assert check(*bills, folder=tmp_path) == ""


def test_bean_check_finds_a_sum_that_is_wrong(tmp_path: Path) -> None:
    written = write_beancount(make_bill()).replace(b"12.50 USD", b"12.51 USD")
    (tmp_path / "wrong.beancount").write_bytes(written)

    ran = subprocess.run(
        [str(ENVIRONMENT / "bin" / "bean-check"), str(tmp_path / "wrong.beancount")], capture_output=True, check=False
    )

    assert ran.returncode != 0


def test_the_postings_name_account_category_and_payee() -> None:
    postings = postings_of(make_bill())

    (sale, bonus, owed) = postings
    assert re.fullmatch(r"Expenses:6010:Affiliate-Commission-Spring-sale-[0-9A-F]{6}".replace("sale", "Sale"), sale)
    assert (bonus, owed) == ("Expenses:Bonus", "Liabilities:Payable:456")
    assert list(postings.values()) == [Decimal("12.50"), Decimal("7.50"), Decimal("-20.00")]


def test_what_rounding_leaves_is_a_posting_of_its_own() -> None:
    postings = postings_of(make_bill([("Bonus", None, "1.003")], amount=Decimal("1.00")))

    assert postings["Equity:Rounding"] == Decimal("-0.003")
    assert sum(postings.values()) == 0


@pytest.mark.parametrize("text", ["456", "Bonus", "A-1", "X9"])
def test_a_text_that_is_a_name_stays_as_it_is(text: str) -> None:
    assert name_account(text) == text


@given(st.text(max_size=80), st.text(max_size=80))
def test_every_text_becomes_a_name_and_no_two_the_same(one: str, other: str) -> None:
    assert re.fullmatch(r"[A-Z0-9][A-Za-z0-9-]*", name_account(one))
    assert (name_account(one) == name_account(other)) == (one == other)
