"""`make up` checks the ledger and the master key before it stops, changes or creates anything."""

import shutil
import subprocess
from pathlib import Path

import psycopg
import pytest

from tests.parts.checkout import PARTS, Checkout
from tests.parts.databases import fetch


def assert_refused(checkout: Checkout, up: subprocess.CompletedProcess[str], said: str, pids: list[int]) -> None:
    assert (up.returncode, up.stdout.count("\n")) == (1, 1), up.stdout
    assert said in up.stdout
    assert [checkout.pid(part) for part in PARTS] == pids
    assert all(checkout.answers(part) for part in PARTS)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("postgresql://postledger:canary@127.0.0.1:1/x", "nothing listens at DATABASE_URL"),
        ("postgresql://postledger:canary@nowhere.invalid/x", "the host in DATABASE_URL cannot be found"),
        ("postgresql://postledger:canary@127.0.0.1:{port}/postledger", "Postgres rejects the user or the password"),
    ],
)
def test_an_unreachable_database_stops_nothing(checkout: Checkout, url: str, said: str) -> None:
    pids = [checkout.pid(part) for part in PARTS]
    port = (checkout.var / "postgres.port").read_text().strip()

    up = checkout.run("up", DATABASE_URL=url.format(port=port))

    assert_refused(checkout, up, said, pids)
    assert "canary" not in up.stdout


def test_a_lost_master_key_is_not_replaced_by_a_new_one(checkout: Checkout) -> None:
    pids, key = [checkout.pid(part) for part in PARTS], checkout.var / "master.key"
    aside = key.rename(checkout.var / "aside")

    up = checkout.run("up")
    is_made = key.exists()
    checkout.run("down")
    down = checkout.run("up")

    assert (up.returncode, up.stdout.count("\n"), is_made) == (1, 1, False), up.stdout
    assert "the master key of this machine does not decrypt" in up.stdout
    assert (down.returncode, down.stdout.count("\n"), key.exists()) == (1, 1, False), down.stdout
    assert f"put it back into {key}" in down.stdout
    assert 0 not in pids
    aside.rename(key)


def test_another_key_is_refused_before_anything_works_with_it(checkout: Checkout) -> None:
    key = checkout.var / "master.key"
    aside = shutil.copy2(key, checkout.var / "aside")
    checkout.run("down")
    key.write_text("A" * 43 + "=")

    up = checkout.run("up")

    assert up.returncode == 1
    assert up.stdout.splitlines()[-1].startswith("up: the master key of this machine does not decrypt")
    key.write_text(Path(aside).read_text())
    assert "duplicate" in checkout.up()


def test_a_second_machine_needs_the_key_of_the_first(root: Path, checkout: Checkout) -> None:
    ledger = checkout.runtime()["DATABASE_URL"]
    second = Checkout(root, root / "second var", DATABASE_URL=ledger)
    stored = fetch(ledger, "SELECT id, ciphertext FROM source_secrets ORDER BY id")

    try:
        refused = second.run("up")

        assert (refused.returncode, refused.stdout.count("\n")) == (1, 1), refused.stdout
        assert f"scp HOST:…/var/master.key {second.var}/master.key" in refused.stdout
        assert "(demo, " in refused.stdout
        assert not (second.var / "master.key").exists()
        assert fetch(ledger, "SELECT id, ciphertext FROM source_secrets ORDER BY id") == stored
        shutil.copy2(checkout.var / "master.key", second.var / "master.key")
        assert "duplicate" in second.up()
        assert checkout.answers("edge")
    finally:
        second.destroy()


def test_a_ledger_can_move_to_another_database_of_the_cluster(checkout: Checkout) -> None:
    """The private cluster goes on: the database is one of its own."""
    own = checkout.runtime()["DATABASE_URL"]
    pid, moved = checkout.pid("postgres"), own.rpartition("/")[0] + "/moved"
    with psycopg.connect(own, autocommit=True) as connection:
        connection.execute("CREATE DATABASE moved")

    up = checkout.run("up", DATABASE_URL=moved)

    assert up.returncode == 0, up.stdout
    assert ": accepted" in up.stdout
    assert checkout.pid("postgres") == pid
    assert "/moved?" in checkout.runtime()["POSTLEDGER_READER_URL"]
    back = checkout.run("up", DATABASE_URL="")
    assert back.returncode == 0, back.stdout
    assert "duplicate" in back.stdout
