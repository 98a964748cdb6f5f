"""`replay`: judges stored postbacks again by the rules of today. A dry run by default; `--go` books what it shows."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from postledger.audit.replay.progress import State, decide
from postledger.audit.replay.replays import list_replays, show_replay
from postledger.audit.replay.selection import Selection, begin_of
from postledger.cli import replay_run
from postledger.cli.connections import open_ledger
from postledger.cli.current_user import AsUser, recorded
from postledger.cli.errors import CommandFailed
from postledger.cli.file_input import open_file
from postledger.cli.id_arguments import MOST_ROWS, read_id, read_receipt
from postledger.cli.list_format import Wide, Zone
from postledger.cli.output import AsJson, note, print_json
from postledger.cli.replay_table import print_table, to_facts, to_row
from postledger.cli.replay_targets import PRODUCTION, SANDBOX, replay_to
from postledger.cli.row_output import Columns, print_row_table
from postledger.cli.time_options import FORMS, read_moment, read_past, read_zone
from postledger.vocabulary.refusal import Reason
from postledger.vocabulary.statuses import Verdict

replays = typer.Typer(help="Stored postbacks, judged again by the rules of today.", invoke_without_command=True)

_RATE_OF_BOOKING, _RATE_OF_SENDING = "1000/s", "5/s"
_MOST_A_SECOND = 1_000_000
_RATE = re.compile(r"([1-9][0-9]{0,6})(?:/s)?")
_REPLAYS = Columns(
    everything=(),
    of_table=("created_at", "state", "actor", "rows", "booked", "id"),
    by_importance=("id", "state", "booked", "rows", "created_at", "actor"),
)
_ONLY_TRIES = (
    "--rules only tries rules, and books nothing. To book by them, apply the file that has them, and leave --rules out"
)
_HELP_OF_GO = "Book what the dry run shows. It asks for the number of postbacks, or takes it from --yes."
ReplayId = Annotated[str, typer.Argument(metavar="ID", help="The id of a replay.")]
Yes = Annotated[int | None, typer.Option("--yes", min=0, help="The number of postbacks to book.")]
Rate = Annotated[
    str | None,
    typer.Option("--rate", metavar="N/s", help="At most this many postbacks per second: 1000/s, or 5/s --to a URL."),
]


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
    yes: Yes = None,
    accept_drift: Annotated[
        bool, typer.Option("--accept-drift", help="Also book what was booked before and is judged otherwise today.")
    ] = False,
    rate: Rate = None,
    to: Annotated[
        str, typer.Option("--to", metavar="TARGET", help="production, sandbox, or the base URL of another edge.")
    ] = PRODUCTION,
    secret_file: Annotated[
        Path | None, typer.Option("--secret-file", help="The secret with which --to URL signs. - is stdin.")
    ] = None,
    rules: Annotated[
        int | None, typer.Option("--rules", metavar="VERSION", help="Only try: judge by the policy of this version.")
    ] = None,
    resume: Annotated[str | None, typer.Option("--resume", metavar="ID", help="Go on with this replay.")] = None,
    timezone: Zone = None,
    as_user: AsUser = None,
    as_json: AsJson = False,
) -> None:
    """Judge stored postbacks again by the rules of today. Without --go it changes nothing."""
    if context.invoked_subcommand is not None:
        return
    per_second = _read_rate(rate or (_RATE_OF_BOOKING if to in (PRODUCTION, SANDBOX) else _RATE_OF_SENDING))
    if rules is not None and (go or resume is not None or to != PRODUCTION):
        raise CommandFailed(_ONLY_TRIES)
    if resume is not None:
        replay_run.resume(context, read_receipt(resume), per_second, as_json=as_json)
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
    if to != PRODUCTION:
        replay_to(
            context,
            to,
            selection,
            go=go,
            yes=yes,
            rate=per_second,
            secret_file=secret_file,
            as_user=as_user,
            as_json=as_json,
        )
        return
    selection, shown = replay_run.preview(context, selection, rules)
    if not go:
        replay_run.report_preview(shown, selection, rules, as_json=as_json)
        return
    if not as_json and yes is None:  # else the operator has seen it
        print_table(shown.table, selection, shown.parks)
    replay_run.check(shown, yes, accept_drift=accept_drift)
    if shown.table.rows_to_book:
        replay_id = replay_run.start(context, selection, shown, as_user, accept_drift=accept_drift)
        replay_run.resume(context, replay_id, per_second, as_json=as_json)
    elif as_json:
        replay_run.report_preview(shown, selection, None, as_json=True)


@replays.command("list")
def list_all(
    context: typer.Context,
    limit: Annotated[int | None, typer.Option("--limit", min=1, max=MOST_ROWS, help="At most this many.")] = None,
    wide: Wide = False,
    as_json: AsJson = False,
) -> None:
    """List replays that were booked or wait for a decision, newest first."""
    with open_ledger(context) as connection:
        found = list_replays(connection, limit)
    if as_json:
        print_json([to_facts(shown) for shown in found])
    else:
        print_row_table([to_row(shown) for shown in found], _REPLAYS, UTC, wide=wide)


@replays.command("show")
def show(context: typer.Context, replay_id: ReplayId, as_json: AsJson = False) -> None:
    """Show a replay: what it selected, how far it is, and what it has booked."""
    with open_ledger(context) as connection:
        shown = show_replay(connection, read_receipt(replay_id))
    if as_json:
        print_json(to_facts(shown))
        return
    print(f"replay {shown.id}: {shown.state}, started {shown.created_at:%F %TZ} by {shown.actor}")
    print_table(shown.progress.table, shown.selection, shown.progress.parks, replay_id=shown.id)
    if shown.state == State.RUNNING:
        note(f"It is not finished. To go on: postledger replay --resume {shown.id}")
    if shown.state == State.PARKED:
        note("It moves more money than the limit, so it waits. To book it, or not:")
        note(f"  postledger replay release {shown.id} --yes {shown.progress.expected}")
        note(f"  postledger replay discard {shown.id}")


@replays.command("release")
def release(
    context: typer.Context,
    replay_id: ReplayId,
    *,
    yes: Yes = None,
    rate: Rate = None,
    as_user: AsUser = None,
    as_json: AsJson = False,
) -> None:
    """Book a replay that waits because it moves more money than the limit. It asks for the number of postbacks."""
    chosen, per_second = read_receipt(replay_id), _read_rate(rate or _RATE_OF_BOOKING)
    with open_ledger(context) as connection:
        shown = show_replay(connection, chosen)
        if shown.state == State.PARKED:
            replay_run.confirm(shown.progress.expected, yes)
            replay_run.check_unchanged(context, shown)
        with recorded(connection, as_user, "replay.release", chosen):
            decide(connection, chosen, books=True)
    replay_run.resume(context, chosen, per_second, as_json=as_json)


@replays.command("discard")
def discard(context: typer.Context, replay_id: ReplayId, as_user: AsUser = None, as_json: AsJson = False) -> None:
    """Discard a replay that waits. Nothing of it is booked."""
    chosen = read_receipt(replay_id)
    with open_ledger(context) as connection:
        with recorded(connection, as_user, "replay.discard", chosen):
            decide(connection, chosen, books=False)
        shown = show_replay(connection, chosen)
    if as_json:
        print_json(to_facts(shown))
    else:
        print(f"replay {chosen} was discarded; nothing of it was booked")


def _read_rate(text: str) -> int:
    found = _RATE.fullmatch(text.strip())
    if found is None or int(found[1]) > _MOST_A_SECOND:
        raise CommandFailed(
            f"--rate is malformed; write postbacks per second, such as 500/s, at most {_MOST_A_SECOND}/s"
        )
    return int(found[1])


def _read_receipts(file: Path) -> tuple[str, ...]:
    with open_file(file) as opened:
        lines = opened.read().decode("utf-8", "replace").splitlines()
    return tuple(dict.fromkeys(read_receipt(line) for line in lines if line.strip()))
