"""`doctor`: checks each part, and prints what to do if a check fails."""

import typer

from postledger.cli.connections import open_ledger
from postledger.cli.current_user import find_os_user
from postledger.cli.errors import CommandFailed
from postledger.cli.output import AsJson, print_json
from postledger.doctor.check_result import CheckResult
from postledger.doctor.run import run_checks
from postledger.platform.settings import read_environment
from postledger.vocabulary.wording import count

_STATEMENT_TIMEOUT_MS = 5000


def doctor(context: typer.Context, as_json: AsJson = False) -> None:
    """Check each part, from the settings to Alertmanager, and print what to do if a check fails."""
    results = []
    for result in run_checks(
        read_environment(), lambda: open_ledger(context, statement_timeout_ms=_STATEMENT_TIMEOUT_MS), find_os_user()
    ):
        results.append(result)
        if not as_json:
            _print(result)
    if as_json:
        print_json([_as_fact(result) for result in results])
    if failed := sum(not result.passed for result in results):
        raise CommandFailed(f"{failed} of {count(len(results), 'check')} failed")


def _print(result: CheckResult) -> None:
    text = result.found if result.passed else f"{result.found}: {result.advice}"
    print(f"{'ok  ' if result.passed else 'FAIL'}  {result.name:<18}{text}", flush=True)


def _as_fact(result: CheckResult) -> dict[str, object]:
    advice = None if result.passed else result.advice
    return {"check": result.name, "ok": result.passed, "seen": result.found, "advice": advice}
