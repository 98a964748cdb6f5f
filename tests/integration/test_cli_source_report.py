"""`source report` counts what was refused, and what enforce mode would refuse, by reason and address."""

import re
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from psycopg.types.json import Jsonb

from postledger.audit.source_report import report_source
from postledger.ledger.partitions import make_partitions
from postledger.platform.postgres.connection import connect
from tests.parts.cli import CommandLine
from tests.parts.entries import new_receipt
from tests.parts.sources import add_source, change_source

_ADD = """
INSERT INTO postbacks (id, received_at, source_id, source_ip, method, verdict, reason, observed, label_notes, raw)
VALUES (%s, %s, %s, %s, 'GET', %s, %s, %s, %s, '')
"""


class Audit:
    """Writes audit rows of one source, as the backend does."""

    def __init__(self, url: str, source_id: int) -> None:
        self._url, self._source_id = url, source_id
        # Not a constant of the module: midnight may have passed, and a ledger has partitions only for its own days.
        self.now = datetime.now(UTC)

    def add(
        self,
        count: int = 1,
        *,
        observed: list[str] | None = None,
        reason: str | None = None,
        address: str | None = "203.0.113.9",
        at: datetime | None = None,
        notes: dict[str, str] | None = None,
    ) -> None:
        """Add rows that differ only in their receipts."""
        verdict = "refused" if reason else "accepted"
        with psycopg.connect(self._url) as connection, connection.cursor() as cursor:
            values = (
                at or self.now,
                self._source_id,
                address,
                verdict,
                reason,
                observed,
                Jsonb(notes) if notes else None,
            )
            cursor.executemany(_ADD, [(new_receipt(), *values) for _ in range(count)])


@pytest.fixture
def audit(cli: CommandLine, database: str, master_key: str) -> Audit:
    """The audit of the source `acme`, which is in observe mode."""
    return Audit(database, add_source(database, master_key, "acme", settings={"mode": "observe"}))


def test_what_enforce_mode_would_refuse_is_summarized_in_a_line(cli: CommandLine, audit: Audit) -> None:
    audit.add(1201)
    audit.add(2, observed=["ip_not_allowed"], address="198.51.100.7")
    audit.add(1, observed=["bad_signature"])

    told = cli("source", "report", "acme").out.splitlines()

    assert told[0] == "would have refused 3 of 1 204: 2 ip_not_allowed (198.51.100.7), 1 bad_signature"
    assert told[1] == "refused 0 of 1 204"
    assert re.split(r"  +", told[3].strip())[:4] == ["would refuse", "ip_not_allowed", "2", "198.51.100.7"]


def test_a_postback_with_two_reasons_is_one_postback(cli: CommandLine, audit: Audit) -> None:
    audit.add(observed=["ip_not_allowed", "bad_signature"])
    audit.add(observed=[])

    facts = cli("source", "report", "acme", "--json").facts

    assert (facts["received"], facts["would_refuse"]["postbacks"]) == (2, 1)
    assert [(one["reason"], one["postbacks"]) for one in facts["would_refuse"]["reasons"]] == [
        ("bad_signature", 1),
        ("ip_not_allowed", 1),
    ]


def test_labels_that_were_cut_or_left_out_are_counted_by_cause(cli: CommandLine, audit: Audit) -> None:
    audit.add(2, notes={"sub1": "too_long", "sub5": "unresolved_macro"})
    audit.add(1, notes={"sub5": "unresolved_macro"})

    told = cli("source", "report", "acme").out
    labels = cli("source", "report", "acme", "--json").facts["labels"]

    assert re.search(r"label cut or left out +unresolved_macro +3 ", told)
    assert [(one["cause"], one["labels"]) for one in labels] == [("unresolved_macro", 3), ("too_long", 2)]


def test_a_source_in_enforce_mode_shows_what_was_refused(cli: CommandLine, audit: Audit, database: str) -> None:
    change_source(database, "acme", {})
    audit.add(3)
    audit.add(2, reason="unknown_click")
    audit.add(1, reason="conflict")

    told = cli("source", "report", "acme").out.splitlines()

    assert told[0] == "refused 3 of 6: 2 unknown_click, 1 conflict"


def test_addresses_are_ranked_and_times_are_the_first_and_the_last(cli: CommandLine, audit: Audit) -> None:
    earlier = audit.now - timedelta(minutes=5)
    for count, address in ((1, "2001:db8::1"), (3, "198.51.100.3"), (2, "198.51.100.2"), (1, "198.51.100.1")):
        audit.add(count, observed=["ip_not_allowed"], address=address)
    audit.add(observed=["ip_not_allowed"], address=None, at=earlier)

    told = cli("source", "report", "acme").out.splitlines()[0]
    (reason,) = cli("source", "report", "acme", "--json").facts["would_refuse"]["reasons"]

    assert told.endswith("8 ip_not_allowed (198.51.100.3, 198.51.100.2, 198.51.100.1 and 1 more)")
    assert [one["postbacks"] for one in reason["addresses"]] == [3, 2, 1, 1]
    assert (reason["first_seen"], reason["last_seen"]) == (earlier.isoformat(), audit.now.isoformat())


def test_only_the_span_is_counted_across_its_days(cli: CommandLine, audit: Audit, database: str) -> None:
    yesterday = audit.now - timedelta(days=1)
    with psycopg.connect(database, autocommit=True) as connection:
        make_partitions(connection, audit.now - timedelta(days=10))
    for at in (audit.now - timedelta(days=9), yesterday, audit.now):
        audit.add(observed=["bad_signature"], at=at)

    def received(*span: str) -> int:
        return int(cli("source", "report", "acme", *span, "--json").facts["received"])

    assert received() == 2
    assert received("--since", "10d") == 3
    assert received("--since", "10d", "--until", audit.now.isoformat()) == 2
    assert received("--since", audit.now.isoformat()) == 1


def test_a_span_can_cover_the_whole_retention_period(cli: CommandLine, audit: Audit) -> None:
    audit.add()

    assert cli("source", "report", "acme", "--since", "90d").out.startswith("would have refused 0 of 1")


def test_days_outside_the_span_are_not_read(audit: Audit, database: str) -> None:
    audit.add()
    days: list[int] = []
    with (
        connect(database, name="test", statement_timeout_ms=60_000) as connection,
        connect(database, name="other", statement_timeout_ms=60_000) as other,
        other.transaction(),
    ):
        other.execute(f"LOCK TABLE postbacks_{audit.now - timedelta(days=1):%Y%m%d} IN ACCESS EXCLUSIVE MODE".encode())
        midnight = audit.now.replace(hour=0, minute=0, second=0, microsecond=0)

        report = report_source(
            connection, "acme", midnight, audit.now + timedelta(microseconds=1), lambda *done: days.extend(done)
        )

    assert report is not None
    assert (report.received, days) == (1, [1, 1])


def test_another_sources_postbacks_are_not_counted(
    cli: CommandLine, audit: Audit, database: str, master_key: str
) -> None:
    audit.add(observed=["bad_signature"])
    add_source(database, master_key, "other")

    assert cli("source", "report", "other").out == "refused 0 of 0\n"


def test_an_unknown_source_or_time_is_refused_in_one_line(cli: CommandLine, audit: Audit) -> None:
    for arguments, fault in (
        (("nobody",), "source nobody does not exist"),
        (("acme", "--since", "9999999d"), "--since is not a time"),
    ):
        ran = cli("source", "report", *arguments)

        assert (ran.code, ran.out, len(ran.err.splitlines())) == (1, "", 1)
        assert fault in ran.err
