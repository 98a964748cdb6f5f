"""Checks of Postgres and the ledger: version, durability, log settings, schema, partitions, sources, secrets.

The checks only read. The operator makes the changes.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from psycopg import Connection

from postledger.doctor.approval_rules import check_approval_rules
from postledger.doctor.broker import check_publishing
from postledger.doctor.check_result import CheckResult
from postledger.ledger.partitions import list_days
from postledger.platform.keyring import Keyring
from postledger.platform.postgres.errors import DatabaseFailed, translated_errors
from postledger.platform.postgres.migrations import list_applied, shipped_migrations
from postledger.platform.postgres.sql import statements_of
from postledger.policy.bank_account_store import BankAccountStore
from postledger.policy.export_store import ExportStore
from postledger.policy.finance_store import FinanceStore
from postledger.policy.forward_store import ForwardStore
from postledger.policy.notify_store import NotifyStore
from postledger.policy.read import find_fault, read_settings
from postledger.policy.secret_strength import STRONG_BYTES, is_weak
from postledger.policy.source_secrets import SourceSecrets
from postledger.policy.store import read_stored_settings
from postledger.vocabulary.wording import count

sql = statements_of("postledger.doctor")

OLDEST_VERSION = 140000  # the first version that detaches partitions concurrently
LARGEST_SKEW_S = 2.0
_DAYS_AHEAD = 2
_DURABLE = {"fsync": "on", "full_page_writes": "on"}
_SAFE_LOG = {
    "log_min_error_statement": ("log", "fatal", "panic"),
    "log_parameter_max_length_on_error": ("0",),
    "log_error_verbosity": ("terse",),
}


def check_postgres(
    connection: Connection[Any], keyring: Keyring | None, now: Callable[[], datetime], os_user: str
) -> Iterator[CheckResult]:
    """Run the checks one after the other. A check that Postgres refuses has failed. Without a keyring, skip secrets."""
    checks: list[tuple[str, Callable[[], CheckResult]]] = [
        ("postgres version", lambda: check_version(connection)),
        ("postgres encoding", lambda: check_encoding(connection)),
        ("durability", lambda: _check_durability(connection)),
        ("postgres log", lambda: _check_log(connection)),
        ("clock", lambda: _check_clock(connection, now)),
        ("migrations", lambda: _check_migrations(connection)),
        ("partitions", lambda: _check_partitions(connection, now())),
        ("sources", lambda: check_sources(connection)),
        ("approval rules", lambda: check_approval_rules(connection, os_user)),
        ("publishing", lambda: check_publishing(connection, now())),
    ]
    if keyring is not None:
        checks.append(("secrets", lambda: _check_secrets(connection, keyring)))
    for name, check in checks:
        try:
            with translated_errors():
                result = check()
        except DatabaseFailed as error:
            result = CheckResult(name, False, "cannot be checked", error.advice)
        yield result


def check_version(connection: Connection[Any]) -> CheckResult:
    """Check that the server is new enough."""
    version = connection.info.server_version
    found = f"{version // 10000}.{version % 10000}"
    advice = f"upgrade to Postgres {OLDEST_VERSION // 10000} or newer"
    return CheckResult("postgres version", version >= OLDEST_VERSION, found, advice)


def check_encoding(connection: Connection[Any]) -> CheckResult:
    """Check that the database stores every character."""
    encoding = str(connection.info.parameter_status("server_encoding"))
    advice = "create the database again with ENCODING 'UTF8'"
    return CheckResult("postgres encoding", encoding == "UTF8", encoding, advice)


def _check_durability(connection: Connection[Any]) -> CheckResult:
    # synchronous_commit is not checked: each of our connections sets it. It cannot set these two.
    actual = _read_settings(connection, *_DURABLE)
    wrong = {name: value for name, value in _DURABLE.items() if actual[name] != value}
    found = ", ".join(f"{name} is {actual[name]}" for name in wrong or _DURABLE)
    return CheckResult("durability", not wrong, found, f"an acknowledged postback can be lost: set {_assign(wrong)}")


def _check_log(connection: Connection[Any]) -> CheckResult:
    statements = ("log_statement", "log_min_duration_statement", "log_parameter_max_length")
    actual = _read_settings(connection, *_SAFE_LOG, *statements)
    wrong = {name: safe[-1] for name, safe in _SAFE_LOG.items() if actual[name] not in safe}
    is_logging = actual["log_statement"] in ("mod", "all") or actual["log_min_duration_statement"] != "-1"
    if is_logging and actual["log_parameter_max_length"] != "0":
        wrong["log_parameter_max_length"] = "0"
    found = ", ".join(f"{name} is {actual[name]}" for name in wrong) or "contains no values of statements"
    return CheckResult(
        "postgres log", not wrong, found, f"the log can contain amounts and personal data: set {_assign(wrong)}"
    )


def _check_clock(connection: Connection[Any], now: Callable[[], datetime]) -> CheckResult:
    before = now()
    row = connection.execute(sql("read_clock")).fetchone()
    assert row is not None, "the statement always returns one row"
    middle = before + (now() - before) / 2
    skew_s = abs((row[0] - middle).total_seconds())
    found = f"differs from Postgres by {skew_s:.1f} s"
    return CheckResult("clock", skew_s <= LARGEST_SKEW_S, found, "synchronise both machines with NTP")


def _check_migrations(connection: Connection[Any]) -> CheckResult:
    applied, shipped = list_applied(connection), shipped_migrations()
    missing = [migration.name for migration in shipped if migration.name not in applied]
    edited = [migration.name for migration in shipped if applied.get(migration.name) not in (None, migration.checksum)]
    if edited:
        found = f"{edited[0]} was edited after it had been applied"
        return CheckResult("migrations", False, found, "restore the released file")
    found = f"{missing[0]} is not applied" if missing else f"{len(shipped)} applied"
    return CheckResult("migrations", not missing, found, "run: postledger migrate")


def _check_partitions(connection: Connection[Any], now: datetime) -> CheckResult:
    existing, today = list_days(connection), now.astimezone(UTC).date()
    days = [today + timedelta(days=ahead) for ahead in range(_DAYS_AHEAD + 1)]
    missing = [day for day in days if day not in existing]
    found = f"{missing[0]} is missing" if missing else f"{count(len(existing), 'day')}, at least {_DAYS_AHEAD} ahead"
    return CheckResult("partitions", not missing, found, "run: postledger retain (cron must run it every day)")


def check_sources(connection: Connection[Any]) -> CheckResult:
    """Check that this release can read the settings of every source."""
    stored = read_settings(connection)
    faults = [(slug, fault) for slug, document in stored if (fault := find_fault(document)) is not None]
    if faults:
        named = ", ".join(f"{slug} ({fault})" for slug, fault in faults)
        advice = "their postbacks get 503; apply a file that contains them: postledger apply FILE.toml"
        return CheckResult("sources", False, f"cannot read the settings of {named}", advice)
    return CheckResult("sources", True, f"the settings of {count(len(stored), 'source')} can be read")


def _check_secrets(connection: Connection[Any], keyring: Keyring) -> CheckResult:
    stored, of_forwards = SourceSecrets(connection, keyring), ForwardStore(connection, keyring)
    of_payees, of_notify = FinanceStore(connection, keyring), NotifyStore(connection, keyring)
    of_exports = ExportStore(connection, keyring)
    of_accounts = BankAccountStore(connection, keyring)
    others = of_notify.find_locked() or of_exports.find_locked() or of_accounts.find_locked()
    if locked := _find_locked(stored, of_forwards, of_payees) or others:
        advice = "add the key that encrypted it after the others in POSTLEDGER_MASTER_KEY"
        return CheckResult("secrets", False, f"{locked} has one that no master key decrypts", advice)
    is_current = stored.list_current() + of_forwards.list_current() + of_payees.list_current()
    is_current += of_notify.list_current() + of_exports.list_current() + of_accounts.list_current()
    found = f"{count(len(is_current), 'secret')} can be decrypted"
    if weak := _list_weak(connection, stored):
        found += f"; shorter than {STRONG_BYTES} bytes: {', '.join(weak)}; run: postledger source rotate SLUG"
    if older := is_current.count(False):
        found += f"; {older} of {len(is_current)} are under an older master key; run: postledger source reencrypt"
    return CheckResult("secrets", True, found)


def _find_locked(sources: SourceSecrets, forwards: ForwardStore, payees: FinanceStore) -> str | None:
    if source := sources.find_locked():
        return source
    if forward := forwards.find_locked():
        return f"forward {forward}"
    return f"payee {payee}" if (payee := payees.find_locked()) else None


def _list_weak(connection: Connection[Any], secrets: SourceSecrets) -> list[str]:
    """List the sources in force with a short secret. It is no failure: a network may give no longer one."""
    weak = []
    for slug, document in read_settings(connection):
        settings, source_id = read_stored_settings(document), secrets.find_source(slug)
        if settings is None or settings.auth == "none" or source_id is None:
            continue
        if any(one.secret is not None and is_weak(settings, one.secret) for one in secrets.read(source_id)):
            weak.append(slug)
    return weak


def _read_settings(connection: Connection[Any], *names: str) -> dict[str, str]:
    return dict(connection.execute(sql("read_server_settings"), (list(names),)).fetchall())


def _assign(settings: dict[str, str]) -> str:
    return ", ".join(f"{name} = {value}" for name, value in settings.items())
