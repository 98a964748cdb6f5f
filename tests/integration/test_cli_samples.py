"""`postledger sample` prints sample postbacks as URLs, curl lines, JSON or an HTTP archive."""

import json
import shlex
import subprocess
from urllib.parse import urlsplit

import psycopg
import pytest

from postledger.vocabulary.refusal import Reason
from tests.parts.cli import CommandLine

SECRET = "s3cret-current"
BASE = "https://edge.example"


@pytest.fixture
def applied(cli: CommandLine, file: str) -> CommandLine:
    """A ledger with the source `acme`."""
    assert cli("apply", file).code == 0
    cli.environment["POSTLEDGER_EDGE_URL"] = BASE
    return cli


def test_json_lists_each_sample_with_the_answer_to_expect(applied: CommandLine) -> None:
    samples = applied("sample", "acme", "--json").facts

    kinds = {one["kind"] for one in samples}
    first = samples[0]
    assert {"valid", "bad_signature", "unknown_click", "conflict"} <= kinds <= {"valid", *Reason}
    assert (first["kind"], first["method"], first["expect"]) == ("valid", "GET", {"http": 200, "status": "accepted"})
    assert first["url"].startswith(f"{BASE}/sandbox/postback/acme?subid=postledger-sample-")
    assert all(one["why"] for one in samples)


def test_a_single_valid_sample_is_one_url(applied: CommandLine) -> None:
    ran = applied("sample", "acme", "--kind", "valid", "--event", "sale", "--status", "pending")

    (url,) = ran.out.splitlines()
    assert urlsplit(url).path == "/sandbox/postback/acme"
    assert "event=sale&status=pending" in url
    assert ran.err == "# valid: HTTP 200 accepted. A postback that is booked.\n"


def test_a_post_is_printed_as_a_curl_line(applied: CommandLine) -> None:
    applied.environment["POSTLEDGER_CA_FILE"] = "/tmp/edge.crt"

    line = applied("sample", "acme", "--kind", "valid", "--post", "json", "--as", "curl").out

    words = shlex.split(line)
    assert words[:3] == ["curl", "--cacert", "/tmp/edge.crt"]
    assert "Content-Type: application/json" in words
    assert words[-1] == f"{BASE}/sandbox/postback/acme"


def test_a_long_body_is_piped_into_curl(applied: CommandLine) -> None:
    line = applied("sample", "acme", "--kind", "payload_too_large", "--as", "curl").out

    script = line.rpartition("| ")[0]
    piped = subprocess.run(["sh", "-c", script], capture_output=True, check=True).stdout
    assert piped == b"a" * 65_537
    assert len(line) < 400


def test_an_archive_holds_requests_and_expected_responses(applied: CommandLine) -> None:
    log = json.loads(applied("sample", "acme", "--kind", "conflict", "--as", "har").out)["log"]

    assert log["version"] == "1.2"
    assert [entry["response"]["status"] for entry in log["entries"]] == [200, 409]
    assert json.loads(log["entries"][1]["response"]["content"]["text"]) == {"status": "refused", "reason": "conflict"}


def test_samples_for_production_have_its_paths(applied: CommandLine) -> None:
    ran = applied("sample", "acme", "--kind", "valid", "--production", "--url", "https://t.example")

    assert ran.out.startswith("https://t.example/tracking/postback/acme?")


@pytest.mark.parametrize("kind", ["valid", "conflict", "unknown_click"])
def test_samples_for_production_expect_what_it_answers(applied: CommandLine, kind: str) -> None:
    made = applied("sample", "acme", "--kind", kind, "--production", "--json").facts

    refused = {"http": 422, "status": "refused", "reason": "unknown_click"}
    assert [one["expect"] for one in made] == [refused] * (2 if kind == "conflict" else 1)
    assert not any("is booked" in one["why"] for one in made)


@pytest.mark.parametrize("form", ["url", "curl", "json", "har"])
def test_no_form_prints_the_secret(applied: CommandLine, form: str) -> None:
    ran = applied("sample", "acme", "--as", form)

    assert ran.code == 0
    assert SECRET not in ran.out + ran.err


def test_what_has_no_sample_is_listed_with_its_cause(applied: CommandLine) -> None:
    ran = applied("sample", "acme", "--kind", "rate_limited")

    assert (ran.code, ran.out) == (0, "")
    assert ran.err.startswith("# rate_limited: no sample, because it depends on how many requests were sent before")


def test_a_template_is_the_url_for_the_panel(applied: CommandLine) -> None:
    assert applied("sample", "acme", "--template").out == applied("source", "url", "acme").out


def test_the_clicks_of_samples_are_known_in_the_sandbox_alone(applied: CommandLine) -> None:
    applied("sample", "acme")

    with psycopg.connect(applied.environment["DATABASE_URL"]) as connection:
        known = [
            connection.execute(f"SELECT count(*) FROM {table}".encode()).fetchone()
            for table in ("sandbox.clicks", "public.clicks")
        ]
    assert known == [(1,), (0,)]


def test_a_template_with_a_placeholder_names_the_command_that_reveals(applied: CommandLine) -> None:
    source = 'slug = "keit"\nname = "Keit"\nauth = "token"\nsecrets = ["s3cret-of-keitaro"]\n'
    assert applied("apply", applied.write("keit.toml", f"[[sources]]\n{source}")).code == 0

    notes = applied("sample", "keit", "--template").err

    assert "with the secret, or run: postledger source url keit --reveal" in notes
    assert applied("source", "url", "keit", "--reveal").code == 0


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("nobody",), "source nobody does not exist; run: postledger source list"),
        (("acme", "--kind", "strange"), "the kind must be one of valid, all, unknown_source,"),
        (("acme", "--n", "21"), "--n must be at most 20"),
        (("acme", "--status", "sold"), "--status"),
        (("acme", "--event", "no such event"), "the event must be one of the source's, or 1 to 64 of a-z"),
    ],
)
def test_a_wrong_argument_is_one_line(applied: CommandLine, arguments: tuple[str, ...], complaint: str) -> None:
    ran = applied("sample", *arguments)

    assert ran.code != 0
    assert complaint in ran.err
    assert len(ran.err.splitlines()) == 1
