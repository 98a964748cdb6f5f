"""The command line put together: every command under its name, with its help."""

import typer

from postledger.cli.clicks import clicks
from postledger.cli.configure import apply, export
from postledger.cli.diagnosis import doctor
from postledger.cli.errors import OneLineErrors
from postledger.cli.listing import conversions, postbacks
from postledger.cli.parked import discard_parked, list_parked, release_parked
from postledger.cli.presets import dialects, presets
from postledger.cli.privacy import forget, hash_datum
from postledger.cli.schema import grant, migrate, retain
from postledger.cli.sending import send, sign
from postledger.cli.sources import sources
from postledger.cli.tracing import trace


def create_cli() -> typer.Typer:
    """Build the `postledger` command."""
    app = typer.Typer(
        name="postledger",
        help="Postledger, a postback tracker: postbacks in, ledger out.",
        cls=OneLineErrors,
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,  # its tracebacks show local variables, and some of those are secrets
    )
    for command in (migrate, grant, apply, export, sign, send, trace, retain, forget, doctor):
        app.command()(command)
    conversions.command("parked")(list_parked)
    conversions.command("release")(release_parked)
    conversions.command("discard")(discard_parked)
    app.command("hash")(hash_datum)
    app.add_typer(sources, name="source")
    app.add_typer(presets, name="preset")
    app.add_typer(dialects, name="dialect")
    app.add_typer(clicks, name="clicks")
    app.add_typer(conversions, name="conversions")
    app.add_typer(postbacks, name="postbacks")
    return app
