"""`rates import` reads the files of the European Central Bank, once and as a whole; `rates show` prints them."""

import io
import zipfile
from datetime import UTC, date, datetime, timedelta

import psycopg
import pytest

from tests.parts.cli import CommandLine

HISTORY = """Date,USD,JPY,BGN,
2026-10-30,1.1566,180.79,N/A,
2026-10-29,1.1602,179.10,N/A,
2025-12-31,1.1750,184.09,1.9558,
"""


def read_version(cli: CommandLine) -> int:
    """The version by which running workers see a change."""
    with psycopg.connect(cli.environment["DATABASE_URL"]) as connection:
        return int(connection.execute("SELECT version FROM policy_version").fetchall()[0][0])


def test_rates_are_imported_once_from_csv_and_zip(cli: CommandLine) -> None:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("eurofxref-hist.csv", HISTORY)
    plain, zipped = cli.write("eurofxref-hist.csv", HISTORY), cli.write("eurofxref-hist.zip", archive.getvalue())

    first, version = cli("rates", "import", plain, "--json").facts, read_version(cli)
    again = cli("rates", "import", zipped)

    assert first == {"rates": 7, "new": 7, "changed": 0, "same": 0, "currencies": 3, "newest": "2026-10-30"}
    assert again.out == "7 rates up to 2026-10-30: 0 new, 0 changed, 7 same\n"
    assert read_version(cli) == version


def test_a_new_day_and_a_corrected_rate_are_counted(cli: CommandLine) -> None:
    cli("rates", "import", cli.write("a.csv", HISTORY))
    changed = HISTORY.replace("1.1602", "1.1603").replace("JPY,BGN,\n", "JPY,BGN,\n2026-10-31,1.2,181,N/A,\n")

    ran = cli("rates", "import", cli.write("b.csv", changed))

    assert ran.out == "9 rates up to 2026-10-31: 2 new, 1 changed, 6 same\n"


def test_the_rates_of_a_day_are_shown_with_their_age(cli: CommandLine) -> None:
    cli("rates", "import", cli.write("a.csv", HISTORY))

    rows = cli("rates", "show", "--day", "2026-11-01", "--json").facts

    shown = {row["currency"]: (row["rate"], row["on_day"], row["age_days"], row["is_usable"]) for row in rows}
    assert shown == {
        "BGN": ("1.9558", "2025-12-31", 305, False),
        "JPY": ("180.79", "2026-10-30", 2, True),
        "USD": ("1.1566", "2026-10-30", 2, True),
    }
    (row,) = cli("rates", "show", "--day", "2026-10-29", "--currency", "usd", "--json").facts
    assert row["rate"] == "1.1602"
    assert "BGN" in cli("rates", "show").out
    assert cli("rates", "show", "--day", "soon").err == "postledger: --day is not a day; write it as 2026-10-31\n"


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (HISTORY + "2026-10-28,1.1,-2,N/A,\n", "1 fault, nothing was imported: line 5: JPY must be a rate above zero"),
        ("id,name\n1,x\n", "1 fault, nothing was imported: line 1: is not the header of ECB's file"),
        (b"\xff\xfe\x00", "is neither ECB's CSV file nor a zip file with it"),
        (b"PK\x05\x06" + bytes(18), "is not a zip file with one CSV file"),
    ],
)
def test_a_file_with_a_fault_changes_nothing(cli: CommandLine, content: str | bytes, fault: str) -> None:
    file = cli.write("a.csv", content)

    ran = cli("rates", "import", file)

    assert ran.code == 1
    assert f"postledger: {file}: {fault}" in ran.err
    assert cli("rates", "show", "--json").facts == []


def test_a_file_that_is_too_large_when_unpacked_is_refused(cli: CommandLine) -> None:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("eurofxref-hist.csv", bytes(64 * 1024 * 1024 + 1))
    file = cli.write("a.zip", archive.getvalue())

    assert cli("rates", "import", file).err == (f"postledger: {file}: is larger than 64 MiB, so it is not ECB's file\n")


def test_a_whole_history_is_imported(cli: CommandLine) -> None:
    newest, currencies = datetime.now(UTC).date(), [f"{first}{last}A" for first in "ABC" for last in "ABCDEFGHIJ"]
    days = [newest - timedelta(days=number) for number in range(1000)]
    lines = [f"{day},{','.join('1.2345' for _ in currencies)}," for day in days]
    file = cli.write("a.csv", "\n".join([f"Date,{','.join(currencies)},", *lines]))

    facts = cli("rates", "import", file, "--json").facts

    assert (facts["new"], facts["newest"]) == (30_000, str(newest))
    assert date.fromisoformat(facts["newest"]) == newest


def test_a_worker_warns_of_rates_that_are_nearly_too_old(cli: CommandLine) -> None:
    cli("apply", cli.write("books.toml", '[finance]\nbase_currency = "EUR"\n'))
    old = datetime.now(UTC).date() - timedelta(days=6)
    cli("rates", "import", cli.write("a.csv", f"Date,USD,\n{old},1.1566,\n"))

    ran = cli.process("worker", "--once", "--only", "tasks")

    assert ran.code == 0
    assert "the newest exchange rate is 6 days old, of 7; run postledger rates import" in ran.err
