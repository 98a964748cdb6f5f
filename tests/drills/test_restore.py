"""A machine is lost: its ledger is restored on another one from backup and master key, and goes on booking."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.parts.checkout import RUN_WITHIN_S, Checkout
from tests.parts.databases import create_database, drop_database, fetch
from tests.parts.postgres import Postgres


def run(checkout: Checkout, environment: dict[str, str], *arguments: str) -> Any:
    """What a command prints with `--json`."""
    ran = subprocess.run(
        [sys.executable, "-m", "postledger", *arguments, "--json"],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(checkout.root / "backend"), **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=RUN_WITHIN_S,
    )
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


def send(checkout: Checkout, transaction_id: str) -> str:
    """Send one signed postback of the demo's source through the edge, and return the verdict."""
    order = ("click_id=c", f"transaction_id={transaction_id}", "payout=12.50")
    return str(run(checkout, checkout.runtime(), "send", "demo", *order)["status"])


def test_a_restored_ledger_goes_on_booking(checkout: Checkout, root: Path, postgres: Postgres, tmp_path: Path) -> None:
    assert send(checkout, "before") == "accepted"
    backup = run(checkout, checkout.runtime(), "backup", str(tmp_path))
    key = shutil.copy2(backup["master_key"], tmp_path / "master.key")
    assert send(checkout, "after the backup") == "accepted"
    checkout.run("down")
    database = create_database(postgres)
    other = Checkout(root, root / "other var", DATABASE_URL=database)

    try:
        here = {"DATABASE_URL": database, "POSTLEDGER_MASTER_KEY_FILE": str(key)}
        restored = run(checkout, here, "restore", backup["file"])
        without_key = other.run("up")
        shutil.copy2(key, other.var / "master.key")
        printed = other.up()

        assert restored["conversions"] == 2, "the self-test's and one of the demo's"
        assert (without_key.returncode, without_key.stdout.count("\n")) == (1, 1), without_key.stdout
        assert "does not decrypt" in without_key.stdout
        assert "duplicate" in printed, "the self-test was booked on the lost machine"
        assert send(other, "before") == "duplicate"
        assert send(other, "after the backup") == "accepted", "its sender repeats what the backup does not contain"
        assert send(other, "new") == "accepted"
        assert fetch(database, "SELECT count(*) FROM conversions") == [(4,)]
    finally:
        other.destroy()
        drop_database(postgres, database)
