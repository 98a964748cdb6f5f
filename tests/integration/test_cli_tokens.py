"""`source token` makes partner tokens that are shown once, stored as a digest, and end with their source."""

import hashlib
from typing import Any

import pytest

from postledger.partners.tokens import find_source_of, is_token
from postledger.platform.postgres.connection import connect
from tests.parts.cli import CommandLine
from tests.parts.databases import fetch


@pytest.fixture
def acme(cli: CommandLine, file: str) -> CommandLine:
    """The command line of a ledger with the source `acme`."""
    assert cli("apply", file).code == 0
    return cli


def opens(cli: CommandLine, token: str) -> str | None:
    with connect(cli.environment["DATABASE_URL"], name="test", statement_timeout_ms=60_000) as ledger:
        return find_source_of(ledger, token)


def stored(cli: CommandLine) -> list[tuple[Any, ...]]:
    return fetch(cli.environment["DATABASE_URL"], "SELECT token_sha256, created_by <> '' FROM partner_tokens")


def test_a_token_opens_its_source_and_only_its_digest_is_stored(acme: CommandLine) -> None:
    made = acme("source", "token", "acme")

    token = made.out.strip()
    assert is_token(token)
    assert opens(acme, token) == "acme"
    assert stored(acme) == [(hashlib.sha256(token.encode()).digest(), True)]
    assert token not in made.err


def test_tokens_stay_valid_beside_each_other_until_they_are_revoked(acme: CommandLine) -> None:
    first, second = (acme("source", "token", "acme", "--json").facts for _ in range(2))

    assert (first["valid"], second["valid"]) == (1, 2)
    assert acme("source", "show", "acme", "--json").facts["tokens"] == 2
    assert acme("source", "token", "acme", "--revoke", "--json").facts == {"source": "acme", "revoked": 2}
    assert [opens(acme, made["token"]) for made in (first, second)] == [None, None]
    assert acme("source", "list", "--json").facts[0]["tokens"] == 0
    assert acme("source", "token", "acme", "--revoke").out == "0 tokens of acme revoked\n"


@pytest.mark.parametrize("is_pruned", [False, True])
def test_a_token_ends_with_its_source(acme: CommandLine, file: str, is_pruned: bool) -> None:
    token = acme("source", "token", "acme", "--json").facts["token"]

    if is_pruned:
        assert acme("apply", acme.write("empty.toml", ""), "--prune", "--yes").code == 0
    else:
        assert acme("source", "retire", "acme").code == 0
    assert acme("apply", file).code == 0

    assert opens(acme, token) is None
    assert acme("source", "show", "acme", "--json").facts["state"] == "in force"


@pytest.mark.parametrize("options", [(), ("--revoke",)])
def test_an_unknown_source_has_no_token(acme: CommandLine, options: tuple[str, ...]) -> None:
    failed = acme("source", "token", "nobody", *options)

    assert failed.code != 0
    assert "no source nobody is in force" in failed.err


@pytest.mark.parametrize("text", ["", "plt_", "plt_" + "a" * 42, "plt_" + "a" * 44, "plt_" + "a" * 42 + "!", "x" * 47])
def test_what_has_not_the_form_of_a_token_is_none(text: str) -> None:
    assert not is_token(text)
