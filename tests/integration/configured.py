"""A configuration with one object of each kind, and functions that read it back."""

import psycopg

from postledger.platform.keyring import Keyring
from postledger.policy.policy import Policy
from postledger.policy.read import load_policy
from tests.parts.cli import CommandLine

FILE = """
[[sources]]
slug = "acme"
name = "Acme Network"
secrets = ["s3cret-current", "s3cret-previous"]
allow = ["127.0.0.0/8"]
timestamp_tolerance = "45m"
currency = "USD"
pii = ["email"]
[sources.params]
click_id = ["subid", "sub1"]
[sources.statuses]
approved = ["sale", "1"]

[[campaigns]]
slug = "spring"
name = "Spring sale"
destination = "https://shop.example/?cid={click_id}"

[[affiliates]]
id = "456"
name = "Affiliate 456"
"""


def load(cli: CommandLine) -> Policy:
    """The policy as a running worker reads it."""
    with psycopg.connect(cli.environment["DATABASE_URL"], autocommit=True) as connection:
        return load_policy(connection, Keyring([cli.environment["POSTLEDGER_MASTER_KEY"]]))


def actions(cli: CommandLine, *arguments: str) -> dict[str, str]:
    """The changes that `apply` prints, by object."""
    changes = cli("apply", *arguments, "--json").facts["changes"]
    return {change["name"]: " ".join([change["action"], *change["keys"]]) for change in changes}


def secrets_of(cli: CommandLine, slug: str) -> list[str]:
    """The live secrets of a source, newest first."""
    return [row["secret"] for row in cli("source", "secret", slug, "--reveal", "--json").facts["secrets"]]
