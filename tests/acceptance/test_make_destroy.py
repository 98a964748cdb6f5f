"""`make clean` removes caches only. `make destroy` asks, writes a last dump, and removes everything."""

import subprocess
from pathlib import Path

import psycopg

from tests.parts.checkout import Checkout
from tests.parts.databases import create_database, drop_database, fetch
from tests.parts.postgres import Postgres

BOOKED = "SELECT event, payout::text FROM conversions"


def list_saved(checkout: Checkout) -> list[Path]:
    """The folders that `destroy` has written."""
    return sorted(checkout.var.parent.glob("postledger-destroyed-*"))


def assert_nothing_changed(checkout: Checkout) -> None:
    assert checkout.answers("edge")
    assert fetch(checkout.runtime()["DATABASE_URL"], BOOKED) == [("sale", "0.50")]
    assert list_saved(checkout) == []


def test_clean_removes_caches_and_leaves_a_running_product_alone(checkout: Checkout) -> None:
    caches = [checkout.var / "cache", checkout.root / "backend" / "postledger" / "__pycache__"]
    for cache in caches:
        cache.mkdir(exist_ok=True)
    kept = [
        checkout.var / name
        for name in ("master.key", "demo.secret", "runtime.env", "postgres", "log", "bootstrap.lock")
    ]

    cleaned = checkout.run("clean")

    assert cleaned.returncode == 0, cleaned.stdout
    assert [cache for cache in caches if cache.exists()] == []
    assert [path for path in kept if not path.exists()] == []
    assert_nothing_changed(checkout)


def test_destroy_without_a_terminal_refuses_and_changes_nothing(checkout: Checkout) -> None:
    refused = checkout.run("destroy")

    assert refused.returncode == 1
    assert "there is no terminal to ask at; run it with YES=1 or --yes" in refused.stdout
    assert_nothing_changed(checkout)


def test_another_answer_than_destroy_changes_nothing(checkout: Checkout) -> None:
    refused = checkout.answer("destroy", "yes\n")

    assert refused.returncode == 1
    assert "not confirmed; nothing was changed" in refused.stdout
    assert_nothing_changed(checkout)


def test_destroy_removes_nothing_if_the_dump_fails(checkout: Checkout) -> None:
    password = checkout.var / "postgres.password"
    right = password.read_text()
    password.write_text("0" * 48)

    refused = checkout.run("destroy", YES="1")

    password.write_text(right)
    assert refused.returncode == 1
    assert "the last dump failed" in refused.stdout
    checkout.up()
    assert_nothing_changed(checkout)


def test_destroy_writes_dumps_that_restore_and_removes_the_rest(checkout: Checkout, postgres: Postgres) -> None:
    """Two, because DATABASE_URL names another database of the private cluster, as after a restore."""
    own = checkout.runtime()["DATABASE_URL"]
    with psycopg.connect(own, autocommit=True) as connection:
        connection.execute("CREATE DATABASE moved")
    with psycopg.connect(own.rpartition("/")[0] + "/moved") as connection:
        connection.execute("CREATE TABLE conversions AS SELECT 'moved' AS event, '1' AS payout")
    with (checkout.var / "runtime.env").open("a") as runtime:
        runtime.write(f"DATABASE_URL={own.rpartition('/')[0]}/moved\n")
    key = (checkout.var / "master.key").read_text()

    destroyed = checkout.answer("destroy", "destroy\n")

    assert destroyed.returncode == 0, destroyed.stdout
    assert not checkout.var.exists()
    assert checkout.processes() == []
    [saved] = list_saved(checkout)
    assert str(saved) in destroyed.stdout
    assert saved.stat().st_mode & 0o077 == 0
    assert (saved / "master.key").read_text() == key
    assert "POSTLEDGER_EDGE_PORT=" in (saved / "settings.env").read_text()
    for name, booked in (("ledger.dump", ("moved", "1")), ("postledger.dump", ("sale", "0.50"))):
        restored = create_database(postgres)
        subprocess.run(["pg_restore", "--no-owner", f"--dbname={restored}", saved / name], check=True)
        assert fetch(restored, BOOKED) == [booked]
        drop_database(postgres, restored)


def test_destroy_leaves_a_folder_that_postledger_did_not_make(root: Path, tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("mine")
    stranger = Checkout(root, tmp_path)

    refused = stranger.run("destroy", "--yes")

    assert refused.returncode == 1
    assert "was not made by Postledger" in refused.stdout
    assert (tmp_path / "letter.txt").read_text() == "mine"
