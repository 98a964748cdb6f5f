"""Finds the settings of this machine for a command outside of `make up`: runtime.env, else the settings file."""

from collections.abc import Mapping
from pathlib import Path

from postledger.platform.settings_file import read_settings_file

VAR = Path("var")
"""The directory of everything that is made at run time, as seen from the project's directory."""
_MACHINE_FILE = Path("/etc/postledger.env")


def read_machine_settings(environment: Mapping[str, str]) -> dict[str, str]:
    """Read runtime.env, or before the first `make up` the settings file. Raises `BadSettingsFile`.

    What this user may not read counts as not there: a command that needs nothing of it still works.
    """
    given = environment.get("POSTLEDGER_VAR")
    if given is None and (made := _read(VAR / "runtime.env")):
        return made
    file = _find_settings_file(environment, Path(given or VAR))
    written = _read(file)
    var = Path(given or written.get("POSTLEDGER_VAR") or VAR)
    return _read(var / "runtime.env") or _complete(written, var)


def _find_settings_file(environment: Mapping[str, str], var: Path) -> Path:
    if named := environment.get("POSTLEDGER_SETTINGS_FILE"):
        return Path(named)
    return _MACHINE_FILE if _MACHINE_FILE.exists() else var / "settings.env"


def _complete(written: dict[str, str], var: Path) -> dict[str, str]:
    key = var / "master.key"
    return {"POSTLEDGER_MASTER_KEY_FILE": str(key), **written} if key.exists() else written


def _read(file: Path) -> dict[str, str]:
    try:
        return read_settings_file(file)
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return {}
