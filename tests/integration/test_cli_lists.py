"""`conversions list` and `postbacks list` print every row that was asked for, and say so if they do not."""

import csv
import io
import json
import os
import pty
import subprocess
import sys
from contextlib import suppress
from typing import Any

import psycopg
import pytest

from tests.parts.cli import BACKEND, CommandLine
from tests.parts.databases import fetch
from tests.parts.part import END_WITHIN_S
from tests.parts.sources import add_campaign, add_source

ADD_CONVERSIONS = """
    INSERT INTO conversions (dedup_key, id, source_id, event, transaction_id, click_id, status, payout, currency,
        campaign_id, affiliate_id, created_at, updated_at)
    SELECT md5(%(name)s || n)::uuid,
        (lpad(to_hex((extract(epoch FROM %(created_at)s::timestamptz) * 1000)::bigint), 12, '0')
            || substr(md5(%(name)s || n), 13))::uuid,
        %(source)s, 'sale', %(name)s || n, 'click-' || n, 'approved', 2.50, %(currency)s, %(campaign)s, %(affiliate)s,
        %(created_at)s, %(updated_at)s
    FROM generate_series(1, %(rows)s) AS n"""


@pytest.fixture
def source(cli: CommandLine) -> int:
    return add_source(cli.environment["DATABASE_URL"], cli.environment["POSTLEDGER_MASTER_KEY"], "acme")


def add_conversions(cli: CommandLine, source: int, rows: int, name: str = "t", **values: Any) -> None:
    facts = {
        "currency": "USD",
        "campaign": None,
        "affiliate": None,
        "created_at": "2026-10-31T23:30:00Z",
        "updated_at": "2026-11-20T12:00:00Z",
        **values,
    }
    with psycopg.connect(cli.environment["DATABASE_URL"]) as connection:
        connection.execute(ADD_CONVERSIONS, {"source": source, "rows": rows, "name": name, **facts})


def names_of(cli: CommandLine, *filters: str) -> set[str]:
    """The transaction ids that a list contains."""
    return {row["transaction_id"] for row in cli("conversions", "list", "--json", *filters).facts}


def test_json_and_csv_contain_every_row_without_a_limit(cli: CommandLine, source: int) -> None:
    add_conversions(cli, source, 1234)

    by_json = cli("conversions", "list", "--json")
    by_csv = list(csv.DictReader(io.StringIO(cli("conversions", "list", "--csv").out)))

    assert [row["id"] for row in by_json.facts] == [row["id"] for row in by_csv]
    assert len({row["id"] for row in by_csv}) == 1234
    assert len(cli("conversions", "list", "--json", "--limit", "7").facts) == 7


def test_json_is_one_document_whatever_the_number_of_rows(cli: CommandLine, source: int) -> None:
    empty = cli("conversions", "list", "--json").out
    add_conversions(cli, source, 2)

    printed = cli("conversions", "list", "--json").out

    assert empty == "[]\n"
    assert printed == json.dumps(json.loads(printed), ensure_ascii=False, indent=2) + "\n"


def test_a_table_tells_that_it_shows_only_the_newest(cli: CommandLine, source: int) -> None:
    add_conversions(cli, source, 50)
    complete = cli("conversions", "list")
    add_conversions(cli, source, 1, "more")

    cut = cli("conversions", "list")
    asked = cli("conversions", "list", "--limit", "50")

    assert (len(complete.out.splitlines()), complete.err) == (51, "")
    assert len(cut.out.splitlines()) == 51
    assert "Only the newest 50 are shown." in cut.err
    assert (len(asked.out.splitlines()), asked.err) == (51, "")


def test_audit_rows_are_not_cut_either(cli: CommandLine, source: int) -> None:
    with psycopg.connect(cli.environment["DATABASE_URL"]) as connection:
        connection.execute(
            "INSERT INTO postbacks (id, received_at, source_id, method, verdict, raw)"
            " SELECT gen_random_uuid(), now(), %s, 'GET', 'accepted', '' FROM generate_series(1, 77)",
            (source,),
        )

    assert len(cli("postbacks", "list", "--json").facts) == 77
    assert len(cli("postbacks", "list", "--csv", "--raw").out.splitlines()) == 78
    assert "Only the newest 50 are shown." in cli("postbacks", "list").err


def test_parked_reversals_are_not_cut_either(cli: CommandLine, source: int) -> None:
    add_conversions(cli, source, 1)
    with psycopg.connect(cli.environment["DATABASE_URL"]) as connection:
        connection.execute(
            "INSERT INTO parked_reversals (dedup_key, id, conversion_id, source_id, received_at)"
            " SELECT dedup_key, gen_random_uuid(), id, source_id, now() FROM conversions, generate_series(1, 1001)"
        )

    assert len(cli("conversions", "parked", "--json").facts) == 1001
    assert len(cli("conversions", "parked").out.splitlines()) == 1002
    assert len(cli("conversions", "parked", "--limit", "3").out.splitlines()) == 4


def measure_peak_kib(cli: CommandLine, *arguments: str) -> int:
    """The most memory that a command had."""
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(BACKEND), **cli.environment}
    command = [sys.executable, "-m", "postledger", *arguments]
    running = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(running.pid, 0)
    running.returncode = os.waitstatus_to_exitcode(status)
    assert running.returncode == 0
    return usage.ru_maxrss


