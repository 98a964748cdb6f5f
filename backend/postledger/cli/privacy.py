"""`hash` and `forget`: shows the hash of a personal datum, and erases a person from the ledger."""

import sys
from datetime import UTC, datetime
from typing import Annotated

import msgspec
import typer

from postledger.audit.erasure import erase
from postledger.cli.connections import LONG_STATEMENT_TIMEOUT_MS, open_keyring, open_ledger
from postledger.cli.current_user import find_actor
from postledger.cli.errors import CommandFailed
from postledger.cli.output import AsJson, print_json, show_progress
from postledger.policy.instance_keys import hash_datum as hash_personal_datum
from postledger.vocabulary.wording import count


def hash_datum(context: typer.Context, as_json: AsJson = False) -> None:
    """Print the hash that replaces a personal datum in this ledger. The datum is read from standard input."""
    datum = sys.stdin.readline().strip()
    if not datum:
        raise CommandFailed("standard input is empty; write the datum to it")
    with open_ledger(context) as connection:
        hashed = hash_personal_datum(connection, open_keyring(context), datum, datetime.now(UTC))
    if as_json:
        print_json({"hash": hashed})
    else:
        print(hashed)


def forget(
    context: typer.Context,
    click_id: Annotated[str | None, typer.Option("--click-id", help="The click id to erase.")] = None,
    hashed: Annotated[str | None, typer.Option("--hash", help="The hash to erase, from postledger hash.")] = None,
    as_json: AsJson = False,
) -> None:
    """Erase a click id, or the hash of a personal datum, from clicks, audit rows and conversions. The money stays."""
    with (
        open_ledger(context, statement_timeout_ms=LONG_STATEMENT_TIMEOUT_MS) as connection,
        show_progress("reading days") as on_progress,
    ):
        erased = erase(
            connection,
            click_id=click_id,
            hashed=hashed,
            actor=find_actor(),
            now=datetime.now(UTC),
            on_progress=on_progress,
        )
    counts = msgspec.structs.asdict(erased)
    if as_json:
        print_json(counts)
    else:
        print("erased from " + ", ".join(count(number, table.removesuffix("s")) for table, number in counts.items()))
