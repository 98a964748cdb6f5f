"""The command line: every command by its name, imported when it is asked for."""

import os
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command, get_group

from postledger.cli.connections import Connections
from postledger.cli.errors import OneLineErrors
from postledger.platform.build_info import read_build_info

_COMMANDS: Mapping[str, str] = {
    "migrate": "schema:migrate",
    "grant": "schema:grant",
    "apply": "configure:apply",
    "export": "exports:exports",
    "sign": "sending:sign",
    "send": "sending:send",
    "sample": "samples:sample",
    "selftest": "sending:selftest",
    "trace": "tracing:trace",
    "retain": "schema:retain",
    "backup": "backup:backup",
    "restore": "backup:restore",
    "forget": "privacy:forget",
    "doctor": "doctor:doctor",
    "worker": "worker:worker",
    "consume": "consume:consume",
    "hash": "privacy:hash_datum",
    "source": "sources:sources",
    "campaign": "campaigns:campaigns",
    "policy": "policy:policy",
    "preset": "presets:presets",
    "dialect": "presets:dialects",
    "replay": "replay:replays",
    "clicks": "clicks:clicks",
    "conversions": "listing:conversions",
    "postbacks": "listing:postbacks",
    "payees": "payees:payees",
    "rates": "rates:rates",
    "jobs": "jobs:jobs",
    "changes": "changes:changes",
    "forwards": "forwards:forwards",
    "expenses": "expenses:expenses",
    "bills": "bills:bills",
    "statement": "statements:statements",
    "match": "matches:matches",
    "reconcile": "reconciliation:reconcile",
    "period": "periods:periods",
    "discrepancies": "discrepancies:discrepancies",
    "evidence": "evidence:evidence",
    "finance": "finance:finance",
    "approvals": "approvals:approvals",
    "user": "users:users",
    "audit": "audit_chain:audit",
}
"""Where each command is: a module of this package, and in it a function, or a `Typer` with sub-commands."""


class _Commands(OneLineErrors):
    """The root command. It imports the module of the one that is asked for: all of them take a second."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 - Typer's signature
        """List the names for the help, in this order."""
        return list(_COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> TyperCommand | TyperGroup | None:  # noqa: ARG002 - Typer's signature
        """Find a command by its name."""
        return _load(cmd_name) if cmd_name in _COMMANDS else None


@cache
def _load(name: str) -> TyperCommand | TyperGroup:
    module, attribute = _COMMANDS[name].split(":")
    found = getattr(import_module(f"postledger.cli.{module}"), attribute)
    if isinstance(found, typer.Typer):
        group = get_group(found)
        group.name = name
        return group
    alone = typer.Typer(add_completion=False)
    alone.command(name)(found)
    command = get_command(alone)
    assert isinstance(command, TyperCommand), "it is made of one function"
    return command


def create_cli(connections: Connections) -> typer.Typer:
    """Build the `postledger` command."""
    app = typer.Typer(
        name="postledger",
        help="Postledger, a self-hosted postback tracker: it receives conversions and books each one exactly once.",
        cls=_Commands,
        context_settings={"obj": connections},
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,  # its tracebacks print local variables, some of which are secrets
    )
    app.callback()(_take_options)
    return app


def _take_options(
    *,
    version: bool = typer.Option(
        False,
        "--version",
        callback=lambda wanted: _print_version(wanted=wanted),
        is_eager=True,
        help="Print version and commit, and exit.",
    ),
) -> None:
    """Take the options that belong to no command."""


def _print_version(*, wanted: bool) -> None:
    if wanted:
        build = read_build_info(os.environ)
        print(f"postledger {build.version} ({build.commit})")
        raise typer.Exit
