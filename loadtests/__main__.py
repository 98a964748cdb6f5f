"""Runs one scenario: `python -m loadtests SCENARIO`. `script/loadtest` calls it; docs/load-testing.md is the manual."""

import os
import sys
import time
from pathlib import Path

from loadtests.client import NotLoopback, check_loopback
from loadtests.drive import NotRun, drive, load_scenario, plan_run
from loadtests.history import Run, by_second, write_history
from loadtests.judge import Code, judge
from loadtests.options import Options, read_options
from loadtests.report.page import write_report
from loadtests.report.summary import write_junit, write_summary
from loadtests.result import Result
from loadtests.scenario import Scenario
from loadtests.stack import ROOT, NoStack, Stack, prepare_ledger, start_stack, stop_kept_stacks, stop_stack
from loadtests.verify import print_lines, verify

RESULTS = Path(os.environ.get("POSTLEDGER_VAR", ROOT / "var")) / "loadtest"


def main() -> int:
    """Run what the environment and the command line ask for; return the exit code."""
    try:
        options = read_options(os.environ, sys.argv[1:])
        return int(stop() if options.stop else run(options))
    except (NotRun, NoStack, NotLoopback, ValueError) as error:
        say(f"loadtest could not run: {error}")
        return int(Code.NOT_RUN)


def stop() -> Code:
    """Stop every stack that an earlier run kept."""
    stopped = stop_kept_stacks(RESULTS)
    say(f"stopped {', '.join(map(str, stopped))}" if stopped else "no stack was kept")
    return Code.GOOD


def run(options: Options) -> Code:
    """Run one scenario on a stack of its own, or on one that was kept, and write its results."""
    scenario = load_scenario(options.scenario)
    name = f"{options.scenario.replace('_', '-')}-{time.strftime('%Y%m%dT%H%M%S', time.gmtime())}-{os.getpid()}"
    folder = RESULTS / name
    folder.mkdir(parents=True)
    own = folder / "stack"
    try:
        stack = Stack(options.stack) if options.stack else _start(own, options)
        return _run_on(stack, scenario, folder, options)
    finally:
        if own.exists() and not options.keep:
            stop_stack(own)


def _start(var: Path, options: Options) -> Stack:
    say("starting a stack of its own")
    stack = start_stack(var)
    prepare_ledger(stack, is_short=options.is_short)
    if options.keep:
        (var.parent / "runtime.env").symlink_to("stack/runtime.env")
    return stack


def _run_on(stack: Stack, scenario: Scenario, folder: Path, options: Options) -> Code:
    check_loopback(stack.edge_url)
    settings = plan_run(stack, scenario, folder, options)
    if scenario.prepare:
        say("preparing the ledger")
        scenario.prepare(stack)
    say(f"running {options.scenario}: {scenario.says}")
    if options.web:
        say(f"Locust's page: {options.web_url}")
    done = drive(stack, scenario, settings, options)
    say("verifying")
    verification = verify(folder / "acks.tsv", stack.database_url, shed_clicks=_shed_clicks(done))
    judgement = judge(scenario, done, verification, is_short=options.is_short)
    result = Result(options, settings, done, verification, judgement)
    _write(folder, result)
    _report(folder, result)
    return result.judgement.code


def _shed_clicks(done: Run) -> int:
    name = "postledger_clicks_shed_total"
    return int(done.after.get(name, 0) - done.before.get(name, 0))


def _write(folder: Path, result: Result) -> None:
    write_history(by_second(result.run), folder / "history.csv")
    write_summary(folder / "summary.json", result)
    write_junit(folder / "junit.xml", result)
    write_report(folder / "report.html", result)


def _report(folder: Path, result: Result) -> None:
    for line in print_lines(result.verification):
        say(line)
    for one in result.judgement.promises:
        say(f"{one.says}: {one.measured}, promised {one.promised}{'' if one.is_kept is not None else ' (not judged)'}")
    say(f"report: {folder / 'report.html'}")
    if result.options.keep:
        say("the stack still runs; end it with: make loadtest STOP=1")
    say(result.judgement.sentence)


def say(text: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
