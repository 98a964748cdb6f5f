"""A command fails with one line that says what to do, without a traceback and without secrets."""

from pathlib import Path

import psycopg
import pytest
from cryptography.fernet import Fernet

from postledger.bootstrap.command import open_ledger
from postledger.platform.timeouts import CONNECT_S, PATIENT_CONNECT_S
from tests.parts.cli import CommandLine
from tests.parts.databases import create_database, drop_database, fetch
from tests.parts.postgres import Postgres
from tests.parts.sources import add_source

CANARY = "canary-7f3a"


@pytest.fixture
def empty(postgres: Postgres, cli: CommandLine) -> str:
    """The command line on a database that has no schema yet."""
    cli.environment["DATABASE_URL"] = create_database(postgres)
    return cli.environment["DATABASE_URL"]


def test_migrate_fills_an_empty_database_and_can_be_repeated(cli: CommandLine, empty: str, postgres: Postgres) -> None:
    first, again = cli.process("migrate", "--json").facts, cli("migrate", "--json").facts

    assert first["applied"][0] == "0001_ledger.sql"
    assert len(first["partitions_made"]) == 9
    assert again["applied"] == []
    assert not set(again["partitions_made"]) & set(first["partitions_made"]), "only midnight between them makes a day"
    drop_database(postgres, empty)


def test_commands_on_an_empty_database_ask_for_migrate(cli: CommandLine, empty: str, postgres: Postgres) -> None:
    for command in (("source", "list"), ("trace", "x"), ("conversions", "list"), ("export",), ("retain",)):
        ran = cli(*command)

        assert (ran.code, ran.err) == (1, "postledger: a table of the ledger is missing; run: postledger migrate\n")
    assert "FAIL  migrations" in cli("doctor").out
    drop_database(postgres, empty)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        (f"postgresql://someone:{CANARY}@127.0.0.1:1/ledger", "nothing listens at DATABASE_URL"),
        (f"postgresql://someone:{CANARY}%zz@127.0.0.1:1/ledger", "check DATABASE_URL"),
        (f"postgresql://someone:p@ss@{CANARY}/ledger", "postledger: "),
        (f"{CANARY}", "DATABASE_URL must be an address such as postgresql://"),
        ("", "set DATABASE_URL, for example"),
    ],
)
def test_an_unusable_database_url_is_reported_without_its_value(cli: CommandLine, url: str, said: str) -> None:
    cli.environment["DATABASE_URL"] = url

    ran = cli("source", "list")

    assert (ran.code, ran.out, len(ran.err.splitlines())) == (1, "", 1)
    assert said in ran.err
    assert CANARY not in ran.err


def test_the_program_itself_reports_a_failure_in_one_line(cli: CommandLine) -> None:
    cli.environment["DATABASE_URL"] = f"postgresql://someone:{CANARY}@127.0.0.1:1/ledger"

    ran = cli.process("source", "list")

    assert (ran.code, ran.out, len(ran.err.splitlines())) == (1, "", 1)
    assert "nothing listens at DATABASE_URL" in ran.err
    assert CANARY not in ran.err


def test_a_wrong_password_is_reported(cli: CommandLine, database: str) -> None:
    user_and_password = database.removeprefix("postgresql://").partition("@")[0]
    cli.environment["DATABASE_URL"] = database.replace(user_and_password, f"postledger:{CANARY}")

    ran = cli("source", "list")

    assert (ran.code, ran.err) == (
        1,
        "postledger: Postgres rejects the user or the password in DATABASE_URL; correct it\n",
    )


def test_a_command_waits_longer_for_a_connection_than_a_request(monkeypatch: pytest.MonkeyPatch, database: str) -> None:
    """No sender waits for a command, and cron may start it only once a day."""
    monkeypatch.setenv("DATABASE_URL", database)

    with open_ledger(60_000) as ledger:
        waits_s = int(ledger.info.get_parameters()["connect_timeout"])

    assert waits_s == PATIENT_CONNECT_S > CONNECT_S


def test_an_unknown_command_or_option_is_refused_in_one_line(cli: CommandLine) -> None:
    for command in (("nonsense",), ("apply",), ("trace", "--nonsense"), ("sign", "acme", "--post", "xml")):
        ran = cli(*command)

        assert (ran.code, ran.out, len(ran.err.splitlines())) == (2, "", 1)
        assert ran.err.startswith("postledger: ")


