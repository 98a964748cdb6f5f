"""Whatever happens to a conversion: its lines sum to what it is worth now, by currency."""

from datetime import date
from decimal import Decimal
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from postledger.finance.books import Books
from postledger.finance.lines import Conversion, Line, RulesByVersion, complete_lines
from postledger.finance.rules.expense_amount import Fixed, Share
from postledger.finance.rules.expense_rule import ExpenseRule
from postledger.vocabulary.statuses import Status
from tests.parts.books import SHARE, books_of, conversion_of, fixed, rules_of, sums

PAYOUTS = st.one_of(st.none(), st.sampled_from(["0", "0.000001", "10", "999999999999.999999"]))
STATES = st.builds(
    conversion_of,
    st.sampled_from(Status),
    PAYOUTS,
    st.sampled_from(["USD", "EUR", "THB", None]),
    st.sampled_from(["456", "456", "457", None]),
)
RULES = st.builds(
    lambda amount, accrue, category, direction: replace(
        SHARE, amount=amount, accrue=accrue, category=category, direction=direction
    ),
    st.sampled_from([*map(Share, map(Decimal, ("100", "33.333333", "0"))), fixed("5", "EUR"), fixed("5", "THB")]),
    st.sampled_from([(Status.APPROVED,), (Status.PENDING, Status.APPROVED), (Status.REJECTED,)]),
    st.sampled_from(["One", "Other"]),
    st.sampled_from(["payable", "receivable"]),
)
BOOKS = st.builds(
    lambda rules, payees, rates, locked: books_of(*rules, payees=payees, rates=rates, locked=locked),
    st.lists(RULES, max_size=1),
    st.sampled_from([("456",), ("456", "457", "acme"), ()]),
    st.sampled_from([{"USD": "0.8"}, {"USD": "0.9", "THB": "0.027"}]),
    st.sampled_from([(), (date(2026, 10, 1),)]),
)
STEPS = st.lists(st.one_of(STATES, BOOKS, st.sampled_from(["repeat", "remap"])), max_size=12)


def worth(conversion: Conversion, rule: ExpenseRule | None) -> dict[str, Fraction]:
    """What a conversion is worth by a rule, said again in other words than those of the code."""
    if conversion.status not in ((Status.APPROVED,) if rule is None else rule.accrue):
        return {}
    amount = Share(Decimal(100)) if rule is None else rule.amount
    if isinstance(amount, Fixed):
        return {amount.currency: Fraction(amount.amount)}
    share = Fraction(amount.percent) / 100 if conversion.currency else 1
    total = Fraction(conversion.payout or 0) * share
    return {conversion.currency or "XXX": total} if total else {}


@settings(max_examples=300)
@given(STATES, BOOKS, STEPS)
def test_lines_sum_to_the_worth_after_any_history(
    conversion: Conversion, books: Books, steps: list[Conversion | Books | str]
) -> None:
    lines, seen = list[Line](), [books]
    for step in ["repeat", *steps]:
        if isinstance(step, Conversion):
            conversion = replace(step, facts=replace(step.facts, affiliate=conversion.facts.affiliate))
        elif isinstance(step, Books):
            books = replace(step, rules_version=len(seen) + 1)
            seen.append(books)
        lines += complete_lines(conversion, lines, books, rules_of(*seen), remaps=step == "remap")

        check(conversion, lines, books, rules_of(*seen), remapped=step == "remap")


def check(conversion: Conversion, lines: list[Line], books: Books, rules: RulesByVersion, *, remapped: bool) -> None:
    last = lines[-1].booking if lines else None
    rule = rules[last.rule_version or 0, last.rule] if last is not None and last.rule else None
    if last is None or not last.is_mapped:
        rule = books.rules[0] if books.rules else None
    assert {currency: Fraction(amount) for currency, amount in sums(lines).items()} == worth(conversion, rule)
    assert complete_lines(conversion, lines, books, rules, remaps=remapped) == []
    assert [line.seq for line in lines] == list(range(1, len(lines) + 1))
    accruals = {line.seq for line in lines if line.kind == "accrual"}
    assert all(line.adjusts in accruals for line in lines if line.kind != "accrual")
    if last is not None and last.is_mapped and worth(conversion, rule):
        assert last.payee is not None
        assert sums([line for line in lines if line.booking.unmapped]) == {}
