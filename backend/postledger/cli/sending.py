"""`sign`, `send` and `selftest`: signs a postback as a partner does, prints it or sends it through the edge."""

import time
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated

import typer

from postledger.cli.connections import open_keyring, open_ledger
from postledger.cli.errors import CommandFailed
from postledger.cli.output import AsJson, note, print_json
from postledger.partners.sample_formats import write_curl
from postledger.partners.selftest import run_selftest
from postledger.partners.send_postback import Answer, send_postback, sign_postback
from postledger.partners.signer import Body, SignedRequest
from postledger.platform.settings import read_environment, require
from postledger.policy.selftest_source import ensure_selftest_source


class Post(StrEnum):
    """The kinds of body that a POST can have."""

    JSON = "json"
    FORM = "form"


SourceSlug = Annotated[str, typer.Argument(metavar="SOURCE", help="The slug of the source.")]
Parameters = Annotated[
    list[str] | None, typer.Argument(metavar="NAME=VALUE", help="The parameters, by the names that the source uses.")
]
PostKind = Annotated[Post | None, typer.Option("--post", help="Send a POST with JSON or a form, instead of a GET.")]
Base = Annotated[str | None, typer.Option("--url", help="The edge. Default: POSTLEDGER_EDGE_URL.", metavar="BASE")]


def sign(
    context: typer.Context,
    source: SourceSlug,
    parameters: Parameters = None,
    *,
    post: PostKind = None,
    url: Base = None,
    as_json: AsJson = False,
) -> None:
    """Print a signed URL, or a curl command if the request has headers. It is valid for the source's time window."""
    base = find_edge(url)
    signed = _sign(context, source, parameters or [], post)
    address = base + signed.target
    if as_json:
        body = signed.body.decode()
        print_json({"method": signed.method, "url": address, "headers": signed.headers, "body": body})
    else:
        print(write_curl(address, signed, list_trust_options()) if signed.headers else address)


def send(
    context: typer.Context,
    source: SourceSlug,
    parameters: Parameters = None,
    *,
    post: PostKind = None,
    url: Base = None,
    as_json: AsJson = False,
) -> None:
    """Sign a postback, send it through the edge, and print the response."""
    base = find_edge(url)
    _report(send_postback(base, _sign(context, source, parameters or [], post), read_environment()), as_json=as_json)


def selftest(
    context: typer.Context,
    *,
    prepare: Annotated[bool, typer.Option("--prepare", help="Only create its source, and send nothing.")] = False,
    url: Base = None,
    as_json: AsJson = False,
) -> None:
    """Send a signed postback of the reserved source through the edge. It is booked once, and no report counts it."""
    keyring = open_keyring(context)
    with open_ledger(context) as connection:
        ensure_selftest_source(connection, keyring, datetime.now(UTC))
        if prepare:
            return
        environment = read_environment()
        answer = run_selftest(connection, keyring, find_edge(url), environment, int(time.time()))
    _report(answer, as_json=as_json)


def _report(answer: Answer, *, as_json: bool) -> None:
    if as_json:
        print_json({"http": answer.http, **answer.fields})
    else:
        print(f"HTTP {answer.http}  {' '.join(f'{name}={value}' for name, value in answer.fields.items())}")
    if not answer.is_accepted:
        reason = ":".join(
            str(answer.fields[name]) for name in ("reason", "parameter", "cause") if name in answer.fields
        )
        note(f"postledger: the postback was not accepted: HTTP {answer.http} {reason}".rstrip())
        raise typer.Exit(1)


def find_edge(url: str | None) -> str:
    """Find the URL of the edge: the given one, or that of the environment."""
    return (url or require(read_environment(), "POSTLEDGER_EDGE_URL", "https://localhost:8443")).rstrip("/")


def _sign(context: typer.Context, slug: str, parameters: list[str], post: Post | None) -> SignedRequest:
    pairs = [_read_pair(text) for text in parameters]
    keyring = open_keyring(context)
    with open_ledger(context) as connection:
        body: Body | None = None if post is None else post.value
        return sign_postback(connection, keyring, slug, pairs, body=body, unix_s=int(time.time()))


def _read_pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise CommandFailed("a parameter is malformed; write NAME=VALUE, for example click_id=ABC123")
    return name, value


def list_trust_options() -> list[str]:
    """List the options by which curl trusts the edge's certificate."""
    ca_file = read_environment().get("POSTLEDGER_CA_FILE")
    return ["--cacert", ca_file] if ca_file else []
