"""`source`: what is configured of each source, and its secrets, shown only where they are asked for."""

import base64
import secrets
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from psycopg import Connection
from psycopg.rows import dict_row

from postledger.cli.connections import open_keyring, open_ledger
from postledger.cli.errors import CommandFailed
from postledger.cli.output import AsJson, note, print_json, print_table, show
from postledger.cli.source_report import report_source
from postledger.platform.postgres.sql import statements_of
from postledger.policy.authorities import describe_authorities
from postledger.policy.config_export import write_source
from postledger.policy.config_file import SourceConfig
from postledger.policy.pii_key import encrypt_pii_key_anew
from postledger.policy.source import Settings, find_profile
from postledger.policy.source_secrets import LockedSecret, SourceSecrets, StoredSecret
from postledger.policy.store import lock_policy, raise_version, read_stored_settings
from postledger.signatures.profile_checks import check_secrets
from postledger.signatures.signed_fields import describe_coverage

sql = statements_of("postledger.audit")

_SECRET_BYTES = 32
_USAGE = ("position", "id", "created_at", "last_matched")

sources = typer.Typer(help="Sources, their secrets, and what they were refused for.", no_args_is_help=True)
sources.command("report")(report_source)
Slug = Annotated[str, typer.Argument(metavar="SLUG", help="The slug of the source.")]
Retire = Annotated[bool, typer.Option("--retire", help="End all secrets but the newest.")]


@sources.command("list")
def list_sources(
    retired: Annotated[bool, typer.Option("--all", help="Also those that were pruned.")] = False,
    as_json: AsJson = False,
) -> None:
    """List the sources."""
    with open_ledger() as connection:
        rows = [_describe(row) for row in _fetch(connection, None, retired=retired)]
    if as_json:
        print_json(rows)
        return
    names = ("slug", "name", "auth", "mode", "secrets", "state", "updated_at")
    print_table(names, [[row[name] for name in names] for row in rows])


@sources.command("show")
def show_source(slug: Slug, as_json: AsJson = False) -> None:
    """Show all that is configured of one source, but for its secrets."""
    with open_ledger() as connection:
        rows = _fetch(connection, slug)
    if not rows:
        raise _unknown(slug)
    source = _describe(rows[0])
    if as_json:
        print_json(source)
    else:
        print_table(("key", "value"), [(key, _tell(value)) for key, value in source.items()])


@sources.command("secret")
def show_secrets(
    slug: Slug,
    reveal: Annotated[bool, typer.Option("--reveal", help="Print the secrets themselves.")] = False,
    usage: Annotated[bool, typer.Option("--usage", help="Only how old each is, and when it last matched.")] = False,
    retire: Retire = False,
    as_json: AsJson = False,
) -> None:
    """Show the live secrets of a source, newest first: how old each is, and when it last matched a signature."""
    if retire:
        _retire_secrets(slug, as_json=as_json)
        return
    if usage and reveal:
        raise CommandFailed("--usage shows no secret; leave --usage or --reveal out")
    with open_ledger() as connection:
        stored = _read_secrets(connection, slug)[1]
    rows = [_describe_secret(secret, reveal=reveal) for secret in stored]
    if usage:
        rows = [{name: row[name] for name in _USAGE} for row in rows]
    if as_json:
        print_json({"source": slug, "secrets": rows})
        return
    if rows:
        print_table(list(rows[0]), [list(row.values()) for row in rows])
    note(f"{len(rows)} live. last_matched may be a minute behind." if rows else f"{slug} has no secret.")


@sources.command("rotate")
def rotate_secret(slug: Slug, retire: Retire = False, as_json: AsJson = False) -> None:
    """Make a new secret beside those that are live, so that both work; the new one is printed now and not again."""
    if retire:
        _retire_secrets(slug, as_json=as_json)
        return
    with open_ledger() as connection, connection.transaction():
        lock_policy(connection)
        source_id, stored = _read_secrets(connection, slug)
        kept = [secret.secret for secret in stored if secret.secret is not None]
        if len(kept) < len(stored):  # it would be lost, and its master key may only be missing for now
            raise CommandFailed(f"a secret of {slug} cannot be read; nothing was done; run: postledger doctor")
        fresh = _make_secret(slug, read_stored_settings(_fetch(connection, slug)[0]["settings"]))
        SourceSecrets(connection, open_keyring()).replace(source_id, [fresh, *kept], datetime.now(UTC))
        raise_version(connection)
    if as_json:
        print_json({"source": slug, "secret": fresh, "kept": len(kept)})
        return
    print(fresh)
    older = {0: "", 1: "The older one stays"}.get(len(kept), f"The {len(kept)} older ones stay")
    until = f" {older} live until: postledger source secret {slug} --retire" if kept else ""
    note(f"Give it to the sender.{until}")


