"""`make bench RECONCILE=1`: what a month's end takes, from the import of a report to the last bank line.

Each bar has a database of its own, and returns its targets. Add a bar to `BARS`.
"""

import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from loadtests.bench.bank import match_bank_lines
from loadtests.bench.comparing import compare_a_report_with_the_ledger
from loadtests.bench.importing import import_a_csv_report, import_an_xlsx_report
from loadtests.bench.ledger import make_ledger
from loadtests.bench.machine import describe_machine
from loadtests.bench.month import MonthGround
from loadtests.bench.plan import BadPlan, Plan
from loadtests.bench.readers import run_the_readers
from loadtests.bench.report import Target, verdicts
from tests.parts.postgres import Postgres

Bar = Callable[[MonthGround], list[Target]]


def bench_reconcile(plan: Plan, wanted: str = "") -> dict[str, object]:
    """Measure the bars whose names contain `wanted`."""
    return run_bars(plan, choose(wanted))


def run_bars(plan: Plan, bars: Sequence[Bar]) -> dict[str, object]:
    """Measure bars, one after the other; print and return what came out."""
    targets = list[Target]()
    with (
        tempfile.TemporaryDirectory(prefix="postledger-bench-", dir="/tmp") as directory,
        Postgres(settings=()) as postgres,
    ):
        ground = MonthGround(Path(directory), postgres)
        facts = describe_machine(make_ledger(postgres.url(), ground.home / "clicks"), ground.home)
        for bar in bars:
            _say(f"\n{(bar.__doc__ or '').splitlines()[0]}")
            found = bar(ground)
            _say(verdicts(found))
            targets += found
    return {"plan": plan, "machine": facts, "targets": targets}


def choose(wanted: str) -> list[Bar]:
    """List the bars whose names contain a text. Raises `BadPlan`."""
    chosen = [bar for bar in BARS if wanted in bar.__name__]
    if not chosen:
        raise BadPlan(f"BAR must be a part of the name of a bar: {', '.join(bar.__name__ for bar in BARS)}")
    return chosen


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


BARS: tuple[Bar, ...] = (
    import_a_csv_report,
    import_an_xlsx_report,
    compare_a_report_with_the_ledger,
    match_bank_lines,
    run_the_readers,
)
