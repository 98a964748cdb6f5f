"""`[[report_formats]]` are read with their line, written back, and refused if they cannot work."""

import tomllib
from datetime import timedelta
from decimal import Decimal

import pytest
import tomli_w

from postledger.decoding.toml_table import Fault, Table
from postledger.policy.preset_files import read_known
from postledger.policy.report_config import read_report_format, write_report_format
from postledger.reconciliation.rules.report_format import ReportFormat, Tolerance
from postledger.vocabulary.statuses import Status

ACME = """
slug = "acme-csv"
source = "acme"
kind = "csv"
timezone = "Asia/Singapore"
decimal = ","
columns = { transaction_id = "Order", click_id = "SubID", amount = "Commission", currency = "Cur", status = "State", time = "Date" }
time_format = "%d.%m.%Y"
statuses = { approved = ["Sale"], rejected = ["Void"], reversed = ["CB"] }
window = "48h"
tolerance = { absolute = "0.05", percent = "0.5" }
expected_by_day = 5
"""  # noqa: E501 - as an operator writes it


EXCEL = """
slug = "x"
source = "a"
kind = "xlsx"
currency = "EUR"
negate = true
skip_rows = 3
event = "lead"
columns = { amount = "A", click_id = "B", event = "C" }
events = { sale = ["Kauf"] }
status = "pending"
"""


def read(text: str) -> tuple[ReportFormat, list[Fault]]:
    """Read one table."""
    faults: list[Fault] = []
    found = read_report_format(Table("report_formats[0]", tomllib.loads(text), faults), read_known().reports)
    return found, faults


def test_a_format_is_read() -> None:
    found, faults = read(ACME)

    assert faults == []
    assert found.statuses == {Status.APPROVED: ("Sale",), Status.REJECTED: ("Void",), Status.REVERSED: ("CB",)}
    assert (found.time_formats, found.window, found.timezone) == (("%d.%m.%Y",), timedelta(days=2), "Asia/Singapore")
    assert found.tolerance == Tolerance(Decimal("0.05"), Decimal("0.5"))


@pytest.mark.parametrize("preset", sorted(read_known().reports))
def test_every_preset_reads_without_more_than_a_source(preset: str) -> None:
    found, faults = read(f'slug = "x"\nsource = "acme"\npreset = "{preset}"')

    assert faults == []
    assert {"amount", "status", "transaction_id", "time"} <= set(found.columns)


def test_own_keys_override_those_of_the_preset_entry_by_entry() -> None:
    found, _ = read('slug = "x"\nsource = "acme"\npreset = "awin"\ncolumns = { click_id = "clickRefs.clickRef2" }')

    assert found.columns["click_id"] == "clickRefs.clickRef2"
    assert found.columns["transaction_id"] == "orderRef"


@pytest.mark.parametrize(
    "text",
    [
        ACME,
        'slug = "x"\nsource = "acme"\npreset = "everflow"',
        EXCEL,
    ],
)
def test_what_is_written_reads_the_same(text: str) -> None:
    found, _ = read(text)

    again, faults = read(tomli_w.dumps(write_report_format(found)))

    assert (again, faults) == (found, [])


@pytest.mark.parametrize(
    ("changed", "to", "key", "message"),
    [
        ('amount = "Commission", ', "", "columns", "must name the column of amount"),
        ('transaction_id = "Order", click_id = "SubID", ', "", "columns", "transaction_id or click_id"),
        ('currency = "Cur", ', "", "currency", "name a currency, or its column"),
        ('click_id = "SubID"', 'payout = "SubID"', "columns", "payout is no meaning of a column"),
        ('statuses = { approved = ["Sale"], rejected = ["Void"], reversed = ["CB"] }', "", "statuses", "is missing"),
        ('["Void"]', '["sale"]', "statuses", 'has the word "sale" twice'),
        ("approved =", "done =", "statuses", "must be"),
        ("%d.%m.%Y", "%d.%m", "time_format", "must be a format of strptime"),
        ("%d.%m.%Y", "%d.%m.%Y %", "time_format", "must be a format of strptime"),
        ('"csv"', '"pdf"', "kind", "must be"),
        ('kind = "csv"', 'kind = "xlsx"\ndelimiter = ";"', "kind", "no delimiter"),
        ('kind = "csv"', 'kind = "csv"\nrows = "a"', "rows", "has no effect"),
        ('kind = "csv"', 'kind = "csv"\nencoding = "latin-99"', "encoding", "is not an encoding"),
        ('kind = "csv"', 'kind = "csv"\ndelimiter = ";;"', "delimiter", "must be one character"),
        ('kind = "csv"', 'kind = "csv"\npreset = "acme"', "preset", "is not a preset of reports"),
        ('"0.5"', '"100"', "tolerance", "percent must be"),
        ("expected_by_day = 5", "expected_by_day = 31", "expected_by_day", "must be"),
        ("Asia/Singapore", "Asia/Nowhere", "timezone", "time zone"),
    ],
)
def test_a_format_that_cannot_work_is_refused(changed: str, to: str, key: str, message: str) -> None:
    assert changed in ACME

    _, faults = read(ACME.replace(changed, to))

    assert any(fault.key == key and message in fault.message for fault in faults), faults
