"""`hash` and `forget`: what stands for a personal datum on the ledger, and how a person is taken off it."""

import sys
from datetime import UTC, datetime
from typing import Annotated

import msgspec
import typer

from postledger.audit.erasure import erase
from postledger.cli.connections import open_keyring, open_ledger
from postledger.cli.current_user import find_actor
from postledger.cli.errors import CommandFailed
from postledger.cli.output import AsJson, print_json, show_progress
from postledger.policy.pii_key import open_pii_key
from postledger.policy.privacy import hash_personal, is_hash

_TIMEOUT_MS = 15 * 60_000  # the audit of a day is read whole, as nothing goes by what was sent


def hash_datum(as_json: AsJson = False) -> None:
    """Print what stands on this ledger for a personal datum. It is read from standard input, not from the command."""
    datum = sys.stdin.readline().strip()
    if not datum:
        raise CommandFailed("nothing was read; give the datum on standard input")
    with open_ledger() as connection:
        hashed = hash_personal(open_pii_key(connection, open_keyring(), datetime.now(UTC)), datum)
    if as_json:
        print_json({"hash": hashed})
    else:
        print(hashed)


def forget(
    click_id: Annotated[str | None, typer.Option("--click-id", help="The click id to forget.")] = None,
    hashed: Annotated[str | None, typer.Option("--hash", help="What stands for a datum: see postledger hash.")] = None,
    as_json: AsJson = False,
) -> None:
    """Take a click id, or the hash of a personal datum, off clicks, audit rows and conversions. The money stays."""
    if (click_id is None) == (hashed is None):
        raise CommandFailed("give either --click-id or --hash")
    if not (click_id or hashed) or (hashed is not None and not is_hash(hashed)):
        raise CommandFailed("--hash is h- and 32 digits, as postledger hash prints it; --click-id is not empty")
    with open_ledger(statement_timeout_ms=_TIMEOUT_MS) as connection, show_progress("reading days") as tell_progress:
        erased = erase(
            connection,
            click_id=click_id,
            hashed=hashed,
            actor=find_actor(),
            now=datetime.now(UTC),
            tell_progress=tell_progress,
        )
    counts = msgspec.structs.asdict(erased)
    if as_json:
        print_json(counts)
    else:
        print("forgotten in " + ", ".join(f"{count} {table}" for table, count in counts.items()))
