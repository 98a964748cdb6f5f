"""The units of `deploy/systemd`: one for each process, restarted for ever, and closed in by systemd."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "deploy" / "systemd"
UNITS = sorted(FOLDER.glob("*.service"))
MOST_EXPOSURE = 30  # tenths of systemd's scale; 100 is a unit without any protection
NOT_UNITS = {"grafana", "rabbitmq", "watcher"}  # Debian's packages have units; systemd itself is the watcher


def _settings(unit: Path) -> dict[str, list[str]]:
    """The values of each setting, in the order of the file."""
    pairs = re.findall(r"^(\w+)=(.*)$", unit.read_text(), re.MULTILINE)
    return {name: [value for other, value in pairs if other == name] for name, _ in pairs}


def test_each_part_has_a_unit_that_starts_it() -> None:
    parts = set(re.findall(r"^    ([a-z-]+)\)$", (ROOT / "script" / "part").read_text(), re.MULTILINE))

    started = {_settings(unit)["ExecStart"][0].split()[-1] for unit in UNITS}
    assert started == parts - NOT_UNITS
    assert {unit.stem for unit in UNITS} == {f"postledger-{part}" for part in started}
    wanted = {name for line in _settings(FOLDER / "postledger.target")["Wants"] for name in line.split()}
    assert wanted == {unit.name for unit in UNITS}


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_a_unit_is_one_process_that_systemd_restarts(unit: Path) -> None:
    settings = _settings(unit)

    assert settings["Type"] == ["exec"]
    assert settings["Restart"] == ["always"]
    assert settings["StartLimitIntervalSec"] == ["0"]
    assert settings["NoNewPrivileges"] == ["yes"]
    assert settings["ProtectSystem"] == ["strict"]


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_only_the_master_of_the_edge_starts_as_root(unit: Path) -> None:
    settings = _settings(unit)

    users = {"postledger-postgres": ["postgres"], "postledger-edge": None}
    assert settings.get("User") == users.get(unit.stem, ["postledger"])
    assert (settings["CapabilityBoundingSet"] == [""]) == ("User" in settings)


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The units with the path of this checkout, whose files exist."""
    folder = tmp_path_factory.mktemp("units")
    for unit in FOLDER.iterdir():
        (folder / unit.name).write_text(unit.read_text().replace("/opt/postledger/script", str(ROOT / "script")))
    return folder


def _analyze(*arguments: str | Path) -> str:
    done = subprocess.run(["systemd-analyze", *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stderr


def test_systemd_accepts_the_units(here: Path) -> None:
    warned = _analyze("verify", "--man=no", "--recursive-errors=no", *sorted(here.iterdir()))

    assert "postledger" not in warned


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_systemd_finds_little_exposed(here: Path, unit: Path) -> None:
    _analyze("security", "--no-pager", "--offline=yes", f"--threshold={MOST_EXPOSURE}", here / unit.name)
