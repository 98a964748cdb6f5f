"""Decides which requests follow from new lines. Pure: lines, totals, open requests and rules are passed in.

A request is about one subject: the lines of a conversion in one currency, or those of a payee's day. It holds all lines
of its subject on which no person has agreed. It is bound to them: if a line joins, a new request supersedes it.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from decimal import Context, Decimal
from functools import reduce
from typing import NamedTuple, TypeVar

import msgspec

from postledger.finance.rules.approval_rule import NO_RULE, Choice, Subject, Total, choose
from postledger.policy.approval_store import ApprovalRules

NEGATIVE = "negative"
"""What approves a line that takes money back. It stands where the slug of a rule does."""
_EXACT = Context(prec=200)

LineKey = tuple[str, int]
_Key = TypeVar("_Key")


class DayKey(NamedTuple):
    """A payee's day in one currency."""

    payee: str
    day: date
    currency: str

    def __str__(self) -> str:
        return f"{self.payee}/{self.day}/{self.currency}"


class ApprovalLine(msgspec.Struct, frozen=True):
    """A line of a payee who is paid, as requests see it.

    `is_agreed`: an approved request holds it. `is_refused`: a rejected or returned request about its conversion does.
    `held_by` has the ids of the open requests that hold it. `is_unpriced`: not mapped yet, as it has no rate.
    """

    dedup_key: str
    seq: int
    day_key: DayKey
    amount: Decimal
    base_amount: Decimal | None
    base_currency: str | None
    is_unpriced: bool = False
    is_new: bool = False
    is_agreed: bool = False
    is_refused: bool = False
    is_billed: bool = False
    held_by: tuple[str, ...] = ()

    @property
    def key(self) -> LineKey:
        """The key of the line."""
        return self.dedup_key, self.seq

    @property
    def line_subject(self) -> str:
        """The subject of requests about its conversion."""
        return f"{self.dedup_key}/{self.day_key.currency}"

    @property
    def is_new_money(self) -> bool:
        """Whether it adds to what is paid."""
        return self.is_new and self.amount > 0


class OpenRequest(msgspec.Struct, frozen=True):
    """A request that waits, was rejected or was returned: none of its lines is paid."""

    id: str
    subject: Subject
    subject_id: str
    rule: str
    rule_version: int
    steps: Sequence[str]
    remind_after_s: int | None
    created_by: str | None


class NewRequest(msgspec.Struct, frozen=True):
    """A request that is made. One about a payee has no amount and no lines.

    `replaces`: the superseded request from which it takes its lines over, instead of holding them too.
    """

    subject: Subject
    subject_id: str
    rule: str
    rule_version: int
    steps: Sequence[str]
    remind_after_s: int | None
    payee: str
    amount: Decimal | None
    currency: str | None
    created_by: str | None
    lines: tuple[LineKey, ...]
    replaces: str | None = None


class Plan(msgspec.Struct, frozen=True):
    """What follows from new lines. `approved_by` names the rule of each new line that needs no decision."""

    superseded: tuple[str, ...]
    requests: tuple[NewRequest, ...]
    approved_by: Mapping[LineKey, str]


class _Subject(msgspec.Struct, frozen=True):
    """One subject with new lines: all lines that are known of it, what they sum to, and its open request."""

    on: Subject
    subject_id: str
    lines: Sequence[ApprovalLine]
    choice: Choice | None
    request: OpenRequest | None

    @property
    def asks_people(self) -> bool:
        """Whether people must decide. Less money alone never asks them, if they were not asked before."""
        if self.request is not None and not self.is_priced_now:
            return True
        return self.choice is not None and self.choice.asks_people and any(line.is_new_money for line in self.lines)

    @property
    def is_priced_now(self) -> bool:
        """Whether people were asked only because a rate was missing, and it is there now."""
        held = [line for line in self.lines if _is_held([line], self.request)]
        unpriced = _sum(line.amount for line in self.lines if line.is_unpriced)
        return bool(held) and all(line.is_unpriced for line in held) and not unpriced


class _Gathered(msgspec.Struct, frozen=True):
    """The lines that a request must hold, and the new ones that are not free: these, and those that undo held ones."""

    held: Sequence[ApprovalLine]
    bound: Sequence[ApprovalLine]


def plan_requests(
    lines: Sequence[ApprovalLine],
    days: Mapping[DayKey, Total],
    requests: Iterable[OpenRequest],
    rules: ApprovalRules,
    actor: str | None,
) -> Plan:
    """Decide on new lines.

    `lines` also has all earlier ones of their conversions, and of the days on which people must decide. `days` has what
    each day with new lines sums to, these included, if a rule limits it. `requests` are the open ones about the new
    lines' conversions and days. `actor` is who causes the new lines, or None for a postback.
    """
    open_requests = {(request.subject, request.subject_id): request for request in requests}
    subjects = [*_list_conversions(lines, open_requests, rules), *_list_days(lines, days, open_requests, rules)]
    gathered = [(subject, _gather(subject)) for subject in subjects if subject.asks_people]
    bound = {line.key for _, each in gathered for line in each.bound}
    covering = {line.key: subject.choice for subject in reversed(subjects) for line in subject.lines if subject.choice}
    return Plan(
        tuple(subject.request.id for subject in subjects if subject.request is not None),
        tuple(_make_request(subject, each.held, rules, actor) for subject, each in gathered if each.held),
        {
            line.key: _name_rule(line, covering.get(line.key))
            for line in lines
            if line.is_new and not line.is_unpriced and line.key not in bound
        },
    )


