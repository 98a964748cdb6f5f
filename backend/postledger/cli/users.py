"""`user`: the people who look, operate and decide, their roles, tokens and delegates."""

import sys
from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec
import typer

from postledger.cli.connections import open_ledger
from postledger.cli.current_user import AsUser, find_actor
from postledger.cli.errors import CommandFailed
from postledger.cli.list_format import Wide
from postledger.cli.output import AsJson, note, print_json, show
from postledger.cli.row_output import Columns, Row, print_json_rows, print_row_table
from postledger.cli.time_options import read_lifetime, read_moment
from postledger.people import delegations, user_tokens
from postledger.people import users as people
from postledger.people.passwords import set_password
from postledger.people.user import SCOPES, NewUser
from postledger.vocabulary.wording import count

users = typer.Typer(help="People: who looks, operates and decides.", no_args_is_help=True)

Login = Annotated[str, typer.Argument(metavar="LOGIN", help="The login of the user.")]
_ROLES = "viewer, operator, admin, or a level of approval such as manager."
_USERS = Columns(
    everything=(
        "login", "name", "roles", "state", "email", "os_user", "payee", "tokens", "delegates", "created_at",
        "disabled_at",
    ),
    of_table=("login", "name", "roles", "state", "os_user", "payee", "tokens", "delegates"),
    by_importance=("login", "roles", "state", "delegates", "payee", "os_user", "tokens", "name"),
)  # fmt: skip


@users.command("add")
def add(
    context: typer.Context,
    login: Login,
    *,
    role: Annotated[list[str], typer.Option("--role", help=f"{_ROLES} Repeat it for more.")],
    name: Annotated[str | None, typer.Option("--name", help="The name of the person. Default: the login.")] = None,
    email: Annotated[str | None, typer.Option("--email", help="Where mails go.")] = None,
    os_user: Annotated[
        str | None, typer.Option("--os-user", help="The operating system's user whose commands are this user's.")
    ] = None,
    payee: Annotated[
        str | None, typer.Option("--payee", help="The payee that the user is, and decides nothing about.")
    ] = None,
    as_user: AsUser = None,
    as_json: AsJson = False,
) -> None:
    """Add a user. A level of approval is any name: the steps of approval rules use it."""
    user = NewUser(login, role, name or login, email, os_user, payee)
    with open_ledger(context) as connection:
        people.add_user(connection, user, find_actor(connection, as_user), datetime.now(UTC))
    if as_json:
        print_json(msgspec.structs.asdict(user))
    else:
        print(f"user {login} added: {', '.join(role)}")


@users.command("list")
def list_users(context: typer.Context, *, wide: Wide = False, as_json: AsJson = False) -> None:
    """List the users, disabled ones too."""
    with open_ledger(context) as connection:
        found = people.list_users(connection, datetime.now(UTC))
    rows = [{**row, "state": "disabled" if row["disabled_at"] else "enabled"} for row in found]
    if as_json:
        print_json_rows(rows, _USERS.everything, UTC)
    else:
        print_row_table([_write_row(row) for row in rows], _USERS, UTC, wide=wide)


@users.command("role")
def change_roles(
    context: typer.Context,
    login: Login,
    roles: Annotated[list[str] | None, typer.Argument(metavar="[ROLE]...", help=f"All roles: {_ROLES}")] = None,
    *,
    add: Annotated[list[str] | None, typer.Option("--add", help="Add this role.")] = None,
    remove: Annotated[list[str] | None, typer.Option("--remove", help="Remove this role.")] = None,
    as_user: AsUser = None,
    as_json: AsJson = False,
) -> None:
    """Give a user other roles: all of them, or with --add and --remove some."""
    with open_ledger(context) as connection:
        changed = people.change_roles(
            connection,
            login,
            find_actor(connection, as_user),
            datetime.now(UTC),
            roles=roles or [],
            add=add or [],
            remove=remove or [],
        )
    if as_json:
        print_json({"login": login, "roles": changed})
    else:
        print(f"user {login}: {', '.join(changed)}")


@users.command("disable")
def disable(context: typer.Context, login: Login, *, as_user: AsUser = None, as_json: AsJson = False) -> None:
    """Disable a user: from now on nothing is done or decided as this user. All tokens are revoked."""
    with open_ledger(context) as connection:
        people.disable_user(connection, login, find_actor(connection, as_user), datetime.now(UTC))
    _print_state(login, "disabled", as_json=as_json)


@users.command("enable")
def enable(context: typer.Context, login: Login, *, as_user: AsUser = None, as_json: AsJson = False) -> None:
    """Enable a disabled user again. Tokens from before stay revoked."""
    with open_ledger(context) as connection:
        people.enable_user(connection, login, find_actor(connection, as_user), datetime.now(UTC))
    _print_state(login, "enabled", as_json=as_json)


