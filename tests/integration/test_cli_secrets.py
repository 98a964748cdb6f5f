"""`source secret`, `rotate` and `reencrypt` change secrets without a gap, and print them only on request."""

import base64
import re
from collections.abc import Sequence

import psycopg
import pytest
from cryptography.fernet import Fernet

from postledger.partners.known_conversions import read_retired
from postledger.platform.keyring import Keyring
from tests.integration.configured import FILE, actions, load, secrets_of
from tests.parts.cli import CommandLine
from tests.parts.databases import fetch
from tests.parts.sources import add_source


def secrets_line(cli: CommandLine) -> str:
    """The line of `doctor` about secrets. Other checks fail in a test."""
    return next(line for line in cli("doctor").out.splitlines() if line.split()[1] == "secrets")


def stored_secrets(cli: CommandLine) -> list[tuple[object, ...]]:
    """The rows of all secrets, as they are stored."""
    return fetch(cli.environment["DATABASE_URL"], "SELECT id, ciphertext FROM source_secrets ORDER BY id")


def old_secrets(cli: CommandLine) -> Sequence[str]:
    """The secrets of `acme` with which the sandbox tries a wrong signature, newest first."""
    with psycopg.connect(cli.environment["DATABASE_URL"], autocommit=True) as connection:
        return read_retired(connection, Keyring([cli.environment["POSTLEDGER_MASTER_KEY"]]), "acme")


def test_another_master_key_can_replace_the_secrets_that_it_cannot_read(cli: CommandLine, file: str) -> None:
    cli("apply", file)
    cli.environment["POSTLEDGER_MASTER_KEY"] = Fernet.generate_key().decode()

    assert actions(cli, file)["acme"] == "change secrets"
    assert secrets_of(cli, "acme") == ["s3cret-current", "s3cret-previous"]


def test_no_table_holds_a_secret_in_clear(cli: CommandLine, file: str) -> None:
    cli("apply", file)

    stored = fetch(cli.environment["DATABASE_URL"], "SELECT database_to_xml(true, true, '')::text")[0][0]

    assert "<source_secrets>" in stored
    assert not any(form in stored for form in ("s3cret", b"s3cret".hex(), base64.b64encode(b"s3cret-current").decode()))


def test_secrets_are_shown_only_with_reveal(cli: CommandLine, file: str) -> None:
    cli("apply", file)

    shown = [cli(*command) for command in (
        ("source", "list"), ("source", "show", "acme"), ("source", "secret", "acme"), ("export",),
        ("source", "list", "--json"), ("source", "show", "acme", "--json"), ("source", "secret", "acme", "--json"),
        ("export", "--json"),
    )]  # fmt: skip

    assert {ran.code for ran in shown} == {0}
    assert not any("s3cret" in ran.out + ran.err for ran in shown)
    assert secrets_of(cli, "acme") == ["s3cret-current", "s3cret-previous"]


def test_a_rotation_adds_a_secret_and_keeps_the_others(cli: CommandLine, file: str) -> None:
    cli("apply", file)
    before = load(cli).version

    ran = cli("source", "rotate", "acme")
    fresh = ran.out.strip()

    assert fresh.startswith("whsec_")
    assert ran.err == (
        "Give it to the sender. 2 older secrets stay valid until you run: postledger source secret acme --retire\n"
    )
    assert secrets_of(cli, "acme") == [fresh, "s3cret-current", "s3cret-previous"]
    assert load(cli).version == before + 1


def test_a_rotation_never_deletes_a_secret_it_cannot_decrypt(cli: CommandLine, file: str) -> None:
    cli("apply", file)
    before = stored_secrets(cli)
    cli.environment["POSTLEDGER_MASTER_KEY"] = Fernet.generate_key().decode()

    for arguments in (("rotate", "acme"), ("rotate", "acme", "--retire"), ("secret", "acme", "--retire")):
        ran = cli("source", *arguments)

        assert (ran.code, ran.out, ran.err.count("\n")) == (1, "", 1)
        assert "nothing was changed; run: postledger doctor" in ran.err
    assert stored_secrets(cli) == before


def test_a_source_without_auth_has_no_secret_to_rotate_or_retire(cli: CommandLine) -> None:
    environment = cli.environment
    add_source(environment["DATABASE_URL"], environment["POSTLEDGER_MASTER_KEY"], "open", [], {"auth": "none"})

    rotated, retired, shown = (
        cli("source", *arguments, "open", *more)
        for *arguments, more in (("rotate", ()), ("secret", ("--retire",)), ("secret", ("--usage",)))
    )

    assert (rotated.code, rotated.out) == (1, "")
    assert rotated.err == 'postledger: open has auth = "none" and uses no secret; nothing was changed\n'
    assert (retired.code, retired.err) == (1, "postledger: open has no secret to retire; nothing was changed\n")
    assert (shown.code, shown.out, shown.err) == (0, "", "open has no secret.\n")


def test_usage_and_reveal_cannot_be_combined(cli: CommandLine, file: str) -> None:
    cli("apply", file)

    ran = cli("source", "secret", "acme", "--usage", "--reveal")

    assert (ran.code, ran.out) == (1, "")
    assert "--usage and --reveal cannot be combined" in ran.err


