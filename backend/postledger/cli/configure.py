"""`apply` and `export`: the policy as a file."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import tomli_w
import typer

from postledger.cli.config_loading import list_faults, read_file
from postledger.cli.connections import open_keyring, open_ledger
from postledger.cli.output import AsJson, note, print_json
from postledger.platform.settings import read_environment
from postledger.policy.config_export import write_document
from postledger.policy.diff import Action, Change, find_changes, find_missing_secrets
from postledger.policy.path_conflicts import find_contested_paths
from postledger.policy.store import PolicyStore, lock_policy

_HEADING = "# Secrets are not exported. When this is applied, a source that is on the ledger keeps those it has.\n\n"


def apply(
    file: Annotated[Path, typer.Argument(help="The configuration, in TOML.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print what would change, and change nothing.")] = False,
    prune: Annotated[bool, typer.Option("--prune", help="Also retire what the file does not name.")] = False,
    as_json: AsJson = False,
) -> None:
    """Make sources, campaigns and affiliates what FILE says. Running workers follow within 3 seconds."""
    wanted = read_file(file, read_environment())
    keyring = open_keyring()
    with open_ledger() as connection, connection.transaction():
        if not dry_run:
            lock_policy(connection)
        store = PolicyStore(connection, keyring)
        stored = store.read()
        if faults := [*find_missing_secrets(wanted, stored), *find_contested_paths(wanted, stored, prune=prune)]:
            raise list_faults(file, faults)
        changes = find_changes(wanted, stored, prune=prune)
        if not dry_run:
            store.write(changes, datetime.now(UTC))
    _report(changes, dry_run=dry_run, as_json=as_json)


def export(as_json: AsJson = False) -> None:
    """Print what is in force as the TOML that `apply` reads; without the secrets, which stay where they are."""
    with open_ledger() as connection, connection.transaction():
        stored = PolicyStore(connection, open_keyring()).read()
    for slug in [slug for slug, source in stored.in_force.sources.items() if not source.is_readable]:
        note(f"{slug} is left out: what the ledger holds of it cannot be read; apply it anew from a file")
    document = write_document(stored.in_force)
    if as_json:
        print_json(document)
    else:
        print(_HEADING + tomli_w.dumps(document, multiline_strings=True), end="")


def _report(changes: list[Change], *, dry_run: bool, as_json: bool) -> None:
    if as_json:
        print_json({"dry_run": dry_run, "changes": [_as_fact(change) for change in changes]})
        return
    for change in changes:
        keys = f"  {', '.join(change.keys)}" if change.keys else ""
        print(f"{change.action:<7} {change.kind:<9} {change.name}{keys}")
    counts = {action: sum(change.action is action for change in changes) for action in Action}
    told = ", ".join(f"{count} to {action}" for action, count in counts.items() if count) or "the file names nothing"
    print(f"{'Dry run, nothing was done' if dry_run else 'Done'}: {told}.")


def _as_fact(change: Change) -> dict[str, object]:
    return {"action": change.action, "kind": change.kind, "name": change.name, "keys": change.keys}
