"""What `doctor` asks of Postgres: is it one that we can run on, will it keep what it acknowledges, is the schema ours.

Only looks; what is wrong is for the operator to change.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
from psycopg import Connection

from postledger.doctor.check_result import Finding
from postledger.ledger.partitions import partition_name
from postledger.platform.keyring import Keyring
from postledger.platform.postgres.migrations import shipped_migrations
from postledger.policy.read import find_fault
from postledger.policy.source_secrets import SourceSecrets

OLDEST_VERSION = 140000  # retention detaches partitions concurrently
LARGEST_SKEW_S = 2.0
_DAYS_AHEAD = 2
_SETTINGS = "SELECT name, setting FROM pg_settings WHERE name = ANY(%s)"
_PARTITIONS = "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = to_regclass('postbacks')"
_SOURCES = "SELECT id, slug FROM sources WHERE removed_at IS NULL ORDER BY slug"
_STORED_SETTINGS = "SELECT slug, settings FROM sources WHERE removed_at IS NULL ORDER BY slug"
_DURABLE = {"fsync": "on", "full_page_writes": "on"}
_QUIET = {
    "log_min_error_statement": ("log", "fatal", "panic"),
    "log_parameter_max_length_on_error": ("0",),
    "log_error_verbosity": ("terse",),
}


def examine(connection: Connection[Any], keyring: Keyring | None, now: Callable[[], datetime]) -> Iterator[Finding]:
    """Check one after the other; a check that Postgres itself refuses is a finding too."""
    checks: list[tuple[str, Callable[[], Finding]]] = [
        ("postgres version", lambda: _check_version(connection)),
        ("postgres encoding", lambda: _check_encoding(connection)),
        ("durability", lambda: _check_durability(connection)),
        ("postgres log", lambda: _check_log(connection)),
        ("clock", lambda: _check_clock(connection, now)),
        ("migrations", lambda: _check_migrations(connection)),
        ("partitions", lambda: _check_partitions(connection, now())),
        ("sources", lambda: _check_sources(connection)),
    ]
    if keyring is not None:
        checks.append(("secrets", lambda: _check_secrets(connection, keyring)))
    for name, check in checks:
        try:
            yield check()
        except psycopg.Error as error:
            yield Finding(name, False, f"Postgres refused: {type(error).__name__}", "run: postledger migrate")


def _check_version(connection: Connection[Any]) -> Finding:
    version = connection.info.server_version
    seen = f"{version // 10000}.{version % 10000}"
    return Finding(
        "postgres version", version >= OLDEST_VERSION, seen, f"upgrade to Postgres {OLDEST_VERSION // 10000} or newer"
    )


def _check_encoding(connection: Connection[Any]) -> Finding:
    encoding = str(connection.info.parameter_status("server_encoding"))
    return Finding("postgres encoding", encoding == "UTF8", encoding, "make the database anew with ENCODING 'UTF8'")


def _check_durability(connection: Connection[Any]) -> Finding:
    # Every connection of ours commits synchronously whatever the server's default is; these two are beyond its reach.
    actual = _settings(connection, *_DURABLE)
    wrong = [name for name, value in _DURABLE.items() if actual[name] != value]
    seen = ", ".join(f"{name} is {actual[name]}" for name in wrong or _DURABLE)
    return Finding("durability", not wrong, seen, "an acknowledged postback may be lost: set " + _assign(wrong, "on"))


def _check_log(connection: Connection[Any]) -> Finding:
    statements = ("log_statement", "log_min_duration_statement", "log_parameter_max_length")
    actual = _settings(connection, *_QUIET, *statements)
    wrong = {name: good[-1] for name, good in _QUIET.items() if actual[name] not in good}
    is_logging = actual["log_statement"] in ("mod", "all") or actual["log_min_duration_statement"] != "-1"
    if is_logging and actual["log_parameter_max_length"] != "0":
        wrong["log_parameter_max_length"] = "0"
    advice = "its log may hold money and personal data: set " + ", ".join(f"{n} = {v}" for n, v in wrong.items())
    seen = ", ".join(f"{name} is {actual[name]}" for name in wrong) or "holds no statement's values"
    return Finding("postgres log", not wrong, seen, advice)


def _check_clock(connection: Connection[Any], now: Callable[[], datetime]) -> Finding:
    before = now()
    theirs = _one(connection, "SELECT clock_timestamp()")
    middle = before + (now() - before) / 2
    skew_s = abs((theirs - middle).total_seconds())
    return Finding("clock", skew_s <= LARGEST_SKEW_S, f"{skew_s:.1f} s from Postgres'", "synchronise both with NTP")


def _check_migrations(connection: Connection[Any]) -> Finding:
    applied = dict(connection.execute("SELECT name, checksum FROM schema_migrations").fetchall())
    shipped = shipped_migrations()
    missing = [migration.name for migration in shipped if migration.name not in applied]
    edited = [migration.name for migration in shipped if applied.get(migration.name) not in (None, migration.checksum)]
    if edited:
        return Finding("migrations", False, f"{edited[0]} differs from what was applied", "restore the released file")
    seen = f"{missing[0]} is not applied" if missing else f"{len(shipped)} applied"
    return Finding("migrations", not missing, seen, "run: postledger migrate")


def _check_partitions(connection: Connection[Any], now: datetime) -> Finding:
    existing = {name for (name,) in connection.execute(_PARTITIONS).fetchall()}
    today = now.astimezone(UTC).date()
    days = [partition_name(today + timedelta(days=ahead)) for ahead in range(_DAYS_AHEAD + 1)]
    missing = [name for name in days if name not in existing]
    seen = f"{missing[0]} is missing" if missing else f"{len(existing)} days, {_DAYS_AHEAD} or more ahead"
    return Finding("partitions", not missing, seen, "run: postledger retain (and have cron run it every day)")


def _check_sources(connection: Connection[Any]) -> Finding:
    stored = connection.execute(_STORED_SETTINGS).fetchall()
    faults = [(slug, fault) for slug, document in stored if (fault := find_fault(document)) is not None]
    if faults:
        named = ", ".join(f"{slug} ({fault})" for slug, fault in faults)
        advice = "nothing of theirs is booked; apply a file that names them: postledger apply FILE.toml"
        return Finding("sources", False, f"the settings of {named} cannot be read", advice)
    return Finding("sources", True, f"the settings of {len(stored)} can be read")


def _check_secrets(connection: Connection[Any], keyring: Keyring) -> Finding:
    stored = SourceSecrets(connection, keyring)
    lists = [(slug, stored.read_all(source_id)) for source_id, slug in connection.execute(_SOURCES).fetchall()]
    locked = [slug for slug, secrets in lists if secrets is None]
    if locked:
        advice = "put the old key back behind the new one in POSTLEDGER_MASTER_KEY"
        return Finding("secrets", False, f"{locked[0]} has one that no master key decrypts", advice)
    return Finding("secrets", True, f"of {len(lists)} sources can be decrypted{_tell_older(stored.tell_current())}")


def _tell_older(current: list[bool]) -> str:
    older = current.count(False)
    told = f"; {older} of {len(current)} secrets are still under an older master key; run: postledger source reencrypt"
    return told if older else ""


def _settings(connection: Connection[Any], *names: str) -> dict[str, str]:
    return dict(connection.execute(_SETTINGS, (list(names),)).fetchall())


def _assign(names: list[str], value: str) -> str:
    return ", ".join(f"{name} = {value}" for name in names)


def _one(connection: Connection[Any], statement: str) -> Any:
    row = connection.execute(statement.encode()).fetchone()
    return None if row is None else row[0]
