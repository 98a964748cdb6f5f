"""Full load tests: their promises about correctness must hold, and those about time when the machine was quiet."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.drills.promises import Promises
from tests.parts.checkout import ROOT

GOOD, NOT_JUDGED = 0, 3


@pytest.mark.parametrize(
    "scenario", ["steady", "spike", "retry-storm", "worker-death", "attack", "overload", "sandbox-flood", "month-end"]
)
def test_a_scenario_keeps_its_promises(scenario: str, promises: Promises, tmp_path: Path) -> None:
    environment = os.environ | {"POSTLEDGER_VAR": str(tmp_path), "POSTLEDGER_VENV": sys.prefix}
    command = [str(ROOT / "script" / "loadtest"), scenario]
    run = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert run.returncode in (GOOD, NOT_JUDGED), run.stdout + run.stderr
    (summary,) = tmp_path.glob("loadtest/*/summary.json")
    for one in json.loads(summary.read_text())["promises"]:
        if one["is_kept"] is not None and one["promised"].replace(".", "").isdigit() and one["promised"] != "0":
            promises.keep(f"{scenario}: {one['says']}", float(one["measured"]), float(one["promised"]))