def _make_secret(slug: str, settings: Settings | None) -> str:
    if settings is None:
        raise CommandFailed(f"the settings of {slug} cannot be read; nothing was done; run: postledger doctor")
    if settings.auth == "none":
        raise CommandFailed(f'{slug} has auth = "none" and looks at no secret; nothing was done')
    is_token = settings.auth == "token"  # which may stand in a path, where base64 may not
    made = secrets.token_bytes(_SECRET_BYTES)
    fresh = secrets.token_urlsafe(_SECRET_BYTES) if is_token else "whsec_" + base64.b64encode(made).decode()
    try:
        check_secrets(find_profile(settings), [fresh])
    except ValueError:  # a public key, say, whose private half only the sender has
        raise CommandFailed(f"no secret of the form of {slug} is made here; nothing was done; apply one") from None
    return fresh


def _retire_secrets(slug: str, *, as_json: bool) -> None:
    with open_ledger() as connection, connection.transaction():
        lock_policy(connection)
        source_id, stored = _read_secrets(connection, slug)
        if not stored:
            raise CommandFailed(f"{slug} has no secret; nothing was done")
        if stored[0].secret is None:
            raise CommandFailed(f"the newest secret of {slug} cannot be used; nothing was done; run: postledger doctor")
        SourceSecrets(connection, open_keyring()).replace(source_id, [stored[0].secret], datetime.now(UTC))
        raise_version(connection)
    if as_json:
        print_json({"source": slug, "retired": len(stored) - 1})
    else:
        print(f"{len(stored) - 1} retired, the newest stays")
    if stored[0].last_matched_at is None:
        note("The newest secret has not matched yet: make sure that the sender uses it.")


@sources.command("reencrypt")
def reencrypt_secrets(as_json: AsJson = False) -> None:
    """Encrypt every stored secret anew under the first master key, all or none, so that older keys can be retired."""
    with open_ledger() as connection, connection.transaction():
        lock_policy(connection)
        try:
            slugs = SourceSecrets(connection, open_keyring()).encrypt_anew()
            encrypt_pii_key_anew(connection, open_keyring())
        except LockedSecret as slug:
            raise CommandFailed(
                f"{slug} has a secret that no master key decrypts; nothing was changed. Put its key back behind the"
                " others in POSTLEDGER_MASTER_KEY, or give the source new secrets"
            ) from None
    counts = {"reencrypted": len(slugs), "sources": len(set(slugs))}
    if as_json:
        print_json(counts)
    else:
        print(f"{counts['reencrypted']} secrets of {counts['sources']} sources are now under the first master key.")


def _fetch(connection: Connection[Any], slug: str | None, *, retired: bool = True) -> list[dict[str, Any]]:
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(sql("list_sources"), {"slug": slug, "retired": retired}).fetchall()


def _describe(row: dict[str, Any]) -> dict[str, Any]:
    settings = read_stored_settings(row["settings"])
    source = SourceConfig(row["slug"], row["name"], settings or Settings())
    state = "in force" if row["removed_at"] is None else "retired"
    if settings is None:
        state = "cannot be read: apply it anew"
    authorities = source.settings.client_ca
    certificates = {"client_ca": describe_authorities(authorities)} if authorities else {}
    signed = {} if settings is None else {"signed": _tell_signed(settings)}
    rest = {name: row[name] for name in ("secrets", "created_at", "updated_at", "removed_at")}
    return {**write_source(source), **certificates, **signed, "state": state, **rest}


def _tell_signed(settings: Settings) -> str:
    if settings.auth == "none":
        return "nothing"
    try:
        return describe_coverage(find_profile(settings))
    except ValueError:  # a profile of another release
        return "cannot be told: its profile cannot be read"


def _tell(value: object) -> object:
    if isinstance(value, dict):
        return "; ".join(f"{name}: {show(_tell(listed))}" for name, listed in value.items())
    if isinstance(value, list):
        return ", ".join(str(_tell(item)) for item in value)
    return str(value).lower() if isinstance(value, bool) else value


def _read_secrets(connection: Connection[Any], slug: str) -> tuple[int, list[StoredSecret]]:
    stored = SourceSecrets(connection, open_keyring())
    source_id = stored.find_source(slug)
    if source_id is None:
        raise _unknown(slug)
    return source_id, stored.read(source_id)


def _describe_secret(secret: StoredSecret, *, reveal: bool) -> dict[str, object]:
    facts: dict[str, object] = {
        "position": secret.position,
        "id": secret.id,
        "created_at": secret.created_at,
        "age_days": (datetime.now(UTC) - secret.created_at).days,
        "last_matched": secret.last_matched_at,
        "usable": secret.secret is not None,
    }
    return {**facts, "secret": secret.secret} if reveal else facts


def _unknown(slug: str) -> CommandFailed:
    return CommandFailed(f"there is no source {slug}; run: postledger source list")
