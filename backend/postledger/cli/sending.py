"""`sign` and `send`: a postback made as a partner makes it, to show one how, or to try the whole way."""

import secrets
import shlex
import ssl
import time
from enum import StrEnum
from typing import Annotated

import httpx
import typer

from postledger.cli.connections import open_keyring, open_ledger
from postledger.cli.errors import CommandFailed
from postledger.cli.output import AsJson, note, print_json
from postledger.doctor.edge_client import find_way, make_trust, open_client
from postledger.partners.signer import CannotSign, Outgoing, make_get, make_post
from postledger.platform.settings import read_environment, require
from postledger.policy.read import load_policy
from postledger.policy.source import Source

TIMEOUT_S = 10.0


class Post(StrEnum):
    """The forms of body that a POST may have."""

    JSON = "json"
    FORM = "form"


SourceSlug = Annotated[str, typer.Argument(metavar="SOURCE", help="The slug of the source that sends.")]
Parameters = Annotated[
    list[str] | None, typer.Argument(metavar="NAME=VALUE", help="The parameters, by the names that the source uses.")
]
PostKind = Annotated[Post | None, typer.Option("--post", help="POST them as JSON or as a form, instead of GET.")]
Base = Annotated[str | None, typer.Option("--url", help="The edge; otherwise POSTLEDGER_EDGE_URL.", metavar="BASE")]


def sign(
    source: SourceSlug, parameters: Parameters = None, post: PostKind = None, url: Base = None, as_json: AsJson = False
) -> None:
    """Print a signed URL, or a curl command where there are headers, that is good for the source's time window."""
    base = _edge(url)
    outgoing = _make(source, parameters or [], post)
    address = base + outgoing.target
    if as_json:
        body = outgoing.body.decode()
        print_json({"method": outgoing.method, "url": address, "headers": outgoing.headers, "body": body})
    else:
        print(_curl(address, outgoing) if outgoing.headers else address)


def send(
    source: SourceSlug, parameters: Parameters = None, post: PostKind = None, url: Base = None, as_json: AsJson = False
) -> None:
    """Sign a postback, send it through the edge, and print the answer."""
    base = _edge(url)
    response = _send(base, _make(source, parameters or [], post))
    answer = _read_answer(response)
    if as_json:
        print_json({"http": response.status_code, **answer})
    else:
        told = " ".join(f"{name}={value}" for name, value in answer.items())
        print(f"HTTP {response.status_code}  {told}")
    if not response.is_success:
        note(f"postledger: the postback was not taken: HTTP {response.status_code} {answer.get('reason', '')}".rstrip())
        raise typer.Exit(1)


def _edge(url: str | None) -> str:
    return (url or require(read_environment(), "POSTLEDGER_EDGE_URL", "https://localhost:8443")).rstrip("/")


def _make(slug: str, parameters: list[str], post: Post | None) -> Outgoing:
    source = _find_source(slug)
    proves = source.settings.auth != "none"
    # `apply` lets none be without; one whose secrets cannot be read was told apart above.
    if proves and not source.keys:
        raise CommandFailed(f"the source {slug} has no secret; apply it with one")
    key = source.keys[0] if proves else None
    pairs, now_s = [_read_pair(text) for text in parameters], int(time.time())
    message_id = f"msg_{secrets.token_urlsafe(16)}"
    try:
        if post is None:
            return make_get(source, key, pairs, now_s)
        return make_post(source, key, pairs, post.value, message_id=message_id, unix_s=now_s)
    except CannotSign as error:
        raise CommandFailed(f"the source {slug} cannot be signed for: {error}") from None


def _find_source(slug: str) -> Source:
    keyring = open_keyring()
    with open_ledger() as connection:
        policy = load_policy(connection, keyring)
    if slug in policy.unusable:
        raise CommandFailed(f"the source {slug} cannot be used as it is stored; run: postledger doctor")
    source = policy.sources.get(slug)
    if source is None:
        raise CommandFailed(f"there is no source {slug}; run: postledger source list")
    return source


def _read_pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise CommandFailed("parameters are written NAME=VALUE, for example click_id=ABC123")
    return name, value


def _curl(address: str, outgoing: Outgoing) -> str:
    ca_file = read_environment().get("POSTLEDGER_CA_FILE")
    trust = ["--cacert", ca_file] if ca_file else []
    headers = [part for name, value in outgoing.headers.items() for part in ("--header", f"{name}: {value}")]
    body = ["--request", "POST", "--data-raw", outgoing.body.decode()] if outgoing.method == "POST" else []
    return shlex.join(["curl", *trust, *headers, *body, address])


def _send(base: str, outgoing: Outgoing) -> httpx.Response:
    try:
        with open_client(_trust(), find_way(read_environment(), base), TIMEOUT_S) as client:
            target = httpx.URL(base).copy_with(raw_path=outgoing.target.encode())
            return client.request(outgoing.method, target, headers=outgoing.headers, content=outgoing.body or None)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise CommandFailed(f"the edge at {base} does not answer ({type(error).__name__}); is it up?") from None


def _trust() -> ssl.SSLContext:
    ca_file = read_environment().get("POSTLEDGER_CA_FILE")
    try:
        return make_trust(ca_file)
    except OSError as error:
        raise CommandFailed(f"POSTLEDGER_CA_FILE cannot be read: {error.strerror}") from None


def _read_answer(response: httpx.Response) -> dict[str, object]:
    try:
        answer = response.json()
    except ValueError:
        answer = None
    return answer if isinstance(answer, dict) else {"answer": "not the JSON object that Postledger gives"}
