"""The approval rules in the configuration file: what is read, and what is refused."""

import tomllib
from collections.abc import Mapping, Sequence
from decimal import Decimal

import pytest

from postledger.finance.rules.approval_rule import ApprovalRule
from postledger.finance.rules.finance_settings import Finance
from postledger.policy.approval_checks import People, find_approval_faults, find_approval_warnings
from postledger.policy.config_export import write_document
from postledger.policy.config_file import BadConfiguration, Configuration, read_configuration
from postledger.policy.diff import Stored, find_changes, list_approval_rules

SPECIFIED = """
[[approval_rules]]
slug = "over-100"
on = "line"
over = { USD = "100.00", EUR = "100.00" }
steps = ["manager"]
remind_after = "2d"

[[approval_rules]]
slug = "large-bills"
on = "bill"
over = { USD = "10000.00" }
steps = ["manager", "director"]
"""
FINANCE = '[finance]\nbase_currency = "EUR"\n'
NOTHING = Stored(Configuration(), Configuration())


def read(text: str) -> Configuration:
    """Read a file."""
    return read_configuration(tomllib.loads(text), {})


def make_rule(*lines: str, on: str = "line", steps: str = '["manager"]') -> str:
    """Write one rule."""
    return "\n".join(['[[approval_rules]]\nslug = "x"', f'on = "{on}"\nsteps = {steps}', *lines])


def read_fault(text: str) -> str:
    """Read a bad file with one fault."""
    with pytest.raises(BadConfiguration) as caught:
        read(text)
    (fault,) = caught.value.faults
    return str(fault)


def people(actor: str = "root", **roles: Sequence[str]) -> People:
    """The people of an instance."""
    return make_people(actor, roles)


def make_people(actor: str, roles: Mapping[str, Sequence[str]]) -> People:
    """The people of an instance, by login."""
    return People(roles, frozenset(login for login, held in roles.items() if list(held) != ["viewer"]), actor)


def test_the_example_of_the_specification_is_read() -> None:
    rules = read(SPECIFIED).approval_rules

    assert list(rules.values()) == [
        ApprovalRule("over-100", "line", ("manager",), {"USD": Decimal(100), "EUR": Decimal(100)}, 2 * 86400),
        ApprovalRule("large-bills", "bill", ("manager", "director"), {"USD": Decimal(10000)}),
    ]


def test_what_is_exported_is_read_as_the_same() -> None:
    configuration = read(FINANCE + 'rule_cooling = "90m"\n' + SPECIFIED + make_rule(on="payee_change"))

    assert configuration.finance is not None
    assert configuration.finance.rule_cooling_s == 5400
    assert read_configuration(write_document(configuration), {}) == configuration


def test_the_rules_cool_for_a_day_by_default() -> None:
    assert read(FINANCE).finance == Finance("EUR", rule_cooling_s=86400)


def test_a_role_can_stand_in_two_steps() -> None:
    assert read(make_rule(steps='["manager", "manager"]')).approval_rules["x"].steps == ("manager", "manager")


@pytest.mark.parametrize(
    ("rule", "named"),
    [
        (make_rule(on="bulk"), '.on: must be "line" or "payee_day" or "bill" or "payee_change"'),
        (make_rule(steps="[]"), ".steps: is empty"),
        (make_rule(steps='["Manager"]'), ".steps: a role must be"),
        (make_rule(steps='["manager", "admin"]'), ".steps: viewer, operator and admin decide nothing"),
        (make_rule('over = "100"'), ".over: must be a table"),
        (make_rule("over = { USD = 100 }"), ".over: USD must be an amount in quotes"),
        (make_rule('over = { USD = "-1" }'), ".over: USD must be an amount in quotes"),
        (make_rule('over = { usd = "1" }'), ".over: USD must be written in capitals"),
        (make_rule('over = { DOLLAR = "1" }'), ".over: each currency must be an ISO 4217 code"),
        (make_rule('over = { XAU = "1" }'), ".over: each currency must be a currency in which money is paid"),
        (make_rule('over = { USD = "1" }', on="payee_change"), ".over: has no effect"),
        (make_rule('remind_after = "soon"'), ".remind_after: must be a duration"),
        (make_rule('step = ["x"]'), ".step: is not a known key; did you mean steps?"),
    ],
)
def test_what_cannot_work_is_refused(rule: str, named: str) -> None:
    assert read_fault(rule).startswith(f"approval_rules[x]{named}")