def test_a_token_in_a_path_is_rotated_to_a_url_safe_one(cli: CommandLine) -> None:
    settings = {"auth": "token", "paths": ["/{key}/postback"]}
    add_source(cli.environment["DATABASE_URL"], cli.environment["POSTLEDGER_MASTER_KEY"], "keyed", ["old"], settings)

    fresh = cli("source", "rotate", "keyed").out.strip()

    assert re.fullmatch("[A-Za-z0-9_-]{43}", fresh)
    assert [key.secret for key in load(cli).sources["keyed"].keys] == [fresh, "old"]


def test_a_key_of_the_sender_cannot_be_rotated(cli: CommandLine) -> None:
    scheme = {"signature": {"from": "header", "name": "x-sig"}, "mac": "ed25519", "key": "ed25519", "message": "{body}"}
    settings = {"signature": {"schemes": [{"methods": ["POST"], **scheme}]}}
    public_key = base64.b64encode(bytes(range(32))).decode()
    environment = cli.environment
    add_source(environment["DATABASE_URL"], environment["POSTLEDGER_MASTER_KEY"], "signs", [public_key], settings)

    ran = cli("source", "rotate", "signs")

    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith(
        "postledger: cannot generate a secret for signs: its profile uses the sender's public key;"
    )


def use_newest(cli: CommandLine) -> None:
    """Note a match of the newest secret, as a worker does."""
    with psycopg.connect(cli.environment["DATABASE_URL"]) as connection:
        connection.execute("UPDATE source_secrets SET last_matched_at = now() WHERE position = 0")


@pytest.mark.parametrize("command", ["rotate", "secret"])
def test_retiring_keeps_only_the_newest_secret(cli: CommandLine, file: str, command: str) -> None:
    cli("apply", file)
    use_newest(cli)
    before = load(cli).version

    ran = cli("source", command, "acme", "--retire", "--json")

    assert ran.facts == {"source": "acme", "retired": 1}
    assert ran.err == ""
    assert secrets_of(cli, "acme") == ["s3cret-current"]
    assert load(cli).version == before + 1


@pytest.mark.parametrize("command", ["rotate", "secret"])
def test_retiring_is_refused_while_the_newest_was_never_used(cli: CommandLine, file: str, command: str) -> None:
    cli("apply", file)
    before = load(cli)

    refused = cli("source", command, "acme", "--retire")
    untouched = load(cli)
    forced = cli("source", command, "acme", "--retire", "--force")

    assert (refused.code, refused.out) == (1, "")
    assert "the newest secret of acme was never used" in refused.err
    assert "add --force" in refused.err
    assert untouched == before
    assert (forced.code, forced.out) == (0, "1 secret retired, the newest stays\n")
    assert secrets_of(cli, "acme") == ["s3cret-current"]


def test_retiring_the_only_secret_changes_nothing(cli: CommandLine) -> None:
    cli("apply", cli.write("one.toml", FILE.replace(', "s3cret-previous"', "")))

    assert cli("source", "secret", "acme", "--retire", "--json").facts == {"source": "acme", "retired": 0}
    assert secrets_of(cli, "acme") == ["s3cret-current"]


def test_a_leaked_secret_is_retired_by_one_rotation(cli: CommandLine, file: str) -> None:
    cli("apply", file)
    before = load(cli).version

    ran = cli("source", "rotate", "acme", "--leaked")
    fresh = ran.out.strip()

    assert fresh.startswith("whsec_")
    assert "2 older secrets are retired" in ran.err
    assert [key.secret for key in load(cli).sources["acme"].keys] == [fresh]
    assert load(cli).version == before + 1


def test_leaked_and_retire_cannot_be_combined(cli: CommandLine, file: str) -> None:
    cli("apply", file)

    ran = cli("source", "rotate", "acme", "--leaked", "--retire")

    assert (ran.code, ran.out) == (1, "")
    assert secrets_of(cli, "acme") == ["s3cret-current", "s3cret-previous"]


@pytest.mark.parametrize("retiring", [("rotate", "acme", "--leaked"), ("secret", "acme", "--retire", "--force")])
def test_apply_never_brings_a_retired_secret_back(cli: CommandLine, file: str, retiring: tuple[str, ...]) -> None:
    cli("apply", file)
    cli("source", *retiring)
    before = load(cli)

    refused, dry = cli("apply", file), cli("apply", file, "--dry-run")

    assert (refused.code, dry.code, refused.out, load(cli)) == (1, 1, "", before)
    assert re.search(r"ledger\.toml:5: sources\[acme\]\.secrets: number 2 was retired on 20\d\d-", refused.err)
    assert "s3cret" not in refused.err


def test_a_retired_source_comes_back_without_its_retired_secrets(cli: CommandLine, file: str) -> None:
    cli("apply", file)
    cli("source", "rotate", "acme", "--leaked")
    cli("source", "retire", "acme")

    assert cli("apply", file).code == 1
    assert load(cli).sources == {}


