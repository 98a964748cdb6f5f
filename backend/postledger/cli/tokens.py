"""`source token`: the tokens with which partners get explanations, samples and receipts of their source."""

from datetime import UTC, datetime
from typing import Annotated

import msgspec
import typer

from postledger.cli.connections import open_ledger
from postledger.cli.current_user import AsUser, recorded
from postledger.cli.output import AsJson, note, print_json
from postledger.partners.tokens import issue_token, revoke_tokens
from postledger.vocabulary.wording import count


def manage_tokens(
    context: typer.Context,
    slug: Annotated[str, typer.Argument(metavar="SLUG", help="The slug of the source.")],
    *,
    revoke: Annotated[bool, typer.Option("--revoke", help="Revoke all tokens of the source.")] = False,
    as_user: AsUser = None,
    as_json: AsJson = False,
) -> None:
    """Make a partner token of a source, for explanations, samples and receipts. It is shown once."""
    if revoke:
        _revoke(context, slug, as_user, as_json=as_json)
        return
    with open_ledger(context) as connection, recorded(connection, as_user, "source.token", slug) as actor:
        issued = issue_token(connection, slug, actor, datetime.now(UTC))
    if as_json:
        print_json({"source": slug, **msgspec.structs.asdict(issued)})
        return
    print(issued.token)
    note(f"Give it to the partner: it is not shown again. {slug} has {count(issued.valid, 'valid token')}.")
    note('It is sent as a header, never in a URL: curl -H "Authorization: Bearer TOKEN" …')


def _revoke(context: typer.Context, slug: str, as_user: str | None, *, as_json: bool) -> None:
    with open_ledger(context) as connection, recorded(connection, as_user, "source.revoke_tokens", slug):
        revoked = revoke_tokens(connection, slug, datetime.now(UTC))
    if as_json:
        print_json({"source": slug, "revoked": revoked})
    else:
        print(f"{count(revoked, 'token')} of {slug} revoked")
