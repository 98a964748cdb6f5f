"""Whatever happens: what is paid was approved, and what is not paid waits for a person or is worth nothing."""

from collections import Counter, defaultdict
from datetime import timedelta
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from postledger.finance.approval.plan import ApprovalLine
from postledger.finance.rules.approval_rule import ApprovalRule
from tests.parts.approvals import A_DAY, OPEN, OVER_100, OVER_1000, TODAY, Desk, line_of

CONVERSIONS = ("a", "b", "c", "d")
PAYEES = ("456", "457")
CHANGES = st.lists(
    st.tuples(st.sampled_from(CONVERSIONS), st.sampled_from(["0", "60", "100", "150", "700", "1200"])),
    min_size=1, max_size=3, unique_by=lambda change: change[0],
)  # fmt: skip
STEPS = st.one_of(
    CHANGES,
    st.tuples(st.sampled_from(CONVERSIONS), st.just("move")),
    st.sampled_from(["approved", "rejected", "returned"]),
    st.just("bill"),
)
HISTORIES = st.lists(STEPS, max_size=14)


class History:
    """Conversions that are worth something, and whom they pay."""

    def __init__(self, desk: Desk) -> None:
        self.desk, self.payees = desk, dict.fromkeys(CONVERSIONS, PAYEES[0])

    def take(self, step: object) -> None:
        """Do one step."""
        waiting = list(self.desk.waiting)
        if isinstance(step, list):
            self.desk.add(*(line for name, worth in step for line in self.change(name, Decimal(worth))))
        elif isinstance(step, tuple):
            self.move(step[0])
        elif step == "bill":
            for key in sorted(self.desk.payable())[:1]:
                self.desk.bill(key)
        elif waiting:
            self.desk.decide(waiting[0], str(step))

    def sum_of(self, name: str, payee: str | None = None) -> Decimal:
        lines = self.desk.lines.values()
        return sum(
            (line.amount for line in lines if line.dedup_key == name and payee in (None, line.day_key.payee)), Decimal()
        )

    def change(self, name: str, worth: Decimal) -> list[ApprovalLine]:
        difference = worth - self.sum_of(name)
        return [self.line(name, difference, self.payees[name])] if difference else []

    def move(self, name: str) -> None:
        worth, before = self.sum_of(name), self.payees[name]
        self.payees[name] = PAYEES[before == PAYEES[0]]
        if worth:
            self.desk.add(self.line(name, -worth, before), self.line(name, worth, self.payees[name]))

    def line(self, name: str, amount: Decimal, payee: str) -> ApprovalLine:
        # Conversions of two days: refunds belong to the day of their conversion.
        return line_of(name, amount, payee, day=TODAY - timedelta(days=CONVERSIONS.index(name) // 3))


@settings(max_examples=300)
@given(st.sampled_from([(OVER_100,), (OVER_100, OVER_1000, A_DAY), (A_DAY,)]), HISTORIES)
def test_payable_lines_are_approved_and_others_wait(rules: tuple[ApprovalRule, ...], steps: list[object]) -> None:
    history = History(Desk(*rules))

    for step in steps:
        history.take(step)

        check_what_is_payable(history.desk)
        check_requests(history.desk)
        if OVER_100 in rules:
            check_thresholds(history.desk)


def check_what_is_payable(desk: Desk) -> None:
    """A payable line is approved by a rule or by a person; any other is in an open request or was taken back."""
    taken_back: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    payable = desk.payable()
    for key, line in desk.lines.items():
        states = Counter(desk.states[approval_id] for approval_id in desk.held_by(key))
        is_open = any(states[state] for state in OPEN)
        if key in payable:
            assert not is_open
            assert states["approved"] or (not states and key in desk.approved_by)
        elif not is_open:
            taken_back[line.dedup_key, line.day_key.payee] += line.amount
    assert not any(taken_back.values()), taken_back


def check_requests(desk: Desk) -> None:
    """Each subject has one open request at most, which holds unpaid lines that sum to its amount."""
    opened = {key: request for key, request in desk.requests.items() if desk.states[key] in OPEN}
    subjects = Counter((request.subject, request.subject_id) for request in opened.values())
    assert all(number == 1 for number in subjects.values())
    for request in opened.values():
        assert request.amount == sum((desk.lines[key].amount for key in request.lines), Decimal())
        assert not any(desk.lines[key].is_billed for key in request.lines)


def check_thresholds(desk: Desk) -> None:
    """Without a decision by a person no conversion pays more than the threshold, or less than nothing."""
    agreed = {
        name
        for approval_id, request in desk.requests.items() if desk.states[approval_id] == "approved"
        for name, _ in request.lines
    }  # fmt: skip
    paid: dict[str, Decimal] = defaultdict(Decimal)
    for key in desk.payable():
        paid[key[0]] += desk.lines[key].amount
    assert all(0 <= amount <= 100 for name, amount in paid.items() if name not in agreed), paid
