"""`sign`, `send`, the lists and `doctor` work with a real edge, backend and ledger."""

import csv
import io
import json
import ssl
import subprocess
from uuid import uuid4

import httpx
import psycopg
import pytest

from tests.integration.running import environment, running, send, unique
from tests.parts.cli import CommandLine, Ran
from tests.parts.part import ANSWER_WITHIN_S
from tests.parts.waiting import wait_until

__all__ = ["environment", "running"]


def column(ran: Ran, name: str) -> list[str]:
    """One column of what `--csv` printed."""
    assert ran.code == 0, ran.err
    return [row[name] for row in csv.DictReader(io.StringIO(ran.out))]


@pytest.mark.parametrize("form", [(), ("--post", "json"), ("--post", "form")])
def test_a_sent_postback_is_signed_accepted_and_answered(cli: CommandLine, form: tuple[str, ...]) -> None:
    transaction_id = unique("tx 100% ümlaut&")
    command = (
        "send",
        "acme",
        "click_id=known-click",
        f"transaction_id={transaction_id}",
        "payout=0.50",
        *form,
        "--json",
    )

    first, again = cli.process(*command), cli(*command)

    assert (first.facts["http"], first.facts["status"]) == (200, "accepted")
    assert (again.facts["http"], again.facts["status"]) == (200, "duplicate")


def test_a_refusal_is_printed_and_fails_in_one_line(cli: CommandLine) -> None:
    ran = cli("send", "acme", "click_id=nobody-was-here")

    assert ran.code == 1
    assert ran.out.startswith("HTTP 422  status=refused id=")
    assert ran.err == "postledger: the postback was not accepted: HTTP 422 unknown_click\n"


def test_a_source_without_signatures_is_sent_unsigned(cli: CommandLine) -> None:
    printed = cli("sign", "plain", "click_id=known-click").out

    assert "sig=" not in printed
    assert send(cli, f"transaction_id={unique('t')}", source="plain")["status"] == "accepted"


def test_the_printed_url_is_accepted(cli: CommandLine) -> None:
    printed = cli("sign", "acme", "click_id=known-click", f"transaction_id={unique('a b')}").out.strip()

    answer = httpx.get(printed, verify=_trust(cli), timeout=ANSWER_WITHIN_S)

    assert (answer.status_code, answer.json()["status"]) == (200, "accepted")


@pytest.mark.parametrize("kind", ["json", "form"])
def test_the_printed_curl_command_is_accepted(cli: CommandLine, kind: str) -> None:
    line = cli("sign", "acme", "click_id=known-click", f"transaction_id={unique(chr(39))}", "--post", kind).out

    ran = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=True)

    assert json.loads(ran.stdout)["status"] == "accepted"


def test_the_url_option_replaces_the_edge(cli: CommandLine) -> None:
    printed = cli("sign", "acme", "click_id=x", "--url", "https://track.example/").out

    assert printed.startswith("https://track.example/tracking/postback/acme?click_id=x&ts=")


def test_an_edge_that_is_down_is_reported_in_one_line(cli: CommandLine) -> None:
    ran = cli("send", "acme", "click_id=x", "--url", "https://127.0.0.1:1")

    assert (ran.code, len(ran.err.splitlines())) == (1, 1)
    assert "the edge at https://127.0.0.1:1 does not answer" in ran.err


def test_a_parameter_without_a_value_is_refused(cli: CommandLine) -> None:
    ran = cli("send", "acme", "click_id")

    assert (ran.code, "NAME=VALUE" in ran.err) == (1, True)


def test_lists_are_filtered_and_sorted_newest_first(cli: CommandLine) -> None:
    event = f"goal-{uuid4().hex[:8]}"
    receipts = [send(cli, f"event={event}", f"transaction_id={unique('t')}", "payout=2.50")["id"] for _ in range(3)]
    send(cli, f"event={event}", f"transaction_id={unique('t')}", "status=pending", source="plain")

    narrow = ("--event", event, "--source", "acme", "--campaign", "spring", "--status", "approved", "--since", "1h")
    found = cli("conversions", "list", *narrow, "--json").facts

    assert [row["id"] for row in found] == receipts[::-1]
    assert {(row["payout"], row["currency"], row["click_id"]) for row in found} == {("2.50", "USD", "known-click")}
    assert [row["id"] for row in cli("conversions", "list", *narrow, "--limit", "1", "--json").facts] == receipts[2:]
    assert cli("conversions", "list", *narrow, "--until", "30m", "--json").facts == []
    assert (
        column(cli("postbacks", "list", "--event", event, "--campaign", "spring", "--source", "acme", "--csv"), "id")
        == (receipts[::-1])
    )


def test_refused_postbacks_are_found_by_their_reason(cli: CommandLine) -> None:
    receipt = json.loads(cli("send", "acme", "click_id=nobody", "--json").out)["id"]

    found = cli(
        "postbacks", "list", "--verdict", "refused", "--reason", "unknown_click", "--json", "--limit", "5"
    ).facts

    assert found[0]["id"] == receipt
    assert "raw" not in found[0]


