"""The books as a file: `apply` opens them, `export` prints them, and each change of the rules is a new version."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from psycopg import Connection

from postledger.finance.books import Books, load_books
from postledger.finance.rules.exchange_rates import BaseRate
from postledger.finance.rules.finance_settings import Payee
from tests.integration.configured import FILE, actions
from tests.parts.cli import CommandLine

IBAN = "DE89370400440532013000"
BOOKS = """
[finance]
base_currency = "EUR"
timezone = "Europe/Berlin"

[[payees]]
id = "456"
name = "Affiliate 456"
currency = "USD"
min_bill = "50.00"
iban_env = "PAYEE_456_IBAN"

[[expense_rules]]
slug = "sales"
match = { source = ["acme"], campaign = ["spring*"], event = ["sale"] }
category = "Affiliate Commission — {campaign.name}"
account = "6010"
hold_days = 30

[[expense_rules]]
slug = "rest"
category = "Other — {source.name}"
amount = "5.00 EUR"
payee = "456"
"""
RATES = "INSERT INTO rates VALUES ('EUR', %s, %s, %s, 'ecb', now())"


@pytest.fixture
def books(cli: CommandLine) -> str:
    """The path of a configuration with books; the variable of the payee's IBAN is set."""
    cli.environment["PAYEE_456_IBAN"] = IBAN
    return cli.write("books.toml", FILE + BOOKS)


@contextmanager
def ledger(cli: CommandLine) -> Iterator[Connection[Any]]:
    """A connection to the ledger."""
    with psycopg.connect(cli.environment["DATABASE_URL"], autocommit=True) as connection:
        yield connection


def load(cli: CommandLine) -> Books:
    """The books as the mapper reads them."""
    with ledger(cli) as connection:
        found = load_books(connection)
    assert found is not None
    return found


def list_versions(cli: CommandLine) -> list[tuple[int, str]]:
    """Every rule of every version, in order."""
    with ledger(cli) as connection:
        return connection.execute("SELECT version, slug FROM expense_rules ORDER BY version, position").fetchall()


def test_a_file_opens_the_books_that_the_mapper_reads(cli: CommandLine, books: str) -> None:
    before = datetime.now(UTC)

    told = actions(cli, books)
    found = load(cli)

    assert {key: told[key] for key in ("finance", "456", "sales", "rest")} == dict.fromkeys(
        ("finance", "456", "sales", "rest"), "create"
    )
    assert before <= found.since <= datetime.now(UTC)
    assert (found.settings.base_currency, str(found.zone)) == ("EUR", "Europe/Berlin")
    assert [rule.slug for rule in found.rules] == ["sales", "rest"]
    assert found.payees == {"456": Payee("456", "Affiliate 456", "USD", min_bill=Decimal("50.00"))}
    assert found.names.campaigns == {"spring": "Spring sale"}
    assert found.names.affiliates == {"456": "Affiliate 456"}
    assert found.names.sources["acme"] == "Acme Network"


def test_without_finance_there_are_no_books(cli: CommandLine, file: str) -> None:
    cli("apply", file)

    with ledger(cli) as connection:
        assert load_books(connection) is None


def test_the_start_is_that_of_the_first_apply(cli: CommandLine, books: str) -> None:
    cli("apply", books)
    since = load(cli).since

    told = actions(cli, cli.write("b.toml", '[finance]\nbase_currency = "EUR"\nrates_max_age = "3d"\n'))

    assert told == {"finance": "change timezone rates_max_age"}
    assert load(cli).since == since
    assert load(cli).settings.rates_max_age_days == 3


def test_the_same_books_again_change_nothing(cli: CommandLine, books: str) -> None:
    cli("apply", books)
    before = list_versions(cli)

    assert set(actions(cli, books).values()) == {"leave"}
    assert list_versions(cli) == before == [(1, "sales"), (1, "rest")]


