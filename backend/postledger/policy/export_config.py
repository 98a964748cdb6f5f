"""Reads `[[exports]]` of the configuration file, and writes it. Pure: the caller's `Lookups` find secrets and resolve
names.
"""

from collections.abc import Callable, Mapping
from itertools import starmap

import msgspec

from postledger.decoding.toml_table import MAX_TEXT, BadValue, Table, one_of, read_flag, read_text
from postledger.finance.rules.export_settings import KINDS, TIMEOUT_S, ExportSettings, Kind
from postledger.outgoing.rules.url_template import UrlTemplate
from postledger.policy.forward_config import find_blocked
from postledger.policy.source_config import SECRET_KEYS, Lookups, read_duration_s, read_secrets

_LONGEST_TIMEOUT_S = 25  # the outcome must be recorded before the lease of a minute runs out
_NAMED = ("login", "password")
FILE_KINDS = ("csv", "json", "beancount")
_SENDING = ("url", "timeout", "allow_private")
_KEYS = {
    **dict.fromkeys(FILE_KINDS, ("path",)),
    "webhook": (*_SENDING, *SECRET_KEYS),
    "tryton": (*_SENDING, "database", "payable_account", "journal", "login", "login_env", "password", "password_env"),
}
_DEFAULT: Kind = "csv"


class ExportConfig(msgspec.Struct, frozen=True):
    """A target of exports as configured; `secrets` is None if the file does not change them.

    If the stored settings cannot be read, `is_readable` is False and `settings` holds the defaults.
    """

    settings: ExportSettings
    secrets: Mapping[str, str] | None = None
    is_readable: bool = True


def read_export(table: Table, slug: str, lookups: Lookups) -> ExportConfig:
    """Read one of `[[exports]]`, without its slug. A key that has no effect on its kind is refused."""
    kind = table.require("kind", one_of(*KINDS), _DEFAULT)
    read = {"webhook": _read_webhook, "tryton": _read_tryton}.get(kind, _read_file_target)
    config = read(table, ExportSettings(slug, kind), lookups)
    for key in sorted({key for keys in _KEYS.values() for key in keys} - set(_KEYS[kind])):
        table.take(key, _refuse_key(kind), None)
    table.refuse_unknown()
    return config


def write_export(config: ExportConfig) -> dict[str, object]:
    """Write the table of one target, without its secrets."""
    written: dict[str, object] = msgspec.to_builtins(config.settings)
    seconds = written.pop("timeout_s", None)
    return written if seconds is None else written | {"timeout": f"{seconds}s"}


def list_export_facts(config: ExportConfig) -> dict[str, object]:
    """List the keys of a target with their values, for comparing. Secrets are missing if the file does not change them.

    The secrets of a webhook are one key, as in the file.
    """
    facts: dict[str, object] = msgspec.structs.asdict(config.settings)
    facts["timeout"] = facts.pop("timeout_s")
    secrets = dict(config.secrets or {})
    facts |= {name: secrets.pop(name) for name in _NAMED if name in secrets}
    return facts | ({"secrets": tuple(secrets.values())} if secrets else {})


def _read_file_target(table: Table, settings: ExportSettings, _lookups: Lookups) -> ExportConfig:
    return ExportConfig(msgspec.structs.replace(settings, path=table.take("path", _read_path, None)))


def _read_webhook(table: Table, settings: ExportSettings, lookups: Lookups) -> ExportConfig:
    settings = _read_address(table, settings, lookups)
    secrets = read_secrets(table, lookups)
    named = None if secrets is None else dict(starmap(_name_secret, enumerate(secrets, 1)))
    return ExportConfig(settings, named)


def _read_tryton(table: Table, settings: ExportSettings, lookups: Lookups) -> ExportConfig:
    settings = msgspec.structs.replace(
        _read_address(table, settings, lookups),
        database=table.require("database", read_text, ""),
        payable_account=table.require("payable_account", read_text, ""),
        journal=table.take("journal", read_text, ""),
    )
    found = {name: _read_named_secret(table, name, lookups) for name in _NAMED}
    given = {name: secret for name, secret in found.items() if secret is not None}
    if len(given) == 1:
        missing = next(name for name in _NAMED if name not in given)
        table.fault(missing, f"is missing; add {missing}_env, because login and password are changed together")
    return ExportConfig(settings, given or None)


def _read_address(table: Table, settings: ExportSettings, lookups: Lookups) -> ExportSettings:
    settings = msgspec.structs.replace(
        settings,
        url=table.require("url", _read_url, ""),
        timeout_s=table.take("timeout", _read_timeout, TIMEOUT_S),
        allow_private=table.take("allow_private", read_flag, False),
    )
    if settings.url and (found := _find_blocked(settings, lookups)):
        table.fault("url", f"leads to {found}")
    return settings


def _find_blocked(settings: ExportSettings, lookups: Lookups) -> str | None:
    return find_blocked(UrlTemplate.parse(settings.url), lookups, allow_private=settings.allow_private)


def _read_named_secret(table: Table, name: str, lookups: Lookups) -> str | None:
    if name in table and f"{name}_env" in table:
        table.fault(f"{name}_env", f"cannot be combined with {name}; keep one of them")
    found = table.take(name, _read_secret, None), table.take(f"{name}_env", _from_variable(lookups), None)
    return next((secret for secret in found if secret is not None), None)


def _from_variable(lookups: Lookups) -> Callable[[object], str | None]:
    def read(value: object) -> str | None:
        (secret,) = lookups["secrets_env"](read_text(value))
        return secret

    return read


def _refuse_key(kind: Kind) -> Callable[[object], None]:
    def refuse(_value: object) -> None:
        raise BadValue(f"has no effect on an export of the kind {kind}; remove it, or change the kind")

    return refuse


def _read_secret(value: object) -> str | None:
    return read_text(value)


def _name_secret(number: int, secret: str) -> tuple[str, str]:
    return f"secret-{number}", secret


def _read_url(value: object) -> str:
    text = read_text(value)
    try:
        template = UrlTemplate.parse(text)
    except ValueError as error:
        raise BadValue(str(error)) from None
    if template.macros:
        raise BadValue("has a macro; the URL of an export is the same for each bill")
    return text


def _read_path(value: object) -> str | None:
    if isinstance(value, str) and 0 < len(value) <= MAX_TEXT and value.isprintable():
        return value
    raise BadValue('must be a folder in quotes, such as "/srv/bills"')


def _read_timeout(value: object) -> int:
    seconds = read_duration_s(value)
    if seconds <= _LONGEST_TIMEOUT_S:
        return seconds
    raise BadValue(f'must be at most "{_LONGEST_TIMEOUT_S}s"')
