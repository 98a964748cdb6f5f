"""`backup` and `restore`: the ledger as one file, and a file as the ledger."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from postledger.cli.connections import LONG_STATEMENT_TIMEOUT_MS, open_keyring, open_ledger
from postledger.cli.errors import CommandFailed
from postledger.cli.output import AsJson, note, print_json, show_progress
from postledger.ledger.backup import Restored, back_up, create_database, list_tables, name_database
from postledger.ledger.backup import restore as restore_backup
from postledger.platform.keyring import Keyring
from postledger.platform.postgres.errors import translated_errors
from postledger.platform.settings import BadSetting, read_database_url, read_environment
from postledger.policy.locked_secrets import Decrypted
from postledger.vocabulary.wording import count

_TARGET = "A new file, or a directory: the name then contains the time."


def backup(
    context: typer.Context,
    target: Annotated[Path, typer.Argument(metavar="FILE", help=_TARGET)] = Path(),
    as_json: AsJson = False,
) -> None:
    """Write the ledger into a file, while it is in use. The master key is not in it: keep that in another place."""
    environment = read_environment()
    with open_ledger(context) as connection, show_progress("writing the backup"):
        url, now = read_database_url(environment), datetime.now(UTC)
        written = back_up(connection, url, target, _open_keyring(context), now)
    key = _name_key()
    if as_json:
        locked = list(written.secrets.locked)
        print_json(
            {"file": str(written.file), "bytes": written.size_bytes, "master_key": key, "locked_secrets": locked}
        )
    else:
        print(f"{written.file}  {written.size_bytes} bytes")
        print("The master key is not in this file. Without it the backup is worthless: no secret in it can be used.")
        print(f"Keep a copy of {key} too, in another place than the backup.")
    _note_locked(written.secrets)


def restore(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="A file that postledger backup or make destroy wrote.")],
    *,
    create: Annotated[bool, typer.Option("--create", help="Create the database of DATABASE_URL first.")] = False,
    replace: Annotated[bool, typer.Option("--replace", help="Save and drop what the database contains.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Replace without another question.")] = False,
    as_json: AsJson = False,
) -> None:
    """Restore a backup into the empty database of DATABASE_URL, all of it or nothing. Then run make up."""
    url = read_database_url(read_environment())
    if create:
        with translated_errors():
            create_database(url)
    with open_ledger(context, statement_timeout_ms=LONG_STATEMENT_TIMEOUT_MS) as connection:
        if replace and not yes and (tables := list_tables(connection)):
            dropped = f"{count(len(tables), 'table')} of {name_database(connection)}"
            raise CommandFailed(f"this drops {dropped}; to do so, add --yes")
        with show_progress("restoring"):
            keyring = _open_keyring(context)
            restored = restore_backup(connection, url, file, keyring, replace=replace, now=datetime.now(UTC))
    _print_restored(restored, as_json=as_json)
    _note_locked(restored.secrets)


def _print_restored(restored: Restored, *, as_json: bool) -> None:
    saved = None if restored.saved is None else str(restored.saved)
    if as_json:
        locked = list(restored.secrets.locked)
        print_json({"conversions": restored.conversions, "locked_secrets": locked, "replaced": saved})
        return
    if saved is not None:
        print(f"The former contents are in {saved}")
    print(f"{count(restored.conversions, 'conversion')} restored. Run make up with this DATABASE_URL now.")


def _open_keyring(context: typer.Context) -> Keyring | None:
    try:
        return open_keyring(context)
    except BadSetting:  # a backup needs no key, but a restore does
        return None


def _name_key() -> str:
    environment = read_environment()
    if environment.get("POSTLEDGER_MASTER_KEY"):
        return "POSTLEDGER_MASTER_KEY"
    return environment.get("POSTLEDGER_MASTER_KEY_FILE") or "var/master.key"


def _note_locked(secrets: Decrypted) -> None:
    if secrets.locked:
        note(
            f"postledger: the master key here does not decrypt the secrets of {', '.join(secrets.locked)};"
            f" bring the key that encrypted them: copy it to {_name_key()}"
        )
