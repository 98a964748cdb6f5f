"""The command line takes ids as people paste them, and reads names of events as ingest does."""

import psycopg
import pytest

from tests.parts.cli import CommandLine
from tests.parts.sources import add_source

RECEIPT = "0197a3b0-0000-7000-8000-0000000000ab"
ADD = """
    INSERT INTO conversions (dedup_key, id, source_id, event, transaction_id, click_id, status, affiliate_id,
        created_at, updated_at)
    VALUES (md5(%(transaction_id)s)::uuid, %(id)s, %(source)s, 'sale', %(transaction_id)s, 'C1', 'approved', '456',
        now(), now())"""


@pytest.fixture
def ledger(cli: CommandLine) -> CommandLine:
    """The command line of a ledger with a conversion, and one whose id an older release stored with a blank."""
    source = add_source(cli.environment["DATABASE_URL"], cli.environment["POSTLEDGER_MASTER_KEY"], "acme")
    with psycopg.connect(cli.environment["DATABASE_URL"]) as connection:
        connection.execute(ADD, {"id": RECEIPT, "source": source, "transaction_id": "T77"})
        connection.execute(ADD, {"id": RECEIPT[:-1] + "c", "source": source, "transaction_id": "OLD "})
    return cli


@pytest.mark.parametrize(
    ("pasted", "found"),
    [
        (" T77 ", "T77"),
        ("\u00a0T77\u200b", "T77"),
        (RECEIPT, "T77"),
        (f" {RECEIPT.upper()}\n", "T77"),
        ("OLD ", "OLD "),
    ],
)
def test_an_id_is_traced_as_it_is_pasted(ledger: CommandLine, pasted: str, found: str) -> None:
    traced = ledger("trace", pasted, "--json").facts

    assert [conversion["transaction_id"] for conversion in traced["conversions"]] == [found]


@pytest.mark.parametrize("filters", [("--event", " SALE "), ("--affiliate", " 456 "), ("--event", "Sale")])
def test_a_filter_is_read_as_ingest_reads_the_field(ledger: CommandLine, filters: tuple[str, ...]) -> None:
    assert len(ledger("conversions", "list", *filters, "--json").facts) == 2


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        (("conversions", "list", "--event", "free trial"), "--event is not the name of an event"),
        (("conversions", "list", "--limit", "0"), "--limit must be at least 1"),
        (("postbacks", "list", "--limit", "99999999999999999999"), "--limit must be at most 1000000"),
        (("conversions", "parked", "--limit", "2000000"), "--limit must be at most 1000000"),
        (("conversions", "list", "--excel"), "--excel has no effect without --csv"),
    ],
)
def test_an_option_out_of_bounds_is_one_clear_line(ledger: CommandLine, arguments: tuple[str, ...], fault: str) -> None:
    ran = ledger(*arguments)

    assert ran.code != 0
    assert len(ran.err.splitlines()) == 1
    assert fault in ran.err


def test_a_list_for_excel_begins_with_a_byte_order_mark(ledger: CommandLine) -> None:
    plain = ledger.process("conversions", "list", "--csv").out
    marked = ledger.process("conversions", "list", "--csv", "--excel").out

    assert marked == "\ufeff" + plain


def test_one_datum_a_line_is_hashed(ledger: CommandLine) -> None:
    ann, bob = ledger("hash", stdin="ann@example.org\n").out, ledger("hash", stdin=" Bob@example.org").out

    assert ledger("hash", stdin="ann@example.org\n\nbob@example.org\n").out == ann + bob
    assert ledger("hash", "--json", stdin="ann@example.org\nbob@example.org\n").facts == [
        {"hash": ann.strip()},
        {"hash": bob.strip()},
    ]
