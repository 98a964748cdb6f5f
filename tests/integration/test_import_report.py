"""Reports of networks are imported once, in one transaction, and a newer one replaces the older."""

import io
import json
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime
from typing import Any

import msgspec
import pytest
from cryptography.fernet import Fernet
from psycopg import Connection
from psycopg.types.json import Jsonb

from postledger.platform.postgres.connection import connect
from postledger.reconciliation.import_report import Imported, ReportFile, TooManyFaults, import_report
from postledger.reconciliation.readers import json_rows
from postledger.reconciliation.rules.report_format import ReportFormat
from postledger.reconciliation.statement_store import delete_statement, list_faults, list_statements, show_statement
from postledger.vocabulary.operator_error import InvalidRequest
from postledger.vocabulary.statuses import Status
from tests.parts.databases import fetch
from tests.parts.sources import add_source
from tests.parts.xlsx import write_xlsx
from tests.unit.reconciliation.test_report_lines import HEADER, PLAIN

NOW = datetime(2026, 11, 3, tzinfo=UTC)
OCTOBER = date(2026, 10, 1)
CELLS = ("T-1", "1.50", "USD", "Sale", "2026-10-01")
SMALL = 1 << 20
GOOD_ARRAY = b'[{"Order": "T-1", "Commission": 1.5, "Cur": "USD", "State": "Sale", "Date": "2026-10-01"}]'
BAD_CELLS = [
    *((kind, {3: "canary"}, "status", "unknown_status") for kind in ("csv", "xlsx", "json")),
    *((kind, {1: "1E5"}, "amount", "bad_amount") for kind in ("csv", "xlsx", "json")),
    *((kind, {0: "T\0"}, "transaction_id", "bad_text") for kind in ("csv", "json")),  # XML has no NUL
]


@pytest.fixture
def ledger(database: str) -> Iterator[Connection[Any]]:
    """A ledger with the source acme and its report format."""
    add_source(database, Fernet.generate_key().decode(), "acme")
    with closing(connect(database, name="test", statement_timeout_ms=60_000)) as connection:
        add_format(connection, PLAIN)
        yield connection


def add_format(connection: Connection[Any], report_format: ReportFormat) -> None:
    """Configure a report format."""
    connection.execute(
        "INSERT INTO report_formats (slug, settings, created_at, updated_at) VALUES (%s, %s, %s, %s)",
        (report_format.slug, Jsonb(msgspec.to_builtins(report_format)), NOW, NOW),
    )


def rows(*numbers: int, status: str = "Sale") -> str:
    """A report with these sales of October."""
    return HEADER + "".join(f"T-{number},{number}.50,USD,{status},2026-10-{number:02d}\n" for number in numbers)


def take(connection: Connection[Any], content: str | bytes, **said: Any) -> Imported:
    """Import a file."""
    content = content.encode() if isinstance(content, str) else content
    file = ReportFile(io.BytesIO(content), "october.csv", **said)
    return import_report(connection, file, "anna", NOW, lambda _: None)


def test_a_report_is_imported_with_its_sums(ledger: Connection[Any]) -> None:
    imported = take(ledger, rows(1, 2, 30))

    shown, sums = show_statement(ledger, imported.id)
    assert (imported.lines, imported.faults, imported.period, imported.source) == (3, 0, OCTOBER, "acme")
    assert (shown["since"], shown["until"], shown["state"]) == (OCTOBER, date(2026, 10, 30), "current")
    assert [(row["currency"], row["status"], row["lines"], str(row["amount"])) for row in sums] == [
        ("USD", "approved", 3, "34.50")
    ]


def test_ids_are_stored_as_they_are_written(ledger: Connection[Any]) -> None:
    ids = ("\\N", "a\\tb", "back\\\\slash", "Ünïcode ✓", "=1+1", '"quoted"')
    content = HEADER + "".join('"{}",1.50,USD,Sale,2026-10-01\n'.format(id_.replace('"', '""')) for id_ in ids)

    imported = take(ledger, content)

    rows = ledger.execute("SELECT transaction_id, click_id, amount::text, happened_at, fee FROM statement_lines")
    assert imported.faults == 0
    assert rows.fetchall() == [(id_, None, "1.50", None, None) for id_ in ids]


def test_the_same_file_adds_nothing(ledger: Connection[Any]) -> None:
    first, again = take(ledger, rows(1, 2)), take(ledger, rows(1, 2))

    assert (again.known, again.id, again.lines) == (True, first.id, 0)
    assert ledger.execute("SELECT count(*) FROM statement_lines").fetchone() == (2,)


