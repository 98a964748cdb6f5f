"""Compares every answer of a load test with the ledger: `python -m loadtests.verify ACKS DATABASE_URL [--json]`.

An answer is of one of three kinds: taken (2xx, 302), not taken (4xx), unknown (5xx or no response). What was taken must
be on the ledger with its money, what was not taken must not, and an unknown one may be either, once.
Exit code 0: all promises hold; 1: one is broken, or nothing was sent.
"""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import psycopg

from loadtests.acks import COLUMNS

HERE = Path(__file__).parent
EXAMPLES = 5
COLUMN_TYPES = {
    "receipt": "uuid", "due": "float8", "sent": "float8", "took": "float8", "http": "int", "payout": "numeric",
}  # fmt: skip
NULL_IF_EMPTY = ("receipt", "payout")


class Finding(msgspec.Struct, frozen=True):
    """One promise, how often it was broken, and some of the receipts or transaction ids that broke it."""

    promise: str
    broken: int
    examples: list[str]


class Verification(msgspec.Struct, frozen=True):
    """All findings, how many answers there were of each kind, and the sum of what was booked in each currency."""

    answers: dict[str, int]
    unknown_stored: int
    booked: dict[str, str]
    findings: list[Finding]

    @property
    def is_good(self) -> bool:
        """Whether something was sent and no promise is broken."""
        return sum(self.answers.values()) > 0 and not any(finding.broken for finding in self.findings)


def verify(acks: Path, database_url: str, *, shed_clicks: int = 0) -> Verification:
    """Compare an ack log with the ledger. As many clicks may be missing as the backend counted as shed."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        return compare(connection, acks, shed_clicks=shed_clicks)


def compare(connection: psycopg.Connection, acks: Path, *, shed_clicks: int = 0) -> Verification:
    """Compare on a connection of the caller's; it makes temporary tables and nothing else."""
    _load(connection, acks)
    if not _count_kinds(connection):
        return Verification({}, 0, {}, [])
    connection.execute((HERE / "verify_tables.sql").read_bytes())
    findings = [_check(connection, promise, sql, shed_clicks) for promise, sql in read_promises()]
    return Verification(_count_kinds(connection), _count_unknown_stored(connection), _sum_booked(connection), findings)


def read_promises() -> Iterator[tuple[str, bytes]]:
    """Read the promises of `verify.sql`: each one's sentence and its statement."""
    for part in (HERE / "verify.sql").read_text().split("-- name: ")[1:]:
        promise, _, sql = part.partition("\n")
        yield promise, sql.encode()


def print_lines(verification: Verification) -> list[str]:
    """Write one line for each promise, and the counts."""
    lines = [_line(finding) for finding in verification.findings]
    counts = ", ".join(f"{count:,} {kind}" for kind, count in sorted(verification.answers.items())) or "none"
    money = ", ".join(f"{amount} {currency}" for currency, amount in sorted(verification.booked.items())) or "nothing"
    return [
        *lines,
        f"answers: {counts}; of the unknown ones {verification.unknown_stored:,} are in the audit",
        f"booked: {money}",
    ]


def _line(finding: Finding) -> str:
    if not finding.broken:
        return f"ok     {finding.promise}"
    return f"WRONG  {finding.promise}: {finding.broken:,} not, for example {', '.join(finding.examples)}"


def _load(connection: psycopg.Connection, acks: Path) -> None:
    columns = ", ".join(f"{name} {COLUMN_TYPES.get(name, 'text')}" for name in COLUMNS)
    kinds = (
        "is_taken boolean GENERATED ALWAYS AS (http BETWEEN 200 AND 399) STORED, "
        "is_unknown boolean GENERATED ALWAYS AS (http = 0 OR http >= 500) STORED"
    )
    connection.execute(f"CREATE TEMPORARY TABLE acks ({columns}, {kinds})".encode())
    copy = (
        f"COPY acks ({', '.join(COLUMNS)}) FROM STDIN "
        f"WITH (FORMAT csv, DELIMITER E'\\t', QUOTE E'\\b', HEADER, FORCE_NULL ({', '.join(NULL_IF_EMPTY)}))"
    )
    with acks.open("rb") as file, connection.cursor().copy(copy.encode()) as writing:
        while block := file.read(1 << 20):
            writing.write(block)


def _check(connection: psycopg.Connection, promise: str, sql: bytes, shed_clicks: int) -> Finding:
    broken = [row[0] for row in connection.execute(sql)]
    if "click" in promise and len(broken) <= shed_clicks:
        broken = []
    return Finding(promise, len(broken), [str(one) for one in broken[:EXAMPLES]])


def _count_kinds(connection: psycopg.Connection) -> dict[str, int]:
    rows = connection.execute(
        "SELECT CASE WHEN kind = 'tried' THEN 'tried' WHEN is_unknown THEN 'unknown'"
        " WHEN is_taken THEN 'taken' ELSE 'not taken' END, count(*) FROM acks GROUP BY 1"
    )
    return dict(rows.fetchall())


def _count_unknown_stored(connection: psycopg.Connection) -> int:
    row = connection.execute("SELECT count(*) FROM acks JOIN audit ON audit.id = receipt WHERE is_unknown").fetchone()
    return row[0] if row else 0


def _sum_booked(connection: psycopg.Connection) -> dict[str, str]:
    rows = connection.execute("SELECT currency, sum(payout)::text FROM booked WHERE payout IS NOT NULL GROUP BY 1")
    return dict(rows.fetchall())


def main() -> int:
    """Verify what the command line names, and print it."""
    parser = argparse.ArgumentParser(
        prog="python -m loadtests.verify", description="Compare an ack log with the ledger."
    )
    parser.add_argument("acks", type=Path)
    parser.add_argument("database_url")
    parser.add_argument("--shed-clicks", type=int, default=0, help="clicks that the backend counted as shed")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    verification = verify(given.acks, given.database_url, shed_clicks=given.shed_clicks)
    text = msgspec.json.encode(verification).decode() if given.json else "\n".join(print_lines(verification))
    sys.stdout.write(f"{text}\n")
    return 0 if verification.is_good else 1


if __name__ == "__main__":
    sys.exit(main())
