"""`script/loadtest` from outside: short runs of four scenarios on one stack, their results, and their exit codes."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.parts.checkout import ROOT

SCENARIOS = ("spike", "retry-storm", "attack")
FILES = ("acks.tsv", "history.csv", "junit.xml", "report.html", "summary.json")


def loadtest(var: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run `script/loadtest` with its results under `var`."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("LOCUST_")}
    environment |= {"POSTLEDGER_VAR": str(var), "POSTLEDGER_VENV": sys.prefix, **settings}
    command = [str(ROOT / "script" / "loadtest")]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def results(var: Path, scenario: str) -> Path:
    """The newest result folder of a scenario."""
    return max((var / "loadtest").glob(f"{scenario}-2*"))


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, subprocess.CompletedProcess[str]]]:
    """A short run of `steady` that keeps its stack, and the folder of all results."""
    var = tmp_path_factory.mktemp("loadtest")
    run = loadtest(var, SCENARIO="steady", SHORT="1", KEEP="1", SEED="7")
    yield var, run
    stopped = loadtest(var, STOP="1")
    assert stopped.returncode == 0, stopped.stdout + stopped.stderr
    assert not list(var.glob("loadtest/*/stack"))


def test_a_short_run_is_good_and_writes_all_results(kept: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    var, run = kept
    assert run.returncode == 0, run.stdout + run.stderr
    assert run.stdout.splitlines()[-1].startswith("Good: ")
    folder = results(var, "steady")
    assert all((folder / name).stat().st_size for name in FILES)
    assert not [path for path in folder.glob("*") if path.name.startswith("acks-")]
    summary = json.loads((folder / "summary.json").read_text())
    assert (summary["verdict"], summary["seed"]) == ("good", 7)
    assert summary["verification"]["answers"]["taken"] > 100
    assert summary["verification"]["answers"]["tried"] > 0
    assert "<failure" not in (folder / "junit.xml").read_text()


def test_every_kind_of_sender_took_part(kept: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    senders = json.loads((results(kept[0], "steady") / "summary.json").read_text())["lost_by_sender"]
    assert set(senders) == {"Network", "Webhook", "Dialect", "Offerwall", "Clicker"}
    assert all(one["taken"] for one in senders.values())


def test_the_report_asks_nothing_of_anybody(kept: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    page = (results(kept[0], "steady") / "report.html").read_text()
    assert page.count("<svg") >= 8
    assert not any(word in page for word in ("http:", "https:", "src=", "@import", "url("))
    assert len(page) < 2_000_000


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_scenario_is_good_in_a_short_run(kept: tuple[Path, subprocess.CompletedProcess[str]], scenario: str) -> None:
    var, _ = kept
    run = loadtest(var, SCENARIO=scenario, SHORT="1", STACK=str(results(var, "steady") / "stack"))
    assert run.returncode == 0, run.stdout + run.stderr


def test_a_foreign_target_is_refused_before_anything_starts(tmp_path: Path) -> None:
    run = loadtest(tmp_path, SCENARIO="steady", LOCUST_HOST="https://example.org")
    assert run.returncode == 4
    assert "'example.org' is not a loopback address" in run.stdout
    assert not (tmp_path / "loadtest").exists()


def test_an_unknown_scenario_names_the_known_ones(tmp_path: Path) -> None:
    run = loadtest(tmp_path, SCENARIO="rush-hour")
    assert run.returncode == 4
    assert all(name in run.stdout for name in ("steady", "retry-storm", "worker-death", "overload", "soak"))
