"""`user` adds people, and `--as` names the one who did something, in every record of it."""

import getpass
import hashlib
from typing import Any

import pytest

from tests.parts.cli import CommandLine
from tests.parts.databases import fetch


def entries(cli: CommandLine, action: str) -> list[tuple[str, str, dict[str, Any]]]:
    """The entries of the chain for an action, the oldest first."""
    listed = cli("audit", "list", "--action", action, "--json").facts
    return [(each["actor"], each["subject"], each["body"]) for each in reversed(listed)]


@pytest.fixture
def people(cli: CommandLine) -> CommandLine:
    """A ledger with an admin, two managers and a viewer."""
    for login, role in (("ada", "admin"), ("mia", "manager"), ("bob", "manager"), ("vic", "viewer")):
        assert cli("user", "add", login, "--role", role).code == 0
    return cli


def test_a_user_is_added_once_with_roles(cli: CommandLine) -> None:
    added = cli(
        "user", "add", "mia", "--role", "manager", "--role", "operator", "--name", "Mia B.", "--email",
        "mia@example.com", "--os-user", "mia.b", "--payee", "456",
    )  # fmt: skip
    (row,) = cli("user", "list", "--json").facts

    assert added.out == "user mia added: manager, operator\n"
    assert row | {"created_at": ""} == {
        "login": "mia", "name": "Mia B.", "roles": ["manager", "operator"], "state": "enabled",
        "email": "mia@example.com", "os_user": "mia.b", "payee": "456", "tokens": 0, "delegates": [],
        "created_at": "", "disabled_at": None,
    }  # fmt: skip
    facts = {"roles": ["manager", "operator"], "os_user": "mia.b", "payee": "456"}
    assert entries(cli, "user.add") == [(getpass.getuser(), "mia", facts)]


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        (("Mia", "--role", "manager"), "user mia exists already"),
        (("eve", "--role", "manager", "--os-user", "mia.b"), "mia is the user mia.b of the operating system already"),
        (("eve", "--role", "Big Boss"), "a role must be"),
        (("eve",), "Missing option '--role'"),
        (("e v", "--role", "manager"), "LOGIN must be"),
    ],
)
def test_a_user_that_cannot_be_is_refused(cli: CommandLine, options: tuple[str, ...], fault: str) -> None:
    cli("user", "add", "mia", "--role", "manager", "--os-user", "mia.b")

    failed = cli("user", "add", *options)

    assert failed.code != 0
    assert fault in failed.err
    assert len(failed.err.splitlines()) == 1
    assert len(cli("user", "list", "--json").facts) == 1


def test_roles_are_replaced_added_and_removed(people: CommandLine) -> None:
    added = people("user", "role", "mia", "--add", "director", "--as", "ada", "--json").facts
    removed = people("user", "role", "mia", "--remove", "manager", "--as", "ada", "--json").facts
    replaced = people("user", "role", "mia", "viewer", "--as", "ada", "--json").facts
    none_left = people("user", "role", "mia", "--remove", "viewer")

    assert [each["roles"] for each in (added, removed, replaced)] == [["manager", "director"], ["director"], ["viewer"]]
    assert none_left.code == 1
    assert [(actor, body["roles"]) for actor, _, body in entries(people, "user.role")] == [
        ("ada", ["manager", "director"]), ("ada", ["director"]), ("ada", ["viewer"]),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("command", "actor", "fault"),
    [
        (("role", "ada", "--add", "manager"), "ada", "ada cannot become manager by their own word"),
        (("role", "bob", "--add", "director"), "mia", "mia is no admin, and only an admin makes a user director"),
        (("add", "eve", "--role", "director"), "mia", "mia is no admin, and only an admin makes a user director"),
    ],
)
def test_a_level_of_approval_is_given_by_an_admin_to_others(
    people: CommandLine, command: tuple[str, ...], actor: str, fault: str
) -> None:
    refused = people("user", *command, "--as", actor)

    assert refused.code == 1
    assert fault in refused.err
    assert people("user", "role", "bob", "--add", "director", "--as", "ada").code == 0
    assert people("user", "role", "bob", "--remove", "director", "--as", "mia").code == 0


def test_a_token_is_shown_once_stored_hashed_and_ends_with_its_user(people: CommandLine) -> None:
    url = people.environment["DATABASE_URL"]
    made = people("user", "token", "mia", "--scope", "read", "--scope", "approve", "--expires", "30d")
    token = made.out.strip()
    stored = fetch(url, "SELECT token_sha256, scopes, expires_at - created_at = '30 days' FROM tokens")

    assert token.startswith("plu_")
    assert len(token) == 47
    assert stored == [(hashlib.sha256(token.encode()).digest(), ["read", "approve"], True)]
    assert token not in made.err + people("audit", "list", "--json").out + people("user", "list", "--json").out
    assert people("user", "token", "vic", "--scope", "approve").err.startswith("postledger: vic has the roles viewer")
    people("user", "disable", "mia")
    assert fetch(url, "SELECT revoked_at IS NOT NULL FROM tokens") == [(True,)]
    assert people("user", "token", "mia").err == "postledger: user mia is disabled; run: postledger user enable mia\n"


