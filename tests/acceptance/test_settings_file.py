"""`make up` in a shell without yesterday's variables: its settings come from a file, and nothing vanishes unnoticed."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from stat import S_IMODE

import pytest

from tests.parts.checkout import PARTS, PORTS, Checkout
from tests.parts.databases import create_database, drop_database, fetch
from tests.parts.postgres import Postgres

CANARY = "canary-0123456789"


def run_bare(checkout: Checkout, **environment: str) -> subprocess.CompletedProcess[str]:
    """`make up` from a shell that knows where the instance is, and nothing else."""
    kept = ("PATH", "HOME", "POSTLEDGER_VAR", "POSTLEDGER_SETTINGS_FILE")
    return checkout.run_with({name: checkout.environment[name] for name in kept} | environment, "up")


def assert_refused(checkout: Checkout, up: subprocess.CompletedProcess[str], said: str, pids: list[int]) -> None:
    assert (up.returncode, up.stdout.count("\n")) == (1, 1), up.stdout
    assert said in up.stdout
    assert CANARY not in up.stdout
    assert [checkout.pid(part) for part in PARTS] == pids


def test_a_bare_shell_starts_the_same_product(checkout: Checkout) -> None:
    before, pids = checkout.runtime(), [checkout.pid(part) for part in PARTS]

    up = run_bare(checkout)

    assert up.returncode == 0, up.stdout
    assert "duplicate" in up.stdout
    assert "Changed" not in up.stdout
    assert checkout.runtime() == before
    assert [checkout.pid(part) for part in PARTS] == pids


def test_the_first_run_keeps_its_settings_for_the_owner_alone(checkout: Checkout) -> None:
    file = checkout.var / "settings.env"

    assert S_IMODE(file.stat().st_mode) == 0o600
    assert all(f"\n{name}={checkout.environment[name]}\n" in file.read_text() for name in PORTS)
    assert "DATABASE_URL" not in file.read_text(), "the private cluster is no setting"


def test_the_environment_overrides_for_one_run_and_says_so(checkout: Checkout) -> None:
    over = run_bare(
        checkout, POSTLEDGER_NETWORK_RATE="900", POSTLEDGER_ALERT_HEARTBEAT_URL=f"http://x.example/{CANARY}"
    )
    back = run_bare(checkout)

    assert "this run only: POSTLEDGER_ALERT_HEARTBEAT_URL, POSTLEDGER_NETWORK_RATE" in over.stdout
    assert "Changed since the last run: POSTLEDGER_NETWORK_RATE: not set → 900" in over.stdout
    assert "Changed since the last run: POSTLEDGER_ALERT_HEARTBEAT_URL: is set now" in over.stdout
    assert "Changed since the last run: POSTLEDGER_NETWORK_RATE: 900 → not set" in back.stdout
    assert CANARY not in over.stdout + back.stdout


GIVEN = {"DATABASE_URL": f"postgresql://x:{CANARY}@127.0.0.1:1/x", "POSTLEDGER_TLS_RSA_KEY": CANARY}


@contextmanager
def as_if_given(checkout: Checkout, *names: str) -> Iterator[None]:
    """As if the last run had been given these settings: the record of that run is what is compared."""
    given, runtime = checkout.var / "settings.given", checkout.var / "runtime.env"
    texts = {path: path.read_text() for path in (given, runtime)}
    runtime.write_text(texts[runtime] + "".join(f"{name}={GIVEN[name]}\n" for name in names))
    given.write_text(texts[given] + "".join(f"{name}\n" for name in names))
    try:
        yield
    finally:
        for path, text in texts.items():
            path.write_text(text)


@pytest.mark.parametrize("name", GIVEN)
def test_a_vanished_setting_stops_the_command(checkout: Checkout, name: str) -> None:
    pids = [checkout.pid(part) for part in PARTS]

    with as_if_given(checkout, name):
        missed = run_bare(checkout)

        assert_refused(checkout, missed, f"{name} was set in the last run and is not set now; write it into", pids)


def test_an_empty_value_gives_a_setting_up(checkout: Checkout) -> None:
    with as_if_given(checkout, *GIVEN):
        given_up = run_bare(checkout, **dict.fromkeys(GIVEN, ""))

        assert given_up.returncode == 0, given_up.stdout


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("POSTLEDGER_WORKER=canary-0123456789", "POSTLEDGER_WORKER is not a setting; did you mean POSTLEDGER_WORKERS?"),
        ("DATABSE_URL=canary-0123456789", "DATABSE_URL is not a setting; did you mean DATABASE_URL?"),
        ("canary-0123456789 = 1", "settings.env: line"),
        ("POSTLEDGER_QUEUE_LIMIT=x", "POSTLEDGER_QUEUE_LIMIT must be a whole number"),
    ],
)
def test_a_bad_line_of_the_file_stops_the_command(checkout: Checkout, line: str, said: str) -> None:
    file, pids = checkout.var / "settings.env", [checkout.pid(part) for part in PARTS]
    good = file.read_text()
    file.write_text(f"{good}{line}\n")

    up = run_bare(checkout)

    file.write_text(good)
    assert_refused(checkout, up, said, pids)


def test_a_given_database_stays_without_the_variable(root: Path, postgres: Postgres) -> None:
    database = create_database(postgres)
    other = Checkout(root, root / "other var", DATABASE_URL=database, POSTLEDGER_DEMO="no")

    try:
        other.up()
        bare = run_bare(other)

        assert bare.returncode == 0, bare.stdout
        assert "duplicate" in bare.stdout
        assert other.runtime()["DATABASE_URL"] == database
        assert not (other.var / "postgres").exists()
        assert fetch(database, "SELECT slug FROM sources") == [("postledger-selftest",)]
        assert fetch(database, "SELECT count(*) FROM campaigns") == [(0,)]
    finally:
        other.destroy()
        drop_database(postgres, database)


def test_a_release_without_the_file_hands_its_settings_over(checkout: Checkout) -> None:
    before = checkout.runtime()
    (checkout.var / "settings.env").unlink()
    (checkout.var / "settings.given").unlink()

    up = run_bare(checkout, POSTLEDGER_VENV=checkout.environment["POSTLEDGER_VENV"])

    assert up.returncode == 0, up.stdout
    assert f"Settings are kept in {checkout.var}/settings.env from now on" in up.stdout
    assert checkout.runtime() == before
    assert "DATABASE_URL" not in (checkout.var / "settings.env").read_text()


def test_scripts_find_the_instance_by_the_file(checkout: Checkout, tmp_path: Path) -> None:
    file = tmp_path / "postledger.env"
    file.write_text(
        f"export POSTLEDGER_VAR='{checkout.var}'\nPOSTLEDGER_VENV={checkout.environment['POSTLEDGER_VENV']}\n"
    )

    status = checkout.run_with({"PATH": os.environ["PATH"], "POSTLEDGER_SETTINGS_FILE": str(file)}, "status")

    assert status.returncode == 0, status.stdout
    assert "backend" in status.stdout
