"""Writes the settings of the books, payees and expense rules as the tables that `finance_config.py` reads. Pure."""

import msgspec

from postledger.finance.rules.expense_rule import ExpenseRule
from postledger.finance.rules.finance_settings import Finance
from postledger.policy.duration import write_duration
from postledger.policy.finance_config import PayeeConfig


def write_finance(finance: Finance) -> dict[str, object]:
    """Write `[finance]`."""
    written: dict[str, object] = msgspec.structs.asdict(finance)
    del written["rule_cooling_s"]
    return written | {
        "rates_max_age": f"{written.pop('rates_max_age_days')}d",
        "rule_cooling": write_duration(finance.rule_cooling_s),
        "lock_below": f"{finance.lock_below:f}",
    }


def write_payee(config: PayeeConfig) -> dict[str, object]:
    """Write one of `[[payees]]`, without its bank account."""
    written = _without_missing(msgspec.structs.asdict(config.payee))
    return written if config.payee.min_bill is None else written | {"min_bill": f"{config.payee.min_bill:f}"}


def write_rule(rule: ExpenseRule) -> dict[str, object]:
    """Write one of `[[expense_rules]]`."""
    match = {key: list(patterns) for key, patterns in msgspec.structs.asdict(rule.match).items() if patterns}
    written = _without_missing(msgspec.structs.asdict(rule)) | {"amount": str(rule.amount), "accrue": list(rule.accrue)}
    del written["match"]
    return written | ({"match": match} if match else {})  # in TOML a sub-table stands behind the plain keys


def _without_missing(written: dict[str, object]) -> dict[str, object]:
    return {key: value for key, value in written.items() if value is not None}
