"""Decides which settings a run of `make up` has: those of the environment, then those of the settings file.

The settings of the last run tell what is missing now, and which values of the environment come from `runtime.env`.
"""

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

import msgspec

from postledger.platform.known_settings import KNOWN, describe_unknown, find_nearest

_WHERE = ("POSTLEDGER_VAR", "POSTLEDGER_SETTINGS_FILE")
"""They say where the settings are, so they are not kept in the file that they lead to."""
_INSTEAD = {
    ("DATABASE_URL",): "the private cluster",
    ("POSTLEDGER_TLS_CERTIFICATE",): "a self-signed certificate",
    ("POSTLEDGER_TLS_KEY",): "a self-signed certificate",
    ("POSTLEDGER_TLS_RSA_CERTIFICATE",): "no RSA certificate",
    ("POSTLEDGER_TLS_RSA_KEY",): "no RSA certificate",
    ("POSTLEDGER_MASTER_KEY", "POSTLEDGER_MASTER_KEY_FILE"): "var/master.key",
}
"""The settings that must not vanish, and what a run without them would use. Of a pair, either one is enough."""


class LastRun(msgspec.Struct, frozen=True):
    """The settings of the last run, and the names of those that the operator had given."""

    settings: Mapping[str, str]
    given: Collection[str]


class RunSettings(msgspec.Struct, frozen=True):
    """The settings that the operator gives for this run."""

    given: Mapping[str, str]
    overriding: tuple[str, ...]
    """The names whose value in the environment is not that of the settings file."""


def find_given_before(settings: Mapping[str, str], var: Path, own_secrets: Collection[str]) -> set[str]:
    """Find what an operator had given in a run of a release that did not record it: what is neither ours nor made."""
    files = {f"{var}/{name}" for name in ("tls/edge.crt", "tls/edge.key", "log/requests.log", "master.key")}
    return {
        name
        for name, value in settings.items()
        if _is_kept(name) and value and value not in files and not any(secret in value for secret in own_secrets)
    }


def combine(written: Mapping[str, str], environment: Mapping[str, str], last: LastRun) -> RunSettings:
    """Combine file and environment. The environment overrides the file, also with an empty value."""
    shell = {
        name: environment[name] for name in environment if _is_kept(name) and not _is_echo(name, environment, last)
    }
    given = {name: value for name, value in {**written, **shell}.items() if _is_kept(name)}
    overriding = tuple(sorted(name for name, value in shell.items() if written.get(name, "") != value))
    return RunSettings(given, overriding)


def describe_unknown_settings(written: Collection[str], environment: Collection[str]) -> str | None:
    """Describe unknown names in one line, or return None.

    The file can contain settings of other programs. Only there a misspelt name without our prefix is a fault too: the
    environment contains whatever other programs have put there.
    """
    misspelt = [f"{name} is not a setting; did you mean {nearest}?" for name, nearest in _list_misspelt(written)]
    unknown = describe_unknown({*written, *environment})
    return "; ".join(filter(None, [unknown, *misspelt])) or None


def describe_vanished(last: LastRun, now: RunSettings, file: Path) -> str | None:
    """Describe the first setting that the last run had and that nothing sets now, not even to nothing. None without."""
    for names, instead in _INSTEAD.items():
        had = [name for name in names if name in last.given and last.settings.get(name)]
        if had and not any(name in now.given for name in names):
            return (
                f"{had[0]} was set in the last run and is not set now; write it into {file}"
                f" (it is still in runtime.env), or write {had[0]}= there to use {instead} from now on"
            )
    return None


def describe_changes(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    """Describe the settings that differ between two runs, one line for each, without the value of a secret."""
    names = [name for name in KNOWN if not KNOWN[name].made and before.get(name, "") != after.get(name, "")]
    return [f"{name}: {_describe_change(name, before.get(name, ''), after.get(name, ''))}" for name in names]


def _describe_change(name: str, before: str, after: str) -> str:
    if KNOWN[name].secret:
        return "is changed" if before and after else "is set now" if after else "is not set any more"
    return f"{before or 'not set'} → {after or 'not set'}"


def _is_kept(name: str) -> bool:
    return name in KNOWN and not KNOWN[name].made and name not in _WHERE


def _is_echo(name: str, environment: Mapping[str, str], last: LastRun) -> bool:
    # A shell that has sourced runtime.env contains what `make up` chose by itself. No operator has given that.
    return name not in last.given and environment[name] == last.settings.get(name)


def _list_misspelt(written: Collection[str]) -> Iterator[tuple[str, str]]:
    for name in sorted(written):
        nearest = None if name in KNOWN or name.startswith("POSTLEDGER_") else find_nearest(name, alike=0.85)
        if nearest is not None:
            yield name, nearest
