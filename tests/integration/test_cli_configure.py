"""`apply` makes the ledger match a file, `export` prints it, and applying a file twice changes nothing."""

import re
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256

from tests.integration.configured import FILE, actions, load, secrets_of
from tests.parts.certificates import key_usage, make_authority, make_certificate
from tests.parts.cli import CommandLine
from tests.parts.sources import change_source


def with_client_ca(value: str) -> str:
    """A file with one source whose clients need certificates."""
    return f'[[sources]]\nslug = "acme"\nsecrets = ["s3cret-current"]\nclient_ca = "{value}"'


def test_a_file_becomes_the_policy_that_workers_read(cli: CommandLine, file: str) -> None:
    before = load(cli).version

    told = actions(cli, file)
    policy = load(cli)

    assert told == {"acme": "create", "spring": "create", "456": "create"}
    assert policy.version == before + 1
    assert policy.sources["acme"].settings.timestamp_tolerance_s == 2700
    assert [key.secret for key in policy.sources["acme"].keys] == ["s3cret-current", "s3cret-previous"]
    assert policy.campaigns["spring"].destination == "https://shop.example/?cid={click_id}"


def test_the_same_file_again_changes_nothing(cli: CommandLine, file: str) -> None:
    cli("apply", file)
    before = load(cli)

    assert actions(cli, file) == {"acme": "leave", "spring": "leave", "456": "leave"}
    assert load(cli) == before


def test_only_differences_are_applied_and_their_keys_are_named(cli: CommandLine, file: str) -> None:
    cli("apply", file)
    before = load(cli).version

    other = FILE.replace("45m", "1h").replace("s3cret-previous", "s3cret-of-last-year")
    told = actions(cli, cli.write("b.toml", other))

    assert told == {"acme": "change secrets timestamp_tolerance", "spring": "leave", "456": "leave"}
    assert load(cli).version == before + 1


def test_a_secret_that_stays_keeps_its_id_in_any_position(cli: CommandLine, file: str) -> None:
    cli("apply", file)
    before = {key.secret: key.secret_id for key in load(cli).sources["acme"].keys}

    cli(
        "apply",
        cli.write(
            "b.toml", FILE.replace('"s3cret-current", "s3cret-previous"', '"brand-new-secret", "s3cret-current"')
        ),
    )
    after = {key.secret: key.secret_id for key in load(cli).sources["acme"].keys}

    assert list(after) == ["brand-new-secret", "s3cret-current"]
    assert after["s3cret-current"] == before["s3cret-current"]


def test_a_dry_run_prints_the_same_and_changes_nothing(cli: CommandLine, file: str) -> None:
    before = load(cli)

    dry, wet = cli("apply", file, "--dry-run"), cli("apply", file)

    assert dry.out.splitlines()[:-1] == wet.out.splitlines()[:-1]
    assert before.sources == {}
    assert "nothing was changed" in dry.out
    assert load(cli).version == before.version + 1


def test_prune_retires_what_the_file_lacks_and_naming_revives_it(cli: CommandLine, file: str) -> None:
    cli("apply", file)
    rest = cli.write("rest.toml", FILE[FILE.index("[[affiliates]]") :])

    assert actions(cli, rest) == {"456": "leave"}
    assert set(load(cli).sources) == {"acme"}

    assert actions(cli, rest, "--prune", "--yes") == {"456": "leave", "acme": "retire", "spring": "retire"}
    assert (load(cli).sources, load(cli).campaigns) == ({}, {})

    assert actions(cli, file) == {"acme": "revive", "spring": "revive", "456": "leave"}
    assert len(load(cli).sources["acme"].keys) == 2


def test_prune_without_yes_prints_what_it_would_retire(cli: CommandLine, file: str) -> None:
    cli("apply", file)
    before = load(cli)
    rest = cli.write("rest.toml", FILE[FILE.index("[[campaigns]]") :].replace("Spring sale", "Spring"))

    refused, dry = cli("apply", rest, "--prune"), cli("apply", rest, "--prune", "--dry-run")

    assert (refused.code, dry.code) == (1, 0)
    assert refused.out == dry.out
    assert re.search("^retire  source    acme$", refused.out, re.MULTILINE)
    assert refused.err == "postledger: 1 object would be retired; nothing was changed. To go on, add --yes\n"
    assert load(cli) == before


