"""`audit`: the chain of what was done and decided: verify it, print its end, list its entries."""

import json
import re
from datetime import UTC, datetime
from typing import Annotated

import typer

from postledger.cli.connections import LONG_STATEMENT_TIMEOUT_MS, open_ledger
from postledger.cli.errors import CommandFailed
from postledger.cli.list_format import Format, Limit, Wide, Zone, limit_rows, print_rows
from postledger.cli.output import AsJson, print_json, show_progress
from postledger.cli.row_output import Columns, Row
from postledger.cli.time_options import read_zone
from postledger.people.audit_chain import Head, read_head
from postledger.people.list_entries import list_entries
from postledger.people.verify_chain import check_chain
from postledger.vocabulary.wording import count

audit = typer.Typer(help="The chain of what was done and decided, and by whom.", no_args_is_help=True)

_HEAD = re.compile(r"([0-9]{1,18}):([0-9a-f]{64})")
_ENTRIES = Columns(
    everything=("seq", "at", "actor", "action", "subject", "body", "hash"),
    of_table=("seq", "at", "actor", "action", "subject"),
    by_importance=("seq", "at", "actor", "action", "subject"),
)


@audit.command("verify")
def verify(
    context: typer.Context,
    *,
    head: Annotated[
        str | None,
        typer.Option("--head", "--expect", metavar="SEQ:HASH", help="An end that `audit head` printed before."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Verify every entry, from the first one to the end. It names the first one that is wrong.

    An end that was cut off shows only by what was known of it: the last verification here, and --head, which you keep
    elsewhere. The alerts AuditChainBroken and AuditWentBack go by the last verification, this one or the worker's.
    """
    expected = None if head is None else _read_head(head)
    with (
        open_ledger(context, statement_timeout_ms=LONG_STATEMENT_TIMEOUT_MS) as connection,
        show_progress("verifying") as on_progress,
    ):
        verified = check_chain(connection, datetime.now(UTC), on_progress, expected)
    fault = verified.fault
    if as_json:
        found = None if fault is None else {"kind": fault.kind, "seq": fault.seq, "why": fault.why}
        print_json({"entries": verified.head.seq, "head": str(verified.head), "fault": found})
    elif fault is None:
        print(f"{count(verified.head.seq, 'entry', 'entries')} in order, up to {verified.head}")
    if fault is not None:
        name = "AuditWentBack" if fault.kind == "went_back" else "AuditChainBroken"
        raise CommandFailed(f"{fault.why}; see the runbook {name}")


@audit.command("head")
def print_head(context: typer.Context, as_json: AsJson = False) -> None:
    """Print the end of the chain, SEQ:HASH. Keep it elsewhere, and give it to `audit verify --head` later."""
    with open_ledger(context) as connection:
        found = read_head(connection)
    if as_json:
        print_json({"seq": found.seq, "hash": found.hash.hex(), "head": str(found)})
    else:
        print(found)


@audit.command("list")
def list_chain(
    context: typer.Context,
    *,
    actor: Annotated[str | None, typer.Option("--actor", help="Only this login or user.")] = None,
    action: Annotated[
        str | None, typer.Option("--action", help="Only this action, such as user.add, or this kind: user.")
    ] = None,
    subject: Annotated[str | None, typer.Option("--subject", help="Only what was done to this.")] = None,
    timezone: Zone = None,
    limit: Limit = None,
    wide: Wide = False,
    as_json: AsJson = False,
) -> None:
    """List entries, newest first. With --json: their bodies and hashes too."""
    form = Format(read_zone(timezone), limit, as_json, as_csv=False, wide=wide, excel=False)
    with open_ledger(context) as connection:
        rows = list_entries(connection, actor=actor, action=action, subject=subject, limit=limit_rows(form))
        print_rows((_write(row) for row in rows), _ENTRIES, form)


def _read_head(text: str) -> Head:
    match = _HEAD.fullmatch(text.strip().lower())
    if match is None:
        raise CommandFailed("--head must be SEQ:HASH, as postledger audit head prints it")
    return Head(int(match[1]), bytes.fromhex(match[2]))


def _write(row: Row) -> Row:
    body, hashed = row["body"], row["hash"]
    assert isinstance(body, bytes), "a column of bytes"
    assert isinstance(hashed, bytes), "a column of bytes"
    return {**row, "body": _read_body(body), "hash": hashed.hex()}


def _read_body(body: bytes) -> object:
    """Read a body for people. One that was changed by hand may be no JSON."""
    try:
        return json.loads(body)
    except ValueError:
        return body.hex()
