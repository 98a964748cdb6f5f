"""The composition root of the check of the ledger that `make up` makes before it stops anything."""

import os
import shutil
import sys
from pathlib import Path

from postledger.bootstrap.command import open_ledger
from postledger.doctor.readiness import describe_low_room, find_obstacle, list_warnings
from postledger.platform.keyring import Keyring
from postledger.platform.postgres.errors import DatabaseFailed
from postledger.platform.settings import BadSetting, read_master_keys

_STATEMENT_TIMEOUT_MS = 10_000


def check_ledger(var: Path) -> None:
    """Check that the ledger can be used, before anything is stopped. Raises `BadSetting`."""
    if low := describe_low_room(var, shutil.disk_usage(var).free):
        raise BadSetting(low)
    key_file = Path(os.environ.get("POSTLEDGER_MASTER_KEY_FILE") or var / "master.key")
    try:
        with open_ledger(_STATEMENT_TIMEOUT_MS) as connection:
            if obstacle := find_obstacle(connection, _open_keyring(key_file), key_file):
                raise BadSetting(f"{obstacle}; nothing was changed")
            for warning in list_warnings(connection):
                print(warning)
    except DatabaseFailed as error:
        raise BadSetting(f"DATABASE_URL cannot be used: {error.advice}; nothing was changed") from None


def _open_keyring(key_file: Path) -> Keyring | None:
    if not os.environ.get("POSTLEDGER_MASTER_KEY") and not key_file.exists():
        return None  # `make up` would create it
    return Keyring(read_master_keys({"POSTLEDGER_MASTER_KEY_FILE": str(key_file), **os.environ}))


def main(var: Path) -> None:
    """Check it. A ledger that cannot be used ends it with one line."""
    try:
        check_ledger(var)
    except BadSetting as error:
        sys.exit(f"up: {error}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
