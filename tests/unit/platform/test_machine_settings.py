"""A command finds the settings of the machine: runtime.env, or the settings file before the first `make up`."""

from pathlib import Path

import pytest

from postledger.platform.machine_settings import read_machine_settings


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty directory of a project, which is the working directory."""
    (tmp_path / "var").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_runtime_env_of_the_working_directory_counts(here: Path) -> None:
    (here / "var/runtime.env").write_text("DATABASE_URL='postgresql://x/it'\\''s'\n")

    assert read_machine_settings({}) == {"DATABASE_URL": "postgresql://x/it's"}


def test_a_given_var_is_another_instance(here: Path) -> None:
    (here / "var/runtime.env").write_text("DATABASE_URL=first\n")
    (here / "second").mkdir()
    (here / "second/runtime.env").write_text("DATABASE_URL=second\n")

    assert read_machine_settings({"POSTLEDGER_VAR": str(here / "second")}) == {"DATABASE_URL": "second"}


def test_the_settings_file_leads_to_its_instance(here: Path) -> None:
    (here / "far").mkdir()
    (here / "far/runtime.env").write_text("DATABASE_URL=far\n")
    (here / "file.env").write_text(f"POSTLEDGER_VAR={here}/far\nDATABASE_URL=written\n")

    assert read_machine_settings({"POSTLEDGER_SETTINGS_FILE": str(here / "file.env")}) == {"DATABASE_URL": "far"}


def test_before_the_first_make_up_the_settings_file_counts(here: Path) -> None:
    (here / "var/master.key").write_text("x")
    (here / "file.env").write_text("DATABASE_URL=written\n")

    assert read_machine_settings({"POSTLEDGER_SETTINGS_FILE": str(here / "file.env")}) == {
        "DATABASE_URL": "written",
        "POSTLEDGER_MASTER_KEY_FILE": "var/master.key",
    }


def test_without_any_file_there_are_no_settings() -> None:
    assert read_machine_settings({"POSTLEDGER_SETTINGS_FILE": "/dev/null"}) == {}
