"""`replay`: judges stored postbacks again by the rules of today. A dry run by default; `--go` books what it shows."""

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from secrets import token_bytes
from typing import Annotated

import typer

from postledger.audit.replay.book import book_replay, start_replay
from postledger.audit.replay.judge import Judge
from postledger.audit.replay.limits import refuse_over_limit
from postledger.audit.replay.past_settings import PastSettings
from postledger.audit.replay.preview import Preview, preview_replay
from postledger.audit.replay.replays import Shown, list_replays, show_replay
from postledger.audit.replay.selection import Selection, begin_of, bound, check_selection
from postledger.cli.connections import LONG_STATEMENT_TIMEOUT_MS, open_keyring, open_ledger
from postledger.cli.current_user import AsUser, recorded
from postledger.cli.errors import CommandFailed
from postledger.cli.file_input import open_file
from postledger.cli.id_arguments import MOST_ROWS, read_id, read_receipt
from postledger.cli.interrupts import say_how_far
from postledger.cli.list_format import Wide, Zone
from postledger.cli.output import AsJson, note, print_json, show_progress
from postledger.cli.replay_table import print_table, table_facts, to_facts, to_row
from postledger.cli.row_output import Columns, print_row_table
from postledger.cli.time_options import FORMS, read_moment, read_past, read_zone
from postledger.platform.postgres.connection import LedgerConnection
from postledger.platform.settings import read_environment, read_replay_limit
from postledger.policy.read import load_policy
from postledger.vocabulary.receipt import ENTROPY_BYTES
from postledger.vocabulary.refusal import Reason
from postledger.vocabulary.statuses import Verdict
from postledger.vocabulary.wording import count

replays = typer.Typer(help="Stored postbacks, judged again by the rules of today.", invoke_without_command=True)

_DEFAULT_RATE = 1000
_REPLAYS = Columns(
    everything=(),
    of_table=("created_at", "state", "actor", "rows", "booked", "id"),
    by_importance=("id", "state", "booked", "rows", "created_at", "actor"),
)
_HELP_OF_GO = "Book what the dry run shows. It asks for the number of postbacks, or takes it from --yes."


@replays.callback()
def replay(
    context: typer.Context,
    *,
    since: Annotated[str | None, typer.Option("--since", help=f"From this time on: {FORMS}.")] = None,
    until: Annotated[str | None, typer.Option("--until", help="Before this time. The default is now.")] = None,
    source: Annotated[str | None, typer.Option("--source", help="Only this source.")] = None,
    verdict: Annotated[Verdict | None, typer.Option("--verdict", help="Only rows with this verdict.")] = None,
    reason: Annotated[Reason | None, typer.Option("--reason", help="Only rows refused for this reason.")] = None,
    transaction: Annotated[str | None, typer.Option("--transaction", help="Only this transaction id.")] = None,
    receipts: Annotated[
        Path | None, typer.Option("--receipts", help="Only the receipts in this file, one a line. - is stdin.")
    ] = None,
    go: Annotated[bool, typer.Option("--go", help=_HELP_OF_GO)] = False,
    yes: Annotated[int | None, typer.Option("--yes", min=0, help="The number of postbacks to book.")] = None,
    accept_drift: Annotated[
        bool, typer.Option("--accept-drift", help="Also book what was booked before and is judged otherwise today.")
    ] = False,
    rate: Annotated[
        int, typer.Option("--rate", min=1, max=1_000_000, help="Book at most this many postbacks per second.")
    ] = _DEFAULT_RATE,
    resume: Annotated[str | None, typer.Option("--resume", metavar="ID", help="Go on with this replay.")] = None,
    timezone: Zone = None,
    as_user: AsUser = None,
    as_json: AsJson = False,
) -> None:
    """Judge stored postbacks again by the rules of today. Without --go it changes nothing."""
    if context.invoked_subcommand is not None:
        return
    if resume is not None:
        _resume(context, read_receipt(resume), rate, as_json=as_json)
        return
    if since is None and receipts is None:
        raise CommandFailed(f"--since is missing; give a time: {FORMS}")
    now, zone = datetime.now(UTC), read_zone(timezone)
    listed = None if receipts is None else _read_receipts(receipts)
    selection = Selection(
        read_past("--since", since, now, zone) if since is not None else begin_of(listed or ()),
        read_moment("--until", until, now, zone) or now + timedelta(days=1),
        source,
        verdict,
        reason,
        read_id(transaction),
        listed,
    )
    selection, preview = _preview(context, selection)
    if not go:
        _report_preview(preview, selection, as_json=as_json)
        return
    if not as_json and yes is None:  # else the operator has seen it
        print_table(preview.table, selection, preview.parks)
    _check(preview, yes, accept_drift=accept_drift)
    if preview.table.rows_to_book:
        with open_ledger(context) as connection:
            entropy = token_bytes(ENTROPY_BYTES)
            with recorded(connection, as_user, "replay.start", source or "all sources") as actor:
                replay_id = start_replay(
                    connection, selection, preview, actor=actor, entropy=entropy, accepts_drift=accept_drift
                )
        _resume(context, replay_id, rate, as_json=as_json)
    elif as_json:
        _report_preview(preview, selection, as_json=True)