def test_slug_subject_and_steps_are_required() -> None:
    with pytest.raises(BadConfiguration) as caught:
        read("[[approval_rules]]")

    assert [fault.key for fault in caught.value.faults] == ["slug", "on", "steps"]


def test_rules_need_the_books() -> None:
    (fault,) = find_approval_faults(read(make_rule()), NOTHING, people(mia=["manager"]), prune=False)

    assert str(fault) == "approval_rules[x]: needs the settings of the books; add [finance]"


def test_a_file_that_closes_the_books_cannot_have_rules() -> None:
    open_books = Stored(read(FINANCE), Configuration())
    users = people(mia=["manager"])

    assert find_approval_faults(read(make_rule()), open_books, users, prune=False) == []
    assert len(find_approval_faults(read(make_rule()), open_books, users, prune=True)) == 1


@pytest.mark.parametrize(
    ("steps", "users", "message"),
    [
        (["manager"], {}, "no enabled user is manager; run: postledger user add LOGIN --role manager"),
        (["manager"], {"ada": ["admin"]}, "no enabled user is manager; run: postledger user add LOGIN --role manager"),
        (
            ["manager", "director"],
            {},
            (
                "no enabled user is manager or director; run: postledger user add LOGIN --role manager"
                " && postledger user add LOGIN --role director"
            ),
        ),
        (
            ["manager", "director"],
            {"mia": ["manager", "director"]},
            "each step needs another person, and there are too few; run: postledger user add LOGIN --role director",
        ),
    ],
)
def test_the_user_that_is_missing_is_named(steps: Sequence[str], users: Mapping[str, list[str]], message: str) -> None:
    file = read(FINANCE + make_rule(steps=str(steps)))

    (fault,) = find_approval_faults(file, NOTHING, make_people("root", users), prune=False)

    assert str(fault) == f"approval_rules[x].steps: {message}"


def test_one_manager_who_is_the_only_creator_is_refused() -> None:
    file = read(FINANCE + make_rule())

    (fault,) = find_approval_faults(file, NOTHING, people(actor="mia", mia=["manager"], joe=["viewer"]), prune=False)

    assert str(fault) == (
        "approval_rules[x].steps: only mia could decide, and never about what mia creates;"
        " run: postledger user add LOGIN --role manager"
    )


@pytest.mark.parametrize(
    "users",
    [
        people(actor="root", mia=["manager"]),
        people(actor="mia", mia=["manager"], ada=["operator"]),
        people(actor="mia", mia=["manager"], dan=["manager"]),
    ],
)
def test_one_manager_beside_another_creator_is_enough(users: People) -> None:
    assert find_approval_faults(read(FINANCE + make_rule()), NOTHING, users, prune=False) == []


def list_warnings(text: str, users: People) -> list[str]:
    """The warnings for a file that is applied to an empty ledger."""
    file = read(text)
    changes = find_changes(file, NOTHING, prune=False)
    rules = list_approval_rules(changes, {})
    return [str(warning) for warning in find_approval_warnings(rules, changes, file.finance, users)]


def test_a_rule_without_threshold_in_the_base_currency_is_warned_of() -> None:
    (warning,) = list_warnings(FINANCE + SPECIFIED, people(mia=["manager"], dan=["director"]))

    assert warning.startswith("approval_rules[large-bills].over: has no threshold in EUR")


def test_the_only_manager_is_warned_that_a_changed_rule_cools() -> None:
    users = people(actor="mia", mia=["manager"], ada=["operator"])

    (warning,) = list_warnings(FINANCE + make_rule(), users)

    assert warning == (
        "approval_rules[x].steps: mia changes this rule, so mia decides nothing by it for 1d, and too few others can;"
        " wait, or run: postledger user add LOGIN --role manager"
    )