def test_a_changed_rule_makes_a_new_version_and_keeps_the_old_one(cli: CommandLine, books: str) -> None:
    cli("apply", books)

    told = actions(cli, cli.write("b.toml", BOOKS.replace("5.00 EUR", "6.00 EUR").replace("6010", "6020")))

    assert (told["sales"], told["rest"]) == ("change account", "change amount")
    assert load(cli).rules_version == 2
    assert list_versions(cli) == [(1, "sales"), (1, "rest"), (2, "sales"), (2, "rest")]


def test_another_order_of_rules_is_a_change(cli: CommandLine, books: str) -> None:
    cli("apply", books)
    head, first, second = BOOKS.split("[[expense_rules]]")

    told = actions(cli, cli.write("b.toml", f"{head}[[expense_rules]]{second}[[expense_rules]]{first}"))

    assert (told["sales"], told["rest"]) == ("change position", "change position")
    assert [rule.slug for rule in load(cli).rules] == ["rest", "sales"]


def test_rules_that_a_file_lacks_stay_behind_its_own_until_pruned(cli: CommandLine, books: str) -> None:
    cli("apply", books)
    head, first, _ = BOOKS.split("[[expense_rules]]")
    other = first.replace("sales", "newer").replace('"sale"', '"lead"')
    file = cli.write("b.toml", f"{FILE}{head}[[expense_rules]]{other}")

    assert actions(cli, file)["newer"] == "create"
    assert [rule.slug for rule in load(cli).rules] == ["newer", "sales", "rest"]

    told = actions(cli, file, "--prune", "--yes")
    assert (told["sales"], told["rest"]) == ("retire", "retire")
    assert [rule.slug for rule in load(cli).rules] == ["newer"]


def test_prune_closes_the_books_and_they_open_again_with_a_new_start(cli: CommandLine, books: str, file: str) -> None:
    cli("apply", books)
    since = load(cli).since

    told = actions(cli, file, "--prune", "--yes")
    with ledger(cli) as connection:
        closed = load_books(connection)
    again = actions(cli, books)

    assert {told[name] for name in ("finance", "sales", "rest")} == {"retire"}
    assert closed is None
    assert (again["finance"], again["sales"]) == ("create", "create")
    assert load(cli).since > since
    assert load(cli).rules_version == 2


def test_a_dry_run_opens_no_books(cli: CommandLine, books: str) -> None:
    dry = cli("apply", books, "--dry-run")

    assert "create  finance   finance" in dry.out
    with ledger(cli) as connection:
        assert load_books(connection) is None


def test_an_export_can_be_applied_and_has_no_account(cli: CommandLine, books: str) -> None:
    cli("apply", books)

    exported = cli("export").out

    assert not re.search("DE89|3000|iban", exported)
    assert set(actions(cli, cli.write("exported.toml", exported)).values()) == {"leave"}
    assert set(actions(cli, cli.write("exported.toml", exported), "--prune").values()) == {"leave"}


def test_accounts_are_stored_encrypted_and_found_by_their_hash(cli: CommandLine, books: str) -> None:
    cli("apply", books)
    with ledger(cli) as connection:
        (before,) = connection.execute("SELECT bank_account, bank_account_hash FROM payees").fetchall()
    cli.environment["PAYEE_456_IBAN"] = "GB82 WEST 1234 5698 7654 32"

    told = actions(cli, books)
    with ledger(cli) as connection:
        (after,) = connection.execute("SELECT bank_account, bank_account_hash FROM payees").fetchall()

    assert told["456"] == "change bank_account"
    assert IBAN.encode() not in before[0]
    assert len(before[1]) == 32
    assert after != before


UNREADABLE = """
[finance]
base_currency = "EUR"
timezone = "Mars"
rates = "bank"

[[payees]]
id = "1"

[[payees]]
id = "2"
currency = "XX"

[[expense_rules]]
slug = "share"
category = "C"
amount = "170%"

[[expense_rules]]
slug = "fixed"
category = "{payout}"
hold_days = 1
amount = "5.00"
"""
UNKNOWN = """
[finance]
base_currency = "EUR"

[[expense_rules]]
slug = "one"
category = "C"
match = { source = ["acm"] }

[[expense_rules]]
slug = "two"
category = "C"
match.source = "acme"
match.campaign = "autumn"

[[expense_rules]]
slug = "three"
category = "C"
payee = "nobody"
"""


