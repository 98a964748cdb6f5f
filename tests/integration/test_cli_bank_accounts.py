"""`[[bank_accounts]]` on the command line: applied, exported, kept without the variable, pruned, encrypted again."""

import tomllib

import pytest
from cryptography.fernet import Fernet

from tests.parts.cli import CommandLine
from tests.parts.databases import fetch
from tests.unit.policy.test_bank_account_config import CSV, IBAN, MAIN


@pytest.fixture
def banking(cli: CommandLine) -> CommandLine:
    """A ledger with two bank accounts."""
    cli.environment |= {"MAIN_IBAN": "DE89 3704 0044 0532 0130 00", "NUMBER": "12345-678"}
    ran = cli("apply", cli.write("bank.toml", MAIN + CSV))
    assert ran.code == 0, ran.err
    return cli


def test_what_is_applied_is_exported_without_its_number(banking: CommandLine) -> None:
    exported = banking("export").out

    assert IBAN not in exported
    assert [each["slug"] for each in tomllib.loads(exported)["bank_accounts"]] == ["girokonto", "main"]
    again = banking("apply", banking.write("again.toml", exported), "--dry-run")
    assert again.code == 0, again.err
    assert [line.split()[0] for line in again.out.splitlines() if "bank_account" in line] == ["leave", "leave"]


def test_a_number_is_stored_encrypted(banking: CommandLine) -> None:
    rows = fetch(banking.environment["DATABASE_URL"], "SELECT bank_accounts::text FROM bank_accounts")

    assert len(rows) == 2
    assert not any(IBAN in text or IBAN.encode().hex() in text for (text,) in rows)


def test_another_number_is_a_change_that_is_not_printed(banking: CommandLine) -> None:
    banking.environment["MAIN_IBAN"] = "GB29NWBK60161331926819"

    ran = banking("apply", banking.write("bank.toml", MAIN), "--dry-run")

    assert [line.split() for line in ran.out.splitlines() if "bank_account" in line] == [
        ["change", "bank_account", "main", "account"]
    ]
    assert "GB29" not in ran.out + ran.err


def test_an_account_without_a_number_is_refused(cli: CommandLine) -> None:
    ran = cli("apply", cli.write("bank.toml", MAIN.replace('iban_env = "MAIN_IBAN"\n', "")))

    assert ran.code == 1
    assert "bank_accounts[main].iban_env: is missing; add iban_env or account_env" in ran.err


def test_an_account_that_is_pruned_comes_back_with_its_number(banking: CommandLine) -> None:
    without = MAIN.replace('iban_env = "MAIN_IBAN"\n', "")

    pruned = banking("apply", banking.write("less.toml", CSV), "--prune", "--yes")
    again = banking("apply", banking.write("bank.toml", without))

    assert [line.split()[:3] for line in pruned.out.splitlines() if line.startswith("retire")] == [
        ["retire", "bank_account", "main"]
    ]
    assert again.code == 0, again.err
    assert "revive" in again.out


def test_the_history_has_no_number(banking: CommandLine) -> None:
    history = banking("policy", "history", "--json").out

    assert '"bank_account"' in history
    assert IBAN not in history


def test_reencrypted_numbers_do_not_need_the_old_key(banking: CommandLine) -> None:
    old, new = banking.environment["POSTLEDGER_MASTER_KEY"], Fernet.generate_key().decode()
    banking.environment["POSTLEDGER_MASTER_KEY"] = f"{new},{old}"

    facts = banking("source", "reencrypt", "--json").facts

    assert facts == {"reencrypted": 2, "sources": 0, "bank_accounts": 2}
    banking.environment["POSTLEDGER_MASTER_KEY"] = new
    assert "2 secrets can be decrypted" in banking("doctor").out


def test_a_number_that_no_key_decrypts_is_named(banking: CommandLine) -> None:
    banking.environment["POSTLEDGER_MASTER_KEY"] = Fernet.generate_key().decode()

    reencrypted = banking("source", "reencrypt")

    assert reencrypted.code == 1
    assert "bank account girokonto has a secret that no master key decrypts; nothing was changed" in reencrypted.err