def test_a_command_without_a_sub_command_prints_the_help(cli: CommandLine) -> None:
    for command in ((), ("source",), ("conversions",), ("postbacks",), ("clicks",)):
        ran = cli(*command)

        assert (ran.code, ran.err) == (2, "")
        assert "Commands" in ran.out


def test_every_command_has_help(cli: CommandLine) -> None:
    single = [
        ("migrate",),
        ("apply",),
        ("export",),
        ("sign",),
        ("send",),
        ("selftest",),
        ("trace",),
        ("retain",),
        ("doctor",),
    ]
    grouped = [("source", name) for name in ("list", "show", "secret", "rotate", "reencrypt", "report")]
    grouped += [("source", "retire"), ("campaign", "retire")]
    lists = [("conversions", "list"), ("postbacks", "list"), ("clicks", "import")]

    for command in [(), ("source",), ("clicks",), *single, *grouped, *lists]:
        ran = cli(*command, "--help")

        assert (ran.code, ran.err) == (0, "")
        assert "Usage:" in ran.out


def test_a_malformed_master_key_is_reported_without_its_value(cli: CommandLine, tmp_path: Path) -> None:
    cli.environment["POSTLEDGER_MASTER_KEY"] = CANARY

    ran = cli("apply", cli.write("ledger.toml", '[[affiliates]]\nid = "1"'))

    assert (ran.code, len(ran.err.splitlines())) == (1, 1)
    assert "POSTLEDGER_MASTER_KEY" in ran.err
    assert CANARY not in ran.err


def test_a_source_with_locked_secrets_cannot_sign_and_doctor_names_it(cli: CommandLine) -> None:
    add_source(cli.environment["DATABASE_URL"], Fernet.generate_key().decode(), "acme")

    signed, examined = cli("sign", "acme", "click_id=x", "--url", "https://edge.example"), cli("doctor")

    assert signed.code == 1
    assert signed.err.splitlines()[-1].endswith("source acme cannot be used as it is stored; run: postledger doctor")
    assert "FAIL  secrets           acme has one that no master key decrypts" in examined.out


def test_a_source_without_secrets_cannot_sign(cli: CommandLine) -> None:
    """Only a manual DELETE leads to this: `apply` refuses a source without a secret."""
    add_source(cli.environment["DATABASE_URL"], cli.environment["POSTLEDGER_MASTER_KEY"], "acme", [])

    signed = cli("sign", "acme", "click_id=x", "--url", "https://edge.example")

    assert (signed.code, signed.err) == (
        1,
        "postledger: source acme has no secret; add one to the TOML file and run postledger apply\n",
    )


def test_settings_are_read_from_the_runtime_file(cli: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "var").mkdir()
    lines = "".join(f"{name}='{value}'\n" for name, value in cli.environment.items())
    cli.write("var/runtime.env", lines)
    cli.environment.clear()

    assert cli.process("source", "list", "--json").facts == []


def list_days(url: str) -> set[str]:
    found = fetch(url, "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'postbacks'::regclass")
    return {name for (name,) in found}


def test_retain_drops_expired_days(cli: CommandLine, database: str) -> None:
    before = list_days(database)
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(
            "CREATE TABLE postbacks_20200101 PARTITION OF postbacks"
            " FOR VALUES FROM ('2020-01-01 00:00:00+00') TO ('2020-01-02 00:00:00+00')"
        )
    cli.environment["POSTLEDGER_RETENTION_DAYS"] = "30"

    kept = cli("retain", "--json").facts

    # The partitions were created when the tests began. Midnight may have passed since.
    assert set(kept.pop("made")) == list_days(database) - before
    assert (kept["dropped"], kept["retention_days"]) == (["postbacks_20200101"], 30)
    assert before <= list_days(database)


@pytest.mark.parametrize("days", ["0", "-1", "soon"])
def test_a_retention_that_would_drop_everything_is_refused(cli: CommandLine, days: str) -> None:
    cli.environment["POSTLEDGER_RETENTION_DAYS"] = days

    ran = cli("retain")

    assert (ran.code, ran.err) == (1, "postledger: POSTLEDGER_RETENTION_DAYS must be a whole number of at least 1\n")
