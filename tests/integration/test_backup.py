"""A ledger is written into one file, and restored from it: partitions, sequences, secrets, everything."""

import re
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from cryptography.fernet import Fernet

from postledger.platform.postgres import archive
from tests.parts.cli import CommandLine
from tests.parts.databases import create_database, drop_database, fetch
from tests.parts.postgres import Postgres

COUNTS = """
SELECT (SELECT count(*) FROM sources), (SELECT count(*) FROM source_secrets), (SELECT count(*) FROM schema_migrations),
    (SELECT count(*) FROM pg_inherits WHERE inhparent = 'postbacks'::regclass)
"""
ADD_CONVERSION = """
INSERT INTO conversions (id, source_id, dedup_key, event, click_id, status, payout, currency, created_at, updated_at)
SELECT gen_random_uuid(), id, gen_random_uuid(), 'sale', 'c', 'approved', 0.50, 'USD', now(), now()
FROM sources WHERE slug = 'acme'
"""


@pytest.fixture
def backup(cli: CommandLine, file: str, tmp_path: Path) -> Path:
    """A backup of a ledger with one source and one conversion."""
    assert cli("apply", file).code == 0
    assert cli("hash", stdin="person@example.org\n").code == 0
    assert cli("grant", "postledger_reader").code == 0
    execute(cli.environment["DATABASE_URL"], ADD_CONVERSION)
    ran = cli("backup", str(tmp_path / "ledger.dump"), "--json")
    return Path(ran.facts["file"])


@pytest.fixture
def empty(postgres: Postgres) -> Iterator[str]:
    """The URL of an empty database."""
    url = create_database(postgres)
    yield url
    drop_database(postgres, url)


def execute(url: str, statement: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement.encode())


def at(cli: CommandLine, url: str, **environment: str) -> CommandLine:
    return CommandLine({**cli.environment, "DATABASE_URL": url, **environment}, cli.directory)


def test_a_restored_ledger_is_the_same_and_goes_on(cli: CommandLine, backup: Path, empty: str, master_key: str) -> None:
    restored = at(cli, empty)("restore", str(backup))

    assert (restored.code, restored.err) == (0, "")
    assert restored.out.startswith("1 conversion restored. Run make up")
    assert fetch(empty, COUNTS) == fetch(cli.environment["DATABASE_URL"], COUNTS)
    assert fetch(empty, "SELECT payout::text FROM conversions") == [("0.50",)]
    other = at(cli, empty)
    shown = other("source", "secret", "acme", "--reveal", "--json").facts["secrets"]
    assert shown[0]["secret"] == "s3cret-current"
    more = other.write("more.toml", '[[sources]]\nslug = "later"\nname = "Later"\nsecrets = ["s3cret-of-later-on"]\n')
    assert other("apply", more).code == 0, "the sequences go on where they were"
    assert other("grant", "postledger_reader").code == 0


def test_a_backup_is_for_its_owner_alone_and_tells_of_the_key(cli: CommandLine, tmp_path: Path) -> None:
    key = tmp_path / "master.key"
    key.write_text(cli.environment["POSTLEDGER_MASTER_KEY"])
    other = CommandLine(
        {"DATABASE_URL": cli.environment["DATABASE_URL"], "POSTLEDGER_MASTER_KEY_FILE": str(key)}, tmp_path
    )

    ran = other("backup", str(tmp_path))

    (file,) = tmp_path.glob("postledger-*.dump")
    assert re.fullmatch(r"postledger-\d{8}T\d{6}Z\.dump", file.name)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "The master key is not in this file. Without it the backup is worthless" in ran.out
    assert f"Keep a copy of {key} too" in ran.out


def test_a_backup_reports_secrets_that_the_key_does_not_decrypt(cli: CommandLine, backup: Path, tmp_path: Path) -> None:
    other = at(cli, cli.environment["DATABASE_URL"], POSTLEDGER_MASTER_KEY=Fernet.generate_key().decode())

    ran = other("backup", str(tmp_path / "second.dump"))

    assert ran.code == 0
    assert 'the master key here does not decrypt the secrets of acme, its own key "pii"' in ran.err


def test_a_restore_under_another_key_tells_what_to_bring(cli: CommandLine, backup: Path, empty: str) -> None:
    other = at(cli, empty, POSTLEDGER_MASTER_KEY=Fernet.generate_key().decode())

    ran = other("restore", str(backup))

    assert ran.code == 0
    assert "bring the key that encrypted them" in ran.err