def test_a_newer_report_of_the_month_replaces_the_older(ledger: Connection[Any]) -> None:
    first, second = take(ledger, rows(1, 2)), take(ledger, rows(1, 2, 3))

    assert second.replaces == first.id
    assert {row["id"]: row["state"] for row in list_statements(ledger, 10)} == {
        first.id: "replaced", second.id: "current"
    }  # fmt: skip


def test_an_old_file_that_comes_again_names_the_report_that_counts(ledger: Connection[Any]) -> None:
    first, second, third = take(ledger, rows(1)), take(ledger, rows(1, 2)), take(ledger, rows(1, 2, 3))
    take(ledger, rows(1).replace("2026-10", "2026-09"))

    assert [take(ledger, rows(*range(1, last))).replaced_by for last in (2, 3, 4)] == [third.id, third.id, None]
    delete_statement(ledger, third.id)
    again = take(ledger, rows(1))
    assert (again.id, again.known, again.replaced_by) == (first.id, True, second.id)


def test_a_report_that_is_forgotten_gives_the_older_its_place_back(ledger: Connection[Any]) -> None:
    first, second = take(ledger, rows(1, 2)), take(ledger, rows(1, 2, 3))

    delete_statement(ledger, second.id)

    assert [(row["id"], row["state"]) for row in list_statements(ledger, 10)] == [(first.id, "current")]
    assert ledger.execute("SELECT count(*) FROM statement_lines").fetchone() == (2,)


def test_scenario_23_status_words(ledger: Connection[Any]) -> None:
    good, locked = "".join(rows(*range(1, 28)).splitlines(keepends=True)) * 1, rows(28, status="Locked")
    content = good + "".join(good.splitlines(keepends=True)[1:]) * 10 + (locked.splitlines()[1] + "\n") * 14

    imported = take(ledger, content)

    assert (imported.lines, imported.faults) == (27 * 11, 14)
    assert {(row["field"], row["reason"]) for row in list_faults(ledger, imported.id)} == {("status", "unknown_status")}
    assert [row["line_no"] for row in list_faults(ledger, imported.id)] == list(range(299, 313))


def test_over_a_twentieth_of_bad_lines_nothing_is_imported(ledger: Connection[Any]) -> None:
    content = rows(*range(1, 20)) + rows(20, status="?").splitlines()[1] + "\n"
    take(ledger, content)  # one of 20 is 5 %
    worse = content.replace("T-19,19.50,USD,Sale", "T-19,19.50,USD,?")

    with pytest.raises(TooManyFaults) as refused:
        take(ledger, worse)

    assert [fault.line_no for fault in refused.value.faults] == [20, 21]
    assert ledger.execute("SELECT count(*) FROM statements").fetchone() == (1,)
    assert ledger.execute("SELECT count(*) FROM statement_lines").fetchone() == (19,)
    assert take(ledger, worse, accepts_faults=True).faults == 2


def test_lines_that_an_open_quote_takes_count_as_bad_ones(ledger: Connection[Any]) -> None:
    """Else one bad line could hide more than a twentieth of the report."""
    row = "T,1.50,USD,Sale,2026-10-01\n"
    content = HEADER + row * 500 + '"' + row * 60 + row.replace("T,", '"T",', 1) + row * 500

    with pytest.raises(TooManyFaults, match=r"^61 of 1061 lines could not be read"):
        take(ledger, content)
    imported = take(ledger, content, accepts_faults=True)

    faults = list_faults(ledger, imported.id)
    assert (imported.lines, imported.faults) == (1000, 61)
    assert {row["reason"] for row in faults} == {"unclosed_quote"}
    assert [row["line_no"] for row in faults] == list(range(502, 563))


def test_a_report_of_two_months_needs_its_month(ledger: Connection[Any]) -> None:
    content = rows(1) + "T-9,1,USD,Sale,2026-11-01\n"

    with pytest.raises(InvalidRequest, match="days of 2026-10, 2026-11; say its month with --period"):
        take(ledger, content)

    assert take(ledger, content, period=OCTOBER).period == OCTOBER


def test_the_format_is_recognised_by_the_columns(ledger: Connection[Any]) -> None:
    add_format(ledger, msgspec.structs.replace(PLAIN, slug="other", columns={**PLAIN.columns, "amount": "Payout"}))

    assert take(ledger, rows(1)).format == "acme-csv"


def write_lines(kind: str, *lines: tuple[str, ...]) -> bytes:
    """Write a report of a kind."""
    header = HEADER.strip().split(",")
    if kind == "xlsx":
        return write_xlsx([header, *lines])
    if kind == "json":
        return json.dumps([dict(zip(header, line, strict=True)) for line in lines]).encode()
    return (HEADER + "".join(",".join(line) + "\n" for line in lines)).encode()


