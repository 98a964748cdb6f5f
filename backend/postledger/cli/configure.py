"""`apply` and `export`: the configuration as a TOML file."""

from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Annotated

import tomli_w
import typer

from postledger.cli import what_if as trying
from postledger.cli.config_loading import list_faults, locate_faults, read_file
from postledger.cli.connections import open_keyring, open_ledger
from postledger.cli.current_user import AsUser, find_actor
from postledger.cli.errors import CommandFailed
from postledger.cli.output import AsJson, note, print_json
from postledger.finance.approval.payee_changes import follow_payees
from postledger.notifications.announce import announce_requests
from postledger.platform.settings import read_environment
from postledger.policy.apply import Applied, Prune
from postledger.policy.apply import apply as apply_configuration
from postledger.policy.config_export import export_policy
from postledger.policy.config_file import BadConfiguration
from postledger.policy.diff import Action, Change
from postledger.vocabulary.wording import count

_HEADING = "# Secrets are not exported. When this file is applied, each source, forward and export keeps its own.\n\n"


def apply(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="The configuration, in TOML.")],
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print what would change, and change nothing.")] = False,
    prune: Annotated[
        bool, typer.Option("--prune", help="Also retire what FILE does not contain. Needs --yes.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Retire what --prune lists, without a look first.")] = False,
    what_if: Annotated[
        str | None,
        typer.Option("--what-if", metavar="SINCE", help="Only try it on the postbacks since then: 7d, or a time."),
    ] = None,
    source: Annotated[str | None, typer.Option("--source", help="With --what-if: only this source.")] = None,
    if_empty: Annotated[bool, typer.Option("--if-empty", help="Only if nothing was ever configured.")] = False,
    as_user: AsUser = None,
    as_json: AsJson = False,
) -> None:
    """Change what is configured to match FILE. Running workers use the change within 3 seconds."""
    if source is not None and what_if is None:
        raise CommandFailed("--source is for --what-if; a file is applied as a whole")
    pruning = Prune.NOTHING if not prune else Prune.CONFIRMED if yes else Prune.ASKED
    target = read_file(file, read_environment())
    keyring = open_keyring(context)
    try:
        with open_ledger(context) as connection:
            applied = apply_configuration(
                connection,
                keyring,
                target,
                datetime.now(UTC),
                actor=find_actor(connection, as_user),
                on_written=partial(follow_payees, on_requests=announce_requests),
                prune=pruning,
                dry_run=dry_run or what_if is not None,
                if_empty=if_empty,
            )
    except BadConfiguration as error:
        raise list_faults(file, error.faults) from None
    tried = None if what_if is None else trying.what_if(context, what_if, source, applied.changes)
    _report(applied, locate_faults(file, applied.warnings), tried, as_json=as_json)
    retired = sum(change.action is Action.RETIRE for change in applied.changes)
    if not applied.is_written and not dry_run and what_if is None and retired:
        raise CommandFailed(f"{count(retired, 'object')} would be retired; nothing was changed. To go on, add --yes")


def export(context: typer.Context, as_json: AsJson = False) -> None:
    """Print the configuration in force as the TOML that `apply` reads, without secrets."""
    with open_ledger(context) as connection:
        exported = export_policy(connection, open_keyring(context))
    for name in exported.unreadable:
        note(f"{name} is not exported, because its stored settings cannot be read; apply it again from a file")
    if as_json:
        print_json(exported.document)
    else:
        print(_HEADING + tomli_w.dumps(exported.document, multiline_strings=True), end="")


def _report(applied: Applied, warnings: list[str], tried: list[trying.Tried] | None, *, as_json: bool) -> None:
    changes = applied.changes
    if as_json:
        facts = [_as_fact(change) for change in changes]
        beside = {} if tried is None else {"what_if": trying.list_facts(tried)}
        print_json({"dry_run": not applied.is_written, "changes": facts, "warnings": warnings, **beside})
        return
    for warning in warnings:
        note(f"warning: {warning}")
    width = max((9, *(len(change.kind) for change in changes)))
    for change in changes:
        keys = f"  {', '.join(change.keys)}" if change.keys else ""
        print(f"{change.action:<7} {change.kind:<{width}} {change.name}{keys}")
    numbers = {action: sum(change.action is action for change in changes) for action in Action}
    summary = ", ".join(f"{number} to {action}" for action, number in numbers.items() if number) or "nothing"
    print(f"{'Done' if applied.is_written else 'Dry run, nothing was changed'}: {summary}.")
    if tried is not None:
        trying.report(tried)


def _as_fact(change: Change) -> dict[str, object]:
    return {"action": change.action, "kind": change.kind, "name": change.name, "keys": change.keys}
