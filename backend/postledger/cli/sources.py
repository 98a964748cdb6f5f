"""`source`: shows the configuration of sources, and manages their secrets."""

from datetime import UTC, datetime
from typing import Annotated

import msgspec
import typer

from postledger.cli.connections import open_keyring, open_ledger
from postledger.cli.current_user import AsUser, find_actor, recorded
from postledger.cli.errors import CommandFailed
from postledger.cli.output import AsJson, note, print_json, print_table, show
from postledger.cli.sending import Base, find_edge
from postledger.cli.source_report import report_source
from postledger.cli.tokens import manage_tokens
from postledger.partners.panel_url import write_panel_url
from postledger.partners.send_postback import find_source
from postledger.policy import describe_sources, rotate_secret
from postledger.policy.preset_files import read_known
from postledger.policy.reencrypt import reencrypt
from postledger.policy.retire import retire as retire_object
from postledger.policy.source_secrets import StoredSecret
from postledger.vocabulary.wording import count

_USAGE = ("position", "id", "created_at", "last_matched")

sources = typer.Typer(help="Sources, their secrets, and what they were refused for.", no_args_is_help=True)
sources.command("report")(report_source)
sources.command("token")(manage_tokens)
Slug = Annotated[str, typer.Argument(metavar="SLUG", help="The slug of the source.")]
Retire = Annotated[bool, typer.Option("--retire", help="Retire all secrets except the newest.")]
Force = Annotated[bool, typer.Option("--force", help="Retire them even if the newest was never used.")]


@sources.command("list")
def list_sources(
    context: typer.Context,
    retired: Annotated[bool, typer.Option("--all", help="Also the retired ones.")] = False,
    as_json: AsJson = False,
) -> None:
    """List the sources."""
    with open_ledger(context) as connection:
        rows = describe_sources.list_sources(connection, retired=retired)
    if as_json:
        print_json(rows)
        return
    names = ("slug", "name", "auth", "mode", "secrets", "tokens", "state", "updated_at")
    print_table(names, [[row[name] for name in names] for row in rows])


@sources.command("show")
def show_source(context: typer.Context, slug: Slug, as_json: AsJson = False) -> None:
    """Show the configuration of one source, without its secrets."""
    with open_ledger(context) as connection:
        source = describe_sources.find_source(connection, slug)
    if as_json:
        print_json(source)
    else:
        print_table(("key", "value"), [(key, _write(value)) for key, value in source.items()])


@sources.command("secret")
def show_secrets(
    context: typer.Context,
    slug: Slug,
    *,
    reveal: Annotated[bool, typer.Option("--reveal", help="Print the secrets themselves.")] = False,
    usage: Annotated[bool, typer.Option("--usage", help="Only the age of each, and when it last matched.")] = False,
    retire: Retire = False,
    force: Force = False,
    as_user: AsUser = None,
    as_json: AsJson = False,
) -> None:
    """Show the live secrets of a source, newest first: the age of each, and when it last matched a signature."""
    if retire:
        _retire_secrets(context, slug, as_user, force=force, as_json=as_json)
        return
    if usage and reveal:
        raise CommandFailed("--usage and --reveal cannot be combined; leave one of them out")
    with open_ledger(context) as connection:
        stored = rotate_secret.list_secrets(connection, open_keyring(context), slug)
    rows = [_describe_secret(secret, reveal=reveal) for secret in stored]
    if usage:
        rows = [{name: row[name] for name in _USAGE} for row in rows]
    if as_json:
        print_json({"source": slug, "secrets": rows})
        return
    if rows:
        print_table(list(rows[0]), [list(row.values()) for row in rows])
    live = f"{count(len(rows), 'live secret')}. last_matched can be up to a minute late."
    note(live if rows else f"{slug} has no secret.")


@sources.command("rotate")
def rotate(
    context: typer.Context,
    slug: Slug,
    *,
    leaked: Annotated[bool, typer.Option("--leaked", help="Retire all older secrets immediately.")] = False,
    retire: Retire = False,
    force: Force = False,
    as_user: AsUser = None,
    as_json: AsJson = False,
) -> None:
    """Generate a secret beside the live ones, which all stay valid. The new one is printed only now."""
    if leaked and retire:
        raise CommandFailed("--leaked and --retire cannot be combined: --leaked also retires the newest secret")
    if retire:
        _retire_secrets(context, slug, as_user, force=force, as_json=as_json)
        return
    with open_ledger(context) as connection:
        rotated = rotate_secret.rotate_secret(
            connection,
            open_keyring(context),
            slug,
            datetime.now(UTC),
            actor=find_actor(connection, as_user),
            leaked=leaked,
        )
    if as_json:
        print_json({"source": slug, **msgspec.structs.asdict(rotated)})
        return
    print(rotated.secret)
    note(f"Give it to the sender. {_describe_older(slug, rotated)}".rstrip())


