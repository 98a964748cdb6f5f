"""`apply` names the lines of what can never work and of what to look at; `doctor` names sources with short secrets."""

import base64

import pytest

from tests.integration.configured import load, secrets_of
from tests.parts.cli import CommandLine
from tests.parts.network import SPKI


def encode(key: bytes) -> str:
    """The key in base64."""
    return base64.b64encode(key).decode()


SOURCE = '[[sources]]\nslug = "acme"\n'


@pytest.mark.parametrize(
    ("text", "line", "fault"),
    [
        ('secrets = ["v1,whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"]', 3, "secrets: secret 1 has v1, in front"),
        ('secrets = ["short"]', 3, "secrets: secret 1 has less than 16 bytes"),
        (
            'secrets = ["s3cret-current"]\n[sources.params]\nclick_id = "sub id"',
            5,
            'params: click_id "sub id" can never',
        ),
        (
            'secrets = ["s3cret-current"]\n[sources.statuses]\napproved = ["a&b"]',
            5,
            'statuses: approved "a&b" can never',
        ),
    ],
)
def test_what_can_never_work_is_refused_with_its_line(cli: CommandLine, text: str, line: int, fault: str) -> None:
    file = cli.write("never.toml", f"{SOURCE}{text}\n")

    ran = cli("apply", file)

    assert ran.code != 0
    assert f"{file}:{line}: sources[acme].{fault}" in ran.err
    assert "MfKQ" not in ran.err
    assert "acme" not in load(cli).sources


def test_what_to_look_at_is_printed_with_its_line_and_applied(cli: CommandLine) -> None:
    campaign = '[[campaigns]]\nslug = "spring"\ndestination = "https://shop.example/?cid=[click_id]"\n'
    file = cli.write("look.toml", f'{SOURCE}secrets = ["s3cret-current"]\n\n{campaign}')

    ran, again = cli("apply", file), cli("apply", file, "--json").facts

    assert f"warning: {file}:3: sources[acme].secrets: secret 1 has less than 16 bytes" in ran.err
    assert f"warning: {file}:7: campaigns[spring].destination: has no {{click_id}}" in ran.err
    assert len(again["warnings"]) == 3
    assert "spring" in load(cli).campaigns


def test_a_pem_file_is_one_secret(cli: CommandLine) -> None:
    pem = f"-----BEGIN PUBLIC KEY-----\n{encode(SPKI)}\n-----END PUBLIC KEY-----\n"
    cli.write("google.pem", pem + "\n" + encode(SPKI) + "\n")

    ran = cli("apply", cli.write("pem.toml", f'{SOURCE}preset = "admob-ssv"\nsecrets_file = "google.pem"\n'))

    assert ran.code == 0, ran.err
    assert secrets_of(cli, "acme") == [pem.strip(), encode(SPKI)]
    assert len(load(cli).sources["acme"].keys) == 2


def test_doctor_names_the_sources_with_a_short_secret(cli: CommandLine) -> None:
    cli("apply", cli.write("wall.toml", '[[sources]]\nslug = "wall"\npreset = "cpx"\nsecrets = ["3f9c0de"]\n'))

    line = next(line for line in cli("doctor").out.splitlines() if line[6:].startswith("secrets"))

    assert line.startswith("ok    secrets ")
    assert line.endswith("shorter than 16 bytes: wall; run: postledger source rotate SLUG")
