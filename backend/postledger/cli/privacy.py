"""`hash` and `forget`: shows the hash of a personal datum, and erases a person from the ledger."""

import sys
from datetime import UTC, datetime
from typing import Annotated

import msgspec
import typer

from postledger.audit.erasure import erase
from postledger.cli.connections import LONG_STATEMENT_TIMEOUT_MS, open_keyring, open_ledger
from postledger.cli.current_user import AsUser, record
from postledger.cli.errors import CommandFailed
from postledger.cli.id_arguments import read_id
from postledger.cli.output import AsJson, print_json, show_progress
from postledger.policy.instance_keys import hash_datum as hash_personal_datum
from postledger.reconciliation.forget_person import forget_click, forget_counterparty
from postledger.vocabulary.wording import count


def hash_datum(context: typer.Context, as_json: AsJson = False) -> None:
    """Print the hashes that replace personal data in this ledger. They are read from standard input, one per line."""
    lines = [sys.stdin.readline()] if sys.stdin.isatty() else sys.stdin  # a person types one, and sees its hash
    data = [line.strip() for line in lines if line.strip()]
    if not data:
        raise CommandFailed("standard input is empty; write one datum per line to it")
    with open_ledger(context) as connection:
        keyring, now = open_keyring(context), datetime.now(UTC)
        hashes = [hash_personal_datum(connection, keyring, datum, now) for datum in data]
    if not as_json:
        print("\n".join(hashes))
    elif len(hashes) == 1:
        print_json({"hash": hashes[0]})
    else:
        print_json([{"hash": hashed} for hashed in hashes])


def forget(
    context: typer.Context,
    click_id: Annotated[str | None, typer.Option("--click-id", help="The click id to erase.")] = None,
    hashed: Annotated[str | None, typer.Option("--hash", help="The hash to erase, from postledger hash.")] = None,
    *,
    as_user: AsUser = None,
    as_json: AsJson = False,
) -> None:
    """Erase a click id, or the hash of a personal datum, from clicks, audit rows and conversions. The money stays.

    A click id is also erased from the reports of networks, and the counterparty of bank lines whose name has the hash.
    """
    with (
        open_ledger(context, statement_timeout_ms=LONG_STATEMENT_TIMEOUT_MS) as connection,
        show_progress("reading days") as on_progress,
    ):
        datum, now = None if hashed is None else hashed.strip().lower(), datetime.now(UTC)
        erased = erase(
            connection,
            click_id=read_id(click_id),
            hashed=datum,
            # The entry names nothing of what is erased.
            actor=record(connection, as_user, "forget", "a person"),
            now=now,
            on_progress=on_progress,
        )
        if datum is None:
            lines = forget_click(connection, read_id(click_id) or "")
        else:
            lines = forget_counterparty(connection, lambda: open_keyring(context), datum, now)
    counts = msgspec.structs.asdict(erased) | ({"statement_lines": lines} if lines else {})
    if as_json:
        print_json(counts)
    else:
        print(
            "erased from "
            + ", ".join(count(number, table.removesuffix("s").replace("_", " ")) for table, number in counts.items())
        )