def test_a_database_that_is_not_empty_is_left_alone(cli: CommandLine, backup: Path) -> None:
    before = fetch(cli.environment["DATABASE_URL"], COUNTS)

    ran = cli("restore", str(backup))
    unconfirmed = cli("restore", str(backup), "--replace")

    assert (ran.code, ran.err.count("\n")) == (1, 1)
    name = urlsplit(cli.environment["DATABASE_URL"]).path.removeprefix("/")
    assert f"the database {name} at " in ran.err
    assert "tables; restore into an empty one, or give --replace" in ran.err
    assert f"tables of the database {name} at " in unconfirmed.err
    assert "; to do so, add --yes" in unconfirmed.err
    assert fetch(cli.environment["DATABASE_URL"], COUNTS) == before


def test_what_is_replaced_is_saved_first(cli: CommandLine, backup: Path, empty: str) -> None:
    url = cli.environment["DATABASE_URL"]
    execute(url, "UPDATE conversions SET payout = 7")
    execute(url, "CREATE TABLE later (id bigint)")

    ran = cli("restore", str(backup), "--replace", "--yes", "--json")

    assert fetch(url, "SELECT payout::text FROM conversions") == [("0.50",)]
    assert fetch(url, "SELECT to_regclass('later')") == [(None,)]
    assert at(cli, empty)("restore", ran.facts["replaced"]).code == 0
    assert fetch(empty, "SELECT payout FROM conversions") == [(7,)]


def test_a_database_in_use_is_not_replaced(cli: CommandLine, backup: Path) -> None:
    url = cli.environment["DATABASE_URL"]

    with psycopg.connect(url, application_name="postledger-ledger"):
        ran = cli("restore", str(backup), "--replace", "--yes")

    assert ran.code == 1
    assert "postledger-ledger is connected to this database; stop it first" in ran.err
    assert fetch(url, "SELECT count(*) FROM conversions") == [(1,)]


def test_a_missing_database_is_created_on_request(cli: CommandLine, backup: Path, postgres: Postgres) -> None:
    url = postgres.url("restored-by-test")

    without = at(cli, url)("restore", str(backup))
    ran = at(cli, url)("restore", str(backup), "--create")

    assert "the database or the role in DATABASE_URL does not exist" in without.err
    assert ran.code == 0, ran.err
    assert fetch(url, "SELECT count(*) FROM conversions") == [(1,)]
    drop_database(postgres, url)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"nonsense", "input file does not appear to be a valid archive"),
        (b"", "pg_restore failed: "),
        (None, "is no file"),
    ],
)
def test_a_file_that_is_no_backup_changes_nothing(
    cli: CommandLine, empty: str, tmp_path: Path, content: bytes | None, said: str
) -> None:
    file = tmp_path / "x.dump"
    if content is not None:
        file.write_bytes(content)

    ran = at(cli, empty)("restore", str(file))

    assert (ran.code, ran.err.count("\n")) == (1, 1), ran.err
    assert said in ran.err
    assert fetch(empty, "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace") == [(0,)]


def test_a_dump_of_another_program_is_no_backup(
    cli: CommandLine, postgres: Postgres, empty: str, tmp_path: Path
) -> None:
    foreign = create_database(postgres)
    execute(foreign, "CREATE TABLE orders (id bigint)")
    archive.dump(foreign, tmp_path / "foreign.dump")

    ran = at(cli, empty)("restore", str(tmp_path / "foreign.dump"))

    assert "is no backup of a ledger" in ran.err
    drop_database(postgres, foreign)


def test_a_truncated_backup_restores_nothing(cli: CommandLine, backup: Path, empty: str) -> None:
    backup.write_bytes(backup.read_bytes()[:-200])

    ran = at(cli, empty)("restore", str(backup))

    assert (ran.code, ran.err.count("\n")) == (1, 1), ran.err
    assert fetch(empty, "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace") == [(0,)]


def test_an_existing_file_is_not_overwritten(cli: CommandLine, backup: Path) -> None:
    content = backup.read_bytes()

    ran = cli("backup", str(backup))

    assert (ran.code, backup.read_bytes() == content) == (1, True)
    assert "exists already" in ran.err


def test_no_password_is_in_the_list_of_processes(
    cli: CommandLine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    started: list[list[str]] = []
    run = subprocess.run

    def watch(command: list[str], **options: object) -> object:
        started.append(command)
        return run(command, **options)  # type: ignore[call-overload]

    monkeypatch.setattr(subprocess, "run", watch)
    url = cli.environment["DATABASE_URL"] + "&keepalives=1"

    archive.dump(url, tmp_path / "x.dump")

    ((*_, last),) = started
    assert last.startswith("--dbname=")
    assert "keepalives=1" in last
    assert str(psycopg.conninfo.conninfo_to_dict(url)["password"]) not in " ".join(started[0])
