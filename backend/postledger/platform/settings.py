"""Reads the settings of the backend and the command line: every environment variable that they use.

A bad setting fails at start, with one line that names the variable and the accepted form.
"""

import os
import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Literal

import msgspec
from cryptography.fernet import Fernet

from postledger.platform.known_settings import describe_unknown
from postledger.platform.machine_settings import VAR, read_machine_settings
from postledger.platform.settings_file import BadSettingsFile

RUNTIME_FILE = VAR / "runtime.env"
_ADDRESS = "postgresql://user@host:5432/database"
_ANY_ADDRESS = re.compile(r"postgres(ql)?://|[a-z_]+ *=")  # libpq also accepts "host=… dbname=…", without a scheme
_WEB_ADDRESS = re.compile(r"https?://[!#-;=?-\[\]_a-z~]+")  # ASCII without space, quotes, angle brackets and braces


class BadSetting(Exception):
    """A variable is missing or malformed. The message names it and the accepted form."""


class Settings(msgspec.Struct, frozen=True):
    """The settings of the backend. `docs/configuration.md` lists the variables."""

    database_url: str
    master_keys: tuple[str, ...]
    queue_limit: int
    flush_rows: int
    retention_days: int
    unauthenticated_bytes_per_day: int
    request_log: Path | None
    click_fallback_url: str | None


class WorkerSettings(msgspec.Struct, frozen=True):
    """The settings of a worker. Without a port it serves no metrics."""

    database_url: str
    master_keys: tuple[str, ...]
    retention_days: int
    click_retention_days: int
    port: int | None
    maps_from_broker: bool
    exports: Path
    console_url: str | None = None


class SandboxSettings(msgspec.Struct, frozen=True):
    """The settings of the sandbox. Without a port it serves no metrics."""

    database_url: str
    master_keys: tuple[str, ...]
    mode: Literal["on", "off", "partners"]
    port: int | None
    edge_url: str = ""


class ConsoleSettings(msgspec.Struct, frozen=True):
    """The settings of the console. Without a port it serves no metrics."""

    database_url: str
    port: int | None


class Sockets(msgspec.Struct, frozen=True):
    """The unix sockets on which the backend listens, one for each of its applications."""

    public: str
    operators: str


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Read all settings of the backend. Raises `BadSetting`."""
    return Settings(
        database_url=read_database_url(environment),
        master_keys=read_master_keys(environment),
        queue_limit=read_count(environment, "POSTLEDGER_QUEUE_LIMIT", 1000),
        flush_rows=read_count(environment, "POSTLEDGER_FLUSH_ROWS", 256),
        retention_days=read_retention_days(environment),
        unauthenticated_bytes_per_day=read_count(environment, "POSTLEDGER_UNAUTHENTICATED_BYTES_PER_DAY", 268435456),
        request_log=read_request_log(environment),
        click_fallback_url=read_click_fallback(environment),
    )


def read_worker_settings(environment: Mapping[str, str]) -> WorkerSettings:
    """Read all settings of a worker. Raises `BadSetting`."""
    return WorkerSettings(
        database_url=read_database_url(environment),
        master_keys=read_master_keys(environment),
        retention_days=read_retention_days(environment),
        click_retention_days=read_click_retention_days(environment),
        port=read_port(environment, "POSTLEDGER_WORKER_PORT"),
        maps_from_broker=maps_from_broker(environment),
        exports=read_exports_folder(environment),
        console_url=read_console_url(environment),
    )


def read_sandbox_settings(environment: Mapping[str, str]) -> SandboxSettings:
    """Read all settings of the sandbox. Raises `BadSetting`."""
    return SandboxSettings(
        database_url=read_database_url(environment),
        master_keys=read_master_keys(environment),
        mode=read_sandbox_mode(environment),
        port=read_port(environment, "POSTLEDGER_SANDBOX_PORT"),
        edge_url=environment.get("POSTLEDGER_EDGE_URL", "").rstrip("/"),
    )


def read_console_settings(environment: Mapping[str, str]) -> ConsoleSettings:
    """Read all settings of the console. Raises `BadSetting`."""
    port = read_port(environment, "POSTLEDGER_CONSOLE_STATUS_PORT")
    return ConsoleSettings(read_database_url(environment), port)


def read_console_socket(environment: Mapping[str, str]) -> str:
    """Read the socket of the console, by default a neighbour of the backend's."""
    if given := environment.get("POSTLEDGER_CONSOLE_SOCKET"):
        return given
    return str(Path(read_sockets(environment).public).with_name("console.sock"))


