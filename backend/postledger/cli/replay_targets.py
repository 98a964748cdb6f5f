"""`replay --to`: the selected postbacks go to the sandbox, or to another system, and nothing is booked here."""

from pathlib import Path
from secrets import token_bytes

import httpx
import typer

from postledger.audit.replay.rehearse import rehearse
from postledger.audit.replay.selection import Selection, bound, check_selection, count_rows
from postledger.audit.replay.table import Table
from postledger.cli.connections import LONG_STATEMENT_TIMEOUT_MS, open_keyring, open_ledger
from postledger.cli.current_user import record
from postledger.cli.errors import CommandFailed
from postledger.cli.file_input import open_file
from postledger.cli.interrupts import say_how_far
from postledger.cli.output import print_json, show_progress
from postledger.cli.replay_run import confirm, make_judge
from postledger.cli.replay_table import print_answers, print_rehearsed, table_facts
from postledger.partners.resend import Target, resend
from postledger.partners.send_postback import find_source
from postledger.platform.postgres.connection import LedgerConnection, read_clock
from postledger.platform.settings import read_environment
from postledger.policy.source import Source
from postledger.signatures.secret_key import Key
from postledger.vocabulary.receipt import ENTROPY_BYTES, make_receipt
from postledger.vocabulary.wording import count

SANDBOX, PRODUCTION = "sandbox", "production"
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_OWN_EDGE = "--to is this system's own edge; leave it out to book here"
_BAD_TARGET = "--to takes production, sandbox, or the base of an edge, such as https://staging.example.org"


def replay_to(
    context: typer.Context,
    target: str,
    selection: Selection,
    *,
    go: bool,
    yes: int | None,
    rate: int,
    secret_file: Path | None,
    as_user: str | None,
    as_json: bool,
) -> None:
    """Replay to the sandbox or to the edge of another system. Without `go` it only counts the rows."""
    base = None if target == SANDBOX else read_base(target)
    with open_ledger(context, statement_timeout_ms=LONG_STATEMENT_TIMEOUT_MS) as connection:
        check_selection(connection, selection)
        selection = bound(connection, selection)
        number = count_rows(connection, selection)
        if not go:
            _report_count(number, target, as_json=as_json)
            return
        confirm(number, yes, "replay")
        if base is None:
            table = _rehearse(context, connection, selection, as_user)
        else:
            other = _find_target(context, connection, selection.source, base, secret_file)
            table = _resend(connection, selection, other, rate, as_user)
    _report(table, selection, target, as_json=as_json)


def read_base(text: str) -> str:
    """Read the base of another system's edge. Raises `CommandFailed`."""
    try:
        url = httpx.URL(text)
    except httpx.InvalidURL:
        raise CommandFailed(_BAD_TARGET) from None
    is_safe = url.scheme == "https" or (url.scheme == "http" and url.host in _LOOPBACK)
    if not is_safe or not url.host or url.userinfo or url.query or url.fragment or url.path != "/":
        raise CommandFailed(_BAD_TARGET)
    if _find_place(text) == _find_place(read_environment().get("POSTLEDGER_EDGE_URL") or ""):
        raise CommandFailed(_OWN_EDGE)
    return text.rstrip("/")


def _find_place(text: str) -> tuple[str, int]:
    """Return host and port of a URL, however they are written."""
    url = httpx.URL(text)
    return url.host.lower().rstrip("."), url.port or (80 if url.scheme == "http" else 443)


def _rehearse(context: typer.Context, connection: LedgerConnection, selection: Selection, as_user: str | None) -> Table:
    record(connection, as_user, "replay.rehearse", selection.source or "all sources")
    replay_id = make_receipt(int(read_clock(connection).timestamp() * 1000), token_bytes(ENTROPY_BYTES))
    with say_how_far("replayed") as follow, show_progress("replaying") as on_progress:
        return rehearse(connection, selection, make_judge(context, connection), replay_id, follow(on_progress))


def _resend(
    connection: LedgerConnection,
    selection: Selection,
    target: Target,
    rate: int,
    as_user: str | None,
) -> Table:
    record(connection, as_user, "replay.send", target.source.slug, to=httpx.URL(target.base).host)
    with say_how_far("sent") as follow, show_progress("sending") as on_progress:
        return resend(connection, selection, target, read_environment(), rate=rate, on_progress=follow(on_progress))


def _find_target(
    context: typer.Context, connection: LedgerConnection, slug: str | None, base: str, secret_file: Path | None
) -> Target:
    if slug is None:
        raise CommandFailed("--source is missing: each source of another system has a secret of its own")
    source = find_source(connection, open_keyring(context), slug)
    if _find_place(base)[0] in _list_own_hosts(source):
        raise CommandFailed(_OWN_EDGE)
    return Target(base, source, _read_key(source, secret_file))


def _list_own_hosts(source: Source) -> set[str]:
    """List the hosts under which the source sends to this system."""
    public_url = source.settings.public_url
    return {*source.settings.hosts, *([_find_place(public_url)[0]] if public_url else [])}


def _read_key(source: Source, secret_file: Path | None) -> Key | None:
    if source.settings.auth == "none":
        return None
    if secret_file is None:
        raise CommandFailed("--secret-file is missing: the other system's secret of this source signs what is sent")
    with open_file(secret_file) as opened:
        text = opened.read().decode("utf-8", "replace").strip()
    if not text:
        raise CommandFailed("--secret-file is empty; write the secret into it")
    return Key.from_secret(0, text)


def _report_count(number: int, target: str, *, as_json: bool) -> None:
    if as_json:
        print_json({"dry_run": True, "to": target, "rows": number})
    elif number:
        print(f"{count(number, 'postback')}. To replay them to {target}: --go --yes {number}")
    else:
        print("There is nothing to replay.")


def _report(table: Table, selection: Selection, target: str, *, as_json: bool) -> None:
    if as_json:
        facts = table_facts(table, selection, ())
        names = ("selection", "rows", "judged", "not_believed", "not_kept", "changes")
        print_json({"dry_run": False, "to": target, **{name: facts[name] for name in names}})
    elif target == SANDBOX:
        print_rehearsed(table, selection)
    else:
        print_answers(table, selection)