def change(changes: dict[int, str]) -> tuple[str, ...]:
    """A line with other cells."""
    return tuple(changes.get(position, cell) for position, cell in enumerate(CELLS))


@pytest.mark.parametrize(("kind", "changes", "field", "reason"), BAD_CELLS)
def test_a_bad_first_line_is_a_fault_and_hides_no_format(
    ledger: Connection[Any], kind: Any, changes: dict[int, str], field: str, reason: str
) -> None:
    add_format(ledger, msgspec.structs.replace(PLAIN, slug="of-kind", kind=kind))
    ledger.execute("DELETE FROM report_formats WHERE slug = 'acme-csv'")

    imported = take(ledger, write_lines(kind, change(changes), *[CELLS] * 19))

    assert (imported.format, imported.lines) == ("of-kind", 19)
    assert [(row["field"], row["reason"]) for row in list_faults(ledger, imported.id)] == [(field, reason)]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (HEADER, "october.csv has a header and no line"),
        (
            HEADER + 'T-1,"1.50,USD,Sale,2026-10-01\n' + rows(2) * 300,
            "is not a table from line 2 on: a quote is not closed",
        ),
        (rows(1, 2).replace("T-2", "Tür").encode("latin-1"), "has bytes after line 1 that are not of its encoding"),
        ('[{"Order": "T\xfc", "Commission": 1, "Cur": "", "State": "", "Date": ""}]'.encode("latin-1"), "not JSON"),
    ],
)
def test_the_true_fault_is_told_if_one_format_has_the_columns(
    ledger: Connection[Any], content: str | bytes, message: str
) -> None:
    other = {meaning: f"Other {name}" for meaning, name in PLAIN.columns.items()}
    add_format(ledger, msgspec.structs.replace(PLAIN, slug="other", columns=other))
    add_format(ledger, msgspec.structs.replace(PLAIN, slug="acme-json", kind="json"))

    with pytest.raises(InvalidRequest, match=message):
        take(ledger, content)


def test_of_two_formats_that_fit_the_first_line_chooses_one(ledger: Connection[Any]) -> None:
    add_format(ledger, msgspec.structs.replace(PLAIN, slug="twin", statuses={Status.APPROVED: ("Locked",)}))

    assert take(ledger, rows(1, status="Locked")).format == "twin"
    with pytest.raises(InvalidRequest, match="fits acme-csv, twin; say which one with --format"):
        take(ledger, rows(2, status="canary"))


@pytest.mark.parametrize(
    ("element", "path"), [("null", None), ("7", None), ('["T-1"]', None), ('"T-1"', "data"), ("null", "data")]
)
def test_an_element_of_json_that_is_no_object_is_a_fault(
    ledger: Connection[Any], element: str, path: str | None
) -> None:
    add_format(ledger, msgspec.structs.replace(PLAIN, slug="acme-json", kind="json", rows=path))
    good = write_lines("json", CELLS).decode().strip("[]")
    array = f"[{', '.join([element, good, element, good])}]"

    imported = take(ledger, array if path is None else f'{{"data": {array}}}', accepts_faults=True)

    assert (imported.format, imported.lines) == ("acme-json", 2)
    assert [(row["line_no"], row["field"], row["reason"]) for row in list_faults(ledger, imported.id)] == [
        (1, None, "bad_row"),
        (3, None, "bad_row"),
    ]


@pytest.mark.parametrize("line", ["null", "1", '{"Order": "T-1",', '{"Order": "\xfc"}'])
def test_a_line_that_is_no_object_of_json_is_a_fault(ledger: Connection[Any], line: str) -> None:
    add_format(ledger, msgspec.structs.replace(PLAIN, slug="acme-json", kind="json"))
    good = write_lines("json", CELLS).decode().strip("[]")
    content = "\n".join([line, good, "", line, good]).encode("latin-1")

    imported = take(ledger, content, accepts_faults=True)

    assert (imported.format, imported.lines) == ("acme-json", 2)
    assert [row["line_no"] for row in list_faults(ledger, imported.id)] == [1, 4]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[]", "october.csv has no object$"),
        ("", "october.csv has no object$"),
        ("[1, null]", "october.csv is not an array of objects, and not one object on each line"),
        ("Order,Commission\nT-1,1\n", "october.csv is not an array of objects, and not one object on each line"),
        ('{\n  "Order": "T-1"\n}', "october.csv is not an array of objects, and not one object on each line"),
        ("[" * 100_000, "october.csv is JSON that is nested too deeply"),
        ("[{]", "october.csv is not JSON in UTF-8"),
    ],
)
def test_what_is_no_report_in_json_is_told(ledger: Connection[Any], content: str, message: str) -> None:
    add_format(ledger, msgspec.structs.replace(PLAIN, slug="acme-json", kind="json"))

    with pytest.raises(InvalidRequest, match=message):
        take(ledger, content, format="acme-json", accepts_faults=True)