def read_sandbox_socket(environment: Mapping[str, str]) -> str:
    """Read the socket of the sandbox, by default a neighbour of the backend's."""
    if given := environment.get("POSTLEDGER_SANDBOX_SOCKET"):
        return given
    return str(Path(read_sockets(environment).public).with_name("sandbox.sock"))


def read_sandbox_mode(environment: Mapping[str, str]) -> Literal["on", "off", "partners"]:
    """Read who gets explanations: all, the holders of a token or a secret, or, without a sandbox, none."""
    match environment.get("POSTLEDGER_SANDBOX") or "partners":
        case "on" | "off" | "partners" as mode:
            return mode
    raise BadSetting("POSTLEDGER_SANDBOX must be on, off or partners")


def read_scheduling(environment: Mapping[str, str]) -> Literal["batch", "normal"]:
    """Read how the kernel is to schedule edge and backend. Raises `BadSetting`."""
    match environment.get("POSTLEDGER_SCHEDULING") or "batch":
        case "batch" | "normal" as scheduling:
            return scheduling
    raise BadSetting("POSTLEDGER_SCHEDULING must be batch or normal")


def check_given(environment: Mapping[str, str]) -> None:
    """Check the variables that an operator has set, before `make up` has created the others. Raises `BadSetting`."""
    if unknown := describe_unknown(environment):
        raise BadSetting(unknown)
    given = {name: value for name, value in environment.items() if value}
    has_key = "POSTLEDGER_MASTER_KEY" in given or "POSTLEDGER_MASTER_KEY_FILE" in given
    made = {} if has_key else {"POSTLEDGER_MASTER_KEY": Fernet.generate_key().decode()}
    read_settings({"DATABASE_URL": "postgresql://", **made, **given})
    read_workers(given)
    read_sandbox_mode(given)
    read_scheduling(given)
    read_click_retention_days(given)
    for name in ("POSTLEDGER_READER_URL", "POSTLEDGER_MONITOR_URL"):
        if name in given:
            read_role_url(given, name)


def read_sockets(environment: Mapping[str, str]) -> Sockets:
    """Read the socket of the public routes and that of the operators' routes, by default its neighbour."""
    public = require(environment, "POSTLEDGER_BACKEND_SOCKET", "/run/postledger/backend.sock")
    operators = environment.get("POSTLEDGER_OPERATORS_SOCKET") or str(Path(public).with_name("operators.sock"))
    if operators == public:
        raise BadSetting("POSTLEDGER_OPERATORS_SOCKET must differ from POSTLEDGER_BACKEND_SOCKET")
    return Sockets(public, operators)


def read_workers(environment: Mapping[str, str]) -> int:
    """Read the number of backend workers."""
    return read_count(environment, "POSTLEDGER_WORKERS", 2)


def read_environment() -> dict[str, str]:
    """Read the process environment. It overrides `runtime.env`, which `make up` writes. Raises `BadSetting`.

    That file is in `POSTLEDGER_VAR`, else in `var` of the working directory, else where `/etc/postledger.env` says.
    Before the first `make up` there is none, and the settings file counts.
    """
    try:
        made = read_machine_settings(os.environ)
    except BadSettingsFile as error:
        raise BadSetting(f"the settings file: {error}") from None
    if "POSTLEDGER_EDGE_URL" in os.environ:  # it can be another edge, to which the address of this one does not belong
        for name in ("POSTLEDGER_EDGE_ADDRESS", "POSTLEDGER_PROXY_PROTOCOL"):
            made.pop(name, None)
    return {**made, **os.environ}


def read_database_url(environment: Mapping[str, str]) -> str:
    """Read the address of Postgres, without connecting to it."""
    address = require(environment, "DATABASE_URL", _ADDRESS)
    if _ANY_ADDRESS.match(address):
        return address
    raise BadSetting(f"DATABASE_URL must be an address such as {_ADDRESS}")


def read_role_url(environment: Mapping[str, str], name: str) -> str:
    """Read the address for another role. It must be a URL, because `make up` reads the role from it."""
    address = environment[name]
    if address.startswith(("postgresql://", "postgres://")):
        return address
    raise BadSetting(f"{name} must be an address such as {_ADDRESS}")


def read_retention_days(environment: Mapping[str, str]) -> int:
    """Read how many days audit rows are kept."""
    return read_count(environment, "POSTLEDGER_RETENTION_DAYS", 90)


def read_click_retention_days(environment: Mapping[str, str]) -> int:
    """Read how many days clicks without a conversion are kept."""
    return read_count(environment, "POSTLEDGER_CLICK_RETENTION_DAYS", 400)


