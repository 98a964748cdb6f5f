"""`campaign`: retires a campaign."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from postledger.cli.connections import open_ledger
from postledger.cli.current_user import AsUser, find_actor
from postledger.cli.output import AsJson
from postledger.cli.sources import print_retired
from postledger.policy.retire import retire as retire_object

campaigns = typer.Typer(help="Campaigns. `apply` creates and changes them.", no_args_is_help=True)


@campaigns.command("retire")
def retire(
    context: typer.Context,
    slug: Annotated[str, typer.Argument(metavar="SLUG", help="The slug of the campaign.")],
    *,
    as_user: AsUser = None,
    as_json: AsJson = False,
) -> None:
    """Retire a campaign: within 3 seconds its links lead nowhere. Its clicks and conversions stay."""
    with open_ledger(context) as connection:
        retire_object(connection, "campaign", slug, datetime.now(UTC), find_actor(connection, as_user))
    print_retired("campaign", slug, as_json=as_json)