def test_tokens_are_revoked(people: CommandLine) -> None:
    for _ in range(2):
        people("user", "token", "mia")

    assert people("user", "token", "mia", "--revoke", "--json").facts == {"login": "mia", "revoked": 2}
    assert people("user", "token", "mia", "--revoke").out == "0 tokens of mia revoked\n"


@pytest.mark.parametrize("expires", ["0d", "367d", "soon", "-1d"])
def test_a_token_expires_within_a_year(people: CommandLine, expires: str) -> None:
    assert "--expires must be a time" in people("user", "token", "mia", f"--expires={expires}").err


def test_a_delegation_has_dates_and_can_be_ended(people: CommandLine) -> None:
    days = ("--since", "2100-01-01", "--until", "2100-01-15")
    given = people("user", "delegate", "mia", "--to", "bob", *days, "--as", "mia")
    listed = {row["login"]: row["delegates"] for row in people("user", "list", "--json").facts}

    assert given.out == "bob decides for mia from 2100-01-01 00:00:00Z until 2100-01-15 00:00:00Z\n"
    assert [each["login"] for each in listed["mia"]] == ["bob"]
    assert entries(people, "user.delegate")[0][:2] == ("mia", "mia")
    assert people("user", "delegate", "mia", "--to", "bob", "--end").out == "1 delegation of mia to bob ended\n"
    assert fetch(people.environment["DATABASE_URL"], "SELECT * FROM delegations") == []


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        (("mia", "--to", "mia", "--until", "2100-01-01"), "cannot be its own delegate"),
        (("mia", "--to", "bob", "--until", "2100-01-01", "--as", "bob"), "four_eyes: bob cannot take"),
        (("vic", "--to", "bob", "--until", "2100-01-01"), "vic has no level of approval"),
        (("mia", "--to", "bob", "--until", "2020-01-01"), "--until must be after"),
        (("mia", "--to", "bob", "--since", "2100-01-02", "--until", "2100-01-01"), "--until must be after"),
        (("mia", "--to", "bob"), "--until is missing"),
        (("mia", "--to", "eve", "--until", "2100-01-01"), "user eve does not exist"),
    ],
)
def test_a_delegation_that_cannot_be_is_refused(people: CommandLine, arguments: tuple[str, ...], fault: str) -> None:
    failed = people("user", "delegate", *arguments)

    assert failed.code == 1
    assert fault in failed.err
    assert fetch(people.environment["DATABASE_URL"], "SELECT * FROM delegations") == []


def test_a_command_is_done_by_the_user_that_the_operating_system_names(people: CommandLine) -> None:
    people("user", "add", "me", "--role", "operator", "--os-user", getpass.getuser())

    people("user", "disable", "bob")
    people("user", "enable", "bob", "--as", "ADA")

    assert [actor for actor, _, _ in entries(people, "user.disable")] == ["me"]
    assert [actor for actor, _, _ in entries(people, "user.enable")] == ["ada"]


def test_other_commands_are_recorded_with_their_user(people: CommandLine, file: str) -> None:
    people("apply", file, "--as", "ada")
    rates = people.write("rates.csv", "Date, USD, \n27 November 2026, 1.1000, \n")

    for command in (
        ("source", "token", "acme"), ("source", "token", "acme", "--revoke"), ("source", "reencrypt"),
        ("source", "rotate", "acme"), ("rates", "import", rates),
    ):  # fmt: skip
        ran = people(*command, "--as", "mia")
        assert ran.code == 0, ran.err
    failed = people("source", "token", "unknown", "--as", "mia")

    listed = people("audit", "list", "--actor", "mia", "--json").facts
    assert [(each["action"], each["subject"]) for each in reversed(listed)] == [
        ("source.token", "acme"), ("source.revoke_tokens", "acme"), ("source.reencrypt", "secrets"),
        ("policy.change", "version 3"), ("rates.import", "ecb"),
    ]  # fmt: skip
    assert failed.code == 1
    assert people("audit", "verify").code == 0


@pytest.mark.parametrize(
    ("login", "fault"),
    [("eve", "user eve does not exist"), ("bob", "user bob is disabled"), ("vic", "user vic is a viewer")],
)
def test_nothing_is_done_as_a_user_who_may_not(people: CommandLine, file: str, login: str, fault: str) -> None:
    people("user", "disable", "bob")

    failed = people("apply", file, "--as", login)

    assert failed.code == 1
    assert fault in failed.err
    assert people("source", "list", "--json").facts == []


def test_a_disabled_user_does_nothing_by_the_operating_system_either(people: CommandLine, file: str) -> None:
    people("user", "add", "me", "--role", "operator", "--os-user", getpass.getuser())
    people("user", "disable", "me", "--as", "ada")

    assert people("apply", file).err == "postledger: user me is disabled; run: postledger user enable me\n"


def test_apply_records_who_did_it(people: CommandLine, file: str) -> None:
    people("apply", file, "--as", "mia")

    assert {row["actor"] for row in people("policy", "history", "--json").facts} == {"mia"}
    ((actor, subject, body),) = entries(people, "policy.change")
    assert (actor, subject, body["count"]) == ("mia", "version 2", len(body["changes"]))
    assert ["source", "acme", "create"] in body["changes"]
    assert people("audit", "verify").code == 0
