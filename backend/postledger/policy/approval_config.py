"""Reads and writes `[[approval_rules]]` of the configuration file. Pure, as `config_file.py`."""

from collections.abc import Mapping
from decimal import Decimal

from postledger.decoding.toml_table import BadValue, Table, one_of, read_texts
from postledger.finance.rules.approval_rule import SUBJECTS, ApprovalRule
from postledger.people.user import check_roles, list_levels
from postledger.policy.duration import write_duration
from postledger.policy.finance_config import read_iso_currency, read_money, read_slug
from postledger.policy.source_config import read_duration_s
from postledger.vocabulary.operator_error import InvalidRequest


def read_approval_rule(table: Table) -> ApprovalRule:
    """Read one of `[[approval_rules]]`."""
    rule = ApprovalRule(
        slug=table.require("slug", read_slug, ""),
        on=table.require("on", one_of(*SUBJECTS), SUBJECTS[0]),
        steps=table.require("steps", _read_steps, ()),
        over=table.take("over", _read_thresholds, {}),
        remind_after_s=table.take("remind_after", _read_optional_duration_s, None),
    )
    if rule.on == "payee_change" and rule.over:
        table.fault("over", "has no effect, because a new or changed payee is no amount; remove it")
    table.refuse_unknown()
    return rule


def write_approval_rule(rule: ApprovalRule) -> dict[str, object]:
    """Write one of `[[approval_rules]]`."""
    written: dict[str, object] = {"slug": rule.slug, "on": rule.on, "steps": list(rule.steps)}
    if rule.remind_after_s is not None:
        written["remind_after"] = write_duration(rule.remind_after_s)
    if rule.over:  # in TOML a sub-table stands behind the plain keys
        written["over"] = {currency: f"{threshold:f}" for currency, threshold in rule.over.items()}
    return written


def _read_steps(value: object) -> tuple[str, ...]:
    # A role can stand in several steps: then as many people with it decide.
    steps = tuple(role for item in (value if isinstance(value, list) else [value]) for role in read_texts(item))
    if not steps:
        raise BadValue('is empty, so no one would decide; name the role of each step, such as ["manager"]')
    try:
        check_roles(steps)
    except InvalidRequest as error:
        raise BadValue(str(error)) from None
    if len(list_levels(steps)) != len(steps):
        raise BadValue("viewer, operator and admin decide nothing; name levels of approval such as manager or director")
    return steps


def _read_thresholds(value: object) -> Mapping[str, Decimal]:
    if not isinstance(value, dict):
        raise BadValue('must be a table of amounts by currency, such as { USD = "100.00", EUR = "100.00" }')
    return {_read_currency(code): _read_threshold(code, amount) for code, amount in value.items()}


def _read_currency(code: str) -> str:
    try:
        known = read_iso_currency(code)
    except BadValue as error:
        raise BadValue(f"each currency {error}") from None
    if known != code:
        raise BadValue(f"{known} must be written in capitals")
    return code


def _read_threshold(code: str, amount: object) -> Decimal:
    try:
        threshold = read_money(amount)
    except BadValue as error:
        raise BadValue(f"{code} {error}") from None
    assert threshold is not None, "read_money returns an amount, or raises"
    return threshold


def _read_optional_duration_s(value: object) -> int | None:
    return read_duration_s(value)
