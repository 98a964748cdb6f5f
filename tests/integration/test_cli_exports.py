"""`export run`, `list` and `retry`, and a worker that exports: bills of conversions, as an operator exports them."""

import csv
import io
import re
import shlex
from pathlib import Path

import pytest

from tests.parts.cli import CommandLine
from tests.parts.databases import fetch
from tests.parts.documents import list_code, list_rows, read_document, read_section
from tests.parts.mapping import FINANCE, RULE, configure
from tests.parts.payable import book
from tests.parts.sinks import Reply, Sink
from tests.parts.sources import add_click

KEY = "whsec_AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE="
FORMULA = '=HYPERLINK("http://evil.example","x")'
CANARY = "13.37"
DOCUMENT = read_section(read_document("docs/bills-and-export.md"), "Where bills are exported to")


@pytest.fixture
def billed(cli: CommandLine, database: str) -> CommandLine:
    """A ledger with one approved bill."""
    add_click(database, "C1", None, "456")
    configure(cli)
    book(database, FORMULA)
    assert cli("bills", "make").code == 0
    cli.environment["KEY"] = KEY
    return cli


def apply(cli: CommandLine, *targets: str) -> None:
    text = "".join(f"[[exports]]\n{target}\n" for target in targets)
    ran = cli("apply", cli.write("exports.toml", text))
    assert ran.code == 0, ran.err


def test_scenario_31_a_formula_is_text_in_every_csv(cli: CommandLine, database: str) -> None:
    formula = FORMULA.replace('"', "'")
    add_click(database, "C1", None, "456")
    named = FINANCE.replace('name = "Affiliate 456"', f'name = "{formula}"')
    configure(cli, named + RULE.replace("Affiliate Commission — {campaign.name}", "{affiliate.name}"))
    book(database, FORMULA)
    assert cli("bills", "make").code == 0
    apply(cli, 'slug = "books"\nkind = "csv"')

    assert cli("export", "run").code == 0

    (file,) = Path("var/exports").glob("*.csv")
    (bill,) = csv.DictReader(io.StringIO(file.read_text("utf-8")))
    assert [bill[name] for name in ("payee_name", "category")] == [f"'{formula}"] * 2, (
        "the formula is in the bill's file"
    )
    lists = ("export list", "bills list", "expenses list")
    printed = [file.read_text("utf-8"), *(cli(*name.split(), "--csv").out for name in lists)]
    cells = [cell for text in printed for row in csv.reader(io.StringIO(text)) for cell in row]
    assert len(cells) > 30
    assert [cell for cell in cells if re.match(r"[=+@\t]|-(?![0-9.]+$)", cell)] == []


def test_the_commands_on_exports_work_as_printed(billed: CommandLine) -> None:
    apply(billed, 'slug = "books"\nkind = "csv"')

    for command in re.findall(r"^postledger (.*)$", DOCUMENT, re.MULTILINE):
        ran = billed(*shlex.split(command))
        assert ran.code == 0, (command, ran.err)

    assert [row["state"] for row in billed("export", "list", "--json").facts] == ["exported"]
    assert [row["state"] for row in billed("bills", "list", "--json").facts] == ["exported"]


def test_every_state_of_an_export_is_named() -> None:
    assert {code for state, _ in list_rows(DOCUMENT) for code in list_code(state)} == {
        "waiting", "sent_unknown", "exported", "refused",
    }  # fmt: skip


def test_export_alone_still_prints_the_configuration(billed: CommandLine) -> None:
    apply(billed, 'slug = "hook"\nkind = "webhook"\nurl = "https://pay.example/"\nsecrets_env = ["KEY"]')

    printed = billed("export")

    assert 'kind = "webhook"' in printed.out
    assert KEY not in printed.out + billed("export", "--json").out + billed("policy", "history", "--json").out


def test_the_secrets_of_a_target_are_stored_encrypted(billed: CommandLine, database: str) -> None:
    apply(billed, 'slug = "hook"\nkind = "webhook"\nurl = "https://pay.example/"\nsecrets_env = ["KEY"]')

    everything = fetch(database, "SELECT database_to_xml(true, true, '')::text")[0][0]
    secrets = [bytes(ciphertext) for (ciphertext,) in fetch(database, "SELECT ciphertext FROM export_secrets")]

    assert KEY not in everything
    assert len(secrets) == 1
    assert KEY.encode() not in secrets[0], "XML has bytes in another form"


def test_scenario_33_words_of_a_refusal_are_in_no_log(billed: CommandLine) -> None:
    reply = Reply(422, body=f"{CANARY} is too much".encode())
    with Sink(reply) as sink:
        url = f"{sink.url}/{CANARY}"
        apply(
            billed,
            f'slug = "hook"\nkind = "webhook"\nurl = "{url}"\nallow_private = true\nsecrets_env = ["KEY"]',
        )
        ran = billed.process("worker", "--only", "export", "--once")

        assert (ran.code, len(sink.asked)) == (0, 1)
        assert '"result":"refused"' in ran.err
        assert not any(secret in ran.out + ran.err for secret in (CANARY, KEY, "too much"))

        assert billed("export", "run").code == 0, "what was refused waits"
        sink.reply = Reply()
        number = billed("bills", "list", "--json").facts[0]["number"]
        assert billed("export", "retry", number, "--json").facts == {"refused": 1, "waiting": 0}
        assert billed("export", "run", "--json").facts == [{"bill": number, "target": "hook", "result": "exported"}]
        assert len(sink.asked) == 2


def test_a_trace_leads_on_to_the_references_of_a_bill(billed: CommandLine) -> None:
    with Sink(Reply(422)) as sink:
        apply(
            billed,
            'slug = "books"\nkind = "csv"',
            f'slug = "hook"\nkind = "webhook"\nurl = "{sink.url}"\nallow_private = true\nsecrets_env = ["KEY"]',
        )
        billed("export", "run")
    number = billed("bills", "list", "--json").facts[0]["number"]

    lines = billed("trace", FORMULA).out.splitlines()
    (conversion,) = billed("trace", FORMULA, "--json").facts["conversions"]

    at = next(nth for nth, line in enumerate(lines) if line.startswith("  bill"))
    assert [line[:11] for line in lines[at:]] == ["  bill     ", "   export  ", "   export  "]
    assert lines[at + 1].endswith(f"Z  books  exported  reference={number}.csv  attempts=1")
    assert lines[at + 2].endswith("Z  hook  refused  fault=the receiver answered HTTP 422  attempts=1")
    assert [(one["target"], one["state"], one["reference"]) for one in conversion["bills"][0]["exports"]] == [
        ("books", "exported", f"{number}.csv"),
        ("hook", "refused", None),
    ]


def test_an_export_that_fails_is_one_line_and_what_to_do(billed: CommandLine) -> None:
    apply(
        billed,
        'slug = "hook"\nkind = "webhook"\nurl = "http://127.0.0.1:9/"\nallow_private = true\nsecrets_env = ["KEY"]',
    )

    ran = billed("export", "run")

    assert (ran.code, ran.err) == (1, "postledger: 1 export did not succeed; see why: postledger export list\n")
    assert billed("export", "list", "--target", "nothing").code == 1
    assert "connect" in billed("export", "list").out
