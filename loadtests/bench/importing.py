"""Bars of the import: a network's report of a million lines, as CSV and as an Excel file."""

import json
import random
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path

from loadtests.bench.ledger import SLUG, Ledger
from loadtests.bench.month import MonthGround, run_command
from loadtests.bench.report import MIB, Target
from loadtests.bench.rounds import RoundFailed
from tests.parts.xlsx import Stored, write_workbook

LINES = 1_000_000
HEADER = ("Order", "SubID", "Commission", "Cur", "State", "Date")
_FORMAT = """
[[report_formats]]
slug = "bench-{kind}"
source = "{source}"
kind = "{kind}"
timezone = "Asia/Singapore"
statuses = {{ approved = ["Sale"], rejected = ["Void"] }}

[report_formats.columns]
transaction_id = "Order"
click_id = "SubID"
amount = "Commission"
currency = "Cur"
status = "State"
time = "Date"
"""


def import_a_csv_report(ground: MonthGround) -> list[Target]:
    """Import a report of a million lines of CSV, with an id, a click id, a status word and a time in each."""
    return _import(ground, "csv", _write_csv, within_s=30)


def import_an_xlsx_report(ground: MonthGround) -> list[Target]:
    """Import the same report as an Excel file, in which amounts and times are numbers."""
    return _import(ground, "xlsx", _write_workbook, within_s=45)


def _import(ground: MonthGround, kind: str, write: Callable[[Path], None], *, within_s: float) -> list[Target]:
    ledger, file = ground.make_ledger(f"import_{kind}"), ground.home / f"report.{kind}"
    configure_report(ledger, ground.home, kind)
    write(file)
    ledger.checkpoint()
    before_s = ground.cpu_s()
    ran = run_command(ledger, "statement", "import", str(file), "--json")
    if (lines := json.loads(ran.out)["lines"]) != LINES:
        raise RoundFailed(f"the import took {lines} of {LINES} lines")
    file.unlink()
    return [
        Target(f"import of {LINES:,} lines of {kind.upper()}, s", ran.took_s, within_s, at_least=False),
        Target("processor time of the command, s", ran.cpu_s, None),
        Target("processor time of Postgres, s", ground.cpu_s() - before_s, None),
        Target(
            "the most memory of the command, MiB", ran.peak_bytes / MIB, 100 if kind == "csv" else None, at_least=False
        ),
    ]


def configure_report(ledger: Ledger, home: Path, kind: str) -> None:
    """Configure the format of the reports that this module writes."""
    path = home / f"format-{kind}.toml"
    path.write_text(_FORMAT.format(kind=kind, source=SLUG))
    run_command(ledger, "apply", str(path), "--yes")


def make_rows(lines: int = LINES) -> Iterator[tuple[str, str, str, str, str, int]]:
    """Make the rows of a report of October: the last cell is the second of the month."""
    chosen = random.Random(7)
    for number in range(lines):
        word = "Void" if number % 20 == 0 else "Sale"
        amount = f"{chosen.randrange(1, 20_000) / 100:.2f}"
        yield f"T{number:09d}", f"C{chosen.getrandbits(64):016x}", amount, "USD", word, chosen.randrange(31 * 86_400)


def write_time(second: int) -> str:
    """Write a second of October as a time."""
    day, rest = divmod(second, 86_400)
    return f"2026-10-{day + 1:02d} {rest // 3600:02d}:{rest // 60 % 60:02d}:{rest % 60:02d}"


def _write_csv(file: Path) -> None:
    with file.open("w") as lines:
        lines.write(f"{','.join(HEADER)}\n")
        lines.writelines(f"{','.join(cells)},{write_time(second)}\n" for *cells, second in make_rows())


_FIRST_DAY = 46_296
"""Excel's number of 2026-10-01."""


def _write_workbook(file: Path) -> None:
    rows = (
        (order, click, Stored(amount), currency, word, Stored(f"{_FIRST_DAY + second / 86_400:.9f}", is_time=True))
        for order, click, amount, currency, word, second in make_rows()
    )
    with file.open("wb") as opened:
        write_workbook(opened, chain([HEADER], rows))
