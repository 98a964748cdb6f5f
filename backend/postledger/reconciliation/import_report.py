"""Imports a network's report: recognises its format, reads its lines, and lets it count in place of an older one."""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime
from itertools import islice
from typing import IO, Any
from uuid import uuid4

import msgspec
from psycopg import Connection

from postledger.people.audit_chain import append, write_body
from postledger.policy.report_store import read_report_formats
from postledger.reconciliation.readers.json_rows import begins_as_json
from postledger.reconciliation.readers.report_rows import ReportContent, read_column_names, read_report_rows
from postledger.reconciliation.readers.rows import BadFile, TooLarge
from postledger.reconciliation.rules.columns import BadHeader
from postledger.reconciliation.rules.read_report_line import ReportLineReader, has_columns
from postledger.reconciliation.rules.report_format import ReportFormat
from postledger.reconciliation.rules.statement_lines import LineFault, ReportLine
from postledger.reconciliation.statement_store import (
    NewReport,
    add_faults,
    add_lines,
    find_file,
    find_source,
    insert_report,
    lock_source,
    replace_report,
)
from postledger.vocabulary.operator_error import InvalidRequest, NotPossible

PORTION = 250
MOST_FAULTS_PERCENT = 5
SHOWN_FAULTS = 10


class ReportFile(msgspec.Struct, frozen=True):
    """A file that can be sought, its name, and what the operator says of it."""

    content: IO[bytes]
    name: str
    format: str | None = None
    period: date | None = None
    accepts_faults: bool = False


class Imported(msgspec.Struct, frozen=True):
    """What an import did. `known`: the file was on record already, and nothing was added.

    `replaced_by`: the report that counts instead of a known one that was replaced.
    """

    id: str
    format: str
    source: str
    period: date | None
    lines: int
    faults: int
    replaces: str | None = None
    known: bool = False
    replaced_by: str | None = None


class TooManyFaults(NotPossible):
    """More than a twentieth of the lines could not be read, so nothing was imported. `faults` has the first ones."""

    def __init__(
        self, rows: int, number: int, faults: Sequence[LineFault], advice: str = "correct the report format"
    ) -> None:
        super().__init__(
            f"{number} of {rows} lines could not be read, more than {MOST_FAULTS_PERCENT} %, so nothing was imported;"
            f" {advice}, or import the others with --accept-faults"
        )
        self.faults = faults


def import_report(
    connection: Connection[Any], file: ReportFile, actor: str, now: datetime, on_progress: Callable[[int], None]
) -> Imported:
    """Import a report in one transaction. Raises `InvalidRequest`, `NotFound` or `NotPossible`."""
    try:
        digest = digest_file(file.content)
        content = ReportContent(file.content)
        report_format = _choose_format(read_report_formats(connection), file, content)
        source_id = find_source(connection, report_format.source)
        with connection.transaction():
            lock_source(connection, source_id)
            if (found := find_file(connection, digest)) is not None:
                return _make_known(report_format, file, *found)
            return _import(
                connection, file, report_format, NewFile(content, source_id, digest, actor, now), on_progress
            )
    except (BadFile, BadHeader) as bad:
        raise InvalidRequest(f"{file.name} {bad}" if isinstance(bad, BadFile) else str(bad)) from None


def _make_known(report_format: ReportFormat, file: ReportFile, statement_id: str, replaced_by: str | None) -> Imported:
    return Imported(
        statement_id, report_format.slug, report_format.source, file.period, 0, 0, known=True, replaced_by=replaced_by
    )


def digest_file(content: IO[bytes]) -> bytes:
    """Return the SHA-256 of a file that can be sought."""
    digest = hashlib.sha256()
    while chunk := content.read(1 << 20):
        digest.update(chunk)
    content.seek(0)
    return digest.digest()


class NewFile(msgspec.Struct, frozen=True):
    """A file that is on no record yet."""

    content: ReportContent
    source_id: int
    sha256: bytes
    actor: str
    now: datetime


def _import(
    connection: Connection[Any],
    file: ReportFile,
    report_format: ReportFormat,
    new: NewFile,
    on_progress: Callable[[int], None],
) -> Imported:
    statement_id, read = str(uuid4()), _Read()
    found = _read_lines(new.content, report_format)
    while not read.is_done:
        # One COPY takes all lines, so that Postgres writes while the next ones are read. Only faults end it.
        add_lines(connection, statement_id, _take_lines(found, read, on_progress))
        add_faults(connection, statement_id, read.take_faults())
    _check_faults(read, file, report_format)
    period = file.period or _find_period(read.months)
    replaces = replace_report(connection, new.source_id, period, new.now)
    insert_report(
        connection,
        NewReport(
            statement_id, new.source_id, report_format.slug, file.name, new.sha256, period, read.since or period,
            read.until or period, report_format.timezone, replaces, read.lines, read.faults, new.now, new.actor,
        ),
    )  # fmt: skip
    body = write_body(source=report_format.source, period=str(period), lines=read.lines, sha256=new.sha256.hex())
    append(connection, new.actor, "statement.import", statement_id, body=body, at=new.now)
    return Imported(
        statement_id, report_format.slug, report_format.source, period, read.lines, read.faults, replaces
    )  # fmt: skip