def read_click_fallback(environment: Mapping[str, str]) -> str | None:
    """Read where visitors of an unknown campaign are redirected to. None without a redirect."""
    url = environment.get("POSTLEDGER_CLICK_FALLBACK_URL")
    if not url or _WEB_ADDRESS.fullmatch(url):
        return url or None
    raise BadSetting("POSTLEDGER_CLICK_FALLBACK_URL must be an address such as https://shop.example/, in ASCII")


def read_console_url(environment: Mapping[str, str]) -> str | None:
    """Read where people reach the console. None without one: mails then have no links."""
    url = environment.get("POSTLEDGER_CONSOLE_URL")
    if not url or (url.startswith("https://") and _WEB_ADDRESS.fullmatch(url)):
        return url.rstrip("/") if url else None
    raise BadSetting("POSTLEDGER_CONSOLE_URL must be an address such as https://console.example.com")


def read_request_log(environment: Mapping[str, str]) -> Path | None:
    """Read the file of the request log. None if it is `off` or not set."""
    text = environment.get("POSTLEDGER_REQUEST_LOG") or "off"
    if text != "off" and (not Path(text).parent.is_dir() or Path(text).is_dir()):
        raise BadSetting("POSTLEDGER_REQUEST_LOG must be off, or a file in a folder that exists")
    return None if text == "off" else Path(text)


def read_master_keys(environment: Mapping[str, str]) -> tuple[str, ...]:
    """Read the Fernet keys that encrypt secrets, from the variable or its file. The first one encrypts."""
    text = environment.get("POSTLEDGER_MASTER_KEY") or _read_key_file(environment)
    keys = tuple(text.replace(",", " ").split())
    try:
        for key in keys:
            Fernet(key)
    except ValueError:
        raise BadSetting("POSTLEDGER_MASTER_KEY contains a value that is not a Fernet key (44 characters)") from None
    if not keys:
        raise BadSetting("set POSTLEDGER_MASTER_KEY, or POSTLEDGER_MASTER_KEY_FILE to a file with a Fernet key")
    return keys


def read_monitoring_password(environment: Mapping[str, str]) -> tuple[str, str] | None:
    """Read the user and the password of Prometheus and Alertmanager. None if they have none."""
    user, password = environment.get("PROMETHEUS_USER"), environment.get("PROMETHEUS_PASSWORD")
    return (user, password) if user and password else None


def require(environment: Mapping[str, str], name: str, form: str) -> str:
    """Read a variable that has no default."""
    if value := environment.get(name):
        return value
    raise BadSetting(f"set {name}, for example {name}={form}")


def read_count(environment: Mapping[str, str], name: str, default: int) -> int:
    """Read a whole number of at least 1."""
    text = environment.get(name) or str(default)
    if text.isascii() and text.isdigit() and int(text) > 0:
        return int(text)
    raise BadSetting(f"{name} must be a whole number of at least 1")


def read_replay_limit(environment: Mapping[str, str]) -> Decimal:
    """Read how much money a replay may move, in any currency."""
    text = environment.get("POSTLEDGER_REPLAY_LIMIT") or "1000"
    try:
        limit = Decimal(text) if text.isascii() else Decimal("NaN")
    except InvalidOperation:
        limit = Decimal("NaN")
    if not limit.is_finite() or limit < 0:
        raise BadSetting("POSTLEDGER_REPLAY_LIMIT must be an amount, such as 1000 or 250.50")
    return limit


def maps_from_broker(environment: Mapping[str, str]) -> bool:
    """Read whether `postledger consume` maps expense lines. Then workers do not."""
    place = environment.get("POSTLEDGER_MAP_FROM") or "outbox"
    if place not in ("outbox", "broker"):
        raise BadSetting("POSTLEDGER_MAP_FROM must be outbox or broker")
    if place == "broker" and not environment.get("POSTLEDGER_BROKER_URL"):
        raise BadSetting("POSTLEDGER_MAP_FROM is broker, and there is none; set POSTLEDGER_BROKER_URL too")
    return place == "broker"


def read_exports_folder(environment: Mapping[str, str]) -> Path:
    """Read where files of exports go by default."""
    return Path(environment.get("POSTLEDGER_VAR") or VAR) / "exports"


def read_port(environment: Mapping[str, str], name: str) -> int | None:
    """Read a port, or None if the variable is not set."""
    if not environment.get(name):
        return None
    port = read_count(environment, name, 0)
    if port <= 65535:
        return port
    raise BadSetting(f"{name} must be a port, 1 to 65535")


def _read_key_file(environment: Mapping[str, str]) -> str:
    path = environment.get("POSTLEDGER_MASTER_KEY_FILE")
    try:
        return Path(path).read_text("utf-8-sig") if path else ""
    except OSError as error:
        raise BadSetting(f"POSTLEDGER_MASTER_KEY_FILE cannot be read ({error.strerror}); check its path") from None
