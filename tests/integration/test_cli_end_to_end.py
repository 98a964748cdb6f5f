"""`sign`, `send`, `trace`, the lists and `doctor` work with a real edge, backend and ledger."""

import csv
import io
import json
import ssl
import subprocess
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest

from postledger.platform.postgres.sql import statements_of
from tests.parts.backend import Backend
from tests.parts.cli import CommandLine, Ran
from tests.parts.databases import create_database, drop_database
from tests.parts.edge import Edge
from tests.parts.entries import new_receipt
from tests.parts.part import ANSWER_WITHIN_S
from tests.parts.postgres import Postgres
from tests.parts.sources import UNLIMITED, add_campaign, add_click, add_source
from tests.parts.waiting import wait_until

sql = statements_of("postledger.audit")


@pytest.fixture(scope="module")
def running(postgres: Postgres, template: str, master_key: str) -> Iterator[dict[str, str]]:
    """The variables of a running edge, backend and ledger with the source `acme` and the campaign `spring`."""
    url = create_database(postgres, template=template)
    add_source(url, master_key, "acme", ["s3cret-current", "s3cret-previous"], {"currency": "USD", **UNLIMITED})
    add_source(url, master_key, "plain", [], {"auth": "none", "click": "optional", "currency": "EUR", **UNLIMITED})
    campaign_id = add_campaign(url, "spring")
    add_click(url, "known-click", campaign_id, "456")
    environment = {"DATABASE_URL": url, "POSTLEDGER_MASTER_KEY": master_key}
    with Backend(environment, workers=1) as backend, Edge(backend_socket=backend.socket) as edge:
        yield environment | {
            "POSTLEDGER_EDGE_URL": edge.https_url,
            "POSTLEDGER_EDGE_HTTP_URL": edge.http_url,
            "POSTLEDGER_OPS_URL": edge.ops_url,
            "POSTLEDGER_CA_FILE": str(edge.ca_file),
        }
    drop_database(postgres, url)


@pytest.fixture
def environment(running: dict[str, str]) -> dict[str, str]:
    """The command line uses that ledger."""
    return running


def unique(name: str) -> str:
    """An id that no other test uses."""
    return f"{name}-{uuid4().hex}"


def send(cli: CommandLine, *parameters: str, source: str = "acme") -> dict[str, Any]:
    """Send a postback of the known click and give the answer."""
    ran = cli("send", source, "click_id=known-click", *parameters, "--json")
    return dict(json.loads(ran.out))


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


def test_every_id_of_a_conversion_finds_all_its_rows(cli: CommandLine) -> None:
    transaction_id = unique("tx")
    receipts = [
        send(cli, f"transaction_id={transaction_id}", f"status={status}", "payout=1.25")["id"]
        for status in ("pending", "approved", "approved", "reversed", "approved")
    ]

    by_transaction = cli("trace", transaction_id, "--json").facts
    (conversion,) = by_transaction["conversions"]

    assert [row["id"] for row in by_transaction["postbacks"]] == receipts
    assert [row["verdict"] for row in by_transaction["postbacks"]] == [
        *("accepted", "updated", "duplicate", "updated", "refused")
    ]
    assert by_transaction["postbacks"][4]["reason"] == "conflict"
    assert by_transaction["postbacks"][0]["secret_position"] == 0
    assert [event["status"] for event in conversion["events"]] == ["pending", "approved", "reversed"]
    assert (conversion["status"], conversion["payout"], conversion["campaign"]) == ("reversed", "1.25", "spring")
    assert [click["click_id"] for click in by_transaction["clicks"]] == ["known-click"]
    for receipt in receipts:
        assert cli("trace", receipt, "--json").facts["conversions"] == by_transaction["conversions"]
    assert conversion in cli("trace", "known-click", "--json").facts["conversions"]


def test_a_refused_receipt_finds_the_conversion_of_its_repeat(cli: CommandLine, running: dict[str, str]) -> None:
    click_id, transaction_id = unique("late"), unique("tx")
    command = ("send", "acme", f"click_id={click_id}", f"transaction_id={transaction_id}", "--json")
    refused = json.loads(cli(*command).out)
    add_click(running["DATABASE_URL"], click_id)
    accepted = cli(*command).facts

    for wanted in (refused["id"], accepted["id"], transaction_id, click_id):
        found = cli("trace", wanted, "--json").facts

        assert [row["id"] for row in found["postbacks"]] == [refused["id"], accepted["id"]]
        assert [row["id"] for row in found["conversions"]] == [accepted["id"]]


