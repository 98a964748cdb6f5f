"""The decisions of `make up` about its settings, which `script/settings` calls: one command for each.

settings FILE VAR   print the settings of this run as shell code
changes OLD NEW     print what differs between two files of settings

Apart from `check_ledger`, because each run starts this twice, and the libraries of the ledger take most of a start.
"""

import os
import shlex
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from postledger.platform.known_settings import KNOWN
from postledger.platform.run_settings import (
    LastRun,
    RunSettings,
    combine,
    describe_changes,
    describe_unknown_settings,
    describe_vanished,
    find_given_before,
)
from postledger.platform.settings import BadSetting
from postledger.platform.settings_file import BadSettingsFile, read_settings_file, write_settings

GIVEN = "settings.given"
"""The file in VAR with the names of the settings that the operator gave to the last run."""
_OWN_SECRETS = ("*.password", "demo.secret")
_HEADER = """\
# The settings of this Postledger, as the first `make up` found them. Every `make up` reads this file.
# The environment overrides it. docs/configuration.md lists all settings.
"""
_OPEN_TO_ALL = 0o004


def print_settings(file: Path, var: Path) -> None:
    """Print the settings of this run for a shell, and the notes for the operator. Raises `BadSetting`."""
    last = _read_last_run(var)
    written = _read_written(file, var, last)
    if unknown := describe_unknown_settings(written, os.environ):
        raise BadSetting(unknown)
    now = combine(written, os.environ, last)
    if vanished := describe_vanished(last, now, file):
        raise BadSetting(vanished)
    _prepare_files(file, var, now)
    for name, value in now.given.items():
        print(f"export {name}={shlex.quote(value)}")
    print(f"settings_notes={shlex.quote(chr(10).join(_list_notes(file, now)))}")


def print_changes(before: Path, after: Path) -> None:
    """Print the settings that differ between two files."""
    if before.exists():
        for line in describe_changes(read_settings_file(before), read_settings_file(after)):
            print(line)


def _read_last_run(var: Path) -> LastRun:
    settings = _read(var / "runtime.env") if (var / "runtime.env").exists() else {}
    if (var / GIVEN).exists():
        return LastRun(settings, set((var / GIVEN).read_text("utf-8").split()))
    own_secrets = [path.read_text("utf-8").strip() for pattern in _OWN_SECRETS for path in var.glob(pattern)]
    return LastRun(settings, find_given_before(settings, var, list(filter(None, own_secrets))))


def _read_written(file: Path, var: Path, last: LastRun) -> dict[str, str]:
    if file.exists():
        return _read(file)
    if file != var / "settings.env":
        raise BadSetting(f"POSTLEDGER_SETTINGS_FILE is '{file}', which does not exist")
    # A run of an earlier release, which had no such file, gives its settings to the first run that has one.
    return {} if (var / GIVEN).exists() else {name: last.settings[name] for name in sorted(last.given)}


def _read(file: Path) -> dict[str, str]:
    try:
        return read_settings_file(file)
    except BadSettingsFile as error:
        raise BadSetting(f"{file}: {error}") from None
    except OSError as error:
        raise BadSetting(f"{file} cannot be read ({error.strerror}); run make up as a user who may read it") from None


def _prepare_files(file: Path, var: Path, now: RunSettings) -> None:
    # `make up` renames them when it has checked the settings: a value that cannot be used must not be kept.
    _write(var / f"{GIVEN}.new", "".join(f"{name}\n" for name, value in sorted(now.given.items()) if value))
    kept = {name: value for name, value in now.given.items() if value}
    if file.exists():
        (var / "settings.env.new").unlink(missing_ok=True)
    else:
        _write(file.with_name("settings.env.new"), _HEADER + write_settings(kept))


def _write(path: Path, text: str) -> None:
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as opened:
        opened.write(text)


def _list_notes(file: Path, now: RunSettings) -> list[str]:
    if not file.exists():
        return [f"Settings are kept in {file} from now on"]
    notes = [f"Settings: {file}"]
    if now.overriding:
        notes.append(f"From the environment, for this run only: {', '.join(now.overriding)}")
    has_secret = any(KNOWN[name].secret and value for name, value in now.given.items())
    if has_secret and file.stat().st_mode & _OPEN_TO_ALL and file.is_file():
        notes.append(f"{file} contains a secret and every user can read it; run: chmod 640 {shlex.quote(str(file))}")
    return notes


_COMMANDS: dict[str, Callable[..., None]] = {
    "settings": print_settings,
    "changes": print_changes,
}


def main(arguments: Sequence[str]) -> None:
    """Run one command. A setting that cannot be used ends it with one line."""
    try:
        _COMMANDS[arguments[0]](*map(Path, arguments[1:]))
    except BadSetting as error:
        sys.exit(f"up: {error}")


if __name__ == "__main__":
    main(sys.argv[1:])