@pytest.mark.parametrize(
    ("content", "path", "message"),
    [
        (GOOD_ARRAY + b" " * SMALL, None, "is a JSON array of more than 1 MiB; write one object on each line"),
        (
            b'{"data": ' + GOOD_ARRAY + b" " * SMALL + b"}",
            "data",
            "is JSON of more than 1 MiB; write one object on each line, and leave out rows of the report format",
        ),
        (GOOD_ARRAY[:-9], None, "is not JSON in UTF-8 in line 1; it may be cut off, so get the file again"),
        (b'{"data": [1,\n2', "data", "is not JSON in UTF-8 in line 2; it may be cut off"),
        (b'{\n"Order": "T-1"\n}', None, "is not an array of objects, and not one object on each line"),
    ],
)
def test_a_bad_json_file_is_told_with_and_without_its_format(
    ledger: Connection[Any], monkeypatch: pytest.MonkeyPatch, content: bytes, path: str | None, message: str
) -> None:
    """Nothing is known about its columns, so the message does not say that no format has them."""
    monkeypatch.setattr(json_rows, "LARGEST_ARRAY", SMALL)
    add_format(ledger, msgspec.structs.replace(PLAIN, slug="acme-json", kind="json", rows=path))

    for chosen in (None, "acme-json"):
        with pytest.raises(InvalidRequest, match=f"^october.csv {message}"):
            take(ledger, content, format=chosen)


@pytest.mark.parametrize("chosen", ["acme-json", "acme-path"])
def test_a_large_file_that_is_no_json_is_no_large_array(
    ledger: Connection[Any], monkeypatch: pytest.MonkeyPatch, chosen: str
) -> None:
    monkeypatch.setattr(json_rows, "LARGEST_ARRAY", SMALL)
    for slug, path in (("acme-json", None), ("acme-path", "data")):
        add_format(ledger, msgspec.structs.replace(PLAIN, slug=slug, kind="json", rows=path))
    content = (HEADER + "T-1,1.50,USD,Sale,2026-10-01\n").encode() + b" " * SMALL

    with pytest.raises(InvalidRequest, match=r"^october\.csv is not (JSON|an array of objects)"):
        take(ledger, content, format=chosen, accepts_faults=True)


def test_bytes_of_another_encoding_are_told(ledger: Connection[Any]) -> None:
    add_format(ledger, msgspec.structs.replace(PLAIN, slug="acme-json", kind="json"))

    with pytest.raises(InvalidRequest, match=r"^october\.csv is not JSON in UTF-8: it has bytes of another encoding"):
        take(ledger, '[{"Order": "T\xfc"}]'.encode("latin-1"), format="acme-json")


@pytest.mark.parametrize("rest", [[], [{"Other": 1}]])
def test_json_without_the_columns_of_a_format_is_told_so(ledger: Connection[Any], rest: list[object]) -> None:
    for slug, path in (("acme-json", None), ("acme-path", "data")):
        add_format(ledger, msgspec.structs.replace(PLAIN, slug=slug, kind="json", rows=path))

    with pytest.raises(InvalidRequest, match="no report format has the columns of this file"):
        take(ledger, json.dumps(rest))


@pytest.mark.parametrize(
    ("content", "said", "message"),
    [
        ("Order,Amount\nT,1\n", {}, "no report format has the columns"),
        (HEADER + "T,1,USD,Sale,2026-10-01\n", {"format": "twin"}, "report format twin is not configured"),
        (HEADER, {"format": "acme-csv"}, "october.csv has a header and no line"),
        ("Order,Amount\n", {"format": "acme-csv"}, "no column Commission"),
    ],
)
def test_what_cannot_be_imported_is_told(
    ledger: Connection[Any], content: str, said: dict[str, str], message: str
) -> None:
    with pytest.raises(InvalidRequest, match=message):
        take(ledger, content, **said)


def test_two_formats_that_fit_are_no_guess(ledger: Connection[Any]) -> None:
    add_format(ledger, msgspec.structs.replace(PLAIN, slug="twin"))

    with pytest.raises(InvalidRequest, match="fits acme-csv, twin; say which one with --format"):
        take(ledger, rows(1))


def test_an_import_is_an_entry_of_the_audit_chain(ledger: Connection[Any], database: str) -> None:
    imported = take(ledger, rows(1))

    assert fetch(database, "SELECT actor, action, subject FROM audit_log WHERE action = 'statement.import'") == [
        ("anna", "statement.import", imported.id)
    ]
