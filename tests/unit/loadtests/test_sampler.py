"""The processor time of a load test belongs to its parts: what the driver runs is no other program."""

import subprocess
import sys

from loadtests.sampler import read_cpu_seconds

_WORKS = "import sys; print(sum(range(20_000_000)), flush=True); sys.stdin.read()"


def test_commands_of_a_scenario_are_counted_and_generators_are_not() -> None:
    before = read_cpu_seconds({}, ())["commands"]
    with subprocess.Popen([sys.executable, "-c", _WORKS], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        child.stdout.readline()
        as_command = read_cpu_seconds({}, ())
        as_generator = read_cpu_seconds({"generator honest": child.pid}, ["generator honest"])
        child.stdin.close()

    worked = as_generator["generator honest"]
    assert as_command["commands"] >= before + worked > before
    assert as_generator["commands"] < as_command["commands"]