@replays.command("list")
def list_all(
    context: typer.Context,
    limit: Annotated[int | None, typer.Option("--limit", min=1, max=MOST_ROWS, help="At most this many.")] = None,
    wide: Wide = False,
    as_json: AsJson = False,
) -> None:
    """List replays that were booked, newest first."""
    with open_ledger(context) as connection:
        found = list_replays(connection, limit)
    if as_json:
        print_json([to_facts(shown) for shown in found])
    else:
        print_row_table([to_row(shown) for shown in found], _REPLAYS, UTC, wide=wide)


@replays.command("show")
def show(
    context: typer.Context,
    replay_id: Annotated[str, typer.Argument(metavar="ID", help="The id of a replay.")],
    as_json: AsJson = False,
) -> None:
    """Show a replay: what it selected, how far it is, and what it has booked."""
    with open_ledger(context) as connection:
        shown = show_replay(connection, read_receipt(replay_id))
    if as_json:
        print_json(to_facts(shown))
        return
    print(f"replay {shown.id}: {shown.state}, started {shown.created_at:%F %TZ} by {shown.actor}")
    print_table(shown.progress.table, shown.selection, shown.progress.parks)
    if shown.state != "done":
        note(f"It is not finished. To go on: postledger replay --resume {shown.id}")


def _preview(context: typer.Context, selection: Selection) -> tuple[Selection, Preview]:
    # A connection of its own: the tables of the dry run must be there before anything else is prepared.
    with (
        say_how_far("judged") as follow,
        open_ledger(context, statement_timeout_ms=LONG_STATEMENT_TIMEOUT_MS) as connection,
        show_progress("judging") as on_progress,
    ):
        check_selection(connection, selection)
        selection = bound(connection, selection)
        judge = _make_judge(context, connection)
        return selection, preview_replay(connection, selection, judge, follow(on_progress))


def _resume(context: typer.Context, replay_id: str, rate: int, *, as_json: bool) -> None:
    try:
        with (
            open_ledger(context, statement_timeout_ms=LONG_STATEMENT_TIMEOUT_MS) as connection,
            show_progress("booking") as on_progress,
        ):
            judge = _make_judge(context, connection)
            book_replay(connection, replay_id, judge, rate=rate, on_progress=on_progress)
            shown = show_replay(connection, replay_id)
    except KeyboardInterrupt:
        raise CommandFailed(f"interrupted; to go on: postledger replay --resume {replay_id}") from None
    _report_booked(shown, as_json=as_json)


def _make_judge(context: typer.Context, connection: LedgerConnection) -> Judge:
    return Judge(load_policy(connection, open_keyring(context)), PastSettings(connection))


def _read_receipts(file: Path) -> tuple[str, ...]:
    with open_file(file) as opened:
        lines = opened.read().decode("utf-8", "replace").splitlines()
    return tuple(dict.fromkeys(read_receipt(line) for line in lines if line.strip()))


def _check(preview: Preview, yes: int | None, *, accept_drift: bool) -> None:
    """Raise `CommandFailed` unless the operator knows what will be booked."""
    table, number = preview.table, preview.table.rows_to_book
    if table.drifted and not accept_drift:
        raise CommandFailed(
            f"{count(table.drifted, 'booked postback')} would be judged otherwise today; nothing was booked."
            " Look at the rows with --json, then narrow the selection or add --accept-drift"
        )
    refuse_over_limit(table, read_replay_limit(read_environment()))
    if not number:
        note("There is nothing to book.")
    elif yes is None and sys.stdin.isatty():
        yes = _ask(number)
    if number and yes != number:
        said = "--yes is missing" if yes is None else f"{yes} is not the number of postbacks to book"
        raise CommandFailed(f"{said}; nothing was booked. To go on, add --yes {number}")


def _ask(number: int) -> int:
    answer = input(f"To book {count(number, 'postback')}, type their number: ").strip()
    return int(answer) if answer.isdecimal() else -1


def _report_preview(preview: Preview, selection: Selection, *, as_json: bool) -> None:
    if as_json:
        print_json({"dry_run": True, **table_facts(preview.table, selection, preview.parks)})
        return
    print_table(preview.table, selection, preview.parks)
    number, drift = preview.table.rows_to_book, " --accept-drift" if preview.table.drifted else ""
    how = f"Dry run, nothing was changed. To book it: --go --yes {number}{drift}"
    print(how if number else "There is nothing to book.")


def _report_booked(shown: Shown, *, as_json: bool) -> None:
    if as_json:
        print_json({"dry_run": False, **to_facts(shown)})
        return
    progress = shown.progress
    print_table(progress.table, shown.selection, progress.parks)
    booked = progress.table.rows_to_book
    print(f"Done: {count(booked, 'postback')} booked by replay {shown.id}.")
    if booked != progress.expected:
        note(f"The dry run showed {progress.expected}: other postbacks or settings have changed the ledger since then.")