@pytest.mark.parametrize("form", ["--csv", "--json"])
def test_memory_does_not_grow_with_the_number_of_rows(cli: CommandLine, source: int, form: str) -> None:
    add_conversions(cli, source, 60_000)

    few = measure_peak_kib(cli, "conversions", "list", form, "--limit", "1000")
    all_of_them = measure_peak_kib(cli, "conversions", "list", form)

    assert all_of_them - few < 10_000


def test_a_reader_that_stops_early_ends_the_list_quietly(cli: CommandLine, source: int) -> None:
    add_conversions(cli, source, 5000)
    command = f"{sys.executable} -m postledger conversions list --csv | head -n 2"
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(BACKEND), **cli.environment}

    ran = subprocess.run(
        ["bash", "-c", command], env=environment, capture_output=True, text=True, timeout=END_WITHIN_S, check=True
    )

    assert (len(ran.stdout.splitlines()), ran.stderr) == (2, "")


def test_conversions_are_filtered_by_what_finance_asks_for(cli: CommandLine, source: int) -> None:
    campaign = add_campaign(cli.environment["DATABASE_URL"], "spring")
    add_conversions(cli, source, 1, "plain")
    add_conversions(cli, source, 1, "euro", currency="EUR")
    add_conversions(cli, source, 1, "affiliate", affiliate="456")
    add_conversions(cli, source, 1, "campaign", campaign=campaign)
    add_conversions(cli, source, 1, "changed", updated_at="2026-11-25T12:00:00Z")

    assert names_of(cli, "--currency", "eur") == {"euro1"}
    assert names_of(cli, "--affiliate", "456") == {"affiliate1"}
    assert names_of(cli, "--campaign", "spring") == {"campaign1"}
    assert names_of(cli, "--updated-since", "2026-11-25T12:00:00Z") == {"changed1"}
    assert names_of(cli, "--updated-since", "2026-11-25T12:00:01Z") == set()
    assert len(names_of(cli)) == 5


def test_a_time_zone_holds_for_what_is_read_and_printed(cli: CommandLine, source: int) -> None:
    add_conversions(cli, source, 1)  # 2026-10-31 23:30 UTC is 00:30 of the next day in Berlin
    november = ("--since", "2026-11-01", "--until", "2026-12-01")

    assert names_of(cli, *november) == set()
    berlin = (*november, "--timezone", "Europe/Berlin")
    [row] = cli("conversions", "list", *berlin, "--json").facts
    assert row["created_at"] == "2026-11-01T00:30:00+01:00"
    assert "2026-11-01T00:30:00+01:00" in cli("conversions", "list", *berlin, "--csv").out
    assert "2026-11-01 00:30:00+01:00" in cli("conversions", "list", *berlin).out
    assert "2026-10-31 23:30:00Z" in cli("conversions", "list").out


@pytest.mark.parametrize("zone", ["Berlin", "", "../etc/passwd", "Europe"])
def test_an_unknown_time_zone_is_refused_in_one_line(cli: CommandLine, zone: str) -> None:
    ran = cli("conversions", "list", "--timezone", zone)

    assert (ran.code, ran.out) == (1, "")
    assert ran.err == "postledger: --timezone is not a time zone; write a name such as Europe/Berlin\n"


def test_an_unknown_currency_is_refused_in_one_line(cli: CommandLine) -> None:
    ran = cli("conversions", "list", "--currency", "EURO")

    assert (ran.code, ran.out) == (1, "")
    assert ran.err == "postledger: --currency is not an ISO 4217 code; write a code such as EUR\n"


def test_an_unknown_source_prints_no_heading(cli: CommandLine) -> None:
    ran = cli("conversions", "list", "--source", "nobody", "--csv")

    assert (ran.code, ran.out) == (1, "")


def run_in_terminal(cli: CommandLine, columns: int, *arguments: str) -> str:
    """What a command prints to a terminal of this width."""
    ours, its = pty.openpty()
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(BACKEND), "COLUMNS": str(columns), **cli.environment}
    command = [sys.executable, "-m", "postledger", *arguments]
    with subprocess.Popen(command, env=environment, stdout=its, stderr=its, stdin=subprocess.DEVNULL) as running:
        os.close(its)
        printed = b""
        with suppress(OSError):  # the other end is closed: so a terminal ends on Linux
            while part := os.read(ours, 65536):
                printed += part
        assert running.wait(END_WITHIN_S) == 0
    os.close(ours)
    return printed.decode()


@pytest.mark.parametrize("columns", [20, 80, 100, 400])
def test_an_id_is_never_broken_in_a_terminal(cli: CommandLine, source: int, columns: int) -> None:
    add_conversions(cli, source, 1, "x" * 60)
    [(receipt,)] = fetch(cli.environment["DATABASE_URL"], "SELECT id::text FROM conversions")

    narrow = run_in_terminal(cli, columns, "conversions", "list")
    wide = run_in_terminal(cli, columns, "conversions", "list", "--wide")

    assert receipt in narrow
    assert ("x" * 60 in narrow) == (columns == 400)
    assert ("--wide shows them" in narrow) == (columns != 400)
    assert receipt in wide
    assert "x" * 60 in wide
    assert "--wide" not in wide
