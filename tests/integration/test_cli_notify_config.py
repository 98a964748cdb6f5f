"""`apply`, `export`, `--prune`, `source reencrypt` and `doctor` with `[notify]` and its secrets."""

from typing import Any

import psycopg
import pytest
from cryptography.fernet import Fernet

from tests.integration.configured import actions
from tests.parts.cli import CommandLine
from tests.parts.databases import fetch

SIGNING = "whsec_AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE="
PASSWORD = "s3cret-of-the-mail-server"
FILE = """
[notify.mail]
host = "smtp.example.com"
from = "postledger@example.com"
login_env = "SMTP_LOGIN"
password_env = "SMTP_PASSWORD"

[notify.webhook]
url = "https://hooks.example.com/postledger"
secrets_env = ["NOTIFY_SECRET"]
"""


@pytest.fixture(autouse=True)
def secrets(cli: CommandLine) -> None:
    """The environment variables that the file names."""
    cli.environment |= {"SMTP_LOGIN": "postledger", "SMTP_PASSWORD": PASSWORD, "NOTIFY_SECRET": SIGNING}


def apply(cli: CommandLine, text: str = FILE) -> dict[str, str]:
    return actions(cli, cli.write("notify.toml", text))


def stored(cli: CommandLine) -> list[tuple[Any, ...]]:
    return fetch(cli.environment["DATABASE_URL"], "SELECT name FROM notify_secrets ORDER BY 1")


def test_notify_is_applied_and_the_same_file_changes_nothing(cli: CommandLine) -> None:
    first, again = apply(cli), apply(cli)
    cli.environment["SMTP_PASSWORD"] = "another"
    changed = apply(cli)

    assert (first, again) == ({"notify": "create"}, {"notify": "leave"})
    assert changed == {"notify": "change login"}


def test_an_export_has_no_secret_and_changes_nothing(cli: CommandLine) -> None:
    apply(cli)

    exported = cli("export")

    assert "smtp.example.com" in exported.out
    assert not any(secret in exported.out + cli("policy", "history", "--json").out for secret in (PASSWORD, SIGNING))
    assert apply(cli, exported.out) == {"notify": "leave"}
    assert stored(cli) == [("login",), ("password",), ("webhook",)]


def test_secrets_are_stored_encrypted(cli: CommandLine) -> None:
    apply(cli)

    with psycopg.connect(cli.environment["DATABASE_URL"]) as connection:
        rows = connection.execute("SELECT ciphertext, settings::text FROM notify_secrets, notify").fetchall()

    assert len(rows) == 3
    assert all(secret not in str(rows) for secret in (PASSWORD, SIGNING))


def test_a_channel_that_is_removed_leaves_no_secret(cli: CommandLine) -> None:
    apply(cli)

    apply(cli, FILE.partition("[notify.mail]")[0] + "[notify.webhook]" + FILE.partition("[notify.webhook]")[2])
    without_mail = stored(cli)
    pruned = cli("apply", cli.write("none.toml", ""), "--prune", "--yes")

    assert without_mail == [("webhook",)]
    assert "retire  notify    notify" in pruned.out
    assert stored(cli) == []


def test_a_fault_is_found_with_its_line(cli: CommandLine) -> None:
    apply(cli)
    moved = FILE.replace(".com", ".org", 1).replace("login_env", "# ").replace("password_env", "# ")

    ran = cli("apply", cli.write("bad.toml", moved)), cli("apply", cli.write("odd.toml", FILE.replace("from", "form")))

    assert "bad.toml:2: notify.mail.login_env: is missing; the stored login is for another server" in ran[0].err
    assert "odd.toml:4: notify.mail.form: is not a known key; did you mean from?" in ran[1].err


def test_a_lost_master_key_is_named_and_a_new_one_encrypts_all(cli: CommandLine) -> None:
    apply(cli)
    old, new = cli.environment["POSTLEDGER_MASTER_KEY"], Fernet.generate_key().decode()

    cli.environment["POSTLEDGER_MASTER_KEY"] = new
    lost = cli("source", "reencrypt")
    cli.environment["POSTLEDGER_MASTER_KEY"] = f"{new} {old}"
    moved = cli("source", "reencrypt", "--json").facts
    cli.environment["POSTLEDGER_MASTER_KEY"] = new

    assert "[notify]" in lost.err
    assert moved["reencrypted"] == 3
    assert apply(cli) == {"notify": "leave"}