def test_what_cannot_be_read_is_refused_with_its_line(cli: CommandLine) -> None:
    wrong = cli.write("wrong.toml", UNREADABLE)

    lines = cli("apply", wrong).err.splitlines()

    assert [line.removeprefix(f"postledger: {wrong}:").partition(": must")[0][:60] for line in lines] == [
        "4: finance.timezone: is not a time zone; write a name such a",
        "5: finance.rates",
        "12: payees[2].currency",
        "17: expense_rules[share].amount",
        "21: expense_rules[fixed].category: {payout} is not a placeho",
        '23: expense_rules[fixed].amount: has no currency and no "%";',
    ]


def test_what_does_not_exist_is_refused_with_its_line(cli: CommandLine, file: str) -> None:
    cli("apply", file)
    wrong = cli.write("wrong.toml", UNKNOWN)

    lines = cli("apply", wrong).err.splitlines()

    assert [line.removeprefix(f"postledger: {wrong}:").partition(";")[0] for line in lines] == [
        "8: expense_rules[one].match: source acm does not exist",
        "14: expense_rules[two].match: campaign autumn does not exist",
        "19: expense_rules[three].payee: nobody is not a payee",
    ]
    with ledger(cli) as connection:
        assert load_books(connection) is None


def test_rules_without_books_are_refused(cli: CommandLine) -> None:
    wrong = cli.write("wrong.toml", '[[expense_rules]]\nslug = "one"\ncategory = "C"')

    ran = cli("apply", wrong)

    assert ran.err == f"postledger: {wrong}:1: expense_rules[one]: needs the settings of the books; add [finance]\n"


def test_rules_without_effect_are_warned_of_with_their_line(cli: CommandLine, file: str) -> None:
    cli("apply", file)
    wide = '[[expense_rules]]\nslug = "wide"\ncategory = "C"\nmatch.source = ["*"]\n'
    hidden = '[[expense_rules]]\nslug = "hidden"\ncategory = "C"\nmatch = { source = ["acme"], campaign = ["aut*"] }\n'
    look = cli.write("look.toml", f'{wide}{hidden}[finance]\nbase_currency = "EUR"\n')

    ran = cli("apply", look)

    assert ran.code == 0
    assert f"warning: {look}:6: expense_rules[hidden].slug: is never used, because wide stands before it" in ran.err
    assert f"warning: {look}:8: expense_rules[hidden].match: campaign aut* matches no campaign" in ran.err


def test_a_rule_may_name_a_retired_source(cli: CommandLine, books: str) -> None:
    cli("apply", books)
    cli("source", "retire", "acme")

    assert set(actions(cli, cli.write("b.toml", BOOKS)).values()) == {"leave"}


def test_the_newest_rate_that_is_not_too_old_is_found(cli: CommandLine, books: str) -> None:
    cli("apply", books)
    rates = load(cli).rates
    friday, day = date(2026, 10, 30), date(2026, 11, 1)
    with ledger(cli) as connection:
        for currency, on_day, rate in (("USD", friday, "1.25"), ("USD", date(2026, 10, 20), "1"), ("JPY", day, "160")):
            connection.execute(RATES, (currency, on_day, rate))
        late = date(2026, 11, 7)
        rates.load(connection, [("USD", day), ("USD", late), ("JPY", day), ("EUR", day), ("BGN", day)])

    assert rates.find("USD", day) == BaseRate(Decimal("0.8"), friday)
    assert rates.find("USD", late) is None
    assert rates.find("EUR", day) == BaseRate(Decimal(1), day)
    assert rates.find("BGN", day) is None