def test_prune_without_yes_applies_a_file_that_retires_nothing(cli: CommandLine, file: str) -> None:
    cli("apply", file)

    told = actions(cli, cli.write("b.toml", FILE.replace("45m", "1h")), "--prune")

    assert told == {"acme": "change timestamp_tolerance", "spring": "leave", "456": "leave"}
    assert load(cli).sources["acme"].settings.timestamp_tolerance_s == 3600


@pytest.mark.parametrize(("kind", "slug"), [("source", "acme"), ("campaign", "spring")])
def test_retire_takes_one_object_out_of_force(cli: CommandLine, file: str, kind: str, slug: str) -> None:
    cli("apply", file)
    before = load(cli)

    ran = cli(kind, "retire", slug)
    after = load(cli)

    assert (ran.code, ran.out) == (0, f"{kind} {slug} is retired\n")
    assert "remove it from your TOML file" in ran.err
    assert {*after.sources, *after.campaigns} == {"acme", "spring"} - {slug}
    assert after.version == before.version + 1
    assert actions(cli, file)[slug] == "revive"


@pytest.mark.parametrize(("kind", "slug"), [("source", "acme"), ("campaign", "spring")])
def test_only_what_is_in_force_can_be_retired(cli: CommandLine, file: str, kind: str, slug: str) -> None:
    cli("apply", file)
    cli(kind, "retire", slug)
    before = load(cli)

    again, unknown = cli(kind, "retire", slug), cli(kind, "retire", "nobody")

    assert (again.code, unknown.code, load(cli)) == (1, 1, before)
    assert again.err == f"postledger: no {kind} {slug} is in force; see the slugs in: postledger export\n"


def test_applying_an_export_changes_nothing(cli: CommandLine, file: str) -> None:
    cli("apply", file)
    before = load(cli)

    exported = cli("export")
    told = actions(cli, cli.write("exported.toml", exported.out), "--prune")

    assert "s3cret" not in exported.out
    assert set(told.values()) == {"leave"}
    assert load(cli) == before


def test_the_path_of_a_client_ca_is_relative_to_the_file(cli: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "conf/certs").mkdir(parents=True)
    authority = make_authority("Acme CA")
    cli.write("conf/certs/acme.pem", f"Acme's own words\n{authority}\n{authority}")

    ran = cli("apply", cli.write("conf/ledger.toml", with_client_ca("certs/acme.pem")))

    assert ran.code == 0, ran.err
    assert load(cli).sources["acme"].settings.client_ca == authority


def test_a_client_ca_is_exported_as_text_and_shown_as_a_fingerprint(cli: CommandLine) -> None:
    authorities = make_authority("Acme CA") + make_authority("Acme CA 2")
    cli.write("ca.pem", authorities)
    cli("apply", cli.write("ledger.toml", with_client_ca("ca.pem")))

    exported = cli.write("exported.toml", cli("export").out)
    shown, listed = cli("source", "show", "acme"), cli("source", "list", "--json")
    facts = cli("source", "show", "acme", "--json").facts["client_ca"]

    assert actions(cli, exported, "--prune") == {"acme": "leave"}
    assert load(cli).sources["acme"].settings.client_ca == authorities
    assert [fact["subject"] for fact in facts] == ["CN=Acme CA", "CN=Acme CA 2"]
    assert facts[0]["sha256"] == x509.load_pem_x509_certificate(authorities.encode()).fingerprint(SHA256()).hex()
    assert facts[1]["sha256"] in shown.out
    assert not any("BEGIN CERTIFICATE" in ran.out for ran in (shown, listed))


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (None, "ca.pem cannot be read (No such file or directory)"),
        ("", "holds no valid certificate"),
        ("-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n", "holds no valid certificate"),
        (b"\xff", "is not UTF-8 text"),
        ("-----BEGIN PRIVATE KEY-----\ncanary\n-----END PRIVATE KEY-----\n", "holds a private key"),
        (make_authority("Acme CA") + make_certificate("leaf"), "certificate 2 may not issue certificates"),
        (
            make_certificate("leaf", x509.BasicConstraints(ca=False, path_length=None)),
            "certificate 1 may not issue certificates",
        ),
        (
            make_certificate("odd", x509.BasicConstraints(ca=True, path_length=None), key_usage(key_cert_sign=False)),
            "certificate 1 may not issue certificates",
        ),
        ("".join(make_authority(f"CA {number}") for number in range(21)), "holds more than 20 certificates"),
    ],
    ids=["missing", "empty", "damaged", "bytes", "key", "leaf-too", "leaf", "may-not-sign", "many"],
)
def test_a_certificate_that_is_no_authority_is_refused(
    cli: CommandLine, content: str | bytes | None, fault: str
) -> None:
    if content is not None:
        cli.write("ca.pem", content)

    ran = cli("apply", cli.write("ledger.toml", with_client_ca("ca.pem")))

    assert (ran.code, len(ran.err.splitlines())) == (1, 1)
    assert "ledger.toml:4: sources[acme].client_ca: " in ran.err
    assert fault in ran.err
    assert "canary" not in ran.err


