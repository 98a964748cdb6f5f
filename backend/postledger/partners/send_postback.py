"""Signs and sends a postback as a partner does: to show how it is done, or to test everything from edge to ledger."""

import secrets
import ssl
from collections.abc import Mapping
from typing import Any

import httpx
import msgspec
from psycopg import Connection

from postledger.partners.signer import Body, CannotSign, Pairs, SignedRequest, make_get, make_post
from postledger.platform.keyring import Keyring
from postledger.platform.server.edge_client import find_target, make_trust, open_client
from postledger.policy.read import load_policy
from postledger.policy.source import Source
from postledger.vocabulary.operator_error import NotFound, NotPossible

TIMEOUT_S = 10.0
_ID_BYTES = 16


class Answer(msgspec.Struct, frozen=True):
    """The edge's response: its HTTP status and the fields of its JSON object."""

    http: int
    fields: dict[str, Any]

    @property
    def is_accepted(self) -> bool:
        """Whether the status is 2xx."""
        return 200 <= self.http < 300


def sign_postback(
    connection: Connection[Any], keyring: Keyring, slug: str, pairs: Pairs, *, body: Body | None, unix_s: int
) -> SignedRequest:
    """Sign a postback with the newest secret of a source: a GET, or a POST with a body.

    Raises `NotFound`, or `NotPossible` if the source cannot be signed for.
    """
    source = find_source(connection, keyring, slug)
    key = None
    if source.settings.auth != "none":
        if not source.keys:
            raise NotPossible(f"source {slug} has no secret; add one to the TOML file and run postledger apply")
        key = source.keys[0]
    try:
        if body is None:
            return make_get(source, key, pairs, unix_s)
        message_id = f"msg_{secrets.token_urlsafe(_ID_BYTES)}"
        return make_post(source, key, pairs, body, message_id=message_id, unix_s=unix_s)
    except CannotSign as error:
        raise NotPossible(f"cannot sign for source {slug}: {error}") from None


def send_postback(base: str, request: SignedRequest, environment: Mapping[str, str]) -> Answer:
    """Send a postback to the edge at a base URL. Raises `NotPossible` if it does not answer."""
    try:
        with open_edge(base, environment) as client:
            url = httpx.URL(base).copy_with(raw_path=request.target.encode())
            response = client.request(request.method, url, headers=request.headers, content=request.body or None)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise NotPossible(f"the edge at {base} does not answer ({type(error).__name__}); is it up?") from None
    return read_answer(response)


def open_edge(base: str, environment: Mapping[str, str]) -> httpx.Client:
    """Open a client for the edge at a base URL."""
    return open_client(_read_trust(environment), find_target(environment, base), TIMEOUT_S)


def read_answer(response: httpx.Response) -> Answer:
    """Read the edge's response."""
    return Answer(response.status_code, _read_fields(response))


def find_source(connection: Connection[Any], keyring: Keyring, slug: str) -> Source:
    """Find a source in force, with its secrets. Raises `NotFound`, or `NotPossible` if it cannot be used."""
    policy = load_policy(connection, keyring)
    if slug in policy.unusable:
        raise NotPossible(f"source {slug} cannot be used as it is stored; run: postledger doctor")
    source = policy.sources.get(slug)
    if source is None:
        raise NotFound(f"source {slug} does not exist; run: postledger source list")
    return source


def _read_trust(environment: Mapping[str, str]) -> ssl.SSLContext:
    try:
        return make_trust(environment.get("POSTLEDGER_CA_FILE"))
    except OSError as error:
        raise NotPossible(
            f"POSTLEDGER_CA_FILE cannot be read ({error.strerror}); set it to the file with the edge's certificate"
        ) from None


def _read_fields(response: httpx.Response) -> dict[str, Any]:
    try:
        answer = response.json()
    except ValueError:
        answer = None
    return answer if isinstance(answer, dict) else {"answer": "not a JSON object, therefore not from Postledger"}