def test_a_refusal_shows_its_parameter_and_the_address(cli: CommandLine) -> None:
    click_id = f"click_id={unique('c')}"
    receipt = json.loads(cli("send", "acme", click_id, "payout=1e3", "--json").out)["id"]
    command = ("postbacks", "list", "--reason", "invalid_parameter", "--limit", "1")

    line = cli(*command).out.splitlines()[1]
    (facts,) = cli(*command, "--json").facts
    by_csv = cli(*command, "--csv")
    (traced,) = cli("trace", receipt, "--json").facts["postbacks"]

    assert "invalid_parameter:payout" in line.split()
    assert (facts["reason"], facts["parameter"], facts["source_ip"]) == ("invalid_parameter", "payout", "127.0.0.1")
    assert (column(by_csv, "parameter"), column(by_csv, "source_ip")) == (["payout"], ["127.0.0.1"])
    assert traced["source_ip"] == "127.0.0.1"


def test_the_raw_request_is_shown_only_with_raw(cli: CommandLine) -> None:
    send(cli, f"transaction_id={unique('t')}", "note=seen")

    assert "note=seen" in cli("postbacks", "list", "--limit", "1", "--raw").out
    assert "note=" not in cli("postbacks", "list", "--limit", "1").out


def test_a_raw_request_cannot_control_the_terminal(cli: CommandLine, running: dict[str, str]) -> None:
    receipt = send(cli, f"transaction_id={unique('t')}")["id"]
    with psycopg.connect(running["DATABASE_URL"]) as connection:
        connection.execute("UPDATE postbacks SET raw = %s WHERE id = %s", (b"\x1b]0;owned\x07[red]\xff", receipt))

    for form in ((), ("--csv",), ("--json",)):
        shown = cli("postbacks", "list", "--limit", "1", "--raw", *form).out

        assert "\x1b" not in shown
        assert "owned" in shown
        assert "[red]" in shown


def test_an_argument_that_is_not_utf_8_is_refused_in_one_line(cli: CommandLine) -> None:
    ran = cli("send", "acme", "click_id=\udcff")

    assert (ran.code, ran.err) == (1, "postledger: an argument is not UTF-8 text; correct it\n")


def test_a_spreadsheet_gets_no_formula_and_exact_money(cli: CommandLine) -> None:
    transaction_id = unique('=HYPERLINK("http://evil.example")')
    send(cli, f"transaction_id={transaction_id}", "payout=12.50")
    send(cli, f"transaction_id={transaction_id}", "payout=-12.50", "status=reversed")

    booked, received = (cli(kind, "list", "--limit", "1", "--csv") for kind in ("conversions", "postbacks"))

    assert column(booked, "transaction_id") == [f"'{transaction_id}"]
    assert (column(booked, "payout"), column(booked, "status")) == (["12.50"], ["reversed"])
    assert column(received, "payout") == ["-12.50"]


def test_a_filter_with_an_unknown_name_is_refused_in_one_line(cli: CommandLine) -> None:
    for filters, fault in (
        (("--source", "nobody"), "source nobody does not exist"),
        (("--campaign", "nothing"), "campaign nothing does not exist"),
        (("--since", "yesterday"), "--since is not a time"),
        (("--json", "--csv"), "cannot be combined"),
    ):
        ran = cli("conversions", "list", *filters)

        assert (ran.code, ran.out, len(ran.err.splitlines())) == (1, "", 1)
        assert fault in ran.err


def test_the_last_match_of_a_secret_is_shown(cli: CommandLine) -> None:
    send(cli, f"transaction_id={unique('t')}")

    def last_matched() -> list[str | None]:
        secrets = cli("source", "secret", "acme", "--usage", "--json").facts["secrets"]
        return [secret["last_matched"] for secret in secrets]

    wait_until(lambda: last_matched()[0] is not None, what="the note of a match")
    assert last_matched()[1] is None


def test_doctor_reports_each_check_with_advice_for_the_failed_ones(cli: CommandLine) -> None:
    ran = cli("doctor", "--json")
    findings = {finding["check"]: finding for finding in json.loads(ran.out)}
    ill = {name: finding["advice"] for name, finding in findings.items() if not finding["ok"]}

    # The Postgres of the tests runs with fsync off, and neither Prometheus nor a console runs.
    assert set(ill) == {"durability", "prometheus", "alertmanager", "console"}
    assert ill["durability"] == "an acknowledged postback can be lost: set fsync = on, full_page_writes = on"
    assert ill["prometheus"] == "set PROMETHEUS_URL, or run: make up"
    assert (ran.code, ran.err) == (1, f"postledger: 4 of {len(findings)} checks failed\n")


def test_doctor_distinguishes_an_unknown_certificate_from_a_dead_edge(cli: CommandLine) -> None:
    del cli.environment["POSTLEDGER_CA_FILE"]
    foreign = cli("doctor").out
    cli.environment["POSTLEDGER_EDGE_URL"] = "https://127.0.0.1:1"
    down = cli("doctor").out

    assert "set POSTLEDGER_CA_FILE to the edge's certificate" in _line_of(foreign, "edge")
    assert "is it up?" in _line_of(down, "edge")


def _line_of(told: str, name: str) -> str:
    return next(line for line in told.splitlines() if line.split()[1] == name)


def _trust(cli: CommandLine) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=cli.environment["POSTLEDGER_CA_FILE"])