@sources.command("retire")
def retire(context: typer.Context, slug: Slug, *, as_user: AsUser = None, as_json: AsJson = False) -> None:
    """Retire a source: its postbacks are refused within 3 seconds. Its history and its secrets stay."""
    with open_ledger(context) as connection:
        retire_object(connection, "source", slug, datetime.now(UTC), find_actor(connection, as_user))
    print_retired("source", slug, as_json=as_json)


@sources.command("url")
def show_url(
    context: typer.Context,
    slug: Slug,
    *,
    url: Base = None,
    reveal: Annotated[bool, typer.Option("--reveal", help="Put the newest secret into the URL.")] = False,
    as_json: AsJson = False,
) -> None:
    """Print the URL for the panel of a source's network, with the network's macros."""
    print_panel_url(context, slug, url=url, reveal=reveal, as_json=as_json)


def print_panel_url(context: typer.Context, slug: str, *, url: str | None, reveal: bool, as_json: bool) -> None:
    """Print the URL for a network's panel, and what the operator must know about it."""
    keyring = open_keyring(context)
    with open_ledger(context) as connection:
        source = find_source(connection, keyring, slug)
    base = url or source.settings.public_url or find_edge(None)
    preset = read_known().presets.get(source.settings.preset or "")
    secret = source.keys[0].secret if reveal and source.keys else None
    panel = write_panel_url(base, source, preset, secret)
    if as_json:
        print_json({"source": slug, "url": panel.url, "notes": list(panel.notes)})
        return
    print(panel.url)
    for line in panel.notes:
        note(line)


def print_retired(kind: str, slug: str, *, as_json: bool) -> None:
    """Print that an object was retired, and how it is revived."""
    if as_json:
        print_json({"retired": {"kind": kind, "slug": slug}})
        return
    print(f"{kind} {slug} is retired")
    note("Also remove it from your TOML file, because apply revives what the file contains.")


def _describe_older(slug: str, rotated: rotate_secret.Rotated) -> str:
    if rotated.retired:
        are, them = ("is", "it") if rotated.retired == 1 else ("are", "them")
        retired = f"{count(rotated.retired, 'older secret')} {are} retired"
        return f"{retired}: postbacks signed with {them} are refused from now on."
    stays = f"{count(rotated.kept, 'older secret')} {'stays' if rotated.kept == 1 else 'stay'} valid until you run"
    return f"{stays}: postledger source secret {slug} --retire" if rotated.kept else ""


def _retire_secrets(context: typer.Context, slug: str, as_user: str | None, *, force: bool, as_json: bool) -> None:
    with open_ledger(context) as connection:
        outcome = rotate_secret.retire_secrets(
            connection,
            open_keyring(context),
            slug,
            datetime.now(UTC),
            actor=find_actor(connection, as_user),
            force=force,
        )
    if as_json:
        print_json({"source": slug, "retired": outcome.retired})
    else:
        print(f"{count(outcome.retired, 'secret')} retired, the newest stays")
    if not outcome.has_matched:
        note("The newest secret was never used: check that the sender has it.")


@sources.command("reencrypt")
def reencrypt_secrets(context: typer.Context, *, as_user: AsUser = None, as_json: AsJson = False) -> None:
    """Encrypt every stored secret again under the first master key, all or none. Then older keys can be removed."""
    with open_ledger(context) as connection, recorded(connection, as_user, "source.reencrypt", "secrets"):
        outcome = reencrypt(connection, open_keyring(context))
    found = (
        *(("forwards", outcome.forwards), ("payees", outcome.payees), ("exports", outcome.exports)),
        ("bank_accounts", outcome.bank_accounts),
    )
    if as_json:
        others = {name: number for name, number in found if number}
        print_json({"reencrypted": outcome.reencrypted, "sources": outcome.sources, **others})
    else:
        owners = [count(outcome.sources, "source"), *(count(n, name[:-1].replace("_", " ")) for name, n in found if n)]
        secrets = count(outcome.reencrypted, "secret")
        print(f"{secrets} of {' and '.join(owners)} encrypted under the first master key.")


def _write(value: object) -> object:
    if isinstance(value, dict):
        return "; ".join(f"{name}: {show(_write(listed))}" for name, listed in value.items())
    if isinstance(value, list):
        return ", ".join(str(_write(item)) for item in value)
    return str(value).lower() if isinstance(value, bool) else value


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