def test_a_printed_trace_has_a_line_per_row(cli: CommandLine) -> None:
    transaction_id = unique("tx")
    receipt = send(cli, f"transaction_id={transaction_id}", "payout=0.50")["id"]

    told = cli("trace", receipt).out.splitlines()

    assert [line.split()[0] for line in told] == ["click", "postback", "conversion", "event"]
    assert receipt in told[1]
    assert "0.50 USD" in told[2]


def test_an_unknown_id_is_refused_in_one_line(cli: CommandLine) -> None:
    for wanted in (
        "no-such-id",
        "01981c1b-9c80-7abc-8abc-0123456789ab",
        "00000000-0000-7000-8000-000000000000",
        "'; --",
    ):
        ran = cli("trace", wanted)

        assert (ran.code, ran.out, len(ran.err.splitlines())) == (1, "", 1)


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


@pytest.mark.parametrize("column", ["click_id", "transaction_id"])
def test_a_refused_postback_without_a_conversion_is_found_by_its_ids(
    cli: CommandLine, running: dict[str, str], column: str
) -> None:
    wanted, receipt = unique("lost"), new_receipt()
    with psycopg.connect(running["DATABASE_URL"]) as connection:
        statement = (
            f"INSERT INTO postbacks (id, received_at, source_id, method, verdict, reason, parameter, {column}, raw)"
            " SELECT %s, now(), id, 'GET', 'refused', 'invalid_parameter', 'payout', %s, '' FROM sources LIMIT 1"
        )
        connection.execute(statement.encode(), (receipt, wanted))

    for given in (wanted, receipt):
        found = cli("trace", given, "--json").facts

        assert [row["id"] for row in found["postbacks"]] == [receipt]
        assert (found["conversions"], found["clicks"]) == ([], [])


def test_a_trace_of_postbacks_uses_the_indexes(running: dict[str, str]) -> None:
    values = {"conversion_ids": [new_receipt()], "click_ids": ["c"], "transaction_ids": ["t"], "limit": 1}
    with psycopg.connect(running["DATABASE_URL"], options="-c enable_seqscan=off") as connection:
        plan = "\n".join(row[0] for row in connection.execute("EXPLAIN " + sql("trace_postbacks"), values).fetchall())

    assert "Seq Scan on postbacks" not in plan
    for index in ("conversion_id_idx", "click_id_idx", "transaction_id_idx"):
        assert index in plan


def test_a_trace_of_conversions_uses_the_indexes(running: dict[str, str]) -> None:
    values = {"receipts": [new_receipt()], "click_ids": ["c"], "transaction_ids": ["t"], "limit": 1}
    with psycopg.connect(running["DATABASE_URL"], options="-c enable_seqscan=off") as connection:
        plan = "\n".join(row[0] for row in connection.execute("EXPLAIN " + sql("trace_conversions"), values).fetchall())

    for table in ("conversions", "conversion_events", "parked_reversals"):
        assert f"Seq Scan on {table}" not in plan
        assert f"{table}_transaction_id" in plan


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


def test_a_trace_shows_a_refund_and_what_it_reverses(cli: CommandLine) -> None:
    transaction_id = unique("T")
    receipt = send(cli, f"transaction_id={transaction_id}", "payout=12.50")["id"]
    send(cli, f"transaction_id={transaction_id}", "payout=-2.50", "status=reversed")

    told = cli("trace", transaction_id).out
    (conversion,) = json.loads(cli("trace", transaction_id, "--json").out)["conversions"]

    assert f"refund  -2.50 USD  of {receipt}" in told
    assert [(change["kind"], change["delta"], change["reverses"]) for change in conversion["changes"]] == [
        ("refund", "-2.50", receipt)
    ]


def test_a_refund_is_traced_by_its_transaction_id_and_its_receipt(cli: CommandLine) -> None:
    sale, refund = unique("T"), unique("R")
    send(cli, f"transaction_id={sale}", "payout=12.50")
    receipt = send(cli, f"transaction_id={refund}", f"reverses={sale}", "payout=-2.50")["id"]

    for wanted in (refund, receipt):
        (conversion,) = cli("trace", wanted, "--json").facts["conversions"]

        assert (conversion["transaction_id"], conversion["payout"]) == (sale, "10.00")
        assert [change["receipt"] for change in conversion["changes"]] == [receipt]


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

    # The Postgres of the tests runs with fsync off, and no Prometheus runs.
    assert set(ill) == {"durability", "prometheus", "alertmanager"}
    assert ill["durability"] == "an acknowledged postback can be lost: set fsync = on, full_page_writes = on"
    assert ill["prometheus"] == "set PROMETHEUS_URL, or run: make up"
    assert (ran.code, ran.err) == (1, f"postledger: 3 of {len(findings)} checks failed\n")


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