def test_a_secret_that_apply_replaced_is_known_and_may_return(cli: CommandLine, file: str) -> None:
    cli("apply", file)
    other = cli.write("other.toml", '[[sources]]\nslug = "acme"\nsecrets = ["another-secret-of-acme"]')

    cli("apply", other)
    replaced = old_secrets(cli)
    returned = cli("apply", file)

    assert replaced == ["s3cret-previous", "s3cret-current"]
    assert (returned.code, secrets_of(cli, "acme")) == (0, ["s3cret-current", "s3cret-previous"])
    assert old_secrets(cli) == ["another-secret-of-acme"]


def test_a_replaced_secret_survives_the_change_of_the_master_key(cli: CommandLine, file: str) -> None:
    cli("apply", file)
    cli("apply", cli.write("other.toml", '[[sources]]\nslug = "acme"\nsecrets = ["s3cret-current"]'))
    new = Fernet.generate_key().decode()
    cli.environment["POSTLEDGER_MASTER_KEY"] = f"{new} {cli.environment['POSTLEDGER_MASTER_KEY']}"

    cli("source", "reencrypt")
    cli.environment["POSTLEDGER_MASTER_KEY"] = new

    assert old_secrets(cli) == ["s3cret-previous"]


def test_a_secret_that_one_source_retired_is_free_for_another(cli: CommandLine, file: str) -> None:
    cli("apply", file)
    cli("source", "rotate", "acme", "--leaked")

    other = cli.write("other.toml", '[[sources]]\nslug = "other"\nsecrets = ["s3cret-current"]')

    assert actions(cli, other) == {"other": "create"}


def test_a_retired_secret_survives_the_change_of_the_master_key(cli: CommandLine, file: str) -> None:
    cli("apply", file)
    cli("source", "rotate", "acme", "--leaked")
    new = Fernet.generate_key().decode()
    cli.environment["POSTLEDGER_MASTER_KEY"] = f"{new} {cli.environment['POSTLEDGER_MASTER_KEY']}"

    told = cli("source", "reencrypt").out
    cli.environment["POSTLEDGER_MASTER_KEY"] = new

    assert told == "1 secret of 1 source encrypted under the first master key.\n"
    assert "number 1 was retired" in cli("apply", file).err


def test_a_retired_secret_that_no_key_decrypts_blocks_nothing(cli: CommandLine, file: str) -> None:
    cli("apply", file)
    cli("source", "rotate", "acme", "--leaked")
    cli.environment["POSTLEDGER_MASTER_KEY"] = Fernet.generate_key().decode()

    applied = cli("apply", file)
    reencrypted = cli("source", "reencrypt")

    assert (applied.code, reencrypted.code) == (0, 0)
    assert secrets_of(cli, "acme") == ["s3cret-current", "s3cret-previous"]


def test_reencrypted_secrets_do_not_need_the_old_master_key(cli: CommandLine, file: str) -> None:
    cli("apply", file)
    before = load(cli)
    old, new = cli.environment["POSTLEDGER_MASTER_KEY"], Fernet.generate_key().decode()
    cli.environment["POSTLEDGER_MASTER_KEY"] = f"{new},{old}"

    told_before = secrets_line(cli)
    facts = cli("source", "reencrypt", "--json").facts
    told_after = secrets_line(cli)
    cli.environment["POSTLEDGER_MASTER_KEY"] = new

    assert "2 of 2 are under an older master key; run: postledger source reencrypt" in told_before
    assert facts == {"reencrypted": 2, "sources": 1}
    assert "older" not in told_after
    assert load(cli).sources == before.sources


def test_secrets_of_a_retired_source_are_reencrypted(cli: CommandLine, file: str) -> None:
    cli("apply", file)
    cli("source", "retire", "acme")
    new = Fernet.generate_key().decode()
    cli.environment["POSTLEDGER_MASTER_KEY"] = f"{new} {cli.environment['POSTLEDGER_MASTER_KEY']}"

    told = cli("source", "reencrypt").out
    cli.environment["POSTLEDGER_MASTER_KEY"] = new
    cli("apply", cli.write("again.toml", FILE.replace('secrets = ["s3cret-current", "s3cret-previous"]', "")))

    assert told == "2 secrets of 1 source encrypted under the first master key.\n"
    assert secrets_of(cli, "acme") == ["s3cret-current", "s3cret-previous"]


def test_one_locked_secret_prevents_the_whole_reencryption(cli: CommandLine, file: str) -> None:
    cli("apply", file)
    before = stored_secrets(cli)
    add_source(cli.environment["DATABASE_URL"], Fernet.generate_key().decode(), "zulu")
    new = Fernet.generate_key().decode()
    cli.environment["POSTLEDGER_MASTER_KEY"] = f"{new} {cli.environment['POSTLEDGER_MASTER_KEY']}"

    ran = cli("source", "reencrypt")

    assert (ran.code, len(ran.err.splitlines())) == (1, 1)
    assert "zulu has a secret that no master key decrypts; nothing was changed" in ran.err
    assert stored_secrets(cli)[:2] == before
