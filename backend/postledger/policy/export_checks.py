"""Checks targets of exports against the ledger and each other: secrets, and folders. Pure."""

from collections.abc import Iterator, Mapping

from postledger.decoding.toml_table import Fault
from postledger.outgoing.rules.standard_webhooks import read_signing_key
from postledger.policy.config_file import Configuration
from postledger.policy.diff import Stored
from postledger.policy.export_config import FILE_KINDS, ExportConfig

_NEEDED = {"webhook": ("secrets", ("secret-1",)), "tryton": ("login", ("login", "password"))}


def find_export_faults(target: Configuration, stored: Stored, *, prune: bool) -> list[Fault]:
    """Find the targets that cannot work: a secret is missing or cannot sign, or two write the same files."""
    known = stored.in_force.exports
    left = {} if prune else known
    return [
        *(fault for slug, config in target.exports.items() for fault in _check_secrets(config, known.get(slug))),
        *_find_shared_folders({**left, **target.exports}),
    ]


def _check_secrets(config: ExportConfig, known: ExportConfig | None) -> Iterator[Fault]:
    secrets, table, kind = _find_secrets(config, known), _table(config), config.settings.kind
    if secrets is None or kind in FILE_KINDS:
        return
    key, names = _NEEDED[kind]
    if not set(names) <= set(secrets):
        advice = "login_env and password_env" if kind == "tryton" else "secrets_env"
        yield Fault(table, key, f"is missing; add {advice}, with the name of an environment variable")
    for number, secret in enumerate(secrets.values() if kind == "webhook" else (), 1):
        try:
            read_signing_key(secret)
        except ValueError as error:
            yield Fault(table, "secrets", f"secret {number} {error}")


def _find_secrets(config: ExportConfig, known: ExportConfig | None) -> Mapping[str, str] | None:
    """Find the secrets that the target will have; None if they are stored and no master key decrypts one of them.

    Those of another kind are of no use to it.
    """
    if config.secrets is not None:
        return config.secrets
    is_same = known is not None and (known.settings.kind == config.settings.kind or not known.is_readable)
    return known.secrets if known is not None and is_same else {}


def _find_shared_folders(exports: Mapping[str, ExportConfig]) -> Iterator[Fault]:
    seen: dict[tuple[str, str | None], str] = {}
    for slug, config in exports.items():
        settings = config.settings
        if settings.kind in FILE_KINDS and config.is_readable:
            other = seen.setdefault((settings.kind, settings.path and settings.path.rstrip("/")), slug)
            if other != slug:
                yield Fault(_table(config), "path", f"is the folder of {other} too, of the same kind; use another")


def _table(config: ExportConfig) -> str:
    return f"exports[{config.settings.slug}]"