@users.command("token")
def manage_tokens(
    context: typer.Context,
    login: Login,
    *,
    scope: Annotated[
        list[str] | None,
        typer.Option("--scope", help=f"What it is good for: {', '.join(SCOPES)}. Repeat it for more. Default: read."),
    ] = None,
    expires: Annotated[str, typer.Option("--expires", help="When it ends: 30d, 12h …, at most 366d.")] = "90d",
    revoke: Annotated[bool, typer.Option("--revoke", help="Revoke all tokens of the user.")] = False,
    as_user: AsUser = None,
    as_json: AsJson = False,
) -> None:
    """Make a token of a user, for a program. It is shown once, and only its hash is stored."""
    if revoke:
        _revoke(context, login, as_user, as_json=as_json)
        return
    now = datetime.now(UTC)
    ends = now + read_lifetime("--expires", expires)
    with open_ledger(context) as connection:
        actor = find_actor(connection, as_user)
        issued = user_tokens.issue_token(connection, login, scope or ["read"], ends, actor=actor, now=now)
    if as_json:
        print_json({"login": login, **msgspec.structs.asdict(issued)})
        return
    print(issued.token)
    note(f"It is not shown again. {login} can {', '.join(issued.scopes)} with it until {show(issued.expires_at)}.")


@users.command("password")
def change_password(context: typer.Context, login: Login, *, as_user: AsUser = None, as_json: AsJson = False) -> None:
    """Give a user a password for the console: typed twice, or the first line of stdin. Only its hash is stored."""
    password = _ask_password()
    with open_ledger(context) as connection:
        set_password(connection, login, password, find_actor(connection, as_user), datetime.now(UTC))
    print_json({"login": login, "password": "changed"}) if as_json else print(f"user {login} has a new password")


@users.command("delegate")
def delegate(
    context: typer.Context,
    login: Login,
    *,
    to: Annotated[str, typer.Option("--to", metavar="LOGIN", help="The user who decides in place of LOGIN.")],
    since: Annotated[
        str | None, typer.Option("--since", "--from", help="From this day or time on. Default: now.")
    ] = None,
    until: Annotated[str | None, typer.Option("--until", help="Before this day or time.")] = None,
    end: Annotated[bool, typer.Option("--end", help="End it now.")] = False,
    as_user: AsUser = None,
    as_json: AsJson = False,
) -> None:
    """Let another user decide what LOGIN may decide, for some time: holidays. Days begin in UTC.

    The delegate cannot set this up: LOGIN or another user does.
    """
    now = datetime.now(UTC)
    begins, ends = read_moment("--since", since, now), read_moment("--until", until, now)
    if end == (until is not None):
        raise CommandFailed("--until is missing: when does it end? Or end it now with --end")
    with open_ledger(context) as connection:
        actor = find_actor(connection, as_user)
        if ends is None:
            ended = delegations.end_delegation(connection, login, to, actor, now)
            told, facts = f"{count(ended, 'delegation')} of {login} to {to} ended", {"ended": str(ended)}
        else:
            begins = begins or now
            delegations.delegate(connection, login, to, since=begins, until=ends, actor=actor, now=now)
            told = f"{to} decides for {login} from {show(begins)} until {show(ends)}"
            facts = {"since": begins.isoformat(), "until": ends.isoformat()}
    print_json({"login": login, "to": to, **facts}) if as_json else print(told)


def _ask_password() -> str:
    """Read a password without showing it. It is no argument, because every user of the machine sees those."""
    if sys.stdin.isatty():
        typed: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
        return typed
    return sys.stdin.readline().rstrip("\r\n")


def _revoke(context: typer.Context, login: str, as_user: str | None, *, as_json: bool) -> None:
    with open_ledger(context) as connection:
        actor = find_actor(connection, as_user)
        revoked = user_tokens.revoke_tokens(connection, login, actor, datetime.now(UTC))
    if as_json:
        print_json({"login": login, "revoked": revoked})
    else:
        print(f"{count(revoked, 'token')} of {login} revoked")


def _write_row(row: dict[str, Any]) -> Row:
    delegates = ", ".join(f"{each['login']} until {each['until'][:10]}" for each in row["delegates"])
    return {**row, "roles": ", ".join(row["roles"]), "delegates": delegates}


def _print_state(login: str, state: str, *, as_json: bool) -> None:
    if as_json:
        print_json({"login": login, "state": state})
    else:
        print(f"user {login} is {state}")
