"""`replay --to URL` sends stored postbacks to another system, signed again with the secret of that system."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.parts.backend import Backend
from tests.parts.cli import CommandLine
from tests.parts.databases import create_database, drop_database, fetch
from tests.parts.edge import Edge
from tests.parts.postgres import Postgres
from tests.parts.replaying import SOURCE, PastLedger
from tests.parts.sources import UNLIMITED, add_source

SECRET = "s3cret-of-the-staging-system"
LENIENT = ('click = "optional"', 'pii = ["email"]')
OWN = "--to is this system's own edge; leave it out to book here"
STORED = "SELECT transaction_id, payout::text, status FROM conversions ORDER BY transaction_id"


@dataclass(frozen=True)
class Staging:
    """Another system, with a ledger of its own."""

    edge: Edge
    database: str


@pytest.fixture(scope="module")
def staging(postgres: Postgres, template: str, master_key: str) -> Iterator[Staging]:
    url = create_database(postgres, template=template)
    add_source(url, master_key, "acme", [SECRET], {"click": "optional", "pii": ["email"], **UNLIMITED})
    add_source(url, master_key, "every", [SECRET], {"click": "optional", "duplicates": "every", **UNLIMITED})
    add_source(url, master_key, "slow", [SECRET], {"click": "optional", "rate": 5, "burst": 1})
    with (
        Backend({"DATABASE_URL": url, "POSTLEDGER_MASTER_KEY": master_key}, workers=1) as backend,
        Edge(backend_socket=backend.socket) as edge,
    ):
        yield Staging(edge, url)
    drop_database(postgres, url)


@pytest.fixture
def past(cli: CommandLine, staging: Staging) -> PastLedger:
    past = PastLedger(cli)
    past.apply(*LENIENT)
    cli.environment["POSTLEDGER_CA_FILE"] = str(staging.edge.ca_file)
    return past


def send_all(past: PastLedger, staging: Staging, number: int, *options: str, source: str = "acme") -> dict[str, object]:
    file = past.cli.write("secret.txt", f"{SECRET}\n")
    to = ("--to", staging.edge.https_url, "--secret-file", file, "--source", source, "--rate", "1000/s", *options)
    table: dict[str, object] = past.cli("replay", "--since", "7h", *to, "--go", "--yes", str(number), "--json").facts
    return table


def rows_of(table: dict[str, object]) -> dict[str, int]:
    changes = table["changes"]
    assert isinstance(changes, dict)
    return {name: line["rows"] for name, line in changes.items()}


def test_queries_and_webhooks_are_booked_there(past: PastLedger, staging: Staging) -> None:
    past.get("click_id=C1&transaction_id=G1&payout=2.50&sub1=a%20b%26c")
    past.get("click_id=C1&transaction_id=G1&payout=2.50&sub1=a%20b%26c")
    past.post(b'{"click_id":"C1","transaction_id":"P1","payout":3,"email":"a@b.example"}', "msg_1")
    past.get("click_id=C1&transaction_id=F1&payout=9", signed=False)

    table = send_all(past, staging, 4)

    assert rows_of(table) == {"accepted → 200 accepted": 2, "duplicate → 200 duplicate": 1}
    assert (table["not_believed"], table["to"]) == ({"missing_signature": 1}, staging.edge.https_url)
    assert fetch(staging.database, STORED) == [("G1", "2.50", "approved"), ("P1", "3", "approved")]
    ((label,),) = fetch(staging.database, "SELECT subs ->> 'sub1' FROM conversions WHERE transaction_id = 'G1'")
    assert label == "a b&c"


def test_nothing_is_recorded_here_except_who_did_it(past: PastLedger, staging: Staging, database: str) -> None:
    past.get("click_id=C1&transaction_id=H1&payout=1")
    send_all(past, staging, 1)

    assert fetch(database, "SELECT count(*)::integer FROM postbacks") == [(1,)]
    assert fetch(database, "SELECT subject FROM audit_log WHERE action = 'replay.send'") == [("acme",)]


def test_a_wrong_secret_is_counted_as_refused(past: PastLedger, staging: Staging) -> None:
    past.get("click_id=C1&transaction_id=W1&payout=1")
    past.cli.write("wrong.txt", "s3cret-of-another-system")

    ran = past.cli(
        "replay", "--since", "7h", "--source", "acme", "--to", staging.edge.https_url, "--secret-file", "wrong.txt",
        "--go", "--yes", "1",
    )  # fmt: skip

    assert "accepted → 401 refused  1  bad_signature 1\n" in ran.out, ran
    assert SECRET not in ran.out + ran.err


def test_a_charge_that_is_sent_twice_is_charged_once(past: PastLedger, staging: Staging) -> None:
    past.apply(*LENIENT, 'duplicates = "every"', source=SOURCE.replace("acme", "every"))
    past.post(b'{"click_id":"C1","payout":3}', "msg_1", slug="every")
    past.get("click_id=C1&payout=4", slug="every")

    first, again = (send_all(past, staging, 2, source="every") for _ in range(2))

    assert (rows_of(first), rows_of(again)) == ({"accepted → 200 accepted": 1}, {"accepted → 200 duplicate": 1})
    assert first["not_kept"] == {"a charge without an id": 1}


def test_an_answer_that_asks_to_wait_is_obeyed(past: PastLedger, staging: Staging) -> None:
    source = '[[sources]]\nslug = "slow"\nsecrets = ["s3cret-current"]\n'
    past.apply(*LENIENT, source=source)
    for number in range(4):
        past.get(f"click_id=C1&transaction_id=S{number}&payout=1", slug="slow")

    table = send_all(past, staging, 4, source="slow")

    assert rows_of(table) == {"accepted → 200 accepted": 4}


@pytest.mark.parametrize(
    ("options", "error"),
    [
        (("--to", "staging.example.org"), "--to takes production, sandbox, or the base of an edge"),
        (("--to", "http://staging.example.org"), "--to takes production, sandbox, or the base of an edge"),
        (("--to", "https://u:p@staging.example.org"), "--to takes production, sandbox, or the base of an edge"),
        (("--to", "https://staging.example.org/x?y=z"), "--to takes production, sandbox, or the base of an edge"),
        (("--to", "https://own.example.org/"), OWN),
        (("--to", "https://Own.example.org."), OWN),
        (("--to", "https://own.example.org:443"), OWN),
        (("--to", "https://own.example.org/#x"), "--to takes production, sandbox, or the base of an edge"),
        (("--to", "https://127.0.0.1:9"), "--source is missing: "),
        (("--to", "https://127.0.0.1:9", "--source", "acme"), "--secret-file is missing: "),
        (("--to", "https://127.0.0.1:9", "--rules", "1"), "--rules only tries rules, and books nothing."),
    ],
)
def test_a_mistake_is_one_clear_line(past: PastLedger, options: tuple[str, ...], error: str) -> None:
    past.cli.environment["POSTLEDGER_EDGE_URL"] = "https://own.example.org"
    past.get("click_id=C1&transaction_id=T1&payout=1")

    ran = past.cli("replay", "--since", "7h", *options, "--go", "--yes", "1")

    assert (ran.code, ran.err.startswith(f"postledger: {error}"), ran.err.count("\n")) == (1, True, 1), ran.err


def test_an_edge_that_does_not_answer_is_named(past: PastLedger) -> None:
    past.get("click_id=C1&transaction_id=T1&payout=1")
    file = past.cli.write("secret.txt", SECRET)

    ran = past.cli(
        "replay", "--since", "7h", "--source", "acme", "--to", "https://127.0.0.1:9", "--secret-file", file,
        "--go", "--yes", "1",
    )  # fmt: skip

    assert ran.err == "postledger: https://127.0.0.1:9 does not answer (ConnectError); 0 postbacks were sent\n"
