"""Drives one run: starts Locust, samples the stack, disturbs it as the scenario says, and collects the acks."""

import importlib
import random
import subprocess
import sys
import time
import tomllib
from pathlib import Path

import gevent
import msgspec

from loadtests.acks import join_logs, read_acks
from loadtests.client import now_s
from loadtests.generator_report import Honesty
from loadtests.history import Mark, Run
from loadtests.options import Options
from loadtests.run_settings import VARIABLE, RunSettings
from loadtests.sampler import Sampler, read_metrics
from loadtests.scenario import Scenario
from loadtests.stack import ROOT, Stack, clean_environment

HERE = Path(__file__).parent
START_WITHIN_S = 120
COUNTED_WITHIN_S = 30
BESIDE = ("attackers", "sandbox_flooders")

Locusts = dict[str, subprocess.Popen[bytes]]


class NotRun(Exception):
    """The load test could not run; the text says why."""


def load_scenario(name: str) -> Scenario:
    """Load a scenario by its name. Raises `NotRun`."""
    known = sorted(path.stem for path in (HERE / "scenarios").glob("[a-z]*.py") if path.stem not in BESIDE)
    if name not in known:
        raise NotRun(f'SCENARIO is "{name}"; it must be one of {", ".join(known).replace("_", "-")}')
    scenario: Scenario = importlib.import_module(f"loadtests.scenarios.{name}").SCENARIO
    return scenario


def plan_run(stack: Stack, scenario: Scenario, folder: Path, options: Options) -> RunSettings:
    """Decide how many senders there are, how often each sends, and for how long."""
    sources = tomllib.loads((HERE / "load.toml").read_text())["sources"]
    rate = options.rate or (scenario.short_rate if options.is_short and scenario.short_rate else scenario.rate)
    senders = options.senders or (scenario.senders if options.is_short else _scale(scenario, rate))
    duration_s = options.duration_s or (scenario.short_s if options.is_short else scenario.duration_s)
    return RunSettings(
        scenario=options.scenario,
        edge_url=stack.edge_url,
        ca_file=Path(stack.settings["POSTLEDGER_CA_FILE"]),
        folder=folder,
        clicks_file=stack.clicks_file,
        secrets={source["slug"]: source["secrets"][0] for source in sources},
        senders=senders,
        rate=rate / senders,
        duration_s=duration_s,
        seed=random.randrange(1 << 31) if options.seed is None else options.seed,
        is_short=options.is_short,
        time_scale=scenario.time_scale * duration_s,
        partner_token=stack.token_file.read_text().strip(),
    )


def _scale(scenario: Scenario, rate: float) -> int:
    """More load is more senders, because each is limited to the rate of its source."""
    return max(1, round(scenario.senders * rate / scenario.rate))


def drive(stack: Stack, scenario: Scenario, settings: RunSettings, options: Options) -> Run:
    """Run a scenario to its end; Ctrl-C ends it early, and what was sent is still collected. Raises `NotRun`."""
    parts = {"honest": options.scenario} | ({"attackers": scenario.beside} if scenario.beside else {})
    before = read_metrics(stack)
    locusts = {part: _start_locust(settings, part, name, options) for part, name in parts.items()}
    start_s = _wait_for_start(settings.folder, locusts)
    sampler = Sampler(stack, {f"generator {part}": locust.pid for part, locust in locusts.items()})
    marks: list[Mark] = []
    disturbing = gevent.spawn(_disturb, stack, scenario, start_s, settings.duration_s, marks)
    try:
        _wait(locusts)
    except KeyboardInterrupt:
        _wait(locusts)  # Ctrl-C reached Locust too, and it ends as after its last stage
    disturbing.kill()
    run = Run(start_s, settings.duration_s, [], sampler.stop(), marks, [], before, {})
    _collect(settings, run)
    _read_counters(stack, run)
    return run


def _start_locust(settings: RunSettings, part: str, scenario: str, options: Options) -> subprocess.Popen[bytes]:
    file = msgspec.structs.replace(settings, part=part).write(settings.folder / f"run-{part}.json")
    command = [sys.executable, "-m", "locust", "-f", str(HERE / "scenarios" / f"{scenario}.py")]
    command += ["--host", settings.edge_url, "--stop-timeout", str(round(settings.last_answers_s) + 5)]
    command += ["--loglevel", "ERROR", *options.locust_words(part)]
    environment = clean_environment() | {VARIABLE: str(file), "PYTHONPATH": f"{ROOT / 'backend'}:{ROOT}"}
    log = (settings.folder / f"locust-{part}.log").open("wb")
    nice = ["nice", "-n", "5"] if part != "honest" else []
    return subprocess.Popen([*nice, *command], env=environment, stdout=log, stderr=log, cwd=ROOT)


def _wait_for_start(folder: Path, locusts: Locusts) -> float:
    deadline = time.monotonic() + START_WITHIN_S
    while time.monotonic() < deadline:
        if list(folder.glob("acks-honest-*.tsv")):
            return now_s()
        if ended := [part for part, locust in locusts.items() if locust.poll() is not None]:
            raise NotRun(f"Locust ended at once; see {folder / f'locust-{ended[0]}.log'}")
        gevent.sleep(0.05)
    raise NotRun(f"Locust did not start; see {folder}")


def _wait(locusts: Locusts) -> None:
    """Wait for all; 0 is Locust's code for no failed request and 1 for some, which is judged by the ack log."""
    for part, locust in locusts.items():
        if locust.wait() not in (0, 1):
            raise NotRun(f"Locust ended with {locust.returncode}; see locust-{part}.log in the result folder")


def _disturb(stack: Stack, scenario: Scenario, start_s: float, duration_s: float, marks: list[Mark]) -> None:
    for one in scenario.disturbances:
        gevent.sleep(max(0.0, start_s + one.at * duration_s - now_s()))
        marks.append(Mark(now_s(), one.says))
        one.do(stack)


def _read_counters(stack: Stack, run: Run) -> None:
    """Read the metrics once the workers, which write theirs ten times a second, have written what they answered."""
    deadline = time.monotonic() + COUNTED_WITHIN_S
    while time.monotonic() < deadline:
        run.after = read_metrics(stack)
        if all(run.after.get(name, 0) - run.before.get(name, 0) >= told for name, told in run.answers().items()):
            return
        gevent.sleep(0.2)


def _collect(settings: RunSettings, run: Run) -> None:
    """Fill in what the generators left behind."""
    parts = sorted(settings.folder.glob("acks-*.tsv"))
    joined = settings.folder / "acks.tsv"
    join_logs(parts, joined)
    for part in parts:
        part.unlink()
    reports = sorted(settings.folder.glob("generator-*.json"))
    run.generators = [msgspec.json.decode(path.read_bytes(), type=Honesty) for path in reports]
    run.acks = list(read_acks(joined))