def find_days_to_read(
    lines: Iterable[ApprovalLine], days: Mapping[DayKey, Total], requests: Iterable[OpenRequest], rules: ApprovalRules
) -> list[DayKey]:
    """Return the days of new lines of which all lines are needed: people must decide, or were asked before."""
    asked = {request.subject_id for request in requests if request.subject == "payee_day"}
    exceeded = {day for day, total in days.items() if _asks(choose(rules.rules, "payee_day", total))}
    return sorted(day for day in {line.day_key for line in lines} if day in exceeded or str(day) in asked)


def add_up(lines: Sequence[ApprovalLine], before: Total | None = None) -> Total:
    """Return what lines in one currency, and what was there before them, sum to. It is exact.

    It has no base amount if a part of it has none, or one in another base currency.
    """
    parts = [
        *([] if before is None else [before]),
        *(Total(line.amount, line.day_key.currency, line.base_amount, line.base_currency) for line in lines),
    ]
    amount, bases = _sum(part.amount for part in parts), {part.base_currency for part in parts}
    known = [part.base_amount for part in parts if part.base_amount is not None]
    if len(known) < len(parts) or len(bases) > 1:
        return Total(amount, parts[0].currency, None, None)
    return Total(amount, parts[0].currency, _sum(known), bases.pop())


def _sum(amounts: Iterable[Decimal]) -> Decimal:
    return reduce(_EXACT.add, amounts, Decimal(0))


def _add_up_conversion(lines: Sequence[ApprovalLine]) -> Total:
    """Return what a conversion comes to. What waited for a rate and has it now must not count as without a rate."""
    priced = list_priced(lines)
    is_priced = bool(priced) and _sum(line.amount for line in lines) == _sum(line.amount for line in priced)
    return add_up(priced if is_priced else lines)


def list_priced(lines: Iterable[ApprovalLine]) -> list[ApprovalLine]:
    """Return the lines that are mapped."""
    return [line for line in lines if not line.is_unpriced]


def _asks(choice: Choice | None) -> bool:
    return choice is not None and choice.asks_people


def _list_conversions(
    lines: Sequence[ApprovalLine], requests: Mapping[tuple[Subject, str], OpenRequest], rules: ApprovalRules
) -> list[_Subject]:
    return [
        _Subject(
            "line",
            subject_id,
            of_subject,
            choose(rules.rules, "line", _add_up_conversion(of_subject)),
            requests.get(("line", subject_id)),
        )
        for subject_id, of_subject in _group(lines, lambda line: line.line_subject).items()
        if any(line.is_new for line in of_subject)
    ]


def _list_days(
    lines: Sequence[ApprovalLine],
    days: Mapping[DayKey, Total],
    requests: Mapping[tuple[Subject, str], OpenRequest],
    rules: ApprovalRules,
) -> list[_Subject]:
    return [
        _Subject(
            "payee_day",
            str(day),
            of_day,
            choose(rules.rules, "payee_day", days[day]) if day in days else None,
            requests.get(("payee_day", str(day))),
        )
        for day, of_day in _group(list_priced(lines), lambda line: line.day_key).items()
        if any(line.is_new for line in of_day)
    ]


def _group(lines: Iterable[ApprovalLine], key_of: Callable[[ApprovalLine], _Key]) -> dict[_Key, list[ApprovalLine]]:
    groups: dict[_Key, list[ApprovalLine]] = defaultdict(list)
    for line in lines:
        groups[key_of(line)].append(line)
    return groups


def _gather(subject: _Subject) -> _Gathered:
    """Gather the lines of a conversion for a payee together, because what takes money back belongs to what it undoes.

    Where held lines sum to nothing, nothing is left to decide, and none of them is paid.
    """
    held: list[ApprovalLine] = []
    bound: list[ApprovalLine] = []
    undecided = [line for line in subject.lines if _is_undecided(line, subject.on)]
    for group in _group(undecided, lambda line: (line.dedup_key, line.day_key.payee, line.is_unpriced)).values():
        total, was_held = _sum(line.amount for line in group), _is_held(group, subject.request)
        is_left = total > 0 or any(line.is_new_money for line in group) or (was_held and total != 0)
        held += group if is_left else []
        bound += group if is_left or was_held else []
    return _Gathered(held, bound)


def _is_undecided(line: ApprovalLine, on: Subject) -> bool:
    # What is on a bill is settled. A refused line of a conversion must not come back by way of the payee's day.
    return not (line.is_agreed or line.is_billed or (on == "payee_day" and line.is_refused))


def _is_held(lines: Iterable[ApprovalLine], request: OpenRequest | None) -> bool:
    return request is not None and any(request.id in line.held_by for line in lines)


def _make_request(
    subject: _Subject, held: Sequence[ApprovalLine], rules: ApprovalRules, actor: str | None
) -> NewRequest:
    """Make a request. If no rule asks people any more, those are asked again who were asked before."""
    before, payees = subject.request, [line.day_key.payee for line in held]
    newest = next((line.day_key.payee for line in reversed(held) if line.is_new_money), payees[-1])
    created_by = actor or (None if before is None else before.created_by)
    asked: tuple[str, int, Sequence[str], int | None]
    if subject.choice is not None and subject.choice.asks_people:
        rule = subject.choice.rule
        asked = (rule.slug, rules.version, rule.steps, rule.remind_after_s)
    else:
        assert before is not None, "a request needs a reason"
        asked = (before.rule, before.rule_version, before.steps, before.remind_after_s)
    return NewRequest(
        subject.on, subject.subject_id, *asked, newest, _sum(line.amount for line in held),
        held[0].day_key.currency, created_by, tuple(sorted(line.key for line in held)),
        before.id if before is not None and subject.on == "payee_day" else None,
    )  # fmt: skip


def _name_rule(line: ApprovalLine, choice: Choice | None) -> str:
    if line.amount <= 0:
        return NEGATIVE
    return NO_RULE if choice is None else choice.rule.slug
