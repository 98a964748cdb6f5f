"""Builds the command line: every command with its name and help."""

import os

import typer

from postledger.cli.audit_chain import audit
from postledger.cli.backup import backup, restore
from postledger.cli.campaigns import campaigns
from postledger.cli.clicks import clicks
from postledger.cli.configure import apply, export
from postledger.cli.connections import Connections
from postledger.cli.consume import consume
from postledger.cli.doctor import doctor
from postledger.cli.errors import OneLineErrors
from postledger.cli.expenses import expenses
from postledger.cli.finance import finance
from postledger.cli.forwards import forwards
from postledger.cli.jobs import jobs
from postledger.cli.listing import conversions, postbacks
from postledger.cli.parked import discard_parked, list_parked, release_parked
from postledger.cli.payees import payees
from postledger.cli.policy import policy
from postledger.cli.presets import dialects, presets
from postledger.cli.privacy import forget, hash_datum
from postledger.cli.rates import rates
from postledger.cli.replay import replays
from postledger.cli.samples import sample
from postledger.cli.schema import grant, migrate, retain
from postledger.cli.sending import selftest, send, sign
from postledger.cli.sources import sources
from postledger.cli.tracing import trace
from postledger.cli.users import users
from postledger.cli.worker import worker
from postledger.platform.build_info import read_build_info


def create_cli(connections: Connections) -> typer.Typer:
    """Build the `postledger` command."""
    app = typer.Typer(
        name="postledger",
        help="Postledger, a self-hosted postback tracker: it receives conversions and books each one exactly once.",
        cls=OneLineErrors,
        context_settings={"obj": connections},
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,  # its tracebacks print local variables, some of which are secrets
    )
    app.callback()(_take_options)
    for command in (
        migrate,
        grant,
        apply,
        export,
        sign,
        send,
        sample,
        selftest,
        trace,
        retain,
        backup,
        restore,
        forget,
        doctor,
        worker,
        consume,
    ):
        app.command()(command)
    conversions.command("parked")(list_parked)
    conversions.command("release")(release_parked)
    conversions.command("discard")(discard_parked)
    app.command("hash")(hash_datum)
    app.add_typer(sources, name="source")
    app.add_typer(campaigns, name="campaign")
    app.add_typer(policy, name="policy")
    app.add_typer(presets, name="preset")
    app.add_typer(dialects, name="dialect")
    app.add_typer(replays, name="replay")
    app.add_typer(clicks, name="clicks")
    app.add_typer(conversions, name="conversions")
    app.add_typer(postbacks, name="postbacks")
    app.add_typer(payees, name="payees")
    app.add_typer(rates, name="rates")
    app.add_typer(jobs, name="jobs")
    app.add_typer(forwards, name="forwards")
    app.add_typer(expenses, name="expenses")
    app.add_typer(finance, name="finance")
    app.add_typer(users, name="user")
    app.add_typer(audit, name="audit")
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
