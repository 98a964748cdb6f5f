"""Lines and requests of a test of the rules of approval, with what people decided, without a ledger."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal

from msgspec.structs import replace

from postledger.finance.approval.plan import (
    ApprovalLine,
    DayKey,
    LineKey,
    NewRequest,
    OpenRequest,
    Plan,
    add_up,
    find_days_to_read,
    plan_requests,
)
from postledger.finance.rules.approval_rule import ApprovalRule, Total
from postledger.policy.approval_store import ApprovalRules

TODAY = date(2026, 11, 30)
OPEN = ("waiting", "rejected", "returned")
OVER_100 = ApprovalRule("over-100", "line", ("manager",), {"USD": Decimal(100)}, 3600)
OVER_1000 = ApprovalRule("over-1000", "line", ("manager", "director"), {"USD": Decimal(1000)})
A_DAY = ApprovalRule("a-day", "payee_day", ("director",), {"USD": Decimal(1000)})


def line_of(
    conversion: str, amount: str | Decimal, payee: str = "456", currency: str = "USD", day: date = TODAY
) -> ApprovalLine:
    """A new line in the base currency, or at a rate of 1. Its number is given when it is added."""
    key, money = DayKey(payee, day, currency), Decimal(amount)
    return ApprovalLine(conversion, 0, key, money, money, "USD", is_new=True)


def unpriced(line: ApprovalLine) -> ApprovalLine:
    """The same line without a rate."""
    return replace(line, base_amount=None, base_currency=None, is_unpriced=True)


class Desk:
    """All lines so far, what approves them, and all requests with their states."""

    def __init__(self, *rules: ApprovalRule) -> None:
        self.rules = ApprovalRules(1, rules)
        self.lines: dict[LineKey, ApprovalLine] = {}
        self.approved_by: dict[LineKey, str] = {}
        self.requests: dict[str, NewRequest] = {}
        self.states: dict[str, str] = {}

    def add(self, *new: ApprovalLine, actor: str | None = None) -> Plan:
        """Add new lines as one batch, and return what follows from them."""
        earlier = [self._look_up(line) for line in self.lines.values()]
        numbered = list(self._number(new))
        days = self._sum_days(numbered, earlier)
        requests = [self._open(approval_id) for approval_id, state in self.states.items() if state in OPEN]
        read = find_days_to_read(numbered, days, requests, self.rules)
        keys = {line.dedup_key for line in numbered}
        keys |= {line.dedup_key for line in earlier if line.day_key in read}
        known = [line for line in earlier if line.dedup_key in keys]
        plan = plan_requests([*known, *numbered], days, requests, self.rules, actor)
        self._follow(plan, numbered)
        return plan

    def decide(self, approval_id: str, state: str) -> None:
        """Let a person approve, reject or return a request."""
        self.states[approval_id] = state

    @property
    def waiting(self) -> dict[str, NewRequest]:
        """The requests that wait, by id."""
        return {key: self.requests[key] for key, state in self.states.items() if state == "waiting"}

    def payable(self) -> set[LineKey]:
        """The lines that may be billed, by the rules of the view `payable_lines`."""
        return {key for key in self.lines if self._is_payable(key)}

    def held_by(self, key: LineKey) -> list[str]:
        """The requests that hold a line, whatever their state."""
        return [approval_id for approval_id, request in self.requests.items() if key in request.lines]

    def bill(self, key: LineKey) -> None:
        """Put a line on a bill."""
        self.lines[key] = replace(self.lines[key], is_billed=True)

    def _is_payable(self, key: LineKey) -> bool:
        states = [self.states[approval_id] for approval_id in self.held_by(key)]
        if states:
            return "approved" in states and not any(state in OPEN for state in states)
        return key in self.approved_by

    def _look_up(self, line: ApprovalLine) -> ApprovalLine:
        held = [(approval_id, self.states[approval_id]) for approval_id in self.held_by(line.key)]
        refused = any(state in OPEN[1:] and self.requests[each].subject == "line" for each, state in held)
        return replace(
            line,
            is_agreed=any(state == "approved" for _, state in held),
            is_refused=refused,
            held_by=tuple(each for each, state in held if state in OPEN),
        )

    def _number(self, new: Iterable[ApprovalLine]) -> Iterable[ApprovalLine]:
        counts: dict[str, int] = {}
        for line in new:
            counts[line.dedup_key] = counts.get(line.dedup_key, 0) + 1
            before = sum(key == line.dedup_key for key, _ in self.lines)
            yield replace(line, seq=before + counts[line.dedup_key])

    def _sum_days(self, new: list[ApprovalLine], earlier: list[ApprovalLine]) -> dict[DayKey, Total]:
        if not any(rule.on == "payee_day" for rule in self.rules.rules):
            return {}
        return {
            day: add_up([line for line in (*earlier, *new) if line.day_key == day])
            for day in {line.day_key for line in new}
        }

    def _open(self, approval_id: str) -> OpenRequest:
        request = self.requests[approval_id]
        return OpenRequest(
            approval_id, request.subject, request.subject_id, request.rule, request.rule_version, request.steps,
            request.remind_after_s, request.created_by,
        )  # fmt: skip

    def _follow(self, plan: Plan, new: Iterable[ApprovalLine]) -> None:
        self.lines |= {line.key: replace(line, is_new=False) for line in new}
        self.approved_by |= plan.approved_by
        for approval_id in plan.superseded:
            assert self.states[approval_id] in OPEN
            self.states[approval_id] = "superseded"
        for request in plan.requests:
            approval_id = f"r{len(self.requests) + 1}"
            self.requests[approval_id], self.states[approval_id] = request, "waiting"
