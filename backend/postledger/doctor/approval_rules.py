"""The check of `doctor` that people can satisfy every approval rule. Users can change after `apply` has checked it."""

from typing import Any

from psycopg import Connection

from postledger.doctor.check_result import CheckResult
from postledger.people.actors import find_user_of
from postledger.policy.approval_checks import find_unsatisfiable
from postledger.policy.approval_store import read_approval_rules, read_people
from postledger.vocabulary.wording import count

NAME = "approval rules"


def check_approval_rules(connection: Connection[Any], os_user: str) -> CheckResult:
    """Check that enabled users can take every step. `os_user` is the operating system's user, who acts too."""
    rules = read_approval_rules(connection).rules
    user = find_user_of(connection, os_user)
    faults = find_unsatisfiable(rules, read_people(connection, os_user if user is None else user.login))
    if faults:
        what, _, advice = faults[0].message.partition("; ")
        return CheckResult(NAME, False, f"{faults[0].table}: {what}", f"what it asks about waits for ever; {advice}")
    found = f"people can decide by each of {count(len(rules), 'rule')}" if rules else "none"
    return CheckResult(NAME, True, found)
