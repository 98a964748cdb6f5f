"""The bar of `make bench REPLAY=1`: stored postbacks that are judged again, and booked; then a file is tried on them.

They were refused because their clicks were unknown, which is what replays are made for. Then the clicks are imported.
"""

import json
import secrets
import tomllib
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from tempfile import NamedTemporaryFile

import tomli_w

from loadtests.bench.ledger import SLUG, Ledger
from loadtests.bench.month import MonthGround, Ran, run_command
from loadtests.bench.report import MIB, Target
from loadtests.bench.rounds import RoundFailed
from loadtests.signing import sign_query
from postledger.ingest.receive import evaluate
from postledger.ledger.writer import write_entries
from postledger.platform.keyring import Keyring
from postledger.platform.postgres.connection import read_clock
from postledger.policy.read import load_policy
from postledger.vocabulary.incoming_request import Request
from postledger.vocabulary.receipt import ENTROPY_BYTES, make_receipt

ROWS, BATCH_ROWS = 50_000, 500
PROMISED_ROWS_A_SECOND = 5000
PROMISED_MIB = 100
_SELECTION = ("--since", "1d", "--source", SLUG, "--reason", "unknown_click")
_FASTEST = ("--rate", "1000000")
_CLICKS = """
INSERT INTO clicks (click_id, campaign_id, created_at)
SELECT click_id, campaigns.id, now()
FROM campaigns
CROSS JOIN (SELECT DISTINCT click_id FROM postbacks WHERE verdict = 'refused') AS missing
"""
_TOOK_S = "SELECT extract(epoch FROM updated_at - created_at) FROM replays"


def replay_refused_postbacks(ground: MonthGround) -> list[Target]:
    """Judge 50,000 refused postbacks again, and book them: each opens a conversion."""
    ledger = ground.make_ledger("replay")
    _fill(ledger)
    shown = run_command(ledger, "replay", *_SELECTION, "--json")
    if (rows := json.loads(shown.out)["rows_to_book"]) != ROWS:
        raise RoundFailed(f"the dry run shows {rows} of {ROWS} rows to book")
    booked = run_command(ledger, "replay", *_SELECTION, *_FASTEST, "--go", "--yes", str(ROWS), "--json")
    if ledger.size() != ROWS:
        raise RoundFailed(f"{ledger.size()} of {ROWS} conversions were booked")
    few, all_rows = _try_file(ledger, statuses={"pending": ["held"]}), _try_file(ledger, currency="EUR")
    return [
        Target("dry run, rows/s", ROWS / shown.took_s, PROMISED_ROWS_A_SECOND),
        Target("booking, rows/s", ROWS / _read_duration_s(ledger), PROMISED_ROWS_A_SECOND),
        Target("what-if that affects no row, rows/s", ROWS / few.took_s, None),
        Target("what-if that affects every row, rows/s", ROWS / all_rows.took_s, None),
        Target("the most memory of a what-if, MiB", all_rows.peak_bytes / MIB, PROMISED_MIB, at_least=False),
        Target("processor time of both and the dry run before, s", booked.cpu_s, None),
        Target("the most memory of the command, MiB", booked.peak_bytes / MIB, None),
    ]


def _try_file(ledger: Ledger, **settings: object) -> Ran:
    """Try the present configuration with other settings of the source."""
    document = tomllib.loads(run_command(ledger, "export").out)
    document["sources"] = [source | settings if source["slug"] == SLUG else source for source in document["sources"]]
    with NamedTemporaryFile("wb", suffix=".toml") as file:
        tomli_w.dump(document, file)
        file.flush()
        ran = run_command(ledger, "apply", file.name, "--what-if", "1d", "--source", SLUG, "--json")
    (tried,) = json.loads(ran.out)["what_if"]
    if (tried["judged"], tried["as_recorded"]) != (ROWS, ROWS):
        raise RoundFailed(f"{tried['as_recorded']} of {tried['judged']} judged rows are as recorded, of {ROWS}")
    return ran


def _fill(ledger: Ledger) -> None:
    with ledger.connect() as connection:
        policy, now = load_policy(connection, Keyring([ledger.master_key])), read_clock(connection)
        for first in range(0, ROWS, BATCH_ROWS):
            requests = _make_requests(ledger, now, range(first, first + BATCH_ROWS))
            entries = [evaluate(request, policy.sources[SLUG], policy.version) for request in requests]
            write_entries(connection, entries)
        connection.execute(_CLICKS)
        connection.execute("VACUUM (ANALYZE) postbacks, clicks")
    ledger.checkpoint()


def _make_requests(ledger: Ledger, now: datetime, numbers: Sequence[int]) -> Iterator[Request]:
    """Make requests of the last minute, in the order in which they came."""
    for number in numbers:
        at = now - timedelta(minutes=1) + timedelta(milliseconds=number)
        query = f"click_id=replayed-{number}&transaction_id=R{number}&payout=0.01&ts={at.timestamp():.0f}"
        receipt = make_receipt(int(at.timestamp() * 1000), secrets.token_bytes(ENTROPY_BYTES))
        yield Request(receipt, at, "GET", query=sign_query(ledger.secret, query).encode(), client_address="127.0.0.1")


def _read_duration_s(ledger: Ledger) -> float:
    with ledger.connect() as connection:
        row = connection.execute(_TOOK_S).fetchone()
    assert row is not None, "one replay was booked"
    return float(row[0])