@pytest.mark.parametrize("value", ["7", '""', '["ca.pem"]', '"-----BEGIN EC PRIVATE KEY-----canary"'])
def test_a_client_ca_of_another_type_is_refused_in_one_line(cli: CommandLine, value: str) -> None:
    ran = cli("apply", cli.write("ledger.toml", f'[[sources]]\nslug = "acme"\nauth = "none"\nclient_ca = {value}'))

    assert (ran.code, len(ran.err.splitlines())) == (1, 1)
    assert "sources[acme].client_ca: must be" in ran.err or "sources[acme].client_ca: holds a private" in ran.err
    assert "canary" not in ran.err


def test_a_single_fault_prevents_the_whole_apply(cli: CommandLine) -> None:
    ran = cli("apply", cli.write("bad.toml", FILE + '\n[[affiliates]]\nid = 7\n[[sources]]\nslug = "b"\nrate = 0'))

    assert ran.code == 1
    assert [line.split(": ")[2] for line in ran.err.splitlines()] == ["sources[b].rate", "affiliates[#2].id"]
    assert load(cli).sources == {}


def test_a_new_source_without_a_secret_is_refused(cli: CommandLine) -> None:
    ran = cli("apply", cli.write("bad.toml", '[[sources]]\nslug = "b"'))

    assert ran.code == 1
    assert "bad.toml:1: sources[b].secrets: is missing" in ran.err


def test_the_path_of_a_secrets_file_is_relative_to_the_file(cli: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "conf").mkdir()
    cli.write("conf/acme.secrets", "first-secret-of-a-file\n\n  second-secret-of-a-file  \n")

    ran = cli("apply", cli.write("conf/ledger.toml", '[[sources]]\nslug = "acme"\nsecrets_file = "acme.secrets"'))

    assert ran.code == 0, ran.err
    assert secrets_of(cli, "acme") == ["first-secret-of-a-file", "second-secret-of-a-file"]


@pytest.mark.parametrize(
    ("content", "fault"),
    [(b"slug = ", "is not TOML"), (b"\xff", "is not UTF-8"), (b"sources = 5", "must be tables")],
)
def test_a_file_that_is_not_toml_is_refused_in_one_line(cli: CommandLine, content: bytes, fault: str) -> None:
    ran = cli("apply", cli.write("bad.toml", content))

    assert ran.code == 1
    assert len(ran.err.splitlines()) == 1
    assert fault in ran.err


def test_an_unknown_source_is_refused_in_one_line(cli: CommandLine) -> None:
    for command in ("show", "secret", "rotate"):
        ran = cli("source", command, "nobody")

        assert (ran.code, ran.err) == (1, "postledger: source nobody does not exist; run: postledger source list\n")


def test_an_unreadable_source_is_reported_and_can_be_applied_again(cli: CommandLine, file: str) -> None:
    cli("apply", file)
    change_source(cli.environment["DATABASE_URL"], "acme", {"rate": "fast"})

    exported, listed = cli("export"), cli("source", "list", "--json").facts
    changed = cli("apply", file, "--json").facts["changes"]

    assert 'slug = "acme"' not in exported.out
    assert "acme is not exported" in exported.err
    assert [row["state"] for row in listed if row["slug"] == "acme"] == ["cannot be read: apply it again"]
    assert "is_readable" in next(change["keys"] for change in changes_of(changed, "acme"))
    assert load(cli).unusable == {}


def changes_of(changes: list[dict[str, Any]], name: str) -> list[dict[str, Any]]:
    """The changes of one object."""
    return [change for change in changes if change["name"] == name]
