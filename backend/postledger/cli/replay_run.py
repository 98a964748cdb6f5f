"""Runs a replay for the command: the dry run, what the operator must confirm, the booking, and what each prints."""

import sys
from secrets import token_bytes

import typer

from postledger.audit.replay.book import book_replay, start_replay
from postledger.audit.replay.judge import Judge
from postledger.audit.replay.limits import Excess, find_excess
from postledger.audit.replay.never_stored import count_never_stored, is_countable
from postledger.audit.replay.other_policy import restore_policy
from postledger.audit.replay.past_settings import PastSettings
from postledger.audit.replay.preview import Preview, preview_replay
from postledger.audit.replay.replays import Shown, show_replay
from postledger.audit.replay.selection import Selection, bound, check_selection
from postledger.cli.connections import LONG_STATEMENT_TIMEOUT_MS, open_keyring, open_ledger
from postledger.cli.current_user import recorded
from postledger.cli.errors import CommandFailed
from postledger.cli.interrupts import say_how_far
from postledger.cli.output import note, print_json, show_progress
from postledger.cli.replay_table import print_never_stored, print_table, table_facts, to_facts
from postledger.platform.postgres.connection import LedgerConnection
from postledger.platform.settings import read_environment, read_replay_limit
from postledger.policy.read import load_policy
from postledger.vocabulary.receipt import ENTROPY_BYTES
from postledger.vocabulary.wording import count


def preview(context: typer.Context, selection: Selection, rules: int | None) -> tuple[Selection, Preview]:
    """Do the dry run, by the rules of today or of a version of the policy. Return what was there of the selection."""
    # A connection of its own: the tables of the dry run must be there before anything else is prepared.
    with (
        say_how_far("judged") as follow,
        open_ledger(context, statement_timeout_ms=LONG_STATEMENT_TIMEOUT_MS) as connection,
        show_progress("judging") as on_progress,
    ):
        check_selection(connection, selection)
        selection = bound(connection, selection)
        judge = make_judge(context, connection, rules)
        return selection, preview_replay(connection, selection, judge, follow(on_progress))


def check(shown: Preview, yes: int | None, *, accept_drift: bool) -> None:
    """Raise `CommandFailed` unless the operator knows what will be booked."""
    table, number = shown.table, shown.table.rows_to_book
    if table.drifted and not accept_drift:
        raise CommandFailed(
            f"{count(table.drifted, 'booked postback')} would be judged otherwise today; nothing was booked."
            " Look at the rows with --json, then narrow the selection or add --accept-drift"
        )
    if number:
        confirm(number, yes)
    else:
        note("There is nothing to book.")


def confirm(number: int, yes: int | None, verb: str = "book") -> None:
    """Raise `CommandFailed` unless `yes`, or what is typed on a terminal, is the number of postbacks."""
    if yes is None and sys.stdin.isatty():
        yes = _ask(number, verb)
    if yes != number:
        said = "--yes is missing" if yes is None else f"{yes} is not the number of postbacks to {verb}"
        raise CommandFailed(f"{said}; nothing was {verb}ed. To go on, add --yes {number}")


def start(
    context: typer.Context, selection: Selection, shown: Preview, as_user: str | None, *, accept_drift: bool
) -> str:
    """Record the replay, and return its id. Raises `CommandFailed` if it waits, because it moves too much money."""
    excess = find_excess(shown.table, read_replay_limit(read_environment()))
    subject = selection.source or "all sources"
    with (
        open_ledger(context) as connection,
        recorded(connection, as_user, "replay.start" if excess is None else "replay.park", subject) as actor,
    ):
        replay_id = start_replay(
            connection,
            selection,
            shown,
            actor=actor,
            entropy=token_bytes(ENTROPY_BYTES),
            accepts_drift=accept_drift,
            waits=excess is not None,
        )
    if excess is not None:
        raise CommandFailed(_describe_excess(excess, replay_id, shown.table.rows_to_book))
    return replay_id


def check_unchanged(context: typer.Context, shown: Shown) -> None:
    """Do the dry run of a replay that waits again. Raises `CommandFailed` if it would not book what was looked at."""
    _, again = preview(context, shown.selection, None)
    before, now = shown.progress.table, again.table
    if (before.rows_to_book, before.moved) != (now.rows_to_book, now.moved):
        raise CommandFailed(
            f"it would book {count(now.rows_to_book, 'postback')} now, or other money than when it was parked; nothing"
            f" was booked. Drop it with postledger replay discard {shown.id}, and start another one"
        )


def resume(context: typer.Context, replay_id: str, rate: int, *, as_json: bool) -> None:
    """Book what is left of a replay, and print what it has booked."""
    try:
        with (
            open_ledger(context, statement_timeout_ms=LONG_STATEMENT_TIMEOUT_MS) as connection,
            show_progress("booking") as on_progress,
        ):
            judge = make_judge(context, connection)
            book_replay(connection, replay_id, judge, rate=rate, on_progress=on_progress)
            shown = show_replay(connection, replay_id)
    except KeyboardInterrupt:
        raise CommandFailed(f"interrupted; to go on: postledger replay --resume {replay_id}") from None
    _report_booked(shown, as_json=as_json)


def report_preview(shown: Preview, selection: Selection, rules: int | None, *, as_json: bool) -> None:
    """Print what the dry run has found, and how to book it."""
    never_stored = count_never_stored(read_environment(), selection) if is_countable(selection) else {}
    if as_json:
        facts = table_facts(shown.table, selection, shown.parks)
        print_json({"dry_run": True, "rules": rules, **facts, "never_stored": never_stored})
        return
    print_table(shown.table, selection, shown.parks, "today" if rules is None else f"version {rules}")
    print_never_stored(never_stored)
    number, drift = shown.table.rows_to_book, " --accept-drift" if shown.table.drifted else ""
    if rules is not None:
        print("Dry run, nothing was changed. These rules are only tried, so nothing can be booked by them.")
    elif number:
        print(f"Dry run, nothing was changed. To book it: --go --yes {number}{drift}")
    else:
        print("There is nothing to book.")


def make_judge(context: typer.Context, connection: LedgerConnection, rules: int | None = None) -> Judge:
    """Make what judges the rows: by the policy in force, or by a version of it."""
    policy, past = load_policy(connection, open_keyring(context)), PastSettings(connection)
    return Judge(policy if rules is None else restore_policy(policy, past, rules), past)


def _ask(number: int, verb: str) -> int:
    answer = input(f"To {verb} {count(number, 'postback')}, type their number: ").strip()
    return int(answer) if answer.isdecimal() else -1


def _describe_excess(excess: Excess, replay_id: str, number: int) -> str:
    return (
        f"this would move {excess.amount:f} {excess.currency}, more than POSTLEDGER_REPLAY_LIMIT ({excess.limit:f});"
        f" nothing was booked. The replay waits. To book it: postledger replay release {replay_id} --yes {number}; to"
        f" drop it: postledger replay discard {replay_id}"
    )


def _report_booked(shown: Shown, *, as_json: bool) -> None:
    if as_json:
        print_json({"dry_run": False, **to_facts(shown)})
        return
    progress = shown.progress
    print_table(progress.table, shown.selection, progress.parks, replay_id=shown.id)
    print(f"Done: {count(shown.booked, 'postback')} booked by replay {shown.id}.")
    if shown.booked != progress.expected:
        note(f"The dry run showed {progress.expected}: other postbacks or settings have changed the ledger since then.")