def _take_lines(
    found: Iterator[ReportLine | LineFault], read: "_Read", on_progress: Callable[[int], None]
) -> Iterator[Sequence[ReportLine]]:
    """Give the lines by portions, until a portion of faults has gathered."""
    while portion := list(islice(found, PORTION)):
        yield read.split(portion)
        on_progress(read.lines + read.faults)
        if len(read.waiting_faults) >= PORTION:
            return
    read.is_done = True


class _Read:
    """What was read so far. `waiting_faults` are not on record yet."""

    def __init__(self) -> None:
        self.lines, self.faults = 0, 0
        self.is_done = False
        self.first_faults: list[LineFault] = []
        self.waiting_faults: list[LineFault] = []
        self.since: date | None = None
        self.until: date | None = None
        self.months = Counter[date]()

    def split(self, portion: Sequence[ReportLine | LineFault]) -> list[ReportLine]:
        """Note a portion, and return its lines without the faults."""
        lines = [each for each in portion if isinstance(each, ReportLine)]
        faults = [each for each in portion if isinstance(each, LineFault)]
        self.lines += len(lines)
        self.faults += len(faults)
        self.first_faults += faults[: SHOWN_FAULTS - len(self.first_faults)]
        self.waiting_faults += faults
        self._note_days([line.booked_on for line in lines if line.booked_on is not None])
        return lines

    def take_faults(self) -> list[LineFault]:
        """Return the faults that wait, which the caller puts on record."""
        taken, self.waiting_faults = self.waiting_faults, []
        return taken

    def _note_days(self, days: Sequence[date]) -> None:
        for day, lines in Counter(days).items():
            self.since = day if self.since is None else min(self.since, day)
            self.until = day if self.until is None else max(self.until, day)
            self.months[day.replace(day=1)] += lines


def _read_lines(content: ReportContent, report_format: ReportFormat) -> Iterator[ReportLine | LineFault]:
    table = read_report_rows(content, report_format)
    reader = ReportLineReader(report_format, table.header)
    for line_no, cells in table.rows:
        yield reader(line_no, cells)


def _check_faults(read: _Read, file: ReportFile, report_format: ReportFormat) -> None:
    rows = read.lines + read.faults
    if rows == 0:
        raise BadFile("has no object" if report_format.kind == "json" else "has a header and no line")
    if read.faults * 100 > rows * MOST_FAULTS_PERCENT and not file.accepts_faults:
        raise TooManyFaults(rows, read.faults, read.first_faults)


def _find_period(months: Counter[date]) -> date:
    if len(months) == 1:
        return next(iter(months))
    if not months:
        raise InvalidRequest("the lines of the report have no day; say its month with --period, such as 2026-10")
    found = ", ".join(f"{month:%Y-%m}" for month in sorted(months)[:12])
    raise InvalidRequest(f"the report has days of {found}; say its month with --period")


def _choose_format(formats: Sequence[ReportFormat], file: ReportFile, content: ReportContent) -> ReportFormat:
    if file.format is not None:
        chosen = next((each for each in formats if each.slug == file.format), None)
        if chosen is None:
            raise InvalidRequest(f"report format {file.format} is not configured; add it to [[report_formats]]")
        return chosen
    fitting = find_readable_formats(formats, content) or _find_by_columns(formats, content)
    if len(fitting) == 1:
        return fitting[0]
    if not fitting:
        _refuse_bad_json([each for each in formats if each.kind == "json"], content)
        raise InvalidRequest(
            "no report format has the columns of this file, and it is no bank's file; say what it is with --format"
        )
    raise InvalidRequest(f"the file fits {', '.join(each.slug for each in fitting)}; say which one with --format")


def find_readable_formats(formats: Sequence[ReportFormat], content: ReportContent) -> list[ReportFormat]:
    """Find the formats that have the columns of a file, and by which its first line can be read. Raises `TooLarge`."""
    return [each for each in formats if _reads_first_line(each, content)]


def _find_by_columns(formats: Sequence[ReportFormat], content: ReportContent) -> list[ReportFormat]:
    """Find the formats that have the columns of a file. Its lines, and bytes of another encoding, do not matter."""
    return [each for each in formats if _has_columns(each, content)]


def _has_columns(report_format: ReportFormat, content: ReportContent) -> bool:
    try:
        return has_columns(report_format, read_column_names(content, report_format))
    except TooLarge:
        raise
    except BadFile:
        return False
    finally:
        content.file.seek(0)


def _refuse_bad_json(formats: Sequence[ReportFormat], content: ReportContent) -> None:
    """Raise `BadFile` if a file begins as JSON, and none of these formats can read it."""
    if not begins_as_json(content.file):
        return
    faults = [_find_fault(each, content) for each in formats]
    if faults and all(faults):
        raise BadFile(faults[0])


def _find_fault(report_format: ReportFormat, content: ReportContent) -> str | None:
    try:
        read_column_names(content, report_format)
    except BadFile as bad:
        return str(bad)
    finally:
        content.file.seek(0)
    return None


def _reads_first_line(report_format: ReportFormat, content: ReportContent) -> bool:
    try:
        first = next(_read_lines(content, report_format), None)
    except TooLarge:
        raise
    except (BadFile, BadHeader):
        return False
    finally:
        content.file.seek(0)
    return isinstance(first, ReportLine)
