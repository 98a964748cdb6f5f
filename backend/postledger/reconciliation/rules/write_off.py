"""Who may write off the money of a work item, or of a bank line. Pure.

A write-off costs what a payment of the same amount would cost. So the rules of approval for a line decide: above their
threshold a person with the role of the rule's last step must accept it.
"""

from collections.abc import Iterable, Sequence

import msgspec

from postledger.finance.rules.approval_rule import ApprovalRule, Total, choose
from postledger.finance.rules.decision_rule import Fault, Person, Request, Taken, judge

_NO_CONTENT = b""


class WriteOff(msgspec.Struct, frozen=True):
    """The money to write off. `made_by`: who imported the statement. `payee`: about whom it is, if that is known.

    `subject`: the work item, or the line of a bank statement.
    """

    subject: str
    stake: Total
    made_by: frozenset[str]
    payee: str | None


def find_rule(rules: Iterable[ApprovalRule], write_off: WriteOff) -> ApprovalRule | None:
    """Find the rule that asks for an approver. None: the stake is not above a threshold, or there are no rules."""
    choice = choose(rules, "line", write_off.stake)
    return choice.rule if choice is not None and choice.asks_people else None


def judge_write_off(
    rule: ApprovalRule, write_off: WriteOff, changed_by: frozenset[str], person: Person, givers: Sequence[Person]
) -> Taken | Fault:
    """Judge whether a person may write off money by a rule, alone or for one who made them a delegate.

    `changed_by`: who changed a rule of approval a short while ago.
    """
    taken = judge(_make_request(rule, write_off, changed_by), person, givers, "approve")
    if isinstance(taken, Fault) and taken.reason == "not_your_step":
        return Fault(taken.reason, f"{describe_need(rule, write_off)}; {person.login} lacks it")
    return taken


def describe_need(rule: ApprovalRule, write_off: WriteOff) -> str:
    """Say whom a rule asks for."""
    stake = f"{write_off.stake.amount:f} {write_off.stake.currency}"
    return f"to write off {stake}, the rule {rule.slug} needs the role {rule.steps[-1]}"


def _make_request(rule: ApprovalRule, write_off: WriteOff, changed_by: frozenset[str]) -> Request:
    return Request(
        id=write_off.subject, state="waiting", step=0, steps=rule.steps[-1:], payee=write_off.payee,
        content_sha256=_NO_CONTENT, content_now=_NO_CONTENT, made_by=write_off.made_by, changed_by=changed_by,
        decided=(),
    )  # fmt: skip
